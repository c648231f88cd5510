"""What is not settled of incidents and silences is known from totals that were kept, whatever came when."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.incidents.facts import event_fact, opening_fact
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.silences import (
    Silence,
    ending_fact,
    mirror_fact,
    setting_fact,
    silences_in,
)
from lumen_action.incidents.words import Event, Severity
from lumen_action.model import Fact
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold, state_of
from lumen_action.sli.rollup import DayByDay, Rollup, advance
from lumen_action.sli.rollupfile import decode, encode
from lumen_action.sli.state import PipelineState

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
LATER = NOON + 90 * HOUR
TOLD = {"actor": "alice", "text": "mended", "cause": "a full disk", "resolution": "emptied", "severity": "sev2"}
_moments = st.integers(NOON, NOON + 100 * HOUR)


def _incident(number: int, events: Sequence[tuple[Event, int]], severity: Severity) -> list[Fact]:
    """Return what happened to an incident; some of it cannot happen in the state it is in."""
    name, day = f"INC-{number}", DAYS[number % len(DAYS)]
    opened = opening_fact(
        "nightly", name, day=day, at_ms=NOON, severity=severity, sameness=name, generation=0, told={"title": name}
    )
    told = [
        event_fact("nightly", name, event, day=day, at_ms=at, mark=f"{place}", told={**TOLD, "into": f"INC-{at % 5}"})
        for place, (event, at) in enumerate(events)
    ]
    return [opened, *told]


def _silenced(number: int, start: int, hours: int, ended: int | None, matchers: str) -> list[Fact]:
    until = start + hours * HOUR
    silence = Silence(f"SIL-{number}", "nightly", "alice", "we move", NOON, start, until, DAYS[number % 3], matchers)
    end = [] if ended is None else [ending_fact(silence, "bob", ended)]
    return [setting_fact(silence), mirror_fact(silence, "http://am.example", f"{number}", NOON), *end]


_incidents = st.builds(
    _incident,
    st.integers(0, 4),
    st.lists(st.tuples(st.sampled_from([each for each in Event if each is not Event.OPENED]), _moments), max_size=8),
    st.sampled_from(Severity),
)
_silences = st.builds(
    _silenced,
    st.integers(0, 4),
    _moments,
    st.integers(1, 48),
    st.none() | _moments,
    st.sampled_from(["", 'region="eu"']),
)


def _shuffled(groups: Sequence[Sequence[Fact]]) -> st.SearchStrategy[list[Fact]]:
    run = fact(at=NOON)
    return st.permutations([run, *(each for group in groups for each in group)])


_facts = st.lists(_incidents | _silences, max_size=6).flatmap(_shuffled)


class Growing:
    """A ledger of one pipeline: the first of a key wins."""

    def __init__(self) -> None:
        self.facts: dict[object, Fact] = {}

    def take(self, facts: Sequence[Fact]) -> set[str]:
        return {each.day for each in facts if self.facts.setdefault(each.key, each) is each}

    def of_day(self, day: str) -> list[Fact]:
        return [each for each in self.facts.values() if each.day == day]


def folded(facts: Sequence[Fact]) -> PipelineState:
    return fold(collect(facts), now_ms=LATER, calendar=Calendar()).pipelines["nightly"]


@given(_facts, st.lists(st.integers(0, 40), max_size=3))
def test_what_comes_in_any_batches_is_what_comes_at_once(facts: list[Fact], cuts: list[int]) -> None:
    ledger, rollup = Growing(), Rollup()
    for start, end in pairwise([0, *sorted(cuts), len(facts)]):
        kept = decode(encode(rollup))
        assert kept is not None
        rollup = advance(kept, ledger.take(facts[start:end]), ledger.of_day).rollup
    whole = folded(list(ledger.facts.values()))
    tallied = advance(rollup, (), ledger.of_day).tallied

    state = state_of({"nightly": tallied}, now_ms=LATER, calendar=Calendar()).pipelines["nightly"]
    assert (state.incidents, state.quiet) == (whole.incidents, whole.quiet)


@given(_facts)
def test_one_day_after_the_other_is_all_days_at_once(facts: list[Fact]) -> None:
    ledger, counting = Growing(), DayByDay()
    ledger.take(facts)
    for day in DAYS:
        counting.take(day, ledger.of_day(day))
    rollup = counting.rollup("", ledger.of_day)

    assert rollup.days == advance(Rollup(), DAYS, ledger.of_day).rollup.days
    assert decode(encode(rollup)) == rollup


@given(_facts)
def test_exactly_what_is_not_settled_is_known(facts: list[Fact]) -> None:
    known = list(collect(facts).values())
    state = folded(known)

    unsettled = [each for each in incidents_in(known) if not each.settled]
    assert list(state.incidents) == unsettled
    quiet = [each for each in silences_in(known) if each.whole]
    for at_ms in (edge for each in quiet for edge in (each.from_ms, each.over_ms - 1, each.over_ms) if edge >= LATER):
        shown = any(begins <= at_ms < ends for begins, ends in state.quiet)
        assert shown is any(each.holds(at_ms) for each in quiet)
    assert all(ends > LATER for _, ends in state.quiet)
