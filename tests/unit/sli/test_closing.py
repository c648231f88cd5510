"""A day that closed without a run, or without a good one, is a fact of its own; what comes late is a correction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import Fact, Kind, Outcome
from lumen_action.sli.closing import closings
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.schedule import Cron, Schedule
from lumen_action.sli.state import PipelineState
from lumen_action.sli.tally import tally

S, F, MISSING = Outcome.SUCCESS, Outcome.FAILURE, Outcome.MISSING
NIGHTLY = Schedule((Cron.parse("0 2 * * *"),))
UTC = Calendar()
DAY_MS = 86_400_000
LATER = NOON + 4 * DAY_MS
RAN = [fact(), fact(run="2", day="2026-01-04", at=NOON + 2 * DAY_MS)]


def closed(facts: Iterable[Fact], schedule: Schedule | None = NIGHTLY, now_ms: int = LATER) -> list[Fact]:
    return closings("nightly", tally(facts), schedule=schedule, calendar=UTC, now_ms=now_ms)


def pipeline(facts: Iterable[Fact]) -> PipelineState:
    return fold(collect(facts), now_ms=LATER, calendar=UTC).pipelines["nightly"]


def test_each_closed_day_without_a_run_is_missed() -> None:
    assert [(each.day, each.outcome, each.key.kind) for each in closed(RAN)] == [
        ("2026-01-03", MISSING, Kind.MISSING),
        ("2026-01-05", MISSING, Kind.MISSING),
    ]


def test_without_a_schedule_nothing_is_missed_but_lost_days_are_on_record() -> None:
    lost = fact(outcome=F, run="3", day="2026-01-03", at=NOON + DAY_MS)
    assert [(each.day, each.outcome, each.key.kind) for each in closed([*RAN, lost], None)] == [
        ("2026-01-03", F, Kind.DAY),
    ]


def test_a_day_is_put_on_record_when_it_is_closed_and_once() -> None:
    lost = fact(outcome=F)
    assert closed([lost], now_ms=NOON + 17 * HOUR) == []
    [record] = closed([lost], now_ms=NOON + 18 * HOUR)
    assert closed([lost, record], None) == []


def test_nothing_is_missed_of_a_pipeline_that_never_ran() -> None:
    assert closed([]) == []


@given(st.permutations(RAN), st.integers(0, 10**9))
def test_whoever_looks_and_whenever_writes_the_same_facts(facts: list[Fact], more_ms: int) -> None:
    early = closed(facts)
    later = closed(RAN, now_ms=LATER + more_ms)
    assert [each.encode() for each in later][: len(early)] == [each.encode() for each in early]


def test_a_missing_day_is_a_day_and_no_run() -> None:
    state = pipeline([*RAN, *closed(RAN)])
    assert [(day.day, day.outcome) for day in state.days] == [
        ("2026-01-02", S),
        ("2026-01-03", MISSING),
        ("2026-01-04", S),
        ("2026-01-05", MISSING),
    ]
    assert set(state.regions) == {"eu"}
    assert len(state.runs) == 2


def test_a_run_found_late_turns_the_missing_day_by_a_correction() -> None:
    found = fact(run="late", day="2026-01-03", at=LATER, ended_at=NOON + DAY_MS)
    state = pipeline([*RAN, *closed(RAN), found])
    assert state.regions["eu"].runs == 3
    assert dict(state.days_counted) == {S: 2, MISSING: 2}
    assert dict(state.days_corrected) == {(MISSING, S): 1}
    assert state.days_by(S) == 3


def test_a_run_that_ended_in_time_and_is_found_late_turns_the_lost_day() -> None:
    lost = fact(outcome=F)
    [record] = closed([lost], None)
    found = fact(run="late", at=LATER, ended_at=NOON + HOUR)
    state = pipeline([lost, record, found])
    assert (state.days[0].outcome, state.days[0].counted, state.days[0].winner) == (S, F, "eu")
    assert dict(state.days_corrected) == {(F, S): 1}


def test_a_run_that_ended_after_the_day_had_closed_turns_nothing() -> None:
    lost = fact(outcome=F)
    again = fact(attempt=2, at=NOON + 2 * DAY_MS)
    state = pipeline([lost, *closed([lost], None), again])
    assert (state.days[0].outcome, dict(state.days_corrected)) == (F, {})


def test_the_record_of_a_day_is_no_run() -> None:
    lost = fact(outcome=F)
    [record] = closed([lost], None)
    assert pipeline([lost, record]).regions == pipeline([lost]).regions
    assert replace(record, outcome=S).key == record.key
