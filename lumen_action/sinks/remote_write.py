"""Prometheus remote write 1.0: totals as samples stamped with ledger time, and every run as one sample.

A sample never replaces another, so what matters is its stamp. The totals of a pipeline are stamped later than all
that was stamped before, and only if they have counted at least as much: in the order of the stamps no counter goes
down, in whatever order the requests arrive. The note that remembers the stamp and what was counted is written by
compare-and-swap before anything is sent. The stamp of a run is its own; which runs were settled is noted afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lumen_action.addresses import access_faults, address_fault, login_secrets
from lumen_action.errors import RemoteError
from lumen_action.http import (
    Http,
    HttpError,
    Request,
    Timing,
    split_credentials,
)
from lumen_action.model import Fact
from lumen_action.sinks import Group
from lumen_action.sinks.points import Point, run_events, series, totals
from lumen_action.sinks.protobuf import write_request
from lumen_action.sinks.series import COUNTER
from lumen_action.sinks.snappy import block
from lumen_action.sinks.stampnotes import Notes, StampNotes

FIELD = "remote-write-url"
TOKEN_NAME = "LUMEN_REMOTE_WRITE_TOKEN"  # noqa: S105 - the name of a variable

_HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_OUR_HEADERS = frozenset({*(name.lower() for name in _HEADERS), "authorization", "content-length", "host"})
_MOST_POINTS = 1000

# What receivers say of a sample they will never take, by status and words; Prometheus, Mimir and Thanos each have
# their own. Prometheus answers 500 to one that is too old, which would otherwise be worth another try.
_REFUSING_STATUSES = frozenset({400, 409, 422, 500})
_DUPLICATE = re.compile(r"duplicate sample|duplicate-timestamp|same timestamp|new-value-for-timestamp", re.IGNORECASE)
_TOO_OLD = re.compile(r"too[ -]old|out[ -]of[ -](order|bounds)|too far in (the )?past", re.IGNORECASE)


@dataclass(frozen=True)
class RemoteWriteOptions:
    """Where samples are written and how to be let in; the URL may carry user and password."""

    url: str = field(repr=False)
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None
    timeout_seconds: float = 10.0
    # What a Prometheus takes of a new series even where it takes nothing out of order.
    window_seconds: float = 3600.0

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must not be shown: the secrets, and the header value they become."""
        return login_secrets(split_credentials(self.url)[1], self.token)


def problems(options: RemoteWriteOptions) -> list[str]:
    """Say all that is wrong with the options, without repeating a secret."""
    found = _url_problems(options.url)
    if not found and options.token and split_credentials(options.url)[1]:
        found.append(f"{FIELD}: both a password and a bearer token are given; keep one")
    for name, value in options.headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[ -~]+", value):
            found.append(
                f"remote-write.headers: {name!r} is no header of plain ASCII; write for example `X-Scope-OrgID: team-a`"
            )
        elif name.lower() in _OUR_HEADERS:
            found.append(f"remote-write.headers: {name} is set by us; leave it out")
    if options.window_seconds <= 0:
        found.append(
            f"remote-write.window-seconds: {options.window_seconds:g} s is not a time; write how late the receiver "
            "takes a sample, 3600 for out_of_order_time_window: 1h"
        )
    given = (options.token, options.ca_file, options.timeout_seconds)
    return [*found, *access_faults("remote-write", TOKEN_NAME, *given)]


def _url_problems(url: str) -> list[str]:
    example = "write for example https://mimir.example/api/v1/push"
    if fault := address_fault(url):
        return [f"{FIELD}: {fault}; {example}"]
    parts = urlsplit(url)
    if parts.path in ("", "/"):
        return [f"{FIELD}: the URL needs the path of the receiver, such as /api/v1/write of Prometheus; {example}"]
    return []


@dataclass(frozen=True)
class Settled:
    """Points that the receiver holds now, or will never hold for this reason."""

    points: Sequence[Point]
    refusal: str = ""


