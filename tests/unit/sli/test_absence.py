"""A run that was expected and did not come is a fact of its own, and decides its day for good."""

from __future__ import annotations

from facts import NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import Kind, Outcome
from lumen_action.sli.absence import absences
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.schedule import Cron, Schedule

NIGHTLY = Schedule((Cron.parse("0 2 * * *"),))
UTC = Calendar()
DAY_MS = 86_400_000
LATER = NOON + 4 * DAY_MS
RAN = [fact(), fact(run="2", day="2026-01-04", at=NOON + 2 * DAY_MS)]


def test_each_closed_day_without_a_run_is_missed() -> None:
    missed = absences(RAN, NIGHTLY, UTC, LATER)
    assert [(each.day, each.outcome, each.key.kind) for each in missed] == [
        ("2026-01-03", Outcome.MISSING, Kind.MISSING),
        ("2026-01-05", Outcome.MISSING, Kind.MISSING),
    ]


def test_nothing_is_missed_of_a_pipeline_that_never_ran() -> None:
    assert absences([], NIGHTLY, UTC, LATER) == []


@given(st.permutations(RAN), st.integers(0, 10**9))
def test_whoever_looks_and_whenever_writes_the_same_facts(facts: list, more_ms: int) -> None:  # type: ignore[type-arg]
    early = absences(facts, NIGHTLY, UTC, LATER)
    assert [each.encode() for each in absences(RAN, NIGHTLY, UTC, LATER + more_ms)][: len(early)] == [
        each.encode() for each in early
    ]


def test_a_missing_day_is_a_day_and_no_run() -> None:
    state = fold(collect([*RAN, *absences(RAN, NIGHTLY, UTC, LATER)]), now_ms=LATER, calendar=UTC).pipelines["nightly"]
    assert [(day.day, day.outcome) for day in state.days] == [
        ("2026-01-02", Outcome.SUCCESS),
        ("2026-01-03", Outcome.MISSING),
        ("2026-01-04", Outcome.SUCCESS),
        ("2026-01-05", Outcome.MISSING),
    ]
    assert set(state.regions) == {"eu"}
    assert len(state.runs) == 2


def test_a_late_fact_counts_as_a_run_and_leaves_the_day_missing() -> None:
    facts = [*RAN, *absences(RAN, NIGHTLY, UTC, LATER), fact(run="late", day="2026-01-03", at=NOON + DAY_MS)]
    state = fold(collect(facts), now_ms=LATER, calendar=UTC).pipelines["nightly"]
    assert state.regions["eu"].runs == 3
    assert state.days_by(Outcome.MISSING) == 2
