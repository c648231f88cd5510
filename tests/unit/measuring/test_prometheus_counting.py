"""By how much counters rose, which queries are sums of them, and how a window is cut."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.measuring.stretches import DAY_MS, Stretch, bundles, stretches_of, within
from lumen_action.promql import parse, render
from lumen_action.slo.counting import Rise, rise, terms, whole
from lumen_action.slo.evaluation import Span
from lumen_action.slo.objective import (
    About,
    Budgeting,
    Duration,
    Objective,
    RatioSource,
    RollingWindow,
    Slo,
)

HOUR_MS = 3_600_000
# A life that is at its second scrape above what the one before had reached is not told from it by anybody.
LIFE = st.lists(st.integers(0, 50), min_size=1, max_size=8).map(lambda steps: [0, *accumulate(steps)])


@given(st.lists(LIFE, min_size=1, max_size=6), st.integers(0, 1000))
def test_nothing_is_lost_or_added_through_restarts(lives: list[list[int]], base: int) -> None:
    first, *others = lives
    values = [base + value for value in first]
    for life in others:
        values += life
    found = rise(base, [float(value) for value in values])
    assert found.by == sum(life[-1] for life in lives)
    assert found.reached == values[-1]
    assert found.dips == 0


@given(st.lists(st.integers(0, 9), min_size=4, max_size=30), st.data())
def test_a_scrape_of_an_older_state_changes_nothing(steps: list[int], data: st.DataObject) -> None:
    values = [float(value) for value in accumulate(steps, initial=1000)]
    place = data.draw(st.integers(1, len(values) - 2))
    older = [*values[:place], values[place - 1] - data.draw(st.integers(1, 50)), *values[place:]]
    assert rise(1000, older) == Rise(values[-1] - 1000, values[-1], 0, 1)


@pytest.mark.parametrize(
    ("values", "by", "reached"),
    [
        ([500, 499], 0, 500),  # too fresh to tell: the next scrapes will
        ([500, 499, 499, 499, 499], 499, 499),
        ([500, 3], 3, 3),
        ([3, 2, 3], 3, 3),  # a tenth of so few is no event
        ([], 0, 500),
    ],
)
def test_a_fall_is_a_restart_unless_it_is_small_and_over_at_once(
    values: list[float], by: float, reached: float
) -> None:
    base = values[0] if values else 500
    found = rise(base, values)
    assert (found.by, found.reached) == (by, reached)


@pytest.mark.parametrize(
    ("query", "counters"),
    [
        ("sum(a)", [(1, "a")]),
        ("sum by (x) (a) + sum(b offset 5m)", [(1, "a"), (1, "b offset 5m")]),
        ("sum(a) - (sum(b) - c)", [(1, "a"), (-1, "b"), (1, "c")]),
        ("sum(a) or vector(0)", [(1, "a")]),
    ],
)
def test_sums_and_differences_of_counters_are_taken_apart(query: str, counters: list[tuple[int, str]]) -> None:
    found = terms(parse(query))
    assert found is not None
    assert [(term.sign, render(term.selector)) for term in found] == counters


@pytest.mark.parametrize(
    "query", ["max(a)", "sum(a) / sum(b)", "sum(a) * 2", "sum(rate(a[5m]))", "a @ 0", "sum(a) or vector(1)", "a or b"]
)
def test_anything_else_is_no_sum_of_counters(query: str) -> None:
    assert terms(parse(query)) is None


@given(st.lists(st.fractions(0, 100, max_denominator=64), max_size=40))
def test_rounding_never_adds_up(counts: list[Fraction]) -> None:
    rounded = list(whole(float(count) for count in counts))
    assert all(count >= 0 for count in rounded)
    for exact, told in zip(accumulate(counts), accumulate(rounded), strict=True):
        assert abs(exact - told) <= Fraction(1, 2)


def an_slo(*objectives: Objective, budgeting: Budgeting = Budgeting.OCCURRENCES) -> Slo:
    source = RatioSource("a", "b", part_is_good=True, counter=True)
    about = About("x")
    return Slo(about, "shop", about, source, objectives, RollingWindow(Duration(30, "d")), budgeting)


@given(st.integers(1, 40 * DAY_MS), st.integers(10**12, 2 * 10**12))
def test_every_burn_window_and_every_day_back_begins_with_a_stretch(length_ms: int, end_ms: int) -> None:
    span = Span(end_ms - length_ms, end_ms, end_ms)
    cut = stretches_of(an_slo(Objective(0.9)), span)
    assert (cut[0].begin_ms, cut[-1].end_ms) == (span.begin_ms, end_ms)
    assert all(before.end_ms == after.begin_ms for before, after in pairwise(cut))
    begins = {stretch.begin_ms for stretch in cut}
    backs = [HOUR_MS, 6 * HOUR_MS, *(day * DAY_MS for day in range(1, 41))]
    assert {end_ms - back for back in backs if back <= length_ms} <= begins
    assert all(within(cut, stretch.end_ms) is stretch is within(cut, stretch.begin_ms + 1) for stretch in cut)


def test_slices_of_every_objective_begin_with_a_stretch() -> None:
    end_ms = 1_780_000_200_000
    objectives = [Objective(0.9, slice_window=Duration(count, unit)) for count, unit in ((1, "h"), (90, "m"))]
    cut = stretches_of(an_slo(*objectives, budgeting=Budgeting.TIMESLICES), Span(end_ms - 30 * DAY_MS, end_ms, end_ms))
    begins = {stretch.begin_ms for stretch in cut}
    assert begins >= {end_ms // HOUR_MS * HOUR_MS - n * HOUR_MS for n in range(1, 700)}
    assert begins >= {end_ms // 5_400_000 * 5_400_000 - n * 5_400_000 for n in range(1, 450)}
    assert cut[0].begin_ms >= end_ms - 30 * DAY_MS


def test_short_stretches_of_one_length_are_asked_for_together() -> None:
    hours = [Stretch(n * HOUR_MS, (n + 1) * HOUR_MS) for n in range(50)]
    odd = Stretch(50 * HOUR_MS, 50 * HOUR_MS + 1)
    assert [len(bundle) for bundle in bundles([*hours, odd])] == [48, 2, 1]