class RemoteWrite:
    """Appends samples; sending the same again changes nothing."""

    def __init__(
        self,
        options: RemoteWriteOptions,
        http: Http,
        notes: Notes,
        *,
        clock_ms: Callable[[], int],
        patience_seconds: float = 30.0,
        timing: Timing | None = None,
    ) -> None:
        """Take the credentials out of the URL, so that neither the name nor a message can hold them."""
        self._url, self._auth = split_credentials(options.url)
        self._options = options
        self._http = http
        self._notes = notes
        self._clock_ms = clock_ms
        self._patience_seconds = patience_seconds
        self._timing = timing or Timing()
        address = urlsplit(self._url)
        self.name = f"remote_write:{address.scheme}://{address.netloc}{address.path}"

    def publish(self, groups: Sequence[Group]) -> int:
        """Append the totals of every pipeline among the groups; never less after more."""
        of_pipeline: dict[str, list[Group]] = {}
        for group in groups:
            of_pipeline.setdefault(group.labels.get("pipeline", ""), []).append(group)
        parts = [part for pipeline, own in of_pipeline.items() for part in self._totals(pipeline, own)]
        if refusals := [part.refusal for part in parts if part.refusal]:
            reasons = "; ".join(dict.fromkeys(refusals))
            raise RemoteError(f"{len(refusals)} samples were refused and dropped: {reasons}")
        return sum(len(part.points) for part in parts)

    def send_events(self, facts: Iterable[Fact]) -> tuple[str, ...]:
        """Append every counted run that the receiver may still take, once; return why it refused any for good."""
        of_pipeline: dict[str, list[Point]] = {}
        for event in run_events(facts):
            of_pipeline.setdefault(dict(event.labels).get("pipeline", ""), []).append(event)
        refusals = [reason for pipeline, own in of_pipeline.items() for reason in self._events(pipeline, own)]
        return tuple(dict.fromkeys(refusals))

    def probe(self) -> None:
        """Write nothing, which a receiver accepts."""
        self._post([])

    def _totals(self, pipeline: str, groups: Sequence[Group]) -> Iterator[Settled]:
        stamp_ms = StampNotes(self._notes, self.name, pipeline).next_stamp(_counted(groups), self._clock_ms())
        return self._write(totals(groups, stamp_ms))

    def _events(self, pipeline: str, events: Iterable[Point]) -> list[str]:
        """Send what was not settled before; how far it came is remembered even when the receiver goes away."""
        now_ms = self._clock_ms()
        oldest_ms = now_ms - int(self._options.window_seconds * 1000)
        # A sample of a clock that is ahead waits: it would move the receiver's window away from all others.
        fresh = [event for event in events if oldest_ms <= event.stamp_ms <= now_ms]
        if not fresh:
            return []
        notes = StampNotes(self._notes, self.name, pipeline)
        settled: list[Point] = []
        refusals: list[str] = []
        try:
            # In the order of time, for a receiver that takes no other; all are worth 1, so a duplicate is the same.
            due = sorted(notes.unsettled(fresh), key=lambda event: event.stamp_ms)
            for part in self._write(due, sent_before=True):
                settled.extend(part.points)
                refusals.extend([part.refusal] if part.refusal else [])
        finally:
            notes.settle(settled, oldest_ms)
        return refusals

    def _write(self, points: Sequence[Point], *, sent_before: bool = False) -> Iterator[Settled]:
        give_up_at = self._timing.clock() + self._patience_seconds
        for start in range(0, len(points), _MOST_POINTS):
            yield from self._settle(points[start : start + _MOST_POINTS], give_up_at, sent_before=sent_before)

    def _settle(self, points: Sequence[Point], give_up_at: float, *, sent_before: bool) -> Iterator[Settled]:
        """Send points until each is held or refused; one that is refused takes its whole request with it, so halve."""
        refusal, resent = self._post_patiently(points, give_up_at)
        sent_before = sent_before or resent
        if refusal is None or (len(points) == 1 and sent_before and _DUPLICATE.search(str(refusal))):
            yield Settled(points)
        elif len(points) == 1:
            yield Settled(points, str(refusal))
        elif self._timing.clock() >= give_up_at:
            raise refusal
        else:
            middle = len(points) // 2
            yield from self._settle(points[:middle], give_up_at, sent_before=sent_before)
            yield from self._settle(points[middle:], give_up_at, sent_before=sent_before)

    def _post_patiently(self, points: Sequence[Point], give_up_at: float) -> tuple[HttpError | None, bool]:
        """Return the refusal, if any, and whether an earlier try may have arrived although its answer did not."""
        tries = 0
        while True:
            try:
                self._post(points)
            except HttpError as fault:
                if _refuses(fault):
                    return fault, tries > 0
                tries += 1
                pause = self._timing.pause(tries, fault.retry_after_seconds)
                if not fault.passing or self._timing.clock() + pause >= give_up_at:
                    raise
            else:
                return None, tries > 0
            self._timing.sleep(pause)

    def _post(self, points: Sequence[Point]) -> None:
        options = self._options
        self._http.send(
            Request(
                "POST",
                self._url,
                body=block(write_request(series(points))),
                headers={**options.headers, **_HEADERS},
                timeout_seconds=options.timeout_seconds,
                auth=self._auth,
                token=options.token,
                ca_file=options.ca_file,
            )
        )


def _counted(groups: Iterable[Group]) -> float:
    """Return the sum of all counters: as none of them goes down, it tells which of two folds saw more.

    The head of the ledger cannot: it is read before the facts, and may be older than what was folded.
    """
    counters = (family for group in groups for family in group.families if family.type == COUNTER)
    return sum(sample.value for family in counters for sample in family.samples)


def _refuses(fault: HttpError) -> bool:
    said = str(fault)
    return fault.status in _REFUSING_STATUSES and bool(_DUPLICATE.search(said) or _TOO_OLD.search(said))
