"""Remote write of runs: each is one sample, sent once, as long as a receiver would take it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from facts import HOUR, NOON, fact
from hypothesis import given, settings
from hypothesis import strategies as st
from notebook import Notebook
from remotewriting import LANE, URL, Receiver, answered, read, sink, unblocked

from lumen_action.http import HttpError, Request, Response
from lumen_action.model import ErrorClass, Kind, Outcome, Trust
from lumen_action.sinks.points import Point, run_events
from lumen_action.sinks.remote_write import RemoteWrite, RemoteWriteOptions

REFUSALS = [
    (500, "too old sample"),
    (400, "out of bounds"),
    (400, "out of order sample"),
    (409, "store locally: add 1 series: out of order sample"),
    (400, "the sample has been rejected because its timestamp is too old (err-mimir-sample-timestamp-too-old)"),
]


@pytest.mark.parametrize(("status", "words"), REFUSALS)
def test_a_run_that_is_too_old_is_told_and_never_sent_again(status: int, words: str) -> None:
    receiver, notes = Receiver(answered(status, words)), Notebook()
    told = sink(receiver, notes, NOON + HOUR // 2).send_events([fact()])
    assert told == (f"POST https://mimir.example answered {status}: {words}",)
    assert sink(receiver, notes, NOON + HOUR // 2).send_events([fact()]) == ()
    assert len(receiver.asked) == 1


def test_old_runs_do_not_keep_new_ones_away() -> None:
    facts = [fact(run=str(number), at=NOON + 100 * number) for number in range(50)]
    receiver = Receiver(oldest=NOON + 200)
    assert sink(receiver, now=NOON + HOUR // 2).send_events(facts) == (
        "POST https://mimir.example answered 500: too old sample",
    )
    assert set(receiver.values("lumen_run_event")) == {NOON + 100 * number + LANE for number in range(2, 50)}


def test_a_run_is_sent_once_and_only_new_ones_later() -> None:
    receiver, notes = Receiver(), Notebook()
    facts = [fact(run="1"), fact(run="2", at=NOON + 1000)]
    sink(receiver, notes, NOON + 2000).send_events(facts)
    sink(receiver, notes, NOON + 2000).send_events(facts)
    assert len(receiver.asked) == 1
    sink(receiver, notes, NOON + 3000).send_events([*facts, fact(run="3", at=NOON + 500)])
    assert len(receiver.asked) == 2
    assert set(receiver.values("lumen_run_event")) == {NOON + LANE, NOON + 500 + LANE, NOON + 1000 + LANE}


def test_runs_go_in_the_order_of_time_whatever_their_series() -> None:
    facts = [fact(run=str(number), region=("eu", "us")[number % 2], at=NOON - 1000 * number) for number in range(2001)]
    receiver = Receiver()
    sink(receiver, now=NOON + 1000).send_events(facts)
    sent = [
        [stamp for series in read(unblocked(request.body)) for _, stamp in series.samples] for request in receiver.asked
    ]
    assert [len(stamps) for stamps in sent] == [1000, 1000, 1]
    assert max(sent[0]) < min(sent[1])
    assert max(sent[1]) < min(sent[2])


def test_a_run_that_no_receiver_would_take_any_more_is_not_sent() -> None:
    receiver = Receiver()
    sink(receiver, now=NOON + HOUR, window_seconds=1800).send_events([fact()])
    assert receiver.asked == []


def test_a_run_of_a_clock_that_is_ahead_waits_until_its_time_has_come() -> None:
    receiver, notes = Receiver(), Notebook()
    sink(receiver, notes, NOON).send_events([fact(at=NOON + HOUR)])
    assert receiver.asked == []
    sink(receiver, notes, NOON + 2 * HOUR - 1).send_events([fact(at=NOON + HOUR)])
    assert set(receiver.values("lumen_run_event")) == {NOON + HOUR + LANE}


def test_what_is_remembered_is_forgotten_with_the_window() -> None:
    receiver, notes = Receiver(), Notebook()
    for hour in range(5):
        sink(receiver, notes, NOON + hour * HOUR + 1).send_events([fact(run=str(hour), at=NOON + hour * HOUR - 100)])
    (kept,) = notes.kept.values()
    assert [len(stamps) for stamps in json.loads(kept).values()] == [1]


def test_how_far_it_came_is_remembered_when_the_receiver_goes_away() -> None:
    receiver, notes = Receiver(), Notebook()
    facts = [fact(run=str(number), at=NOON - 100 * number) for number in range(1001)]
    first = sink(Vanishing(after=1), notes, NOON + 1000)
    with pytest.raises(HttpError, match="gone"):
        first.send_events(facts)
    sink(receiver, notes, NOON + 1000).send_events(facts)
    assert set(receiver.values("lumen_run_event")) == {NOON + LANE}


class Vanishing(Receiver):
    """Takes some requests and then is gone."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def send(self, request: Request) -> Response:
        if not self.left:
            raise answered(404, "gone")
        self.left -= 1
        return super().send(request)


