"""Remote write: the bytes, the stamps, and what becomes of each answer."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from facts import HOUR, NOON, fact
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.errors import RemoteError
from lumen_action.http import Http, HttpError, Request, Response, Timing
from lumen_action.model import ErrorClass, Kind, Outcome, Trust
from lumen_action.sinks import Family, Group, Sample
from lumen_action.sinks.points import Point, run_events, totals
from lumen_action.sinks.protobuf import TimeSeries, write_request
from lumen_action.sinks.remote_write import RemoteWrite, RemoteWriteOptions, problems
from lumen_action.sinks.snappy import block

URL = "https://me:geheim@mimir.example/api/v1/push"
LANE = 18  # that of 2 January 2026, the day of all facts that name no other


def unblocked(data: bytes) -> bytes:
    """Read a Snappy block as the format's description says, copies refused."""
    size, at = number(data, 0)
    found = b""
    while at < len(data):
        tag = data[at]
        at += 1
        assert tag & 3 == 0, "a copy"
        length = tag >> 2
        if length >= 60:
            wide = length - 59
            length = int.from_bytes(data[at : at + wide], "little")
            at += wide
        found += data[at : at + length + 1]
        assert len(data) >= at + length + 1, "cut short"
        at += length + 1
    assert len(found) == size
    return found


def number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields_of(data: bytes) -> Iterator[tuple[int, object]]:
    at = 0
    while at < len(data):
        key, at = number(data, at)
        if key & 7 == 0:
            found, at = number(data, at)
            yield key >> 3, found
        elif key & 7 == 1:
            yield key >> 3, struct.unpack("<d", data[at : at + 8])[0]
            at += 8
        else:
            assert key & 7 == 2
            size, at = number(data, at)
            assert len(data) >= at + size
            yield key >> 3, data[at : at + size]
            at += size


def read(data: bytes) -> list[TimeSeries]:
    """Read a WriteRequest as its definition says."""
    found = []
    for one, series in fields_of(data):
        assert one == 1
        labels, samples = [], []
        for which, content in fields_of(series):
            parts = dict(fields_of(content))
            if which == 1:
                labels.append((parts[1].decode(), parts[2].decode()))
            else:
                stamp = parts[2]
                samples.append((parts[1], stamp - (1 << 64) if stamp >> 63 else stamp))
        found.append(TimeSeries(tuple(labels), tuple(samples)))
    return found


@dataclass
class Notebook:
    """Notes in memory; `rival` writes between a read and the write that follows."""

    kept: dict[str, bytes] = field(default_factory=dict)
    rival: bytes | None = None

    def note(self, name: str) -> bytes | None:
        found = self.kept.get(name)
        if self.rival:
            self.kept[name], self.rival = self.rival, None
        return found

    def put_note(self, name: str, body: bytes, *, expected: bytes | None) -> bool:
        if self.kept.get(name) != expected:
            return False
        self.kept[name] = body
        return True


@dataclass
class Clock:
    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def timing(self) -> Timing:
        return Timing(sleep=self.sleep, clock=lambda: self.now, now=lambda: self.now, chance=lambda: 1.0)


class Receiver(Http):
    """Takes a request as a whole or not at all, and refuses as Prometheus does."""

    def __init__(self, *faults: HttpError, oldest: int = 0) -> None:
        self.faults = list(faults)
        self.oldest = oldest
        self.held: dict[tuple[object, int], float] = {}
        self.asked: list[Request] = []
        self.loses_answers = False

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        assert request.method == "POST"
        assert request.headers["Content-Encoding"] == "snappy"
        assert request.headers["Content-Type"] == "application/x-protobuf"
        assert request.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
        if self.faults and not self.loses_answers:
            raise self.faults.pop(0)
        new = dict(self.held)
        for series in read(unblocked(request.body or b"")):
            names = [name for name, _ in series.labels]
            assert names == sorted(set(names))
            assert all(value for _, value in series.labels)
            for value, stamp in series.samples:
                if stamp < self.oldest:
                    raise answered(500, "too old sample")
                if new.setdefault((series.labels, stamp), value) != value:
                    raise answered(400, "duplicate sample for timestamp")
        self.held = new
        if self.faults:
            raise self.faults.pop(0)
        return Response(204, {}, b"")

    def values(self, name: str) -> dict[int, float]:
        return {stamp: value for (labels, stamp), value in sorted(self.held.items()) if ("__name__", name) in labels}


def answered(status: int, words: str, **more: object) -> HttpError:
    return HttpError(f"POST https://mimir.example answered {status}: {words}", status=status, **more)


def lost() -> HttpError:
    return HttpError("POST https://mimir.example failed: timed out", passing=True)


def group(runs: float = 1, head: int = 1, pipeline: str = "nightly") -> Group:
    return Group(
        {"pipeline": pipeline},
        (
            Family("lumen_runs_total", "counter", "Runs.", (Sample(runs, {"region": "eu"}), Sample(0, {"region": ""}))),
            Family("lumen_ledger_seq", "gauge", "Head.", (Sample(head, {}),)),
        ),
    )


