"""What a finding means after those before it: tries in a row, flapping, and the worst of all."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from lumen_action.health.check import ALIASES, Check, Finding, ProbeKind, Status
from lumen_action.health.judging import FLAPPING_CHANGES, Judged, Past, foreign, judged, whole

PASS, WARN, FAIL = Status
MINUTE = 60_000


def check(name: str = "api", *, tries: int = 1, critical: bool = True) -> Check:
    return Check(name, ProbeKind.TCP, tries=tries, critical=critical)


def finding(status: Status, at_ms: int = 0, *, of: Check | None = None) -> Finding:
    return Finding(of or check(), status, at_ms, 5, "" if status is PASS else "down")


def played(statuses: Iterable[Status], tries: int, step_ms: int = 60 * MINUTE) -> list[Judged]:
    past, found = Past(), []
    for number, status in enumerate(statuses):
        found.append(judged(finding(status, number * step_ms, of=check(tries=tries)), past))
        past = found[-1].past
    return found


def test_it_is_failed_at_the_third_failure_in_a_row_and_well_at_the_first_good_one() -> None:
    found = played([FAIL, FAIL, PASS, FAIL, FAIL, FAIL, FAIL, PASS], tries=3)
    assert [each.finding.status for each in found] == [WARN, WARN, PASS, WARN, WARN, FAIL, FAIL, PASS]
    assert found[1].finding.said == "failed 2 of 3 times in a row: down"
    assert found[5].finding.said == "down"


@given(st.lists(st.sampled_from(Status), max_size=60), st.integers(1, 5))
def test_failed_is_said_exactly_when_as_many_in_a_row_failed(statuses: list[Status], tries: int) -> None:
    found = played(statuses, tries)
    for number, each in enumerate(found):
        row = statuses[max(0, number - tries + 1) : number + 1]
        assert (each.finding.status is FAIL) is (len(row) == tries and set(row) == {FAIL})


def test_what_comes_and_goes_is_called_flapping_until_it_has_held_for_an_hour() -> None:
    found = played([PASS, FAIL] * 2 + [PASS] * 70, tries=1, step_ms=MINUTE)
    changing = [each for each in found if each.finding.said.startswith("flapping, ")]
    assert len(found[4].changes_ms) == FLAPPING_CHANGES
    assert found[4].finding.status is WARN
    assert found[4] is changing[0]
    assert found[-1].finding.status is PASS
    assert found[-1].finding.said == ""


def test_the_whole_is_the_worst_of_the_critical_ones_and_others_only_warn() -> None:
    optional = check("extra", critical=False)
    assert whole([]) is PASS
    assert whole([finding(PASS), finding(FAIL, of=optional)]) is WARN
    assert whole([finding(WARN), finding(FAIL), finding(PASS)]) is FAIL


def test_words_of_others_are_understood() -> None:
    words = ("ok", "UP", " healthy ", "degraded", "error", "down", "unhealthy", "fine", 1, None)
    assert [foreign(word) for word in words] == [PASS, PASS, PASS, WARN, FAIL, FAIL, FAIL, None, None, None]
    assert {foreign(word) for word in ALIASES} == set(Status)
