"""How much a number of runs can say about a success ratio."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.slo.evidence import (
    Proposals,
    Regime,
    budget,
    clean_runs_still_needed,
    clean_runs_to_show,
    failures_to_fire,
    highest_target,
    luck,
    proposals,
    regime,
    shows_burn,
    wilson_high,
    wilson_low,
)

COUNTS = st.integers(1, 500).flatmap(lambda runs: st.tuples(st.integers(0, runs), st.just(runs)))
TARGETS = st.sampled_from([0.9, 0.95, 0.99, 0.995])


@pytest.mark.parametrize(
    ("failed", "runs", "low", "high"),
    [(0, 10, 0.0, 0.21295), (10, 10, 0.78705, 1.0), (5, 10, 0.26929, 0.73071)],
)
def test_the_bounds_are_wilsons(failed: int, runs: int, low: float, high: float) -> None:
    assert wilson_low(failed, runs) == pytest.approx(low, abs=1e-4)
    assert wilson_high(failed, runs) == pytest.approx(high, abs=1e-4)


@given(COUNTS)
def test_the_count_is_just_as_far_from_each_bound_as_chance_reaches(counts: tuple[int, int]) -> None:
    failed, runs = counts
    for bound in (wilson_low(failed, runs), wilson_high(failed, runs)):
        assert (failed / runs - bound) ** 2 == pytest.approx(1.6449**2 * bound * (1 - bound) / runs, abs=1e-9)


@given(COUNTS)
def test_the_ratio_lies_between_its_bounds_and_good_runs_mirror_failed_ones(counts: tuple[int, int]) -> None:
    failed, runs = counts
    assert -1e-9 <= wilson_low(failed, runs) <= failed / runs + 1e-9
    assert failed / runs - 1e-9 <= wilson_high(failed, runs) <= 1 + 1e-9
    assert wilson_low(failed, runs) == pytest.approx(1 - wilson_high(runs - failed, runs), abs=1e-9)


@pytest.mark.parametrize(
    ("runs_per_day", "target", "expected"),
    [
        (1, 0.95, Regime.R1),
        (1, 0.99, Regime.R0),
        (4, 0.9, Regime.R2),
        (4, 0.99, Regime.R1),
        (24, 0.99, Regime.R1),
        (24, 0.95, Regime.R2),
        (100, 0.95, Regime.R3),
        (100, 0.99, Regime.R2),
        (500, 0.99, Regime.R3),
        (500, 0.995, Regime.R2),
    ],
)
def test_the_budget_of_a_month_decides_the_regime(runs_per_day: int, target: float, expected: Regime) -> None:
    assert regime(budget(30 * runs_per_day, target)) is expected


def test_a_budget_of_exactly_one_failure_is_measurable_whatever_the_rounding() -> None:
    assert regime(budget(100, 0.99)) is Regime.R1
    assert regime(budget(99, 0.99)) is Regime.R0


@pytest.mark.parametrize(
    ("target", "runs", "factor", "expected"),
    [
        (0.99, 1, 14.4, None),
        (0.99, 3, 1, 3),
        (0.99, 7, 1, 3),
        (0.99, 6, 6, 3),
        (0.99, 168, 1, 4),
        (0.99, 25, 6, 3),
        (0.99, 100, 3, 4),
        (0.99, 20, 14.4, 3),
        (0.99, 125, 6, 8),
        (0.99, 3500, 1, 45),
        (0.95, 20, 14.4, 15),
        (0.9, 100, 14.4, None),
    ],
)
def test_so_many_failures_fire_a_window(target: float, runs: int, factor: float, expected: int | None) -> None:
    assert failures_to_fire(runs, factor, target) == expected


@given(COUNTS, TARGETS, st.sampled_from([1, 3, 6, 14.4]))
def test_more_failures_never_silence_a_window_and_more_good_runs_never_fire_it(
    counts: tuple[int, int], target: float, factor: float
) -> None:
    failed, runs = counts
    if shows_burn(failed, runs, factor, target):
        assert failed == runs or shows_burn(failed + 1, runs, factor, target)
    else:
        assert not shows_burn(failed, runs + 1, factor, target)


@pytest.mark.parametrize(("target", "runs"), [(0.9, 29), (0.95, 59), (0.99, 299), (0.995, 598), (0.999, 2995)])
def test_so_many_clean_runs_show_a_target(target: float, runs: int) -> None:
    assert clean_runs_to_show(target) == runs == math.ceil(math.log(0.05) / math.log(target))


@given(COUNTS, TARGETS)
def test_with_as_many_clean_runs_as_needed_the_target_is_shown_and_with_one_fewer_it_is_not(
    counts: tuple[int, int], target: float
) -> None:
    failed, runs = counts
    needed = clean_runs_still_needed(failed, runs, target)
    assert luck(failed, runs + needed, target) <= 0.05
    assert needed == 0 or luck(failed, runs + needed - 1, target) > 0.05


def test_after_failures_as_many_runs_are_needed_as_the_tables_of_acceptance_sampling_say() -> None:
    assert [59 + clean_runs_still_needed(failed, 59, 0.95) for failed in range(5)] == [59, 93, 124, 153, 181]


@pytest.mark.parametrize(("failed", "runs"), [(0, 20), (1, 20), (3, 60), (60, 60)])
def test_luck_is_the_sum_of_the_binomial(failed: int, runs: int) -> None:
    terms = (math.comb(runs, some) * 0.05**some * 0.95 ** (runs - some) for some in range(failed + 1))
    assert luck(failed, runs, 0.95) == pytest.approx(math.fsum(terms))


def test_a_nightly_at_99_percent_gets_three_ways_out() -> None:
    assert proposals(1, 0.99) == Proposals(target=pytest.approx(0.9667, abs=1e-4), runs=100, days=100)
    assert proposals(24, 0.99) == Proposals(target=pytest.approx(0.9986, abs=1e-4), runs=100, days=5)


@given(st.integers(1, 500), TARGETS)
def test_each_proposal_alone_makes_the_objective_measurable(runs_per_day: int, target: float) -> None:
    ways = proposals(runs_per_day, target)
    assert regime(budget(30 * runs_per_day, ways.target)) is not Regime.R0
    assert regime(budget(ways.runs, target)) is not Regime.R0
    assert regime(budget(runs_per_day * ways.days, target)) is not Regime.R0
    assert regime(budget(ways.runs - 1, target)) is Regime.R0


def test_fewer_runs_than_one_allow_no_failure_at_any_target() -> None:
    assert highest_target(0.5) == 0
