"""Numbers and words of objectives: rounding never changes what is said."""

from __future__ import annotations

from fractions import Fraction

import pytest
from evaluatedslo import RUNS, evaluated
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.slo.objective import Budgeting, Duration, Events, LedgerSource, RollingWindow
from lumen_action.slo.phrases import (
    UNKNOWN,
    actual_percent,
    amount,
    counted,
    faithful,
    left_percent,
    noun,
    tallied,
    target_percent,
    title,
    totals_line,
    used_percent,
    verdict,
    window_words,
)


@pytest.mark.parametrize(
    ("total", "bad", "target", "shown"),
    [
        (1_234_567, 987, 0.999, ("99.92 %", "79.95 %", "20.05 %")),
        (1000, 65, 0.95, ("93.5 %", "130 %", "-30 %")),
        (1_000_000, 1, 0.999, ("99.9999 %", "0.1 %", "99.9 %")),
        (100_000, 5_006, 0.95, ("94.99 %", "100.12 %", "-0.12 %")),
        (10_000_000, 500_001, 0.95, ("94.99999 %", "100.0002 %", "-0.0002 %")),
        (10_000_000, 499_999, 0.95, ("95.00001 %", "99.9998 %", "0.0002 %")),
        (1_000_000, 40_001, 0.95, ("96.00 %", "80.002 %", "19.998 %")),
        (3, 3, 0.95, ("0 %", "2,000 %", "-1,900 %")),
        (7, 0, 0.95, ("100 %", "0 %", "100 %")),
    ],
)
def test_a_percentage_is_as_long_as_the_truth_needs(
    total: int, bad: int, target: float, shown: tuple[str, str, str]
) -> None:
    one = evaluated(total, bad, target)
    assert (actual_percent(one), used_percent(one), left_percent(one)) == shown


def test_nothing_is_never_a_number_not_even_of_a_planned_budget() -> None:
    for one in (evaluated(), evaluated(planned=30)):
        assert {actual_percent(one), used_percent(one), left_percent(one)} == {UNKNOWN}


@given(st.fractions(), st.lists(st.fractions(), max_size=3))
def test_a_shown_number_is_on_its_side_of_every_mark_unless_it_is_nearer_than_a_hair(
    value: Fraction, marks: list[Fraction]
) -> None:
    shown = Fraction(faithful(value, *marks).replace(",", ""))
    for mark in marks:
        if abs(value - mark) > Fraction(1, 10**11):
            assert (shown > mark, shown < mark) == (value > mark, value < mark)
    assert abs(shown - value) <= Fraction(1, 200)


@pytest.mark.parametrize(
    ("target", "shown"), [(0.95, "95 %"), (0.99985, "99.985 %"), (0.9999999, "99.99999 %"), (0.5, "50 %")]
)
def test_a_target_is_shown_as_it_was_written(target: float, shown: str) -> None:
    assert target_percent(target) == shown


def test_things_are_counted_in_plain_words() -> None:
    assert counted(1, "run") == "1 run"
    assert counted(1234.5, "run", "more clean") == "1,234.5 more clean runs"
    assert counted(2, "slice of 1h", "clean") == "2 clean slices of 1h"
    assert amount(Fraction(1, 3)) == "0.33"
    assert amount(Fraction(999_999, 1_000_000)) == "0.999999"


@pytest.mark.parametrize(
    ("events", "stage", "word"),
    [
        (Events.RUN, "", "run"),
        (Events.DAY, "", "day"),
        (Events.FIRST_TRY, "", "stage"),
        (Events.DURATION, "", "run"),
        (Events.CHECK, "", "check"),
        (Events.DURATION, "build", "stage"),
    ],
)
def test_events_are_called_what_they_are(events: Events, stage: str, word: str) -> None:
    one = evaluated(source=LedgerSource(events, "nightly", stage=stage))
    assert noun(one.slo, one.objective) == word


def test_slices_are_called_by_their_length() -> None:
    one = evaluated(10, source=RUNS, budgeting=Budgeting.TIMESLICES, slice_window=Duration(1, "h"))
    assert noun(one.slo, one.objective) == "slice of 1h"
    assert verdict(one) == "not enough evidence: 58 more clean slices of 1h show it"


def test_a_verdict_says_what_it_takes() -> None:
    assert verdict(evaluated(30, 1, source=RUNS)) == "not enough evidence: 63 more clean runs show it"
    assert verdict(evaluated(source=RUNS)) == "not enough evidence: 59 clean runs show it"
    assert verdict(evaluated(58, source=RUNS)) == "not enough evidence: 1 more clean run shows it"
    assert verdict(evaluated(59, source=RUNS)) == "met"
    assert verdict(evaluated(1000, 65)) == "violated"


def test_an_objective_is_called_as_people_do_and_by_its_name() -> None:
    assert title(evaluated(display="Shop window")) == "Shop window (shop)"
    assert title(evaluated()) == "shop"
    assert title(evaluated(targets=(0.99,))) == "shop 0.95"


def test_windows_in_words() -> None:
    assert window_words(RollingWindow(Duration(1, "d"))) == "over the last day"
    assert window_words(RollingWindow(Duration(4, "w"))) == "over the last 4 weeks"


def test_totals_leave_out_what_there_is_none_of() -> None:
    three = [evaluated(1000, 10), evaluated(1000, 65), evaluated()]
    assert totals_line(three) == (
        "3 objectives: 1 healthy, 1 exhausted, 1 no data; 1 met, 1 violated, 1 not enough evidence"
    )
    assert tallied(three) == {
        "healthy": 1, "warning": 0, "exhausted": 1, "no_data": 1, "met": 1, "violated": 1, "not_enough_evidence": 1,
    }  # fmt: skip
    assert totals_line([evaluated(1000, 10)]) == "1 objective: 1 healthy; 1 met"