def test_what_another_publisher_remembered_meanwhile_stays() -> None:
    receiver, notes = Receiver(), Notebook()
    sink(receiver, notes, NOON + 1000).send_events([fact(run="1")])
    (name,) = notes.kept
    theirs = notes.kept.pop(name)
    other = RivalNotes(notes, name, theirs)
    sink(receiver, other, NOON + 1000).send_events([fact(run="2", at=NOON + 100)])
    sink(receiver, notes, NOON + 1000).send_events([fact(run="1"), fact(run="2", at=NOON + 100)])
    assert len(receiver.asked) == 2


@dataclass
class RivalNotes:
    """A notebook in which another publisher writes first, once."""

    notes: Notebook
    name: str
    theirs: bytes | None

    def note(self, name: str) -> bytes | None:
        return self.notes.note(name)

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        if self.theirs:
            self.notes.kept[self.name], self.theirs = self.theirs, None
        return self.notes.put_note(name, body, expected=expected)


def test_runs_of_two_pipelines_are_remembered_apart() -> None:
    receiver, notes = Receiver(), Notebook()
    both = [fact(), fact(pipeline="weekly")]
    sink(receiver, notes, NOON + 1000).send_events(both)
    assert len(notes.kept) == 2
    sink(receiver, notes, NOON + 1000).send_events(both[1:])
    assert len(receiver.asked) == 2


def test_halving_ends_with_the_time() -> None:
    receiver = Receiver(oldest=NOON * 2)
    late = RemoteWrite(
        RemoteWriteOptions(URL), receiver, Notebook(), clock_ms=lambda: NOON + HOUR // 2, patience_seconds=0
    )
    with pytest.raises(HttpError, match="too old"):
        late.send_events([fact(run=str(number)) for number in range(9)])


def test_a_run_is_a_sample_worth_one_when_it_was_decided() -> None:
    facts = [
        fact(run="1", region="eu", at=NOON),
        fact("build", run="1", at=NOON - 1),
        fact(run="2", outcome=Outcome.TIMEOUT, region="us", at=NOON + 7, cause=ErrorClass.BUILD),
        fact(run="3", outcome=Outcome.CANCELLED),
        fact(run="4", trust=Trust.FORK),
        fact(run="5", kind=Kind.CONFLICT),
    ]
    name, job, pipeline = ("__name__", "lumen_run_event"), ("job", "lumen"), ("pipeline", "nightly")
    assert run_events(facts) == [
        Point(
            (name, ("error_class", "build"), job, ("outcome", "timeout"), pipeline, ("region", "us")), 1, NOON + LANE
        ),
        Point((name, job, ("outcome", "success"), pipeline, ("region", "eu")), 1, NOON + LANE),
    ]


def test_a_run_again_stays_one_sample() -> None:
    first = fact(outcome=Outcome.FAILURE, at=NOON)
    again = fact(attempt=2, at=NOON + HOUR)
    assert run_events([again, first]) == run_events([first])


@settings(max_examples=50)
@given(st.lists(st.integers(min_value=0, max_value=8), max_size=12), st.randoms(use_true_random=False))
def test_runs_that_end_together_stay_apart_whatever_the_order(offsets: list[int], chance: object) -> None:
    facts = [fact(run=str(run), at=NOON + offset) for run, offset in enumerate(offsets)]
    before = set(run_events(facts))
    assert len(before) == len(facts)
    chance.shuffle(facts)
    assert set(run_events(facts)) == before
    assert set(run_events(facts[: len(facts) // 2])) <= before


_RUNS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=66),  # the day
        st.integers(min_value=0, max_value=250),  # when it ended
        st.sampled_from([Outcome.SUCCESS, Outcome.FAILURE, Outcome.CANCELLED]),
        st.integers(min_value=1, max_value=2),
    ),
    max_size=25,
)


@settings(max_examples=100)
@given(_RUNS)
def test_a_run_has_the_same_stamp_whichever_days_are_given_with_it(runs: list[tuple[int, int, Outcome, int]]) -> None:
    facts = [
        fact(
            run=str(number),
            day=str(date(2026, 1, 1) + timedelta(day)),
            at=NOON + ended,
            outcome=outcome,
            attempt=attempt,
        )
        for number, (day, ended, outcome, attempt) in enumerate(runs)
    ]
    days = {one.day for one in facts}
    alone = [event for day in days for event in run_events([one for one in facts if one.day == day])]
    assert len(set(alone)) == len(alone)
    assert set(alone) == set(run_events(facts))


def test_a_stamp_is_never_before_the_run_ended_and_less_than_100_ms_after() -> None:
    for ended in range(NOON, NOON + 200):
        (event,) = run_events([fact(at=ended)])
        assert 0 <= event.stamp_ms - ended < 100