def sink(
    receiver: Receiver,
    notes: Notebook | None = None,
    now: int = NOON,
    clock: Clock | None = None,
    window_seconds: float = 3600,
) -> RemoteWrite:
    return RemoteWrite(
        RemoteWriteOptions(URL, window_seconds=window_seconds),
        receiver,
        notes or Notebook(),
        clock_ms=lambda: now,
        patience_seconds=20,
        timing=(clock or Clock()).timing(),
    )


def test_a_request_is_these_bytes() -> None:
    series = TimeSeries((("__name__", "up"), ("a", "é")), ((1.0, 1_700_000_000_000), (-2.5, -1)))
    assert write_request([series]).hex() == (
        "0a41"  # one series of 65 bytes
        "0a0e0a085f5f6e616d655f5f12027570"  # __name__ = up
        "0a070a01611202c3a9"  # a = é
        "121009000000000000f03f1080d095ffbc31"  # 1 at 1700000000000
        "12140900000000000004c010ffffffffffffffffff01"  # -2.5 at -1
    )


@pytest.mark.parametrize(
    ("size", "start"),
    [
        (0, "00"),
        (1, "0100"),
        (60, "3cec"),
        (61, "3df03c"),
        (256, "8002f0ff"),
        (257, "8102f40001"),
        (65536, "808004f4ffff"),
    ],
)
def test_a_literal_says_its_length_in_one_two_or_three_bytes(size: int, start: str) -> None:
    assert block(b"x" * size) == bytes.fromhex(start) + b"x" * size


def test_more_than_a_literal_holds_becomes_several() -> None:
    data = b"ab" * 40_000
    assert block(data) == bytes.fromhex("80f104f4ffff") + data[:65536] + bytes.fromhex("f47f38") + data[65536:]


@given(st.binary(max_size=300))
def test_what_was_wrapped_can_be_read(data: bytes) -> None:
    assert unblocked(block(data)) == data


_TEXT = st.text(max_size=80)
_SERIES = st.builds(
    TimeSeries,
    st.lists(st.tuples(_TEXT, _TEXT), max_size=5).map(tuple),
    st.lists(
        st.tuples(st.floats(allow_nan=False), st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)), max_size=5
    ).map(tuple),
)


@given(st.lists(_SERIES, max_size=5))
def test_what_was_encoded_can_be_read(series: list[TimeSeries]) -> None:
    assert read(unblocked(block(write_request(series)))) == series


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


def test_the_name_tells_receivers_apart_and_holds_no_secret() -> None:
    assert sink(Receiver()).name == "remote_write:https://mimir.example/api/v1/push"
    options = RemoteWriteOptions(URL, token="geheim", headers={"X-Key": "geheim"})  # noqa: S106 - made up
    assert "geheim" not in repr(options)
    assert options.secrets == ("geheim", "bWU6Z2VoZWlt", "geheim")


def test_credentials_and_the_tenant_go_in_headers() -> None:
    receiver = Receiver()
    options = RemoteWriteOptions(URL, headers={"X-Scope-OrgID": "team-a"})
    RemoteWrite(options, receiver, Notebook(), clock_ms=lambda: NOON).probe()
    bearer = RemoteWriteOptions("http://mimir.example/api/v1/push", token="t0ken")  # noqa: S106 - made up
    RemoteWrite(bearer, receiver, Notebook(), clock_ms=lambda: NOON).probe()
    first, second = receiver.asked
    assert (first.url, first.auth) == ("https://mimir.example/api/v1/push", ("me", "geheim"))
    assert first.headers["X-Scope-OrgID"] == "team-a"
    assert second.authorization == "Bearer t0ken"


GOOD = RemoteWriteOptions("https://mimir.example/api/v1/push")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"url": "ftp://me:geheim@mimir.example/x"}, "remote-write-url: the URL needs http:// or https:// and a host"),
        ({"url": "http://me:geheim@mimir.example:port/x"}, "remote-write-url: host or port"),
        ({"url": "http://me:geheim@mimir.example"}, "remote-write-url: the URL needs the path"),
        ({"url": "http://mimir.example/a b"}, "remote-write-url: the URL holds a blank"),
        ({"url": URL, "token": "geheim"}, "remote-write-url: both a password and a bearer token"),
        ({"token": "two geheim"}, "LUMEN_REMOTE_WRITE_TOKEN: it holds a blank"),
        ({"headers": {"X-Scope-OrgID": "a\nb"}}, "remote-write.headers: 'X-Scope-OrgID' is no header"),
        ({"headers": {"Content-Type": "x"}}, "remote-write.headers: Content-Type is set by us"),
        ({"ca_file": "/nowhere.pem"}, "remote-write.ca-file: '/nowhere.pem' is not a file"),
        ({"timeout_seconds": 0}, "remote-write.timeout-seconds: 0 s is not a time"),
        ({"window_seconds": 0}, "remote-write.window-seconds: 0 s is not a time; write how late"),
    ],
)
def test_what_is_wrong_is_explained_without_a_secret(changed: Mapping[str, object], told: str) -> None:
    assert problems(GOOD) == []
    (said,) = problems(replace(GOOD, **changed))
    assert said.startswith(told)
    assert "geheim" not in said
