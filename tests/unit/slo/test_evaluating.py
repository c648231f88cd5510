"""What counted events come to: budget, status, judgement, burn and outlook."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from promises import DAY_MS, HOUR_MS, calendar, lasting, ms, promise, rolling

from lumen_action.slo.evaluating import BURN_WINDOWS, burn_down, evaluate
from lumen_action.slo.evaluation import Evaluation, Judgement, Measured, Span, Status, Tick
from lumen_action.slo.evidence import clean_runs_still_needed, luck
from lumen_action.slo.objective import Budgeting, Slo
from lumen_action.slo.plain import plain_evaluation
from lumen_action.slo.spans import duration_ms

NOW = ms("2026-03-31T12:00:00")
SPAN = Span(NOW - 30 * DAY_MS, NOW, NOW)
PERIOD = Span(ms("2026-03-01"), NOW, ms("2026-04-01"))


def ago(days: float, total: int = 1, bad: int = 0) -> Tick:
    return Tick(NOW - int(days * DAY_MS), total, bad)


def result(slo: Slo, *ticks: Tick, span: Span = SPAN, planned: float | None = None) -> Evaluation:
    return evaluate(slo, slo.objectives[0], span, Measured(ticks, NOW), planned)


@st.composite
def _ticks(draw: st.DrawFn) -> list[Tick]:
    rows = st.tuples(st.integers(NOW - 40 * DAY_MS, NOW + DAY_MS), st.integers(0, 30), st.integers(0, 30))
    return [Tick(at_ms, max(some, bad), min(some, bad)) for at_ms, some, bad in draw(st.lists(rows, max_size=30))]


TARGETS = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999])


def test_the_guides_own_sample_has_a_fifth_of_its_budget_left() -> None:
    found = result(promise(0.999), ago(1, 1_234_567, 987))
    plain = plain_evaluation(found, NOW)
    assert (plain["budget_used_percent"], plain["budget_left_percent"]) == pytest.approx((79.95, 20.05), abs=0.005)
    assert found.budget.allowed == Fraction("1234.567")
    assert (found.status, found.judgement) == (Status.HEALTHY, Judgement.MET)


def test_the_guides_other_sample_is_over_its_budget() -> None:
    found = result(promise(0.95), ago(1, 1000, 65))
    assert found.budget.used_percent == 130
    assert (found.status, found.judgement) == (Status.EXHAUSTED, Judgement.VIOLATED)
    assert found.clean_needed is None


def test_nothing_is_never_all_good() -> None:
    found = result(promise(0.95))
    assert (found.status, found.judgement) == (Status.NO_DATA, Judgement.NOT_ENOUGH_EVIDENCE)
    assert (found.actual, found.actual_low, found.actual_high) == (None, None, None)
    assert found.clean_needed == 59
    plain = plain_evaluation(found, NOW)
    unknown = ("actual_percent", "budget_events", "budget_used_events", "budget_used_percent", "budget_left_percent")
    assert [plain[name] for name in unknown] == [None] * 5
    assert set(plain["burn"].values()) == {None}


@pytest.mark.parametrize(
    ("target", "total", "bad", "status", "judgement"),
    [
        (0.95, 1, 0, Status.HEALTHY, Judgement.NOT_ENOUGH_EVIDENCE),
        (0.95, 1, 1, Status.EXHAUSTED, Judgement.VIOLATED),
        (0.99, 30, 1, Status.EXHAUSTED, Judgement.NOT_ENOUGH_EVIDENCE),
        (0.99, 30, 0, Status.HEALTHY, Judgement.NOT_ENOUGH_EVIDENCE),
        (0.95, 59, 0, Status.HEALTHY, Judgement.MET),
        (0.95, 500, 500, Status.EXHAUSTED, Judgement.VIOLATED),
        (0.95, 500, 0, Status.HEALTHY, Judgement.MET),
        (0.95, 1000, 39, Status.HEALTHY, Judgement.NOT_ENOUGH_EVIDENCE),
        (0.95, 1000, 40, Status.WARNING, Judgement.NOT_ENOUGH_EVIDENCE),
        (0.95, 1000, 50, Status.EXHAUSTED, Judgement.NOT_ENOUGH_EVIDENCE),
        (0.95, 1000, 51, Status.EXHAUSTED, Judgement.VIOLATED),
    ],
)
def test_the_edges_of_status_and_judgement(
    target: float, total: int, bad: int, status: Status, judgement: Judgement
) -> None:
    found = result(promise(target), ago(1, total, bad))
    assert (found.status, found.judgement) == (status, judgement)


def test_an_unmeasurable_promise_says_how_many_clean_runs_would_show_it() -> None:
    found = result(promise(0.99), ago(1, 30, 1))
    assert found.clean_needed == clean_runs_still_needed(1, 30, 0.99) == 443


def test_the_budget_is_of_all_that_is_planned_while_less_has_happened() -> None:
    few = result(promise(0.95), ago(1, 100, 4), planned=1000)
    assert (few.budget.allowed, few.status, few.planned) == (50, Status.HEALTHY, 1000)
    more = result(promise(0.95), ago(1, 2000, 4), planned=1000)
    assert more.budget.allowed == 100


@given(_ticks(), TARGETS, st.randoms(use_true_random=False))
def test_sums_and_budget_are_those_of_brute_force(ticks: list[Tick], target: float, chance: Random) -> None:
    slo = promise(target)
    inside = [tick for tick in ticks if SPAN.begin_ms < tick.at_ms <= NOW]
    total, bad = sum(tick.total for tick in inside), sum(tick.bad for tick in inside)
    found = result(slo, *ticks)
    assert (found.total, found.bad, found.good) == (total, bad, total - bad)
    # In thousandths, as whole numbers.
    allowed = (1000 - round(target * 1000)) * total
    assert found.budget.allowed * 1000 == allowed
    assert (found.status is Status.EXHAUSTED) == (bad > 0 and bad * 1000 >= allowed)
    assert (found.status is Status.WARNING) == (total > 0 and allowed > bad * 1000 and bad * 5000 >= allowed * 4)
    chance.shuffle(ticks)
    assert result(slo, *ticks) == found


@given(_ticks(), TARGETS)
def test_what_is_shown_is_shown(ticks: list[Tick], target: float) -> None:
    found = result(promise(target), *ticks)
    if found.judgement is Judgement.MET:
        assert found.budget.used <= found.budget.allowed
        assert luck(int(found.bad), found.total, target) <= 0.05
        assert found.clean_needed == 0
    elif found.judgement is Judgement.VIOLATED:
        assert found.budget.used > found.budget.allowed
        assert found.clean_needed is None
    else:
        assert found.clean_needed
        after = found.total + found.clean_needed
        assert luck(int(found.bad), after, target) <= 0.05 < luck(int(found.bad), after - 1, target)
    if found.actual is not None:
        assert found.actual_low is not None
        assert found.actual_high is not None
        assert found.actual_low <= found.actual + 1e-9
        assert found.actual <= found.actual_high + 1e-9


@given(_ticks(), TARGETS)
def test_every_window_burns_by_what_it_holds(ticks: list[Tick], target: float) -> None:
    found = result(promise(target), *ticks)
    assert [burn.window for burn in found.burns] == ["1h", "6h", "1d", "3d", "7d", "30d"]
    for burn, window in zip(found.burns, [*BURN_WINDOWS, lasting("30d")], strict=True):
        inside = [tick for tick in ticks if NOW - duration_ms(window) < tick.at_ms <= NOW]
        total, bad = sum(tick.total for tick in inside), sum(tick.bad for tick in inside)
        assert (burn.total, burn.bad) == (total, bad)
        assert burn.rate == (pytest.approx(bad / total / (1 - target)) if total else None)


def test_a_window_has_only_burn_windows_that_are_shorter() -> None:
    week = promise(0.9, window=rolling("1w"))
    span = Span(NOW - 7 * DAY_MS, NOW, NOW)
    assert [burn.window for burn in result(week, span=span).burns] == ["1h", "6h", "1d", "3d", "1w"]


def test_a_calendar_period_burns_from_its_own_begin() -> None:
    found = result(promise(0.9, window=calendar("1M", "2026-01-01")), ago(5, 10, 1), ago(31, 10, 10), span=PERIOD)
    assert found.burn["7d"] == found.burn["1M"] == pytest.approx(1)


def _left(ticks: Sequence[Tick], at_ms: int, allowed: Fraction) -> Fraction:
    begin_ms = at_ms - 30 * DAY_MS
    return allowed - sum(tick.bad for tick in ticks if begin_ms < tick.at_ms <= NOW)


@given(_ticks(), TARGETS)
def test_it_recovers_at_the_first_moment_with_less_used_than_allowed(ticks: list[Tick], target: float) -> None:
    slo = promise(target)
    found = result(slo, *ticks)
    recovers_ms = found.outlook.recovers_ms
    assert (recovers_ms is not None) == (found.status is Status.EXHAUSTED)
    if recovers_ms is not None:
        ticks = [tick for tick in ticks if tick.at_ms > SPAN.begin_ms]
        assert recovers_ms > NOW
        assert _left(ticks, recovers_ms, found.budget.allowed) > 0
        assert _left(ticks, recovers_ms - 1, found.budget.allowed) <= 0
        assert found.outlook.exhausts_ms is None


def test_a_calendar_period_recovers_when_it_is_over() -> None:
    found = result(promise(0.95, window=calendar("1M", "2026-01-01")), ago(1, 100, 50), span=PERIOD)
    assert found.outlook.recovers_ms == ms("2026-04-01")


@given(_ticks(), TARGETS, st.integers(0, 1000))
def test_it_is_exhausted_at_the_first_moment_at_which_old_and_new_reach_the_budget(
    ticks: list[Tick], target: float, planned: int
) -> None:
    slo = promise(target)
    found = result(slo, *ticks, planned=planned)
    paced = [burn for burn in found.burns[:5] if burn.bad]
    assume(found.status is not Status.EXHAUSTED)
    if not paced:
        assert (found.outlook.exhausts_ms, found.outlook.pace) == (None, "")
        return
    assert found.outlook.pace == paced[-1].window
    per_ms = Fraction(paced[-1].bad, duration_ms(lasting(paced[-1].window)))
    ticks = [tick for tick in ticks if SPAN.begin_ms < tick.at_ms <= NOW]

    def reached(at_ms: int) -> bool:
        return _left(ticks, at_ms, found.budget.allowed) <= per_ms * (at_ms - NOW)

    exhausts_ms = found.outlook.exhausts_ms
    horizon = NOW + 30 * DAY_MS
    # What is used only ever falls when something leaves the window, so these moments and the end say all.
    eves = [tick.at_ms + 30 * DAY_MS - 1 for tick in ticks if tick.bad] + [horizon]
    if exhausts_ms is None:
        assert not any(map(reached, eves))
    else:
        assert NOW < exhausts_ms <= horizon
        assert reached(exhausts_ms)
        assert not any(reached(eve) for eve in (*eves, exhausts_ms - 1) if NOW < eve < exhausts_ms)


def test_a_calendar_period_is_over_before_a_slow_pace_uses_it_up() -> None:
    slo = promise(0.95, window=calendar("1M", "2026-01-01"))
    assert result(slo, ago(1, 100, 1), span=PERIOD).outlook.exhausts_ms is None
    # One of the five that it may lose is left, and four went in the half day since the period began.
    young = Span(NOW - DAY_MS // 2, NOW, NOW + 30 * DAY_MS)
    assert result(slo, ago(0.02, 100, 4), span=young).outlook.exhausts_ms == NOW + DAY_MS // 8


SLICED = promise(0.9, budgeting=Budgeting.TIMESLICES, slice_target=0.9, slice_window="1h")


def hour(number: int, total: int, bad: int, *, minute: int = 30) -> Tick:
    """Return events within an hour before 12 o'clock now."""
    return Tick(NOW - number * HOUR_MS - (60 - minute) * 60_000, total, bad)


