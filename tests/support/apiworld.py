"""Six weeks of an API on three machines, event by event, and what scrapes of their counters saw of it."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from lumen_action.sinks.protobuf import TimeSeries

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
DAYS = 42
SCRAPE_MS = 10 * MINUTE_MS
# No moment that is asked about is one of a scrape.
ASKED_LATER_MS = 3 * MINUTE_MS
BOUNDS = ("0.5", "2.5", "4.5", "10.0", "+Inf")
_MOST_REQUESTS = 12

Labels = tuple[tuple[str, str], ...]
Name = str


@dataclass(frozen=True)
class Machine:
    """When a machine was there, and when its counters began anew, in scrapes before the end."""

    name: str
    born: int
    died: int = 0
    restarts: tuple[int, ...] = ()


def _scrapes(days: float) -> int:
    return round(days * DAY_MS / SCRAPE_MS)


MACHINES = (
    Machine("a", _scrapes(DAYS)),
    Machine("b", _scrapes(DAYS), restarts=(_scrapes(29.5), _scrapes(8), _scrapes(5.2), _scrapes(0.3), 4)),
    Machine("c", _scrapes(20), _scrapes(2.4), restarts=(_scrapes(6), _scrapes(6) - 12)),
)
# The first answer of another code, of the machine that never restarts.
NEW_CODE = _scrapes(15)


@dataclass(frozen=True)
class ScrapeFaults:
    """What scrapes missed, by their number before the end.

    Nobody scraped in a gap. At a dip a machine showed what it had shown before the last scrape.
    """

    gaps: Collection[tuple[int, int]] = ()
    dips: Collection[tuple[str, int]] = ()


# One gap lies across the begin of a week, one dip ends a day that is counted.
FAULTS = ScrapeFaults(
    gaps=((_scrapes(26), _scrapes(25.6)), (_scrapes(7.1), _scrapes(6.9))),
    dips=(("a", _scrapes(12)), ("a", _scrapes(3)), ("a", _scrapes(3) - 1), ("a", _scrapes(1))),
)


@dataclass(frozen=True)
class Event:
    """A request: where, how it ended, how long it took, and whether its evaluation stayed within the band."""

    scraped_ms: int
    machine: str
    code: str
    seconds: float
    in_band: bool


@dataclass
class World:
    """What happened, in the scrape that showed it first, and the samples of all counters."""

    end_ms: int
    events: list[Event] = field(default_factory=list)
    samples: dict[tuple[Name, Labels], list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def asked_ms(self) -> int:
        """Return a moment shortly after the last scrape."""
        return self.end_ms + ASKED_LATER_MS

    @property
    def series(self) -> Iterator[TimeSeries]:
        """Yield all samples."""
        for (name, labels), samples in self.samples.items():
            yield TimeSeries(tuple(sorted({"__name__": name, **dict(labels)}.items())), tuple(samples))

    def between(self, begin_ms: int, end_ms: int) -> list[Event]:
        """Return the events that scrapes after the begin and up to the end showed."""
        return [event for event in self.events if begin_ms < event.scraped_ms <= end_ms]


def world(end_ms: int, faults: ScrapeFaults = FAULTS) -> World:
    """Let it happen."""
    made = World(end_ms)
    for machine in MACHINES:
        _live(made, machine, faults, random.Random(f"7 {machine.name}"))
    return made


def _live(made: World, machine: Machine, faults: ScrapeFaults, chance: random.Random) -> None:
    counters = _zero()
    unseen: list[Event] = []
    before: Mapping[tuple[Name, Labels], float] = {}
    newest: Mapping[tuple[Name, Labels], float] = {}
    for left in range(machine.born, machine.died - 1, -1):
        at_ms = made.end_ms - left * SCRAPE_MS
        new_code = "503" if machine.name == "a" and left < NEW_CODE else "500"
        happened = [_event(at_ms, machine.name, new_code, chance) for _ in range(chance.randrange(_MOST_REQUESTS))]
        for event in happened:
            _count(counters, event)
        unseen += happened
        if any(begin >= left > end for begin, end in faults.gaps):
            continue
        dipping = (machine.name, left) in faults.dips
        if not dipping:
            made.events += [replace(event, scraped_ms=at_ms) for event in unseen]
            unseen, before, newest = [], newest, dict(counters)
        for (name, labels), value in (before if dipping else newest).items():
            labelled = (("instance", machine.name), ("job", "api"), *labels)
            made.samples[name, labelled].append((value, at_ms))
        made.samples["up", (("instance", machine.name), ("job", "api"))].append((1.0, at_ms))
        if left in machine.restarts:
            counters = _zero()


def _event(at_ms: int, machine: str, new_code: str, chance: random.Random) -> Event:
    code = chance.choices(("200", "404", "500", new_code), (97, 2.6, 0.3, 0.1))[0]
    return Event(at_ms, machine, code, chance.lognormvariate(0, 1), chance.random() < 0.96)


def _zero() -> Counter[tuple[Name, Labels]]:
    """Return the counters of a machine that has just begun; the one of a new code comes with its first request."""
    codes = [("http_requests_total", (("code", code),)) for code in ("200", "404", "500")]
    buckets = [("http_request_duration_seconds_bucket", (("le", bound),)) for bound in BOUNDS]
    rewards = [("reward_evaluations_total", (("within_band", word),)) for word in ("true", "false")]
    return Counter(dict.fromkeys([*codes, *buckets, ("http_request_duration_seconds_count", ()), *rewards], 0))


def _count(counters: Counter[tuple[Name, Labels]], event: Event) -> None:
    counters["http_requests_total", (("code", event.code),)] += 1
    counters["http_request_duration_seconds_count", ()] += 1
    counters["reward_evaluations_total", (("within_band", str(event.in_band).lower()),)] += 1
    for bound in BOUNDS:
        counters["http_request_duration_seconds_bucket", (("le", bound),)] += event.seconds <= float(bound)
