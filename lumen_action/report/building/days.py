"""The days of a period, its regions, and how much of it the ledger has heard of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from lumen_action.model import Outcome
from lumen_action.report.building.plan import Plan
from lumen_action.report.building.taking import Taken, TakenRun
from lumen_action.report.model import Completeness, Counted, DayRow
from lumen_action.sli.fold import day_state
from lumen_action.sli.state import RunRef
from lumen_action.sli.tally import DayTally


def counted(runs: Iterable[TakenRun]) -> Counted:
    """Count runs by how they stand."""
    sides = Counter(_side(run.outcome) for run in runs)
    return Counted(sides["good"], sides["bad"], sides["other"], sides["open"])


def _side(outcome: Outcome | None) -> str:
    if outcome is None:
        return "open"
    if outcome.good:
        return "good"
    return "bad" if outcome.bad else "other"


def by_region(runs: Iterable[TakenRun]) -> dict[str, Counted]:
    """Count the runs of each region, by name."""
    found: dict[str, list[TakenRun]] = defaultdict(list)
    for run in runs:
        found[run.region].append(run)
    return {region: counted(found[region]) for region in sorted(found)}


def day_rows(
    days: Iterable[str], tallies: Mapping[str, DayTally], runs: Iterable[TakenRun], plan: Plan, now_ms: int
) -> tuple[DayRow, ...]:
    """Return a row for each day, also for those of which nothing was heard."""
    of_day: dict[str, list[TakenRun]] = defaultdict(list)
    for run in runs:
        of_day[run.day].append(run)
    rows = []
    for day in days:
        closes_ms = plan.calendar.closes_ms(day)
        outcome = day_state(day, tallies.get(day, DayTally()), now_ms, closes_ms).outcome
        expected = bool(plan.slots(day))
        if expected and outcome is None and not of_day[day] and closes_ms <= now_ms:
            # The fact that says so may not be on record yet.
            outcome = Outcome.MISSING
        rows.append(DayRow(day, outcome, by_region(of_day[day]), expected))
    return tuple(rows)


def completeness(rows: Sequence[DayRow], taken: Sequence[Taken], plan: Plan, now_ms: int) -> Completeness:
    """Say how much of the days was heard of; `taken` may hold more days, in which runs reported that were expected."""
    days = [row.day for row in rows]
    within = set(days)
    newest_ms = [ms for each in taken for day, ms in each.newest_ms.items() if day in within]
    reported_ms = _reported_ms(run for each in taken for run in each.runs)
    return Completeness(
        days=len(rows),
        days_heard=sum(bool(row.regions) for row in rows),
        days_expected=sum(row.expected for row in rows) if plan.schedule else None,
        days_missing=tuple(row.day for row in rows if row.outcome is Outcome.MISSING),
        deadlines_missed=plan.deadlines_missed(days, reported_ms, now_ms),
        runs_open=sum(row.runs.open for row in rows),
        conflicts=sum(tally.conflicts for each in taken for day, tally in each.days.items() if day in within),
        newest_ms=max(newest_ms, default=None),
        late=sum(count for each in taken for day, count in each.late.items() if day in within),
    )


def _reported_ms(runs: Iterable[TakenRun]) -> Collection[int]:
    """Return when each run reported, which is when its first region did."""
    first: dict[RunRef, int] = {}
    for run in runs:
        if run.reported_ms is not None:
            first[run.ref] = min(run.reported_ms, first.get(run.ref, run.reported_ms))
    return first.values()
