"""How long people took: medians and 90th percentiles from the detection, with their number."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.measures import TOO_FEW, Step, measured, percentile, taken_ms
from lumen_action.incidents.words import Severity, State

NOW = 10_000_000
ENDED = (State.FALSE_ALARM, State.MERGED)
MOMENTS = st.none() | st.integers(0, 1000)


def incident(name: str = "INC-1", **more: object) -> Incident:
    plain = Incident(name, "nightly", "late", Severity.SEV2, State.DETECTED, 100, 100, 1100)
    return replace(plain, **more)  # type: ignore[arg-type]


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    after = {name: draw(MOMENTS) for name in ("acked_ms", "mitigated_ms", "resolved_ms")}
    return incident(
        severity=draw(st.sampled_from(Severity)),
        state=draw(st.sampled_from(State)),
        ack_due_ms=draw(st.integers(100, 2000)),
        breach_told=draw(st.booleans()),
        **{name: None if ms is None else 100 + ms for name, ms in after.items()},
    )


@given(st.lists(st.integers(0, 50), min_size=1, max_size=25), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values: list[int], percent: int) -> None:
    found = percentile(values, percent)
    below = sum(value < found for value in values)
    not_above = sum(value <= found for value in values)

    assert found in values
    assert not_above * 100 >= percent * len(values) > below * 100


@settings(max_examples=50)
@given(st.lists(incidents(), max_size=15))
def test_times_are_those_of_an_independent_count(known: list[Incident]) -> None:
    found = measured(known, NOW)

    for severity in (None, *Severity):
        group = found.whole if severity is None else found.by_severity[severity]
        mine = [each for each in known if severity in (None, each.severity)]
        assert group.count == len(mine)
        assert group.merged == len([each for each in mine if each.state is State.MERGED])
        assert group.false_alarms == len([each for each in mine if each.state is State.FALSE_ALARM])
        assert group.open == len([each for each in mine if each.open])
        assert group.breached == len([each for each in mine if each.breached(NOW)])
        for step, name in zip(Step, ("acked_ms", "mitigated_ms", "resolved_ms"), strict=True):
            times = group.times(step)
            took = sorted(
                end - each.detected_ms
                for each in mine
                if each.state not in ENDED and (end := getattr(each, name)) is not None
            )
            assert times.n == len(took)
            assert times.median_ms == (took[math.ceil(len(took) / 2) - 1] if took else None)
            assert times.p90_ms == (took[math.ceil(len(took) * 9 / 10) - 1] if took else None)


@settings(max_examples=50)
@given(st.lists(incidents(), max_size=8), st.randoms())
def test_the_order_of_incidents_does_not_matter(known: list[Incident], random: object) -> None:
    shuffled = list(known)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert measured(shuffled, NOW) == measured(known, NOW)


@pytest.mark.parametrize(("count", "said"), [(TOO_FEW - 1, "too small"), (TOO_FEW, "enough")])
def test_below_ten_is_said_to_be_too_few(count: int, said: str) -> None:
    found = measured([incident(acked_ms=200)] * count, NOW).whole.acknowledge

    assert (found.n, "too small" if found.too_small else "enough") == (count, said)


def test_one_very_long_incident_moves_no_median() -> None:
    found = measured([incident(resolved_ms=110), incident(resolved_ms=120), incident(resolved_ms=9_000_000)], NOW)

    assert (found.whole.resolve.median_ms, found.whole.resolve.p90_ms) == (20, 8_999_900)


def test_what_is_not_over_has_no_time_and_is_counted() -> None:
    found = measured([incident(acked_ms=400, state=State.INVESTIGATING)], NOW)

    assert (found.whole.open, found.whole.acknowledge.n, found.whole.resolve.n) == (1, 1, 0)
    assert found.whole.resolve.median_ms is None


def test_a_duplicate_and_a_false_alarm_are_counted_apart_and_have_no_times() -> None:
    known = [incident(state=State.MERGED, acked_ms=200), incident(state=State.FALSE_ALARM, acked_ms=300, resolved_ms=1)]
    found = measured(known, NOW).whole

    assert (found.count, found.merged, found.false_alarms) == (2, 1, 1)
    assert [found.times(step).n for step in Step] == [0, 0, 0]


def test_a_clock_that_goes_back_makes_no_negative_time() -> None:
    assert taken_ms(incident(acked_ms=40), Step.ACKNOWLEDGE) == 0
