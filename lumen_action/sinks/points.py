"""Totals and runs as samples with a stamp of their own, for receivers that append."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lumen_action.model import ErrorClass, Fact, Kind, Trust
from lumen_action.sinks import Group
from lumen_action.sinks.exposition import merged
from lumen_action.sinks.protobuf import LabelSet, TimeSeries
from lumen_action.sli.attempts import history
from lumen_action.sli.fold import run_of

EVENT = "lumen_run_event"
# The label a Pushgateway's groups have, so that both roads lead to the same series.
JOB = "lumen"


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
    """Return one sample a counted run, worth 1 and stamped when the run was first decided.

    Two runs of one series and millisecond would be one sample, so the second takes the next free millisecond. Which
    milliseconds are taken does not depend on the order of the facts, and more facts only take more; but all facts of
    a pipeline have to be given each time.
    """
    taken: dict[LabelSet, set[int]] = {}
    for fact in _counted(facts):
        cause = (fact.failure.error_class if fact.failure else ErrorClass.UNKNOWN).value if fact.outcome.bad else ""
        labels = {
            "pipeline": fact.pipeline,
            "region": fact.key.region,
            "outcome": fact.outcome.value,
            "error_class": cause,
        }
        stamps = taken.setdefault(_label_set(EVENT, labels), set())
        stamp = fact.observed_at_ms
        while stamp in stamps:
            stamp += 1
        stamps.add(stamp)
    return [Point(labels, 1, stamp) for labels, stamps in sorted(taken.items()) for stamp in sorted(stamps)]


def _counted(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Yield the fact that decided each run and region, as the fold counts it."""
    runs: dict[object, list[Fact]] = {}
    for fact in facts:
        if fact.key.kind is Kind.RUN and fact.trust is Trust.TRUSTED:
            runs.setdefault((fact.pipeline, run_of(fact), fact.key.region), []).append(fact)
    for events in runs.values():
        counted = history(sorted(events, key=lambda fact: fact.order)).counted
        if counted:
            yield counted


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
