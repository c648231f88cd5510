"""How often a pipeline would be paged for nothing, and how soon for something, by our rules and by the usual table."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lumen_action.alerting.watching import Fired, watch, watch_usually
from lumen_action.alerting.windows import MONTH_DAYS, threshold_in_a_row
from lumen_action.alerting.worlds import CALENDARS, DAY, WEEK, Chance, World, in_outages, one_by_one

RULES = ("ours", "usual")
SEVERITIES = ("page", "ticket")
DETECTION_DAYS = 30
"""A burn that is not seen by then counts as not seen."""

# The longest window is full after a week; what fires earlier is not counted.
_WARM_UP_DAYS = 7
# A first look at so many runs, and each next one at so many times more.
_FIRST_LOOK, _LOOK_FURTHER = 8, 4
_COMMON = 0.95


@dataclass(frozen=True)
class Pipeline:
    """A pipeline as its team describes it."""

    runs_per_day: int
    target: float
    regions: int = 1
    calendar: str = "always"
    outage_seconds: int = 0
    """How long failures go on when they come together; 0 when each comes by itself."""

    @property
    def in_a_row(self) -> int:
        """Return how many failures in a row are told."""
        return threshold_in_a_row(self.runs_per_day, self.target)

    @property
    def healthy_rate(self) -> float:
        """Return half the rate of failures that the target allows."""
        return (1 - self.target) / 2

    def times(self, days: int) -> list[int]:
        """Return when its runs end."""
        return CALENDARS[self.calendar].times(self.runs_per_day, days)


@dataclass(frozen=True)
class Spread:
    """A number over all worlds: its mean, and between which values 95 of 100 worlds lie."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Alarms:
    """How often a month each severity begins to fire; what fires again after it had resolved counts again."""

    page: Spread
    ticket: Spread


@dataclass(frozen=True)
class Detection:
    """How soon a burn is told, for the share of worlds in which it is within a month."""

    share: float
    seconds: Spread | None
    runs: Spread | None
    each: Sequence[int]
    """After how many runs it was told in each world where it was, in order."""
    tried: int

    def share_within(self, runs: int) -> float:
        """Return in what share of the worlds it was told within so many runs."""
        return bisect_right(self.each, runs) / self.tried


@dataclass(frozen=True)
class Detections:
    """How soon a burn is paged, and how soon it is told at all."""

    page: Detection
    any: Detection


@dataclass(frozen=True)
class Simulation:
    """All that is known of a pipeline, for each set of rules."""

    pipeline: Pipeline
    failure_rate: float
    days: int
    stated_days: int
    """How long the worlds last that fail at the stated rate: trouble is seen in less."""
    worlds: int
    burns: int
    """How many outages and burns were tried."""
    healthy: Mapping[str, Alarms]
    """While it fails at half the rate that its target allows."""
    stated: Mapping[str, Alarms]
    """While it fails at the stated rate."""
    outage: Mapping[str, Detections]
    burn: Mapping[str, Detections] | None
    """From the moment it fails at the stated rate; None where the target allows that."""


def spread(values: Sequence[float]) -> Spread:
    """Return the mean of the values and what 95 of 100 lie between."""
    ordered = sorted(values)
    outside = int((1 - _COMMON) / 2 * len(ordered))
    return Spread(math.fsum(ordered) / len(ordered), ordered[outside], ordered[-1 - outside])


def watched(pipeline: Pipeline, world: World) -> dict[str, Fired]:
    """Return when each set of rules fires."""
    return {
        "ours": watch(world, pipeline.target, pipeline.in_a_row),
        "usual": watch_usually(world, pipeline.target),
    }


def alarms(pipeline: Pipeline, rate: float, days: int, chances: Iterable[Chance]) -> dict[str, Alarms]:
    """Return how often a month each set of rules fires while runs fail at this rate; each chance is a world."""
    times = pipeline.times(_WARM_UP_DAYS + days)
    counts: dict[tuple[str, str], list[float]] = {(rules, severity): [] for rules in RULES for severity in SEVERITIES}
    for chance in chances:
        fired = watched(pipeline, World(times, failing(pipeline, times, rate, chance)))
        for rules in RULES:
            for severity, spans in zip(SEVERITIES, (fired[rules].pages, fired[rules].tickets), strict=True):
                begun = sum(start >= _WARM_UP_DAYS * DAY for start, _ in spans)
                counts[rules, severity].append(begun * MONTH_DAYS / days)
    return {rules: Alarms(*(spread(counts[rules, severity]) for severity in SEVERITIES)) for rules in RULES}


def failing(pipeline: Pipeline, times: Sequence[int], rate: float, chance: Chance) -> list[list[int]]:
    """Return which runs fail in each region; an outage is one of all regions."""
    if pipeline.outage_seconds:
        return [in_outages(times, rate, pipeline.outage_seconds, chance)] * pipeline.regions
    return [one_by_one(len(times), rate, chance) for _ in range(pipeline.regions)]


def detections(pipeline: Pipeline, rate: float, chances: Iterable[Chance]) -> dict[str, Detections]:
    """Return how soon each set of rules tells that from some moment on runs fail at this rate, after a week without."""
    times = pipeline.times(_WARM_UP_DAYS + 7 + DETECTION_DAYS)
    told: dict[tuple[str, str], list[tuple[int, int] | None]] = {}
    for chance in chances:
        start = _WARM_UP_DAYS * DAY + int(chance() * WEEK)
        first = bisect_left(times, start)
        failed = [
            [first + position for position in one_by_one(len(times) - first, rate, chance)]
            for _ in range(pipeline.regions)
        ]
        for key, moment in _first_told(pipeline, times, first, failed).items():
            after = None if moment is None else (moment - start, bisect_right(times, moment) - first)
            told.setdefault(key, []).append(after)
    return {rules: Detections(*(_detection(told[rules, what]) for what in ("page", "any"))) for rules in RULES}


def _first_told(
    pipeline: Pipeline, times: Sequence[int], first: int, failed: Sequence[Sequence[int]]
) -> dict[tuple[str, str], int | None]:
    """Return when each set of rules first pages and first tells at all, looking no further than needed."""
    found: dict[tuple[str, str], int | None] = {}
    look = _FIRST_LOOK
    while True:
        until = min(first + look, len(times))
        seen = World(times[:until], [regions[: bisect_left(regions, until)] for regions in failed])
        for rules, fired in watched(pipeline, seen).items():
            page, ticket = (
                min((start for start, _ in spans if start <= times[until - 1]), default=None)
                for spans in (fired.pages, fired.tickets)
            )
            found[rules, "page"] = page
            found[rules, "any"] = min((at for at in (page, ticket) if at is not None), default=None)
        if until == len(times) or None not in found.values():
            return found
        look *= _LOOK_FURTHER


def _detection(told: Sequence[tuple[int, int] | None]) -> Detection:
    known = [each for each in told if each is not None]
    if not known:
        return Detection(0, None, None, (), len(told))
    seconds, runs = zip(*known, strict=True)
    return Detection(len(known) / len(told), spread(seconds), spread(runs), sorted(runs), len(told))
