"""Facts of the weeks that reports are tested on, and reports of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timezone, tzinfo

from facts import fact

from lumen_action.model import ErrorClass, Fact, Failure, Kind, Outcome
from lumen_action.report.building import Asked, Beside, build
from lumen_action.report.building.plan import Plan
from lumen_action.report.building.taking import take
from lumen_action.report.model import PeriodKind, Promise, Report
from lumen_action.report.periods import period_before, period_of
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Schedule

S, F = Outcome.SUCCESS, Outcome.FAILURE
HOUR, MINUTE = 3_600_000, 60_000
LATER_MS = int(datetime(2026, 12, 1, tzinfo=timezone.utc).timestamp() * 1000)


def at(day: str, hour: float = 3, zone: tzinfo = timezone.utc) -> int:
    begin = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone)
    return int(begin.timestamp() * 1000 + hour * HOUR)


def run(number: int, day: str, outcome: Outcome = S, *, hour: float = 3, region: str = "eu", attempt: int = 1) -> Fact:
    made = fact("run", outcome, run=str(number), day=day, region=region, attempt=attempt, at=at(day, hour))
    return replace(made, duration_ms=10 * MINUTE, url=f"https://ci.example/{number}", sha=f"{number:040}")


def stage(name: str, number: int, day: str, outcome: Outcome = S, *, minutes: float = 1, hour: float = 2) -> Fact:
    made = fact(name, outcome, run=str(number), day=day, at=at(day, hour))
    return replace(made, duration_ms=int(minutes * MINUTE), sha=f"{number:040}")


def because(made: Fact, cause: ErrorClass, subclass: str = "any", signature: str = "", evidence: str = "") -> Fact:
    return replace(made, failure=Failure(cause, subclass, signature, evidence=evidence, line=7 if evidence else None))


def of_kind(kind: Kind, day: str, *, stage: str = "", hour: float = 4, **more: object) -> Fact:
    made = fact("x", S, day=day, at=at(day, hour), kind=kind)
    return replace(made, key=replace(made.key, stage=stage), failure=None, **more)  # type: ignore[arg-type]


def asked(
    day: str = "2026-03-04",
    kind: PeriodKind = PeriodKind.WEEK,
    *,
    now_ms: int = LATER_MS,
    zone: tzinfo = timezone.utc,
    schedule: Schedule | None = None,
    first_day: str = "2026-01-01",
) -> Asked:
    period = period_of(kind, date.fromisoformat(day), zone, getattr(zone, "key", "UTC"))
    return Asked("nightly", period, period_before(period, zone), Plan(Calendar(zone), schedule, first_day), now_ms)


def report_of(facts: Iterable[Fact], of: Asked | None = None, promises: tuple[Promise, ...] = ()) -> Report:
    """Return the report of all facts, taken at once as a ledger would give days that share a run."""
    of = of or asked()
    days = set(of.plan.days_needed(of.before, of.period))
    kept = [each for each in facts if each.day in days]
    return build(of, [take(kept, of.plan.calendar)] if kept else [], Beside(promises))