def test_a_slice_is_bad_when_too_few_of_its_events_are_good() -> None:
    found = result(SLICED, hour(0, 10, 1), hour(1, 10, 2), hour(1, 0, 0), hour(5, 1, 1), hour(9, 4, 0, minute=60))
    assert (found.total, found.bad) == (4, 2)
    assert found.notes == ("716 of 720 slices had no events and do not count",)


def test_events_at_the_end_of_a_slice_are_its_own() -> None:
    found = result(SLICED, hour(0, 10, 0, minute=60), hour(1, 1, 1, minute=60))
    assert (found.total, found.bad) == (2, 1)


def test_the_last_slice_counts_when_it_is_over() -> None:
    later = Span(SPAN.begin_ms + 1000, NOW + 1000, NOW + 1000)
    assert result(SLICED, Tick(NOW + 500, 1, 1), hour(0, 1, 0), span=later).total == 1


def test_slices_of_a_calendar_period_begin_with_it() -> None:
    begin = ms("2026-03-31T11:15:00")
    span = Span(begin, NOW, begin + DAY_MS)
    ticks = (Tick(begin + 1, 1, 0), Tick(begin + HOUR_MS // 2, 1, 1))
    assert result(SLICED, *ticks, span=span).total == 0
    whole = Span(begin, begin + HOUR_MS, begin + DAY_MS)
    assert (result(SLICED, *ticks, span=whole).total, result(SLICED, *ticks, span=whole).bad) == (1, 1)


def test_a_mean_of_ratios_weighs_every_slice_the_same() -> None:
    slo = promise(0.9, budgeting=Budgeting.RATIO_TIMESLICES, slice_window="1h")
    found = result(slo, hour(0, 1000, 0), hour(1, 2, 1), hour(2, 4, 1))
    assert (found.total, found.bad, found.actual) == (3, Fraction(3, 4), 0.75)
    assert found.budget.used_percent == 250
    assert plain_evaluation(found, NOW)["bad"] == 0.75


@given(_ticks())
def test_slices_are_those_of_brute_force(ticks: list[Tick]) -> None:
    found = result(SLICED, *ticks)
    slices: dict[int, list[Tick]] = {}
    for tick in ticks:
        if SPAN.begin_ms < tick.at_ms <= NOW and tick.total:
            slices.setdefault((tick.at_ms - 1) // HOUR_MS, []).append(tick)
    bad = [sum(t.bad for t in each) * 10 > sum(t.total for t in each) for each in slices.values()]
    assert (found.total, found.bad) == (len(slices), sum(bad))


@given(_ticks(), st.lists(st.integers(-5 * DAY_MS, 0), max_size=5), st.sampled_from(list(Budgeting)))
def test_a_burn_down_is_what_was_left_at_each_moment(ticks: list[Tick], moments: list[int], how: Budgeting) -> None:
    slo = promise(0.95, budgeting=how, slice_target=0.9, slice_window="1h")
    spans = [Span(NOW + each - 30 * DAY_MS, NOW + each, NOW + each) for each in moments]
    left = burn_down(slo, slo.objectives[0], Measured(tuple(ticks)), spans, lambda _: 40)
    each = [result(slo, *ticks, span=span, planned=40) for span in spans]
    assert left == [found.budget.left_percent if found.total else None for found in each]


def test_an_evaluation_is_told_to_machines_with_units_and_without_guesses() -> None:
    found = result(promise(0.9, 0.95, name="nightly"), ago(1, 20, 1), ago(2, 20, 1))
    assert plain_evaluation(found, NOW + 90_500) == {
        "slo": "nightly 0.9",
        "display_name": "",
        "service": "service",
        "source": "ledger",
        "window": "30d",
        "window_begin": "2026-03-01T12:00:00Z",
        "window_end": "2026-03-31T12:00:00Z",
        "target": 0.9,
        "target_percent": 90,
        "actual": 0.95,
        "actual_percent": 95,
        "actual_low_percent": pytest.approx(85.966, abs=0.001),
        "actual_high_percent": pytest.approx(98.331, abs=0.001),
        "good": 38,
        "bad": 2,
        "total": 40,
        "planned": None,
        "budget_events": 4,
        "budget_used_events": 2,
        "budget_left_events": 2,
        "budget_used_percent": 50,
        "budget_left_percent": 50,
        "status": "healthy",
        "verdict": "not_enough_evidence",
        "clean_runs_needed": clean_runs_still_needed(2, 40, 0.9),
        "burn": {"1h": None, "6h": None, "1d": None, "3d": 0.5, "7d": 0.5, "30d": 0.5},
        "exhausts_at": "2026-04-07T12:00:00Z",
        "recovers_at": None,
        "data_timestamp": "2026-03-31T12:00:00Z",
        "data_age_seconds": 90,
        "notes": [],
    }
