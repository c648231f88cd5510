"""Where a run of a runbook stands: the same from the same facts, in whatever order and however often they arrive."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

import pytest
from facts import NOON
from hypothesis import given
from hypothesis import strategies as st
from runbookteam import command, manual, runbook_with

from lumen_action.model import Fact, Trust
from lumen_action.model.fact import MAX_FACT_BYTES
from lumen_action.runbooks.board import ending_on_board, rows_of, start_on_board, step_on_board
from lumen_action.runbooks.facts import (
    MOST_INPUT_BYTES,
    Execution,
    Place,
    definition_of,
    ended_fact,
    execution_name,
    started_fact,
    step_fact,
)
from lumen_action.runbooks.standing import FITTING, Event, Slot, Standing, StepState, standing_of

RUN = Execution("RB-20260102-120000-ABCD", "mend", "nightly", "2026-01-02")
STARTED = started_fact(RUN, NOON, {"actor": "ann", "definition": "d"}, {"service": "web"})


def word(step: str, attempt: int, slot: Slot, event: Event, at: int = 1, **told: str) -> Fact:
    return step_fact(RUN, Place(step, attempt, slot), event, NOON + at, told)


def standing(*facts: Fact) -> Standing:
    found = standing_of(RUN.name, facts)
    assert found
    return found


WORDS = st.builds(
    lambda step, attempt, slot, choice, at: word(
        step, attempt, slot, sorted(FITTING[slot])[choice % len(FITTING[slot])], at
    ),
    st.sampled_from(["look", "make", "ask"]),
    st.integers(1, 3),
    st.sampled_from(list(Slot)),
    st.integers(0, 9),
    st.integers(0, 50),
)
ENDS = st.sampled_from([ended_fact(RUN, event, NOON + 60, {"why": "x"}) for event in (Event.FINISHED, Event.FAILED)])


@given(st.lists(st.one_of(WORDS, ENDS), max_size=12), st.randoms(use_true_random=False))
def test_the_order_and_the_number_of_arrivals_change_nothing(words: list[Fact], chance: random.Random) -> None:
    facts = [STARTED, *words]
    again = [*facts, *chance.choices(facts, k=4)]
    chance.shuffle(again)
    assert standing(*again) == standing(*facts)


def test_every_order_of_a_race_between_two_runners_ends_alike() -> None:
    facts = [
        STARTED,
        word("make", 1, Slot.BEGUN, Event.BEGUN, 1, actor="ann"),
        word("make", 1, Slot.ENDED, Event.DONE, 9, actor="ann"),
        word("make", 2, Slot.BEGUN, Event.BEGUN, 5, actor="bob"),
        word("make", 2, Slot.ENDED, Event.FAILED, 7, why="it is there already"),
    ]
    found = {repr(standing(*order)) for order in permutations(facts)}
    assert len(found) == 1
    # The runner that was thought dead has done it after all, and what is done is done.
    assert standing(*facts).step("make").state is StepState.DONE


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ([], StepState.OPEN),
        ([(1, Slot.BEGUN, Event.BEGUN)], StepState.RUNNING),
        ([(1, Slot.BEGUN, Event.BEGUN), (1, Slot.ENDED, Event.DONE)], StepState.DONE),
        ([(1, Slot.BEGUN, Event.BEGUN), (1, Slot.ENDED, Event.FAILED)], StepState.FAILED),
        ([(1, Slot.ENDED, Event.SKIPPED)], StepState.SKIPPED),
        ([(1, Slot.BEGUN, Event.BEGUN), (1, Slot.ENDED, Event.WAITING)], StepState.WAITING),
        ([(1, Slot.ENDED, Event.WAITING), (1, Slot.DECIDED, Event.CONFIRMED)], StepState.DONE),
        ([(1, Slot.ENDED, Event.WAITING), (1, Slot.DECIDED, Event.DECLINED)], StepState.FAILED),
        ([(1, Slot.BEGUN, Event.BEGUN), (1, Slot.ENDED, Event.INTERRUPTED)], StepState.UNCERTAIN),
        ([(1, Slot.ENDED, Event.INTERRUPTED), (1, Slot.DECIDED, Event.REDO)], StepState.OPEN),
        ([(1, Slot.BEGUN, Event.BEGUN), (1, Slot.DECIDED, Event.SKIPPED)], StepState.SKIPPED),
        # What a person guessed while the runner still lived does not count.
        ([(1, Slot.DECIDED, Event.SKIPPED), (1, Slot.ENDED, Event.DONE)], StepState.DONE),
        ([(1, Slot.ENDED, Event.FAILED), (2, Slot.BEGUN, Event.BEGUN)], StepState.RUNNING),
        ([(1, Slot.ENDED, Event.DONE), (1, Slot.UNDOING, Event.UNDOING)], StepState.UNDOING),
        ([(1, Slot.ENDED, Event.DONE), (1, Slot.UNDONE, Event.UNDONE)], StepState.UNDONE),
        ([(1, Slot.ENDED, Event.DONE), (1, Slot.UNDONE, Event.UNDO_FAILED)], StepState.UNDO_FAILED),
    ],
)
def test_a_step_stands_where_its_words_lead(words: list[tuple[int, Slot, Event]], state: StepState) -> None:
    facts = [word("make", *each) for each in words]
    assert standing(STARTED, *facts).step("make").state is state


def test_what_a_fork_says_counts_for_nothing_and_so_does_what_a_later_version_says() -> None:
    forged = replace(word("make", 1, Slot.BEGUN, Event.BEGUN), trust=Trust.FORK)
    unheard = replace(word("make", 1, Slot.BEGUN, Event.BEGUN), details=(("event", "teleported"), ("step", "make")))
    assert standing(STARTED, forged, unheard).steps == {}
    assert standing_of(RUN.name, [replace(STARTED, trust=Trust.FORK)]) is None


def test_a_run_knows_its_inputs_what_steps_kept_and_who_is_asked() -> None:
    found = standing(
        STARTED,
        word("look", 1, Slot.ENDED, Event.DONE, keep="seen", kept="v12"),
        word("ask", 1, Slot.ENDED, Event.WAITING, instructions="Do it."),
    )
    assert (found.inputs, found.kept) == ({"service": "web"}, {"seen": "v12"})
    assert (found.state, found.waiting, found.step("ask").told("instructions")) == ("waiting", "ask", "Do it.")
    assert standing(*[STARTED, ended_fact(RUN, Event.ABANDONED, NOON + 9, {})]).state == "abandoned"


@given(
    st.dictionaries(st.sampled_from(["why", "last", "what", "instructions", "note", "kept"]), st.text(max_size=5000))
)
def test_a_word_fits_into_a_fact_however_much_it_says(told: dict[str, str]) -> None:
    fact = step_fact(RUN, Place("make", 1, Slot.ENDED), Event.DONE, NOON, {**told, "sha256": "0" * 64, "rc": "0"})
    assert Fact.decode(fact.encode()) == fact
    assert len(fact.encode()) <= MAX_FACT_BYTES


def test_the_inputs_of_a_run_are_kept_whole() -> None:
    fact = started_fact(RUN, NOON, {"actor": "ann" * 200}, {"service": "x" * (MOST_INPUT_BYTES - 7)})
    assert Fact.decode(fact.encode()) == fact


def test_names_of_runs_differ_where_their_tokens_do() -> None:
    assert execution_name(NOON, "mend", "a")[:19] == "RB-20260102-120000-"
    assert execution_name(NOON, "mend", "a") != execution_name(NOON, "mend", "b")


def test_a_runbook_is_another_when_a_step_is_and_the_same_when_only_its_title_is() -> None:
    book = runbook_with(command("make", "true"), manual("ask"))
    assert definition_of(replace(book, title="Other")) == definition_of(book)
    assert definition_of(runbook_with(command("make", "false"), manual("ask"))) != definition_of(book)


def test_the_board_tells_what_goes_on_waits_and_is_over() -> None:
    waits, place = replace(RUN, name="RB-2"), Place("ask", 1, Slot.ENDED)
    decided = step_on_board(waits, replace(place, slot=Slot.DECIDED), Event.CONFIRMED, NOON + 3)
    facts = [
        start_on_board(RUN, NOON, {"actor": "ann"}),
        ending_on_board(RUN, Event.FINISHED, NOON + 5),
        start_on_board(waits, NOON + 1, {"actor": "bob", "trigger": "alert:LumenStalled"}),
        step_on_board(waits, place, Event.WAITING, NOON + 2),
    ]
    rows = rows_of("nightly", reversed(facts))
    assert [(row.execution, row.state, row.step, row.over) for row in rows] == [
        (RUN.name, "finished", "", True),
        ("RB-2", "waiting", "ask", False),
    ]
    assert rows_of("nightly", [*facts, decided])[1].state == "running"
    assert rows_of("other", facts) == ()


def test_who_starts_for_one_trigger_at_the_same_time_takes_the_same_place() -> None:
    told = {"actor": "lumen", "trigger": "alert:LumenStalled"}
    first, second = (start_on_board(replace(RUN, name=name), NOON, told, 2) for name in ("RB-1", "RB-2"))
    assert first.key == second.key
    assert start_on_board(RUN, NOON, told, 3).key != first.key
    assert start_on_board(RUN, NOON, {"actor": "ann"}).key != start_on_board(replace(RUN, name="RB-2"), NOON, {}).key
