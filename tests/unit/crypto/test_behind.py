"""Work behind the caller: in order, a few steps late, and after a failure none."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from lumen_action.crypto.behind import MOST_STEPS, Behind


def test_steps_are_made_in_order_in_another_thread() -> None:
    done: list[tuple[int, bool]] = []
    behind: Behind[None] = Behind("test")
    for number in range(50):
        if behind.full:
            behind.first()
        behind.add(lambda number=number: done.append((number, threading.current_thread() is threading.main_thread())))
    behind.finish()
    assert done == [(number, False) for number in range(50)]


def test_results_come_oldest_first_and_only_a_few_wait() -> None:
    behind: Behind[int] = Behind("test")
    for number in range(MOST_STEPS):
        assert not behind.full
        behind.add(partial(int, number))
    assert behind.full
    assert [behind.first() for _ in range(MOST_STEPS)] == list(range(MOST_STEPS))
    behind.finish()


def test_after_a_step_that_fails_none_is_made_and_each_says_why() -> None:
    made: list[str] = []
    behind: Behind[None] = Behind("test")
    behind.add(lambda: made.append("before"))
    behind.first()
    behind.add(partial(_fail, "full"))
    for _ in range(3):
        behind.add(lambda: made.append("after"))
        with pytest.raises(OSError, match="full"):
            behind.first()
    with pytest.raises(OSError, match="full"):
        behind.finish()
    behind.abandon()
    assert made == ["before"]


def test_what_is_abandoned_finishes_the_step_it_is_at_and_no_other() -> None:
    began, go = threading.Event(), threading.Event()
    made: list[str] = []
    behind: Behind[None] = Behind("test")

    def slow() -> None:
        began.set()
        go.wait(20)
        made.append("slow")

    behind.add(slow)
    behind.add(lambda: made.append("next"))
    assert began.wait(20)
    leaving = threading.Thread(target=behind.abandon)
    leaving.start()
    go.set()
    leaving.join(20)
    assert "slow" in made


def _fail(told: str) -> None:
    raise OSError(told)
