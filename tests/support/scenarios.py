"""Stories of pipelines before one Prometheus: what is published, and which alerts and numbers we expect of it.

The stories of a clock are evaluated together, each with a pipeline of its own that is named after it, because an
evaluation of all rules costs the same for one pipeline as for twenty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import ruletest
import servers
from lives import Life, Plan, Shown
from ruletest import Expected, Given, series

RULES = servers.ROOT / "rules" / "prometheus"
LUMEN, EVENTS, GATEWAY = (RULES / f"{name}.rules.yml" for name in ("lumen", "events", "gateway_facts"))
_GROUPS = ("lumen_events", "lumen_gateway_facts", "lumen")
_TOLD_APART = ("alertname", "severity", "region", "stage", "slo", "burn_window", "error_class", "fingerprint")
Span = tuple[int, int]


@dataclass(frozen=True)
class Firing:
    """One alert that fires, by the labels that tell it apart."""

    labels: Mapping[str, str]


def page(name: str, **labels: str) -> Firing:
    """Return an alert that wakes somebody up."""
    return Firing({"alertname": name, "severity": "page", **labels})


def ticket(name: str, **labels: str) -> Firing:
    """Return an alert that somebody works on in the day."""
    return Firing({"alertname": name, "severity": "ticket", **labels})


def info(name: str, **labels: str) -> Firing:
    """Return an alert that only tells."""
    return Firing({"alertname": name, "severity": "info", **labels})


def burn(window: str, slo: str = "run", **labels: str) -> Firing:
    """Return the burn alert of a window."""
    severity = "page" if window in {"1h", "6h"} else "ticket"
    return Firing({"alertname": "LumenBudgetBurn", "severity": severity, "burn_window": window, "slo": slo, **labels})


SILENCER = Firing({"alertname": "LumenSuppressed", "severity": "none"})


@dataclass(frozen=True)
class Expectation:
    """An expression over a pipeline, and its samples by their labels without the pipeline."""

    minute: int
    expression: str
    samples: Sequence[tuple[Mapping[str, str], float]]

    def of(self, pipeline: str) -> Expected:
        """Return it for one pipeline in promtool's notation."""
        wanted = [
            {"labels": _braces({"pipeline": pipeline, **labels}), "value": value} for labels, value in self.samples
        ]
        only = f'label_replace(vector(1), "pipeline", "{pipeline}", "", "")'
        return {
            "expr": f"{self.expression} and on (pipeline) {only}",
            "eval_time": f"{self.minute}m",
            "exp_samples": wanted,
        }


def fires(minute: int, *alerts: Firing) -> Expectation:
    """Expect exactly these alerts to fire at a minute."""
    return _firing(minute, 'ALERTS{alertstate="firing"}', alerts)


def wakes(minute: int, *alerts: Firing) -> Expectation:
    """Expect exactly these pages at a minute, whatever tickets there are."""
    return _firing(minute, 'ALERTS{alertstate="firing",severity="page"}', alerts)


def fired(start: int, end: int, *alerts: Firing) -> Expectation:
    """Expect exactly these alerts to have fired at any time from one minute to another."""
    return _firing(end, f'last_over_time(ALERTS{{alertstate="firing"}}[{end - start}m])', alerts)


def _firing(minute: int, alerts: str, expected: Sequence[Firing]) -> Expectation:
    grouped = f"group by (pipeline, {', '.join(_TOLD_APART)}) ({alerts})"
    return Expectation(minute, grouped, [(alert.labels, 1) for alert in expected])


def reads(minute: int, expression: str, value: float | None = None, **values: float) -> Expectation:
    """Expect one value, or one for each region, or none."""
    if values:
        of_region = [({"region": region}, each) for region, each in values.items()]
        return Expectation(minute, f"sum by (pipeline, region) ({expression})", of_region)
    return Expectation(minute, f"sum by (pipeline) ({expression})", [] if value is None else [({}, value)])


Tale = Callable[[Life], Iterator[Expectation]]


@dataclass
class Clock:
    """A Prometheus that scrapes, and evaluates the rules, every `step` minutes.

    `away` are spans in which it scrapes nothing.
    """

    minutes: int
    step: int
    rules: Sequence[Path] = (LUMEN,)
    away: Sequence[Span] = ()
    stories: list[Story] = field(default_factory=list)

    def story(
        self, promised: Plan | None = None, *, gone: Sequence[Span] = (), older: Mapping[Span, int] | None = None
    ) -> Callable[[Tale], Tale]:
        """Add a story: what its function does to the pipeline happens, what it yields is expected.

        `gone` are spans in which the pipeline is not published, `older` those in which an old push shows what was known
        at a minute before.
        """

        def add(tale: Tale) -> Tale:
            life = Life(tale.__name__, promised or Plan())
            self.stories.append(Story(life, list(tale(life)), (*self.away, *gone), older or {}))
            return tale

        return add

    def agrees(self, promtool: str, directory: Path, more: Iterable[Given] = ()) -> None:
        """Hold the rules against all its stories."""
        times = range(0, self.minutes + 1, self.step)
        answers: Shown = {("up", (("job", "pushgateway"),)): 1}
        given = list(_as_given([{} if _within(time, self.away) else answers for time in times]))
        expected: list[Expected] = []
        for story in self.stories:
            given += _as_given(story.scraped(times))
            for expectation in story.expected:
                assert expectation.minute in times, (
                    f"{story.life.pipeline}: nothing is evaluated at {expectation.minute}"
                )
                expected.append(expectation.of(story.life.pipeline))
        step = f"{self.step}m"
        ruletest.promtool_agrees(promtool, directory, self.rules, step, [*given, *more], expected, groups=_GROUPS)


@dataclass(frozen=True)
class Story:
    """A pipeline, what is expected of it, and when it is not seen as it is."""

    life: Life
    expected: Sequence[Expectation]
    away: Sequence[Span]
    older: Mapping[Span, int]

    def scraped(self, times: range) -> list[Shown]:
        """Return what is scraped at one time after the other."""
        known = list(self.life.seen_at(times))
        rows = []
        for number, time in enumerate(times):
            at = next((minute // times.step for span, minute in self.older.items() if _within(time, [span])), number)
            rows.append({} if _within(time, self.away) else known[at])
        return rows


def _within(time: int, spans: Iterable[Span]) -> bool:
    return any(start <= time < end for start, end in spans)


def _as_given(rows: Sequence[Shown]) -> Iterator[Given]:
    for metric, labels in dict.fromkeys(key for row in rows for key in row):
        yield series(metric, _values([row.get((metric, labels)) for row in rows]), **dict(labels))


def _values(found: Sequence[float | None]) -> str:
    """Write samples; where a series vanishes Prometheus marks it as stale."""
    marked = ["_" if value is None else f"{value:.15g}" for value in found]
    for at in range(1, len(marked)):
        if marked[at] == "_" and marked[at - 1] not in {"_", "stale"}:
            marked[at] = "stale"
    return " ".join(_copies(value, len(list(copies))) for value, copies in groupby(marked))


def _copies(value: str, number: int) -> str:
    if value == "_":
        return f"_x{number}"
    return value if number == 1 else f"{value}x{number - 1}"


def _braces(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{{{pairs}}}"


def plan(runs_per_day: float | None = None, threshold: int | None = 2, **objectives: float) -> Plan:
    """Return what is promised for a pipeline, its objectives by the names of their SLOs."""
    return Plan(runs_per_day, threshold, objectives)


def every(minutes: float, start: int = 5) -> Iterator[int]:
    """Return the minutes of runs that come at one pace, for ever."""
    number = 0
    while True:
        yield start + int(number * minutes)
        number += 1
