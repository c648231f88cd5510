"""One publisher at a time holds the lease; what was published is remembered by sink."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import LedgerError
from lumen_action.ledger.notes import lease, mark_published, published_head


class Paper:
    """Notes in memory."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def note(self, name: str) -> bytes | None:
        return self.values.get(name)

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        if self.values.get(name) != expected:
            return False
        self.values[name] = body
        return True


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.dictionaries(st.text(max_size=40), st.integers(min_value=0, max_value=10**12), max_size=6))
def test_each_sink_has_its_own_head(heads: dict[str, int]) -> None:
    paper = Paper()
    for sink, head in heads.items():
        mark_published(paper, sink, head)
    assert {sink: published_head(paper, sink) for sink in heads} == heads
    assert published_head(paper, "another") == heads.get("another", 0)


def test_a_second_publisher_waits_until_the_first_is_done() -> None:
    paper, clock = Paper(), Clock()
    with (
        lease(paper, 5, clock=clock, sleep=clock.sleep),
        pytest.raises(LedgerError, match="held the lease for 5 s"),
        lease(paper, 5, clock=clock, sleep=clock.sleep),
    ):
        pytest.fail("two at once")
    with lease(paper, 0, clock=clock, sleep=clock.sleep):
        pass


def test_the_lease_of_one_that_died_runs_out() -> None:
    paper, clock = Paper(), Clock()
    holder = lease(paper, 5, clock=clock, sleep=clock.sleep)
    holder.__enter__()
    with lease(paper, 600, clock=clock, sleep=clock.sleep):
        assert clock.now > 1060


def test_one_that_was_overtaken_leaves_the_lease_to_its_new_holder() -> None:
    paper, clock = Paper(), Clock()
    with lease(paper, 5, clock=clock, sleep=clock.sleep):
        clock.sleep(500)
        second = lease(paper, 5, clock=clock, sleep=clock.sleep)
        second.__enter__()
        held = paper.values["lease/publish"]
    assert paper.values["lease/publish"] == held
