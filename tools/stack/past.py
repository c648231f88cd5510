"""The sample month told again: its totals as a publisher would have shown them ever since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lumen_action import __version__
from lumen_action.alerting.windows import threshold_in_a_row
from lumen_action.model import Fact
from lumen_action.sinks import Group
from lumen_action.sinks.exposition import prometheus_text
from lumen_action.sinks.pushgateway import JOB
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.closing import closings
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import state_of
from lumen_action.sli.rollup import Rollup, advance
from lumen_action.sli.tally import Tallied
from stack.month import DAY_MS, HOUR_MS, PIPELINES, Pipeline

CALENDAR = Calendar()
# What is told of the past lies on this grid: Prometheus is started with a look-back that spans it.
STEP_MS = HOUR_MS


def constants(pipeline: Pipeline, head: int, now_ms: int) -> PublishFacts:
    """Return what is published beside the totals of a pipeline."""
    schedule = pipeline.schedule
    return PublishFacts(
        version=__version__,
        head=head,
        consecutive_failures_threshold=threshold_in_a_row(pipeline.runs_per_day, pipeline.objectives["run"]),
        objectives=pipeline.objectives,
        expected_runs_per_day=pipeline.runs_per_day,
        deadline=(lambda since_ms: schedule.next_deadline_ms(since_ms or now_ms, CALENDAR)) if schedule else None,
    )


def steps(facts: Sequence[Fact], now_ms: int) -> range:
    """Return when the past is told of: from the first fact on."""
    return range((facts[0].observed_at_ms // STEP_MS + 1) * STEP_MS, now_ms + 1, STEP_MS)


def replay(facts: Sequence[Fact], now_ms: int) -> Iterator[str]:
    """Fold the facts up to each step, and yield as OpenMetrics what was published then."""
    shown = {pipeline.name: _Shown(pipeline) for pipeline in PIPELINES}
    seen = 0
    for step_ms in steps(facts, now_ms):
        while seen < len(facts) and facts[seen].observed_at_ms <= step_ms:
            shown[facts[seen].pipeline].take(facts[seen])
            seen += 1
        for published in shown.values():
            published.renew(seen, step_ms)
            yield "".join(f"{line} {step_ms // 1000}\n" for line in published.lines)


class _Shown:
    """What the Pushgateway would show of one pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.lines: list[str] = []
        self._pipeline = pipeline
        self._facts: dict[str, list[Fact]] = defaultdict(list)
        self._came: set[str] = set()
        self._rollup = Rollup()

    def take(self, fact: Fact) -> None:
        """Keep a fact that has come."""
        self._facts[fact.day].append(fact)
        self._came.add(fact.day)

    def renew(self, head: int, now_ms: int) -> None:
        """Fold what is there, as every publisher does; without news only the end of a day can change anything."""
        day_closes = CALENDAR.closes_ms(CALENDAR.day_of(now_ms - DAY_MS)) == now_ms
        if not self._facts or not (self._came or day_closes):
            return
        pipeline = self._pipeline
        for fact in closings(
            pipeline.name, self._tallied(), schedule=pipeline.schedule, calendar=CALENDAR, now_ms=now_ms
        ):
            self.take(fact)
        state = state_of({pipeline.name: self._tallied()}, now_ms=now_ms, calendar=CALENDAR)
        groups = map(_as_scraped, families(state, constants(pipeline, head, now_ms)))
        self.lines = [line for line in prometheus_text(groups).splitlines() if not line.startswith("#")]

    def _tallied(self) -> Tallied:
        """Count the days again to which facts have come."""
        self._rollup = advance(self._rollup, self._came, self._facts.__getitem__).rollup
        self._came = set()
        return Tallied(self._rollup.days, self._rollup.newest, ())


def _as_scraped(group: Group) -> Group:
    """Add the label that the Pushgateway's own path gives, so that what is scraped later is the same series."""
    return replace(group, labels={"job": JOB, **group.labels})
