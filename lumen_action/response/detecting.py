"""Incidents that rules open from what the ledger holds: the same facts open the same incidents, once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from types import MappingProxyType

from lumen_action.companion.spread import SPEAKING, WINDOW_MS, claim_of_spread, widespread
from lumen_action.incidents.incident import Incident, Link, LinkKind
from lumen_action.incidents.words import MINUTE_MS, Event, Severity
from lumen_action.model import Fact, Kind, Trust
from lumen_action.model.instants import stamp
from lumen_action.report.building.plan import Plan
from lumen_action.response.incidents import Incidents, Opened, Opening
from lumen_action.sli.runs import run_of
from lumen_action.sli.schedule import Schedule
from lumen_action.sli.state import RunRef
from lumen_action.slo.evaluation import Evaluation, Status
from lumen_action.slo.objective import Events, LedgerSource

# What is older was seen by whoever looked then: turning a rule on does not open what is long past.
LOOK_BACK_DAYS = 3


@dataclass(frozen=True)
class Rule:
    """How bad it is what a rule finds, and why."""

    severity: Severity
    why: str


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "day-lost": Rule(Severity.SEV3, "one day is over and cannot be won any more; nobody has to be woken for it"),
        "widespread": Rule(Severity.SEV2, "many are held up at once, and running again only adds load"),
        "budget-exhausted": Rule(Severity.SEV2, "the promise is broken, and the gate stops deployments until it holds"),
        "sla-breach": Rule(Severity.SEV2, "somebody waits for the result, and a run can still bring it today"),
    }
)
"""By name, as `incidents.open-on` of `lumen.yml` has them."""


@dataclass(frozen=True)
class Evidence:
    """What the rules look at."""

    facts: Iterable[Fact]
    """Of the last days and of every pipeline, as `recent_facts` reads them; forks are left out here."""
    evaluations: Collection[Evaluation] = ()
    """The objectives of this pipeline, measured now."""
    schedule: Schedule | None = None
    """What `expected:` says of this pipeline."""


def recent_facts(incidents: Incidents) -> list[Fact]:
    """Read the facts that the rules look at: those of today and of the days before, of every pipeline."""
    return [fact for day in _days(incidents) for fact in incidents.ledger.scan(day=day)]


def detect(incidents: Incidents, rules: Collection[str], evidence: Evidence) -> tuple[Opened, ...]:
    """Open what the named rules (`RULES`) find, and return it; `created` tells what is new and has to be told of.

    What a rule has found before is returned as it stands, also when its incident is over: a rule opens one incident for
    a day, for a fingerprint and day, and for an exhaustion of a budget, whoever looks and how often. It is detected
    with the fact that shows it, not when somebody looks.
    """
    days = frozenset(_days(incidents))
    trusted = [fact for fact in evidence.facts if fact.trust is Trust.TRUSTED and fact.day in days]
    look = _Look(incidents, incidents.clock_ms(), trusted, evidence)
    return tuple(opened for name, finder in _FINDERS.items() if name in rules for opened in finder(look))


def open_spread(incidents: Incidents, fact: Fact, mark: str, text: str, detected_ms: int) -> Opened:
    """Open the one incident of a failure that is everywhere, of all who meet it that day in whatever pipeline.

    `fact` tells of a run that fails like this, under today. The incident lies in the pipeline that met it first, and
    has a link to every run that met it before it was over.
    """
    claim = claim_of_spread(fact, mark)
    incidents.ledger.put(claim)
    kept = incidents.ledger.get(claim.key.digest) or claim
    failure = fact.failure if fact.failure and fact.failure.fingerprint == mark else None
    what = f": {failure.evidence or failure.name}" if failure else ""
    there = replace(incidents, pipeline=kept.pipeline)
    opened = _open_once(
        there,
        "widespread",
        sameness=f"widespread {fact.day} {mark}",
        title=f"the same failure in many places{what}",
        text=text,
        detected_ms=detected_ms,
        told={"fingerprint": mark, **_run_link(fact)},
    )
    if opened.created or opened.incident.over or _link_of(fact) in opened.incident.links:
        return opened
    told = {"actor": "lumen", "text": "another run met it", **_run_link(fact)}
    return Opened(there.happened(opened.incident, Event.SEEN, told, mark=f"{run_of(fact)}"), created=False)


def _days(incidents: Incidents) -> list[str]:
    today = date.fromisoformat(incidents.calendar.day_of(incidents.clock_ms()))
    return [(today - timedelta(days=back)).isoformat() for back in range(LOOK_BACK_DAYS + 1)]


@dataclass(frozen=True)
class _Look:
    """What a rule goes by: trusted facts of all pipelines at a moment."""

    incidents: Incidents
    now_ms: int
    facts: Sequence[Fact]
    evidence: Evidence

    @property
    def own(self) -> list[Fact]:
        """Return the facts of the pipeline itself."""
        return [fact for fact in self.facts if fact.pipeline == self.incidents.pipeline]


def _lost_days(look: _Look) -> Iterator[Opened]:
    """Find days that ended without a good run, or without any; the fact that closes one shows it."""
    unheard = {each.sameness for each in look.incidents.all()}
    for fact in sorted(look.own, key=lambda fact: fact.order):
        if fact.key.kind not in _LOST:
            continue
        if fact.key.kind is Kind.MISSING and _breach_of(fact.day) in unheard:
            continue  # that no run came on that day is known, and people are at it
        failed = [run for run in look.own if run.day == fact.day and run.key.kind is Kind.RUN and run.outcome.bad]
        last = max(failed, key=lambda run: (run.ended_ms, run.key), default=None)
        yield _open_once(
            look.incidents,
            "day-lost",
            sameness=f"day-lost {fact.day}",
            title=f"{fact.day} was lost: {_LOST[fact.key.kind]}",
            detected_ms=fact.ended_ms,
            told={"about": fact.day, **(_run_link(last) if last else {})},
        )


_LOST: Mapping[Kind, str] = {Kind.DAY: "no run succeeded", Kind.MISSING: "no run reported"}


def _spreads(look: _Look) -> Iterator[Opened]:
    """Find failures of ours that are everywhere, by the numbers that hold reruns back."""
    began_ms = look.now_ms - WINDOW_MS
    failing = [fact for fact in look.own if fact.key.kind in SPEAKING and began_ms < fact.observed_at_ms <= look.now_ms]
    latest = {fact.failure.fingerprint: fact for fact in sorted(failing, key=lambda fact: fact.order) if fact.failure}
    for mark, fact in sorted(latest.items()):
        found = widespread([fact], look.facts, look.now_ms)
        if mark and found:
            spread = found[1]
            day = look.incidents.calendar.day_of(fact.observed_at_ms)
            yield open_spread(
                look.incidents, replace(fact, day=day), mark, f"seen in {spread} within an hour", spread.first_ms
            )


def _exhausted_budgets(look: _Look) -> Iterator[Opened]:
    """Find broken promises, each once until its budget was back or its whole window has passed."""
    known = look.incidents.all() if look.evidence.evaluations else ()
    for evaluation in look.evidence.evaluations:
        earlier = [each for each in known if _about(each) == evaluation.name]
        within = (each for each in earlier if each.opened_ms > evaluation.span.begin_ms)
        current = next((each for each in within if not _came_back(each)), None)
        if evaluation.status is not Status.EXHAUSTED:
            if current and evaluation.status is not Status.NO_DATA:
                told = {"actor": "lumen", "text": "the budget is back"}
                look.incidents.happened(current, Event.RECOVERED, told, mark=_BACK)
            continue
        if current:
            yield Opened(current, created=False)
            continue
        yield _open_once(
            look.incidents,
            _BUDGET,
            sameness=f"{_BUDGET} {len(earlier)} {evaluation.name}",
            title=f"the error budget of {evaluation.name} is used up",
            text=f"{evaluation.bad} of {evaluation.total} bad in its window",
            detected_ms=_broken_ms(look, evaluation),
            told={"about": evaluation.name},
        )


_BUDGET = "budget-exhausted"
_BACK = "the budget is back"


def _about(incident: Incident) -> str:
    if incident.opened_by != f"rule:{_BUDGET}":
        return ""
    return dict(incident.moments[0].told).get("about", "")


def _came_back(incident: Incident) -> bool:
    return any(each.event is Event.RECOVERED and each.mark == _BACK for each in incident.moments)


def _broken_ms(look: _Look, evaluation: Evaluation) -> int:
    """Return when the run failed that used up the budget; where that is not known, when the last thing was heard."""
    newest_ms = evaluation.newest_ms or look.now_ms
    span, source = evaluation.span, evaluation.slo.source
    if not isinstance(source, LedgerSource) or source.events is not Events.RUN:
        return newest_ms
    failed = sorted(
        fact.ended_ms
        for fact in look.own
        if fact.key.kind is Kind.RUN and fact.outcome.bad and source.region in ("", fact.key.region)
        if span.begin_ms < fact.ended_ms <= span.end_ms
    )
    after = max(0, int(evaluation.bad) - max(1, ceil(evaluation.budget.allowed)))
    return failed[max(0, len(failed) - 1 - after)] if failed else newest_ms


def _missed_deadlines(look: _Look) -> Iterator[Opened]:
    """Find days on which an expected run did not report within the patience, from the first that did not."""
    calendar, schedule = look.incidents.calendar, look.evidence.schedule
    runs = [fact for fact in look.own if fact.key.kind is Kind.RUN]
    if schedule is None or not look.own:
        return
    reported: dict[RunRef, int] = {}
    for fact in runs:
        reported[run_of(fact)] = min(fact.ended_ms, reported.get(run_of(fact), fact.ended_ms))
    plan = Plan(calendar, schedule, min(fact.day for fact in look.own))
    first: dict[str, int] = {}
    # Nothing is missed before the pipeline was first heard of.
    heard_ms = min(fact.observed_at_ms for fact in look.own)
    for slot in plan.deadlines_missed(_days(look.incidents), reported.values(), look.now_ms):
        if slot > heard_ms:
            first.setdefault(calendar.day_of(slot), slot)
    for day, slot in sorted(first.items()):
        due_ms = slot + schedule.patience_minutes * MINUTE_MS
        yield _open_once(
            look.incidents,
            "sla-breach",
            sameness=_breach_of(day),
            title=f"no run reported in time on {day}",
            text=f"expected at {stamp(slot)}, at the latest by {stamp(due_ms)}",
            detected_ms=due_ms,
            told={"about": day},
        )


def _breach_of(day: str) -> str:
    return f"sla-breach {day}"


def _open_once(
    incidents: Incidents,
    rule: str,
    *,
    sameness: str,
    title: str,
    detected_ms: int,
    told: Mapping[str, str],
    text: str = "",
) -> Opened:
    severity = RULES[rule].severity
    return incidents.open_once(
        Opening(title, severity, sameness, f"rule:{rule}", "lumen", text, detected_ms=detected_ms, told=told)
    )


def _run_link(fact: Fact) -> Mapping[str, str]:
    link = _link_of(fact)
    return {"link_kind": link.kind.value, "link_name": link.name, "link_url": link.url}


def _link_of(fact: Fact) -> Link:
    return Link(LinkKind.RUN, fact.key.run, fact.url)


_FINDERS: Mapping[str, Callable[[_Look], Iterator[Opened]]] = {
    # Before lost days: of a day on which no run came there is one incident.
    "sla-breach": _missed_deadlines,
    "day-lost": _lost_days,
    "widespread": _spreads,
    _BUDGET: _exhausted_budgets,
}
