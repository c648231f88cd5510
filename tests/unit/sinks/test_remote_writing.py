"""Remote write of totals: their stamps, and what becomes of each answer."""

from __future__ import annotations

import json

import pytest
from facts import HOUR, NOON
from notebook import Notebook
from remotewriting import Clock, Receiver, answered, group, lost, sink

from lumen_action.errors import RemoteError
from lumen_action.http import HttpError
from lumen_action.sinks.points import totals


def test_totals_are_appended_with_sorted_labels_and_none_that_is_empty() -> None:
    receiver = Receiver()
    assert sink(receiver).publish([group(runs=7, head=3)]) == 3
    shared = ("__name__", "lumen_runs_total"), ("job", "lumen"), ("pipeline", "nightly")
    assert receiver.held == {
        ((*shared, ("region", "eu")), NOON): 7.0,
        (shared, NOON): 0.0,
        ((("__name__", "lumen_ledger_seq"), ("job", "lumen"), ("pipeline", "nightly")), NOON): 3.0,
    }


def test_stamps_only_grow_even_when_the_clock_does_not() -> None:
    receiver, notes = Receiver(), Notebook()
    for head, now in enumerate([NOON, NOON, NOON - HOUR, NOON + 5], start=1):
        sink(receiver, notes, now).publish([group(runs=head // 2, head=head)])
    assert receiver.values("lumen_ledger_seq") == {NOON: 1, NOON + 1: 2, NOON + 2: 3, NOON + 5: 4}


def test_totals_that_are_behind_are_not_stamped_after_those_that_are_further() -> None:
    receiver, notes = Receiver(), Notebook()
    sink(receiver, notes).publish([group(runs=5, head=4)])
    with pytest.raises(RemoteError, match="these totals count 4 events, and 5 were written before"):
        sink(receiver, notes, NOON + HOUR).publish([group(runs=4, head=5)])
    assert sink(receiver, notes, NOON + HOUR).publish([group(runs=4, head=9, pipeline="weekly")]) == 3
    assert receiver.values("lumen_ledger_seq") == {NOON: 4, NOON + HOUR: 9}


def test_a_stamp_that_another_publisher_took_is_not_used() -> None:
    receiver = Receiver()
    notes = Notebook(rival=json.dumps({"stamp_ms": NOON + 9, "counted": 1}).encode())
    sink(receiver, notes).publish([group()])
    assert receiver.values("lumen_ledger_seq") == {NOON + 10: 1}


def test_a_lost_answer_and_a_busy_receiver_are_asked_again() -> None:
    clock = Clock()
    busy = answered(429, "slow down", passing=True, retry_after_seconds=4.0)
    receiver = Receiver(lost(), busy)
    assert sink(receiver, clock=clock).publish([group()]) == 3
    assert len({request.body for request in receiver.asked}) == 1
    assert clock.pauses == [0.5, 5.0]


def test_samples_that_arrived_although_the_answer_was_lost_are_no_fault() -> None:
    receiver = Receiver(lost())
    receiver.loses_answers = True
    assert sink(receiver).publish([group(runs=2)]) == 3
    assert receiver.values("lumen_ledger_seq") == {NOON: 1}


def test_a_duplicate_answered_to_a_repetition_is_our_own_sample() -> None:
    receiver = Receiver(lost(), *[answered(409, "duplicate sample") for _ in range(5)])
    assert sink(receiver).publish([group(runs=2)]) == 3


def test_a_receiver_that_asks_for_more_than_the_time_left_is_given_up() -> None:
    clock = Clock()
    receiver = Receiver(answered(503, "later", passing=True, retry_after_seconds=60.0))
    with pytest.raises(HttpError, match="answered 503: later"):
        sink(receiver, clock=clock).publish([group()])
    assert clock.pauses == []


def test_another_value_under_a_stamp_is_told_and_the_other_samples_arrive() -> None:
    receiver = Receiver()
    point = totals([group(runs=1)], NOON)[0]
    receiver.held[point.labels, NOON] = 99.0
    with pytest.raises(RemoteError, match=r"^1 samples were refused and dropped: .*duplicate sample"):
        sink(receiver).publish([group(runs=2, head=8)])
    assert receiver.held[point.labels, NOON] == 99.0
    assert receiver.values("lumen_ledger_seq") == {NOON: 8}


def test_any_other_refusal_is_an_error_at_once() -> None:
    receiver = Receiver(answered(401, "no"), answered(500, "disk is full"))
    for words in ("answered 401: no", "answered 500: disk is full"):
        with pytest.raises(HttpError, match=words):
            sink(receiver).publish([group()])
    assert len(receiver.asked) == 2


def test_a_probe_writes_nothing() -> None:
    receiver = Receiver()
    sink(receiver).probe()
    assert [request.body for request in receiver.asked] == [b"\x00"]
    assert receiver.held == {}
