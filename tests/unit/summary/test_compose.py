"""What a person sees in the job summary."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from golden import assert_golden
from hostility import assert_tame, nasty_text, tokens
from hypothesis import given
from hypothesis import strategies as st
from views import (
    DNS,
    EU_WON,
    FAILED_RUN,
    GREEN_RUN,
    HUGE_RUN,
    NASTY,
    PERMANENT_STAGE,
    RETRY,
    RUN_AFTER_EXPLAINED,
    TICKET,
    TRANSIENT_STAGE,
    hostile,
    result,
    stage,
)

from lumen_action.model import Decision, ErrorClass, Outcome, Scope
from lumen_action.summary.compose import GREEN_RUN_BYTES, compose
from lumen_action.summary.view import SummaryView

ROOM = 900_000
SMALLEST = 500
DROP_ORDER = ("metrics line", "context lines", "evidence", "stage", "region", "notes", "cause", "line about", "links")

VIEWS = {
    "green-run": (GREEN_RUN, ROOM),
    "transient-stage": (TRANSIENT_STAGE, ROOM),
    "permanent-stage": (PERMANENT_STAGE, ROOM),
    "failed-run": (FAILED_RUN, ROOM),
    "run-after-explained": (RUN_AFTER_EXPLAINED, ROOM),
    "huge-run-in-little-room": (HUGE_RUN, 1600),
    "hostile-text": (hostile(NASTY), ROOM),
}


def heading(view: SummaryView) -> str:
    return compose(view, ROOM).splitlines()[0]


@pytest.mark.parametrize("name", VIEWS)
def test_the_whole_block(name: str) -> None:
    view, room = VIEWS[name]
    assert_golden(f"summary/{name}.md", compose(view, room))


def test_the_heading_says_what_where_why_and_what_next() -> None:
    assert heading(TRANSIENT_STAGE) == "### ❌ build failed in eu · network/dns · retry 1 of 2 here in 5 s"
    assert heading(FAILED_RUN) == "### ❌ nightly failed in eu · build · network/dns · retry 1 of 2 here in 5 s"
    assert heading(GREEN_RUN) == "### ✅ nightly succeeded in eu · 12 m 4 s"
    assert heading(replace(GREEN_RUN, outcome=Outcome.CANCELLED)) == "### ⚪ nightly was cancelled in eu · 12 m 4 s"


@pytest.mark.parametrize(
    ("view", "alarmed"),
    [
        (PERMANENT_STAGE, True),
        (TRANSIENT_STAGE, False),
        (GREEN_RUN, False),
        (replace(TRANSIENT_STAGE, decision=replace(TICKET, scope=Scope.STEP)), False),
        (replace(PERMANENT_STAGE, verdict=replace(DNS, error_class=ErrorClass.UNKNOWN)), False),
    ],
    ids=["permanent", "transient", "green", "retries used up", "unknown"],
)
def test_only_a_known_permanent_cause_raises_an_alert(view: SummaryView, *, alarmed: bool) -> None:
    assert ("[!CAUTION]" in compose(view, ROOM)) is alarmed


def test_advice_is_given_once() -> None:
    assert compose(PERMANENT_STAGE, ROOM).count("enew the client secret") == 1
    assert compose(TRANSIENT_STAGE, ROOM).count("Check the spelling") == 1
    reason = "not retried: `token_expired/secret_expired` is permanent"
    shown = compose(replace(PERMANENT_STAGE, decision=replace(TICKET, reason=reason)), ROOM)
    assert shown.count("> **Do**: Renew the client secret") == 1


def test_what_was_explained_is_not_repeated() -> None:
    shown = compose(RUN_AFTER_EXPLAINED, ROOM)
    assert "###" not in shown
    assert "```" not in shown
    assert "Could not resolve host" not in shown
    assert shown.startswith("**❌ nightly failed in eu**")
    assert "| build | ❌&nbsp;failure | 31&nbsp;s | network/dns, line 812 |" in shown


def test_another_failing_stage_is_explained_again() -> None:
    assert heading(replace(TRANSIENT_STAGE, already_explained=True)) == heading(TRANSIENT_STAGE)


def test_a_stage_call_leaves_the_regions_to_the_end() -> None:
    assert "| region |" not in compose(TRANSIENT_STAGE, ROOM)
    assert "| region |" in compose(FAILED_RUN, ROOM)


def test_matrix_legs_are_named_where_there_are_several() -> None:
    run = result(stage("test", leg="py3.10"), stage("test", leg="py3.13"))
    assert "| test · py3.13 |" in compose(replace(GREEN_RUN, run=run), ROOM)


def test_a_result_of_an_earlier_attempt_says_so() -> None:
    run = replace(result(stage("build"), stage("test", attempt=2)), attempt=2)
    shown = compose(replace(GREEN_RUN, run=run), ROOM)
    assert "| build | ✅&nbsp;success in attempt 1 |" in shown
    assert "| test | ✅&nbsp;success |" in shown


def test_the_day_names_its_winner() -> None:
    assert "**2026-01-02**: success, won by eu (eu success, us failure)" in compose(
        replace(RUN_AFTER_EXPLAINED, day=EU_WON), ROOM
    )


def test_a_green_run_stays_small_however_many_stages_it_has() -> None:
    many = replace(GREEN_RUN, run=result(*(stage(f"shard-{number}") for number in range(400))))
    shown = compose(many, ROOM)
    assert len(shown.encode()) <= GREEN_RUN_BYTES
    assert re.search(r"\| and \d+ more \|", shown)


@pytest.mark.parametrize("room", [700, 900, 1200, 1600, 3000, 10_000, 19_000])
def test_the_drop_order_is_the_stated_one(room: int) -> None:
    last = compose(HUGE_RUN, room).splitlines()[-1]
    dropped = re.sub(r"\d+ |\.$", "", last.partition("Left out for lack of room: ")[2]).split(", ")
    expected = [name for name in DROP_ORDER if name != "context lines"]  # a run knows no context
    assert [any(item.startswith(name) for item in dropped) for name in expected] == [
        index < len(dropped) for index in range(len(expected))
    ]


def test_context_goes_before_the_evidence() -> None:
    full = compose(TRANSIENT_STAGE, ROOM)
    shorter = compose(TRANSIENT_STAGE, len(full.encode()) - 1)
    assert "> 812 | curl" in shorter
    assert "Fetching" not in shorter
    assert shorter.endswith("Left out for lack of room: context lines.\n")


@given(text=nasty_text, room=st.integers(0, 6000), explained=st.booleans())
def test_whatever_the_text_it_stays_text_within_the_room(text: str, room: int, *, explained: bool) -> None:
    view = replace(hostile(text), already_explained=explained, stage="run" if explained else text)
    shown = compose(view, room)
    assert len(shown.encode()) <= room
    assert shown or room < SMALLEST
    assert_tame(shown)
    assert sum(token.type == "fence" for token in tokens(shown)) <= 1


@pytest.mark.parametrize("view", [view for view, _ in VIEWS.values()], ids=list(VIEWS))
@given(room=st.integers(SMALLEST, 30_000))
def test_any_room_from_the_smallest_on_is_kept_and_used(view: SummaryView, room: int) -> None:
    shown = compose(view, room)
    assert 0 < len(shown.encode()) <= room
    assert_tame(shown)


def test_a_decision_without_words_still_says_something() -> None:
    view = replace(TRANSIENT_STAGE, decision=Decision(RETRY.action, RETRY.scope, ""))
    assert heading(view).endswith("· retried here")
