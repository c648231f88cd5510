"""The history of the totals says at every moment what the fold says of the facts observed until then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import ErrorClass, Fact, Kind, Outcome, Trust
from lumen_action.sinks.history import History, Series, history, openmetrics_history
from lumen_action.sinks.series import COUNTER, PublishFacts, families
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold

DAY = 24 * HOUR
UTC = Calendar()


def totals(facts: Iterable[Fact], now_ms: int, calendar: Calendar = UTC) -> dict[Series, float]:
    """Return every counter that is not 0, as the fold has it at that time."""
    seen = collect(fact for fact in facts if fact.observed_at_ms <= now_ms)
    return {
        (family.name, tuple({**group.labels, **sample.labels}.items())): sample.value
        for group in families(fold(seen, now_ms=now_ms, calendar=calendar), PublishFacts("1", 7))
        for family in group.families
        for sample in family.samples
        if family.type == COUNTER and sample.value
    }


def at(past: History, now_ms: int) -> dict[Series, int]:
    """Return every series that is not 0, by its latest sample."""
    found = {series: [value for when, value in points if when <= now_ms] for series, points in past.items()}
    return {series: values[-1] for series, values in found.items() if values and values[-1]}


def shown(past: History, name: str, **labels: str) -> list[tuple[int, int]]:
    [points] = [points for (own, of), points in past.items() if own == name and labels.items() <= dict(of).items()]
    return points


any_fact = st.builds(
    lambda run, stage, outcome, region, leg, attempt, when, day, cause, trust: replace(
        fact(stage, outcome, run=run, region=region, leg=leg, attempt=attempt, at=NOON + when * HOUR, cause=cause),
        day=day,
        trust=trust,
    ),
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from(["run", "run", "build"]),
    st.sampled_from(list(Outcome)),
    st.sampled_from(["eu", "ap"]),
    st.sampled_from(["a", "b"]),
    st.integers(1, 2),
    st.integers(-30, 60),
    st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]),
    st.sampled_from([ErrorClass.NETWORK, ErrorClass.BUILD]),
    st.sampled_from([Trust.TRUSTED, Trust.TRUSTED, Trust.FORK]),
)


@given(st.lists(any_fact, max_size=14), st.sampled_from([UTC, Calendar(ZoneInfo("Asia/Seoul"))]))
def test_at_every_moment_it_says_what_the_fold_says(facts: list[Fact], calendar: Calendar) -> None:
    known = list(collect(facts).values())
    until = NOON + 5 * DAY
    past = history(known, until_ms=until, calendar=calendar)
    closings = [calendar.closes_ms(fact.day) for fact in known]
    observed = [fact.observed_at_ms for fact in known]
    for moment in {*observed, *closings, *(closes - 1 for closes in closings), until}:
        assert at(past, moment) == totals(known, moment, calendar)


@given(st.lists(any_fact, max_size=14))
def test_every_series_begins_at_zero_goes_forward_and_has_a_sample_each_day(facts: list[Fact]) -> None:
    past = history(collect(facts).values(), until_ms=NOON + 3 * DAY, calendar=UTC)
    for points in past.values():
        times = [when for when, _ in points]
        assert points[0][1] == 0
        assert times == sorted(set(times))
        assert times[-1] <= NOON + 3 * DAY
        assert all(later - earlier <= DAY for earlier, later in zip(times, [*times[1:], NOON + 3 * DAY], strict=True))


def test_a_change_is_a_sample_and_so_is_the_end_of_each_day() -> None:
    facts = [fact(run="1"), fact(run="2", at=NOON + HOUR), fact(run="3", at=NOON + HOUR), fact(run="4", at=NOON + DAY)]
    past = history(facts, until_ms=NOON + DAY + 1, calendar=UTC)
    midnight = NOON + 12 * HOUR
    assert shown(past, "lumen_runs_total") == [
        (NOON - 1, 0),
        (NOON, 1),
        (NOON + HOUR, 3),
        (midnight - 1, 3),
        (NOON + DAY, 4),
    ]


def test_a_day_that_nobody_won_is_counted_when_it_closes() -> None:
    past = history([fact("run", Outcome.FAILURE)], until_ms=NOON + DAY, calendar=UTC)
    closes = NOON + 18 * HOUR
    failed = shown(past, "lumen_days_total", outcome="failure")
    assert failed == [(NOON - 1, 0), (NOON + 12 * HOUR - 1, 0), (closes, 1)]


def test_a_stage_that_appears_later_was_zero_before() -> None:
    facts = [fact("build"), fact("upload", run="2", at=NOON + DAY)]
    past = history(facts, until_ms=NOON + DAY, calendar=UTC)
    upload = shown(past, "lumen_stage_success_total", stage="upload")
    assert upload == [(NOON - 1, 0), (NOON + 12 * HOUR - 1, 0), (NOON + DAY, 1)]


def test_nothing_is_told_of_the_future_and_of_what_does_not_count() -> None:
    facts = [fact(at=NOON + DAY), fact("integrity", kind=Kind.CHECK), fact(run="2", trust=Trust.FORK)]
    past = history(facts, until_ms=NOON, calendar=UTC)
    assert at(past, NOON) == {}


def test_it_is_written_as_open_metrics_with_timestamps() -> None:
    past: Mapping[Series, list[tuple[int, int]]] = {
        ("lumen_days_total", (("pipeline", 'a"\n\u2028b'), ("outcome", "success"))): [(NOON + 7, 1)],
        ("lumen_runs_total", (("pipeline", "b"), ("region", "eu"))): [(NOON - 1, 0), (NOON, 12)],
        ("lumen_runs_total", (("pipeline", "a"), ("region", "eu"))): [(NOON, 3)],
    }
    assert "".join(openmetrics_history(past)) == (
        "# HELP lumen_runs Runs that ended and count: neither cancelled nor skipped.\n"
        "# TYPE lumen_runs counter\n"
        'lumen_runs_total{pipeline="a",region="eu"} 3 1767355200.000\n'
        'lumen_runs_total{pipeline="b",region="eu"} 0 1767355199.999\n'
        'lumen_runs_total{pipeline="b",region="eu"} 12 1767355200.000\n'
        "# HELP lumen_days Days decided, by outcome; a day is good when any region succeeded.\n"
        "# TYPE lumen_days counter\n"
        'lumen_days_total{pipeline="a\\"\\n\u2028b",outcome="success"} 1 1767355200.007\n'
        "# EOF\n"
    )


@pytest.mark.parametrize("past", [{}, history([], until_ms=NOON, calendar=UTC)])
def test_an_empty_history_is_still_a_whole_file(past: History) -> None:
    assert "".join(openmetrics_history(past)) == "# EOF\n"
