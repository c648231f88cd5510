"""Objectives that are written into the rules, in the shape that all SLOs have there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lumen_action.alerting.rulefile import Record
from lumen_action.alerting.windows import SECONDS
from lumen_action.promql import parse, render
from lumen_action.promql.tree import Aggregation, Binary, Call, Expr
from lumen_action.slo.counting import counter, over_sums
from lumen_action.slo.objective import (
    UNIT_SECONDS,
    WINDOW_PLACEHOLDER,
    Budgeting,
    CalendarWindow,
    Events,
    LedgerSource,
    RatioSource,
    Slo,
    Window,
)

# What a month, a quarter and a year are in windows that roll.
_ROLLING = {"M": 30 * 86_400, "Q": 90 * 86_400, "Y": 365 * 86_400, **UNIT_SECONDS}
_LEAST_PERIOD, _DAY = 86_400, 86_400
_MOST_DAYS = 3660

_STAGES = "lumen:stage_success:count{0} + lumen:stage_failed:count{0}"
# All events, and the bad ones, from the counts of a ledger; the selector stands in their place.
_LEDGER: Mapping[Events, tuple[str, str]] = {
    Events.RUN: ("lumen:region_runs:count{0}", "lumen:region_runs_failed:count{0}"),
    Events.DAY: ("lumen:days:count{0}", 'lumen:days:count{0} and lumen:days:count{{outcome!="success"}}'),
    Events.STAGE: (_STAGES, "lumen:stage_failed:count{0}"),
    Events.FIRST_TRY: (_STAGES, f"clamp_min({_STAGES} - lumen:stage_first_try:count{{0}}, 0)"),
}
OWN_NAMES = frozenset(events.value for events in _LEDGER)
"""What the SLOs of a pipeline are called that every rule file has."""


@dataclass(frozen=True)
class Promise:
    """A target over a period in days, under the names it has in the rules.

    `counts` gives the expressions of all events and of the bad ones in a window; without it the published counts of
    the pipeline's own SLO are meant.
    """

    pipeline: str
    slo: str
    target: float
    days: int = 30
    counts: Callable[[str], tuple[str, str]] | None = None
    pipelines_tell: bool = False
    """Whether the counts name their pipeline themselves."""
    counts_days: bool = False

    @property
    def window(self) -> str:
        """Return the window that is its period."""
        return f"{self.days}d"

    def records(self, windows: Sequence[str]) -> Iterator[Record]:
        """Yield its events and bad events in every window."""
        if self.counts is None:
            return
        own = {} if self.pipelines_tell else {"pipeline": self.pipeline}
        for window in windows:
            for kind, expr in zip(("slo_events", "slo_bad"), self.counts(window), strict=True):
                yield Record(f"lumen:{kind}:count", expr, {**own, "slo": self.slo, "window": window})


@dataclass(frozen=True)
class Promised:
    """What of some documents rules can watch, and what of them they cannot, in a line each."""

    promises: tuple[Promise, ...]
    notes: tuple[str, ...]


def promises_of(slos: Sequence[Slo]) -> Promised:
    """Translate every objective that Prometheus can count."""
    promises: list[Promise] = []
    notes: list[str] = []
    for slo in slos:
        counts = _counts(slo)
        if isinstance(counts, str):
            notes.append(f"{slo.name}: {counts}; `lumen slo report` evaluates it")
            continue
        days, told = _days(slo.window)
        if days > _MOST_DAYS:
            notes.append(f"{slo.name}: rules look back {_MOST_DAYS} days at most; `lumen slo report` evaluates it")
            continue
        notes += [f"{slo.name}: {told}"] if told else []
        source = slo.source
        ledger = source if isinstance(source, LedgerSource) else None
        pipeline = ledger.pipeline if ledger else slo.service
        of_days = ledger is not None and ledger.events is Events.DAY
        for objective in slo.objectives:
            name = slo.name if len(slo.objectives) == 1 else f"{slo.name} {objective.target!r}"
            promises.append(Promise(pipeline, name, objective.target, days, counts, ledger is not None, of_days))
    return Promised(tuple(promises), tuple(notes))


def _counts(slo: Slo) -> Callable[[str], tuple[str, str]] | str:
    """Return how its events are counted, or why rules cannot count them."""
    if slo.budgeting is not Budgeting.OCCURRENCES:
        return "rules count events, not slices of time"
    if isinstance(slo.source, LedgerSource):
        return _from_ledger(slo.source)
    if isinstance(slo.source, RatioSource):
        return _from_queries(slo.source)
    return "neither counts of a ledger nor queries of events"


def _from_ledger(source: LedgerSource) -> Callable[[str], tuple[str, str]] | str:
    if source.events not in _LEDGER:
        return f"no series tells each {source.events.value}"
    if not source.pipeline:
        return "it names no pipeline"
    if source.region and source.events is not Events.RUN:
        return f"the {source.events.value} is not counted by region"

    def counts(window: str) -> tuple[str, str]:
        wanted = {"pipeline": source.pipeline, "region": source.region, "stage": source.stage, "window": window}
        matchers = ",".join(f"{name}={_text(value)}" for name, value in wanted.items() if value)
        events, bad = (f"sum by (pipeline) ({expr.format(f'{{{matchers}}}')})" for expr in _LEDGER[source.events])
        return events, bad

    return counts


def _from_queries(source: RatioSource) -> Callable[[str], tuple[str, str]] | str:
    texts = (source.part, source.total)
    if not source.counter and not all(WINDOW_PLACEHOLDER in text for text in texts):
        return "a query without the window counts each sample by itself"
    if source.counter and any(_increase(parse(text), _DAY) is None for text in texts):
        return "a counter that is computed otherwise than by sums cannot be compared at both ends of a window"

    def within(text: str, window: str) -> str:
        if not source.counter:
            # Written anew, so that a comment of the document hides nothing of what stands around it.
            return render(Aggregation("sum", parse(text.replace(WINDOW_PLACEHOLDER, window))))
        increase = _increase(parse(text), _seconds_of(window))
        return render(Aggregation("sum", increase)) if increase else ""

    def counts(window: str) -> tuple[str, str]:
        events, some = within(source.total, window), within(source.part, window)
        return events, f"clamp_min({events} - ({some} or {events} * 0), 0)" if source.part_is_good else some

    return counts


def _increase(expr: Expr, seconds: int) -> Expr | None:
    """Return by how much counters rose in a window, None for what is not linear in them."""

    def leaf(expr: Expr) -> Expr | None:
        found = counter(expr)
        return Call("increase", (replace(found, range_ms=seconds * 1000),)) if found else None

    return over_sums(expr, leaf, _with_parts)


def _with_parts(expr: Expr, parts: tuple[Expr, ...]) -> Expr:
    if isinstance(expr, Binary):
        left, right = parts
        return replace(expr, left=left, right=right)
    return replace(expr, expr=parts[0]) if isinstance(expr, Aggregation) else parts[0]


def _seconds_of(window: str) -> int:
    return SECONDS.get(window) or int(window.removesuffix("d")) * _DAY


def _days(window: Window) -> tuple[int, str]:
    """Return the period in days, and what is told where it is not the one that was asked for."""
    duration = window.duration
    seconds = _ROLLING[duration.unit] * duration.count
    days = max(_LEAST_PERIOD, seconds) // _DAY
    if isinstance(window, CalendarWindow):
        return days, f"the rules watch the last {days} days; `lumen slo report` keeps to the calendar"
    return days, f"the rules watch whole days: the last {days}" if days * _DAY != seconds else ""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def windows_of(promises: Sequence[Promise]) -> Mapping[str, int]:
    """Return every window that has to be recorded, with its length in seconds."""
    return {**SECONDS, **{promise.window: promise.days * _DAY for promise in promises}}
