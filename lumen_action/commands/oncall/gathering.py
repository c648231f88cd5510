"""What who comes next has to know, from the ledger and the objectives; what cannot be known says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from lumen_action.commands.lasting import lasting_ledger
from lumen_action.commands.oncall.sheet import Line, Section
from lumen_action.commands.session import Session
from lumen_action.commands.slo.asked import Asked
from lumen_action.commands.slo.places import evaluated
from lumen_action.errors import ConfigError, IntegrityError, RemoteError
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event
from lumen_action.ledger import Ledger
from lumen_action.measuring.daily import by_day
from lumen_action.model import Fact, Kind, Trust
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.oncall.handover import HandOver, changes_ahead
from lumen_action.oncall.phrases import both, length
from lumen_action.oncall.roster import MINUTE_MS, Roster
from lumen_action.oncall.spans import Span
from lumen_action.response.incidents import Incidents
from lumen_action.response.postmortem import term_of
from lumen_action.response.silences import Silences
from lumen_action.runbooks.board import board_run, rows_of
from lumen_action.sli.runs import result_of, runs_in
from lumen_action.sli.state import RunResult
from lumen_action.slo.evaluation import Status
from lumen_action.slo.objective import SloBook
from lumen_action.slo.phrases import counted, left_percent, spelled, title, verdict

_RUNS = frozenset({Kind.RUN, Kind.STAGE})
_WHY = "what is handed over would end with this job"
_Fault = ConfigError | RemoteError | IntegrityError
_FAULTS = (ConfigError, RemoteError, IntegrityError)


@dataclass(frozen=True)
class Gathering:
    """Where all of it is found."""

    session: Session
    roster: Roster
    found: HandOver
    at_ms: int
    book: Callable[[], SloBook]

    @property
    def zone(self) -> str:
        """Return the zone in which moments are told."""
        return self.found.layer.timezone

    @property
    def shift(self) -> Span:
        """Return the part of the shift that lies behind."""
        return Span(self.found.shift.start_ms, min(self.found.shift.end_ms, self.at_ms))

    @cached_property
    def _answered(self) -> Ledger | _Fault:
        """Ask the ledger once: each part of the sheet would wait for one that is away as long again."""
        try:
            ledger = lasting_ledger(self.session, _WHY, evidence=True)
            ledger.head()
        except _FAULTS as fault:
            return fault
        return ledger

    @property
    def ledger(self) -> Ledger:
        """Return the ledger that keeps evidence."""
        if isinstance(self._answered, _FAULTS):
            raise self._answered
        return self._answered

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """Return all incidents of the pipeline; nothing is put on record by reading a sheet."""
        session = self.session
        calendar, world = session.settings.calendar, session.world
        return Incidents(self.ledger, session.pipeline, calendar, world.clock_ms, world.new_token).all()

    def in_shift(self, at_ms: int | None) -> bool:
        """Tell whether something was in the shift."""
        return at_ms is not None and self.shift.start_ms <= at_ms < self.shift.end_ms

    def age(self, since_ms: int) -> str:
        """Return how long ago something was."""
        return length(max(0, self.at_ms - since_ms) // MINUTE_MS)


def sections(asked: Gathering) -> list[Section]:
    """Return every part of the sheet."""
    return [_section(asked, *part) for part in _PARTS]


def _section(asked: Gathering, name: str, heading: str, lines: Callable[[Gathering], Iterable[Line]]) -> Section:
    try:
        return Section(name, heading, tuple(lines(asked)))
    except _FAULTS as fault:
        return Section(name, heading, missing=str(fault))


def _open(asked: Gathering) -> Iterator[Line]:
    going_on = [each for each in asked.incidents if not each.over]
    for each in sorted(going_on, key=lambda incident: (incident.severity.rank, incident.opened_ms)):
        late = ", not acknowledged in time" if each.breached(asked.at_ms) else ""
        has = f", {', '.join(each.responders)}" if each.responders else ", nobody has it"
        yield Line(
            f"{each.severity.shown}, {_spelled(each)} for {asked.age(each.detected_ms)}{late}{has}: {each.title}",
            each.name,
            told={
                **_incident(each),
                "age_minutes": max(0, asked.at_ms - each.detected_ms) // MINUTE_MS,
                "breached": each.breached(asked.at_ms),
                "responders": list(each.responders),
            },
            asks=True,
        )


def _ended(asked: Gathering) -> Iterator[Line]:
    for each in asked.incidents:
        ended_ms = max((moment.at_ms for moment in each.moments if moment.counted), default=each.opened_ms)
        closed_ms = each.closed_ms if each.closed_ms is not None else ended_ms if each.over else None
        if asked.in_shift(closed_ms):
            told = each.resolution or each.cause or "no resolution is written"
            text = f"{each.severity.shown}, {_spelled(each)}: {each.title}. {told}"
            yield Line(text, each.name, told={**_incident(each), "closed_at": stamp_of(closed_ms), "resolution": told})


def _spelled(incident: Incident) -> str:
    return incident.state.value.replace("_", " ")


def _incident(incident: Incident) -> dict[str, object]:
    return {
        "incident": incident.name,
        "severity": incident.severity.value,
        "state": incident.state.value,
        "title": incident.title,
        "detected_at": stamp(incident.detected_ms),
    }


def _reports(asked: Gathering) -> Iterator[Line]:
    """Yield who or what reported how often, for what."""
    times: dict[str, list[str]] = {}
    for each in asked.incidents:
        for moment in each.moments:
            if moment.event in (Event.OPENED, Event.SEEN) and asked.in_shift(moment.at_ms):
                times.setdefault(each.opened_by, []).append(each.name)
    for by, names in sorted(times.items(), key=lambda pair: -len(pair[1])):
        different = list(dict.fromkeys(names))
        text = f"{counted(len(names), 'report')} of {counted(len(different), 'incident')}"
        yield Line(text, by, told={"by": by, "reports": len(names), "incidents": different})


def _budgets(asked: Gathering) -> Iterator[Line]:
    book = asked.book()
    if not book.slos:
        return
    answers = evaluated(Asked(asked.session, book, asked.at_ms))
    for each in answers.evaluations:
        why = answers.unanswered.get(each.name, "")
        text = (
            f"not known: {why}"
            if why
            else f"{left_percent(each)} of the budget left, {spelled(each.status)}; {verdict(each)}"
        )
        yield Line(
            text,
            title(each),
            told={
                "objective": each.name,
                "budget_left_percent": each.budget.left_percent,
                "status": each.status.value,
                "verdict": each.judgement.value,
            },
            asks=each.status in (Status.EXHAUSTED, Status.WARNING),
        )


def _failures(asked: Gathering) -> Iterator[Line]:
    by_class: dict[str, list[RunResult]] = {}
    for run in _failed_runs(asked):
        name = run.failure.error_class.value if run.failure else "unknown"
        by_class.setdefault(name, []).append(run)
    for name, runs in sorted(by_class.items(), key=lambda pair: -len(pair[1])):
        last = runs[-1]
        stage = next((each.stage for each in last.stages if each.outcome.bad), "")
        where = f" in {stage}" if stage else ""
        text = f"{counted(len(runs), 'run')}, the last {last.run_id or last.ref.run} {last.region}{where}"
        yield Line(
            text,
            name,
            last.url,
            {"error_class": name, "runs": len(runs), "last_run": last.run_id or last.ref.run, "stage": stage or None},
        )


def _failed_runs(asked: Gathering) -> list[RunResult]:
    calendar, pipeline = asked.session.settings.calendar, asked.session.pipeline
    first, last = (date.fromisoformat(calendar.day_of(at_ms)) for at_ms in (asked.shift.start_ms, asked.at_ms))
    # The day of a run is that of its creation, which may lie before the shift.
    days = [(first + timedelta(days=number)).isoformat() for number in range(-1, (last - first).days + 1)]

    def failed(facts: Sequence[Fact]) -> list[RunResult]:
        trusted = [fact for fact in facts if fact.key.kind in _RUNS and fact.trust is Trust.TRUSTED]
        known = (result_of(pipeline, run) for run in runs_in(trusted))
        return [run for run in known if run.outcome and run.outcome.bad and asked.in_shift(run.completed_ms)]

    found = {(run.ref, run.region): run for each in by_day(asked.ledger, pipeline, days, failed) for run in each}
    return sorted(found.values(), key=lambda run: run.completed_ms or 0)


def _runbooks(asked: Gathering) -> Iterator[Line]:
    pipeline = asked.session.pipeline
    for row in rows_of(pipeline, asked.ledger.scan(run=board_run(pipeline))):
        if not row.over:
            step = f" at the step {row.step} for a person" if row.step else ""
            text = f"{row.runbook}, {row.state}{step}, begun {asked.age(row.started_ms)} ago"
            resume = f"; go on with `lumen runbook resume {row.execution}`" if row.step else ""
            yield Line(
                text + resume,
                row.execution,
                told={
                    "execution": row.execution,
                    "runbook": row.runbook,
                    "state": row.state,
                    "step": row.step or None,
                    "started_at": stamp(row.started_ms),
                },
                asks=True,
            )


def _silences(asked: Gathering) -> Iterator[Line]:
    session = asked.session
    calendar, world = session.settings.calendar, session.world
    for each in Silences(asked.ledger, session.pipeline, calendar, world.clock_ms, world.new_token).all():
        state = each.state(asked.at_ms)
        if state != "over":
            what = each.matchers or "the whole pipeline"
            begins = f", begins {both(asked.zone, each.from_ms)}" if state == "coming" else ""
            text = f"{what}{begins}, ends {both(asked.zone, each.over_ms)}; {each.author}: {each.reason}"
            yield Line(
                text,
                each.name,
                told={"silence": each.name, "state": state, "until": stamp(each.over_ms), "reason": each.reason},
            )


def _postmortems(asked: Gathering) -> Iterator[Line]:
    term = term_of(asked.session.settings)
    for each in asked.incidents:
        due_ms = term.due_ms(each)
        if due_ms is not None:
            late = "was due" if due_ms < asked.at_ms else "due"
            text = f"{each.severity.shown}, {late} {both(asked.zone, due_ms)}: {each.title}"
            told = {**_incident(each), "due_at": stamp(due_ms), "overdue": due_ms < asked.at_ms}
            yield Line(text, each.name, told=told, asks=True)


def _changes(asked: Gathering) -> Iterator[Line]:
    yield from map(Line, changes_ahead(asked.roster, asked.found))


_PARTS: tuple[tuple[str, str, Callable[[Gathering], Iterable[Line]]], ...] = (
    ("open_incidents", "Open incidents", _open),
    ("runbooks", "Runbooks that are not over", _runbooks),
    ("postmortems", "Postmortems to write", _postmortems),
    ("budgets", "Error budgets", _budgets),
    ("silences", "Silences", _silences),
    ("failed_runs", "Failed runs of the shift by class", _failures),
    ("reports", "Reports of the shift by origin", _reports),
    ("ended_incidents", "Incidents that ended in the shift", _ended),
    ("changes", "Changes in the coming shift", _changes),
)
"""Name, title, and what finds it; what wants to be done comes first."""
