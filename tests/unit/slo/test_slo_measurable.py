"""Which targets so many events can measure, and what is proposed in place of others."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from evaluatedslo import DAY, HOUR, NOON, RUNS, evaluated
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.slo.evaluation import Tick
from lumen_action.slo.evidence import Regime, regime
from lumen_action.slo.measurable import Standing, judged, volume_of
from lumen_action.slo.objective import (
    Budgeting,
    CalendarWindow,
    Duration,
    Events,
    LedgerSource,
    RollingWindow,
)
from lumen_action.slo.phrases import exactly


def test_99_percent_of_a_nightly_is_refused_and_what_can_be_measured_is_proposed() -> None:
    one = evaluated(target=0.99, source=RUNS, planned=30)
    finding = judged(one, volume_of(one))
    assert finding.standing is Standing.REFUSED
    assert finding.allowed == Fraction(3, 10)
    assert finding.target == 0.9666
    assert finding.window == Duration(100, "d")
    assert finding.found == (
        "30 runs over the last 30 days, as planned: 99 % lets 0.3 be bad, so a single one breaks it"
    )
    assert finding.fix == ("promise 96.66 %, or take a window of 100 days, or have 100 runs in this one (3.34 a day)")


def test_95_percent_of_a_nightly_is_coarse() -> None:
    one = evaluated(target=0.95, source=RUNS, planned=30)
    finding = judged(one, volume_of(one))
    assert (finding.standing, finding.regime, finding.fix) == (Standing.MEASURABLE, Regime.R1, "")
    assert finding.found.endswith("95 % lets 1.5 be bad; 59 clean runs in a row show it")


@given(
    st.integers(2, 10_000_000).map(float),
    st.integers(1, 10**7 - 1).map(lambda parts: float(Fraction(10**7 - parts, 10**7))),
    st.integers(1, 365),
)
def test_what_is_proposed_can_be_measured(events: float, target: float, days: int) -> None:
    window = RollingWindow(Duration(days, "d"))
    one = evaluated(target=target, source=RUNS, planned=events, window=window)
    finding = judged(one, volume_of(one))
    allowed = (1 - exactly(target)) * Fraction(events)
    assert (finding.standing is Standing.REFUSED) == (regime(float(allowed)) is Regime.R0)
    if finding.target is not None:
        lower = evaluated(target=finding.target, source=RUNS, planned=events, window=window)
        assert judged(lower, volume_of(lower)).standing is Standing.MEASURABLE
        assert finding.target < target
    if finding.window is not None:
        longer = events * finding.window.count / days
        later = evaluated(target=target, source=RUNS, planned=longer, window=RollingWindow(finding.window))
        assert judged(later, volume_of(later)).standing is Standing.MEASURABLE


def test_nobody_knows_the_volume_of_nothing() -> None:
    one = evaluated(source=RUNS)
    finding = judged(one, volume_of(one))
    assert (finding.standing, finding.allowed, finding.regime) == (Standing.UNKNOWN, None, None)
    assert "nobody knows how many runs there are" in finding.found
    assert "expected-runs-per-day" in finding.fix


def test_a_source_that_is_younger_than_the_window_goes_on_at_its_pace() -> None:
    young = evaluated(source=RUNS, ticks=tuple(Tick(NOON - day * DAY - HOUR, 1, 0) for day in range(3)))
    volume = volume_of(young)
    assert volume
    assert (volume.events, volume.known) == (30, "at the pace of the last 3 days")
    old = evaluated(source=RUNS, ticks=tuple(Tick(NOON - day * DAY - HOUR, 1, 0) for day in range(30)))
    assert (volume_of(old) or volume).known == "as counted"


def test_the_rest_of_a_calendar_period_goes_on_as_it_began() -> None:
    march = CalendarWindow(Duration(1, "M"), datetime(2026, 1, 1), "UTC")  # noqa: DTZ001 - a clock in its zone
    ticks = tuple(Tick(NOON - number * 12 * HOUR - HOUR, 1, 0) for number in range(7))
    one = evaluated(source=RUNS, window=march, ticks=ticks)
    volume = volume_of(one)
    assert volume
    assert (volume.events, volume.known) == (62, "at the pace so far")
    finding = judged(evaluated(target=0.99, source=RUNS, window=march, ticks=ticks), volume)
    assert finding.window == Duration(1, "Q")


def test_days_and_slices_pass_by_the_clock() -> None:
    day = evaluated(2, target=0.99, source=LedgerSource(Events.DAY, "nightly"))
    finding = judged(day, volume_of(day))
    assert finding.found.startswith("30 days over the last 30 days, by the clock")
    assert finding.fix == "promise 96.66 %, or take a window of 100 days"
    hours = evaluated(2, source=RUNS, budgeting=Budgeting.TIMESLICES, slice_window=Duration(1, "h"))
    volume = volume_of(hours)
    assert volume
    assert (volume.events, volume.by_clock) == (720, True)


def test_a_single_event_leaves_no_target_worth_having() -> None:
    one = evaluated(target=0.9, source=RUNS, planned=1)
    finding = judged(one, volume_of(one))
    assert finding.target is None
    assert finding.fix == "take a window of 300 days, or have 10 runs in this one (0.34 a day)"
