"""A receiver of remote write that only exists in memory, and what reads the bytes that it is sent."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from facts import NOON
from notebook import Notebook

from lumen_action.http import Http, HttpError, Request, Response, Timing
from lumen_action.sinks import Family, Group, Sample
from lumen_action.sinks.protobuf import TimeSeries
from lumen_action.sinks.remote_write import RemoteWrite, RemoteWriteOptions

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
