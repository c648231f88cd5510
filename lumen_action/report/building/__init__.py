"""From what was read of a ledger to a report: pure, and the same whenever a finished period is asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lumen_action.report.building.days import by_region, completeness, counted, day_rows
from lumen_action.report.building.events import gates_of, incidents_of, reruns_of
from lumen_action.report.building.failures import classes_of, signatures_of
from lumen_action.report.building.plan import Plan
from lumen_action.report.building.stages import flakiest_of, slowest_of, stages_of
from lumen_action.report.building.taking import Taken
from lumen_action.report.model import Period, Promise, Report
from lumen_action.report.periods import days_of


@dataclass(frozen=True)
class Asked:
    """Which report is wanted, and the moment at which."""

    pipeline: str
    period: Period
    before: Period
    plan: Plan
    now_ms: int

    @property
    def over(self) -> bool:
        """Tell whether the period lies behind."""
        return self.now_ms >= self.period.end_ms

    @property
    def as_of_ms(self) -> int:
        """Return the moment that the report speaks of."""
        return min(self.now_ms, self.period.end_ms)

    @property
    def settled_ms(self) -> int:
        """Return the moment up to which days and deadlines are decided."""
        return min(self.now_ms, self.plan.settled_ms(self.period))

    @property
    def days(self) -> tuple[str, ...]:
        """Return the days of the period that have begun."""
        today = self.plan.calendar.day_of(self.now_ms)
        return tuple(day for day in days_of(self.period) if day <= today)


@dataclass(frozen=True)
class Beside:
    """What a report shows that no day of the ledger tells."""

    promises: tuple[Promise, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unmeasured: Mapping[str, str] = field(default_factory=dict)


def build(asked: Asked, taken: Sequence[Taken], beside: Beside) -> Report:
    """Return the report of the days that were taken: those of both periods, and what follows for late reports."""
    days, earlier = set(asked.days), set(days_of(asked.before))
    runs = [run for each in taken for run in each.runs if run.day in days]
    before = [run for each in taken for run in each.runs if run.day in earlier]
    failed, failed_before = ([run for run in some if run.outcome and run.outcome.bad] for some in (runs, before))
    events = [event for each in taken for event in each.stages]
    stages = stages_of((e for e in events if e.day in days), (e for e in events if e.day in earlier))
    tallies = {day: tally for each in taken for day, tally in each.days.items() if day in days}
    rows = day_rows(asked.days, tallies, runs, asked.plan, asked.settled_ms)
    told = [fact for each in taken for fact in each.told]
    return Report(
        pipeline=asked.pipeline,
        period=asked.period,
        before=asked.before,
        as_of_ms=asked.as_of_ms,
        finished=asked.now_ms >= asked.plan.settled_ms(asked.period),
        runs=counted(runs),
        runs_before=counted(before),
        days_by=Counter(row.outcome for row in rows if row.outcome),
        promises=beside.promises,
        days=rows,
        regions=by_region(runs),
        regions_before=by_region(before),
        classes=classes_of(failed, failed_before),
        signatures=signatures_of(failed, failed_before),
        slowest=slowest_of(stages),
        flakiest=flakiest_of(stages),
        reruns=reruns_of((fact for each in taken for fact in each.retried), days),
        incidents=incidents_of(told, days, asked.as_of_ms),
        gates=gates_of(told, days),
        completeness=completeness(rows, taken, asked.plan, asked.settled_ms),
        links=beside.links,
        notes=beside.notes,
        unmeasured=beside.unmeasured,
    )
