"""Totals and runs as samples with a stamp of their own, for receivers that append."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from lumen_action.model import Fact, Kind, Trust
from lumen_action.sinks import Group
from lumen_action.sinks.exposition import merged
from lumen_action.sinks.protobuf import LabelSet, TimeSeries
from lumen_action.sli.runs import class_of, runs_in

EVENT = "lumen_run_event"
# The label a Pushgateway's groups have, so that both roads lead to the same series.
JOB = "lumen"
# More than the days between a run's creation and its result: it may take 35, and be repeated for 30.
_LANES = 100


@dataclass(frozen=True)
class Point:
    """One sample of one series."""

    labels: LabelSet
    value: float
    stamp_ms: int


def totals(groups: Iterable[Group], stamp_ms: int) -> list[Point]:
    """Return every sample of the groups under one stamp."""
    return [
        Point(_label_set(family.name, sample.labels), sample.value, stamp_ms)
        for family in merged(groups)
        for sample in family.samples
    ]


def run_events(facts: Iterable[Fact]) -> list[Point]:
    """Return one sample a counted run, worth 1, stamped at most 99 ms after the ledger first knew its result.

    Two runs of one series and millisecond would be one sample, so each day has a lane, one millisecond of every
    hundred, in which its second run takes the next free place. Which places are taken does not depend on the order of
    the facts, and more facts only take more; facts of other days need not be given, all of a day have to, and with
    them those of other days that the same runs have.
    """
    taken: dict[LabelSet, set[int]] = {}
    for pipeline, own in _by_pipeline(facts).items():
        for run in runs_in(own):
            counted = run.past.counted
            if not counted:
                continue
            labels = {
                "pipeline": pipeline,
                "region": run.region,
                "outcome": counted.outcome.value,
                "error_class": class_of(counted).value if counted.outcome.bad else "",
            }
            stamps = taken.setdefault(_label_set(EVENT, labels), set())
            stamp = counted.observed_at_ms
            stamp += (date.fromisoformat(run.day).toordinal() - stamp) % _LANES
            while stamp in stamps:
                stamp += _LANES
            stamps.add(stamp)
    return [Point(labels, 1, stamp) for labels, stamps in sorted(taken.items()) for stamp in sorted(stamps)]


def _by_pipeline(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Return the facts that make runs."""
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.key.kind in (Kind.STAGE, Kind.RUN) and fact.trust is Trust.TRUSTED:
            found.setdefault(fact.pipeline, []).append(fact)
    return found


def _label_set(name: str, labels: Mapping[str, str]) -> LabelSet:
    """Return the labels as a receiver wants them: sorted, none without a value."""
    found = {"__name__": name, "job": JOB, **labels}
    return tuple(sorted((label, value) for label, value in found.items() if value))


def series(points: Iterable[Point]) -> Iterator[TimeSeries]:
    """Bring the points of a series together."""
    samples: dict[LabelSet, list[tuple[float, int]]] = {}
    for point in points:
        samples.setdefault(point.labels, []).append((point.value, point.stamp_ms))
    for labels, found in samples.items():
        yield TimeSeries(labels, tuple(found))
