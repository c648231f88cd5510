"""Incidents over a ledger: the one place that opens them and lets something happen to them.

    incidents = Incidents(ledger, "nightly", calendar, clock_ms, new_token)
    opened = incidents.report(Opening("uploads fail", Severity.SEV2, sameness="alert uploads"))
    taken = incidents.happened(opened.incident, Event.ACKNOWLEDGED, {"actor": "ann"})
    incidents.happened(taken, Event.SEVERITY, {"actor": "ann", "severity": "sev1", "text": "all regions"})

Whatever is returned is what the ledger holds afterwards. Who comes second, asks for what cannot happen, or says too
little gets a ConfigError that tells what stands and what can be done; nothing is claimed that the ledger did not keep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from lumen_action.errors import ConfigError, LedgerError
from lumen_action.incidents.facts import event_fact, identity, incident_name, incidents_run, opening_fact
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.machine import MOVING
from lumen_action.incidents.merging import carried, going_on, leading
from lumen_action.incidents.refusing import into_what, refusal, untimely
from lumen_action.incidents.timing import timely
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.ledger import Ledger, Put
from lumen_action.model import Fact, Kind
from lumen_action.sli.days import Calendar

_MOST_GENERATIONS = 1000
_MOST_RIVALS = 100
_NOTHING_MADE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Opening:
    """What somebody or something reports."""

    title: str
    severity: Severity
    sameness: str
    """What another report has to share to be the same incident."""
    by: str = "hand"
    actor: str = ""
    text: str = ""
    detected_ms: int | None = None
    """None: now."""
    region: str = ""
    components: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    """What else the fact says: `alert`, `link_kind`, `link_name`, `link_url`, …; `mark` names this very report, so that
    it counts once however often it is told."""


@dataclass(frozen=True)
class Opened:
    """The incident of a report, and whether it is new."""

    incident: Incident
    created: bool


@dataclass(frozen=True)
class Incidents:
    """The incidents of one pipeline in a ledger that outlives the job."""

    ledger: Ledger
    pipeline: str
    calendar: Calendar
    clock_ms: Callable[[], int]
    new_token: Callable[[], str]

    def all(self) -> tuple[Incident, ...]:
        """Return every incident, the one that was opened last at the end."""
        return incidents_in(self._facts())

    def open(self) -> tuple[Incident, ...]:
        """Return the incidents that are not over."""
        return tuple(incident for incident in self.all() if not incident.over)

    def find(self, name: str) -> Incident:
        """Return an incident by its name, or by the part of it that no other has: `INC-YYYYMMDD-HHMMSS` is enough."""
        return self._named(name, self.all())

    def holding(self, name: str) -> Incidents:
        """Return the incidents of the pipeline that has one of this whole name; these where none has."""
        wanted = name.strip().upper()

        def desks() -> Iterator[Incidents]:
            yield self
            yield from (replace(self, pipeline=each) for each in self.ledger.pipelines())

        return next((desk for desk in desks() if any(each.name.upper() == wanted for each in desk.all())), self)

    def same_as(self, sameness: str) -> Incident | None:
        """Return the incident that goes on for a sameness, also where it was merged into another; None without one."""
        return going_on(self.all(), identity(sameness))

    def report(self, opening: Opening, at_ms: int | None = None) -> Opened:
        """Open an incident, unless one of this sameness is not over: then it was seen once more."""
        known = self.all()
        sameness = identity(opening.sameness)
        same = going_on(known, sameness)
        if same:
            return Opened(self._seen(same, opening, at_ms), created=False)
        before = sum(incident.sameness == sameness for incident in known)
        for generation in range(before, before + _MOST_GENERATIONS):
            opened = self._opened(opening, generation, at_ms)
            other = None if opened.created else leading(self.all(), opened.incident)
            if other is None:
                return opened
            if not other.over:
                # Somebody met the same at the same time, and theirs is the incident.
                return Opened(self._seen(other, opening, at_ms), created=False)
        raise ConfigError(f"incident: `{opening.title[:60]}` was opened too often; name it otherwise")

    def open_once(self, opening: Opening, at_ms: int | None = None) -> Opened:
        """Open an incident unless there ever was one of this sameness, over or not; nothing happens to that one."""
        sameness = identity(opening.sameness)
        known = next((incident for incident in self.all() if incident.sameness == sameness), None)
        return Opened(known, created=False) if known else self._opened(opening, 0, at_ms)

    def happened(
        self,
        incident: Incident,
        event: Event,
        told: Mapping[str, str],
        *,
        at_ms: int | None = None,
        mark: str = "",
    ) -> Incident:
        """Let something happen to an incident and return it as it stands then.

        What has a `mark` happens once however often it is told. Of those who change the state at the same time, the one
        that the ledger takes first does; for the others it is as if they had come later, and they are told whose was
        first. Without `at_ms` it happens now, and never before what is known already, whatever the clocks say.
        """
        for _ in range(_MOST_RIVALS):
            facts = self._facts()
            known = incidents_in(facts)
            now = self._named(incident.name, known)
            if mark and any(each.event is event and each.mark == identity(mark) for each in now.moments):
                return now
            self._refuse(now, event, told, known)
            fact = self._event_fact(now, event, told, mark or f"{self.clock_ms()} {self.new_token()}")
            timed = timely(fact, now, facts, at_ms, self.clock_ms())
            if timed is None:
                raise ConfigError(untimely(now, event, self.clock_ms() if at_ms is None else at_ms))
            if self.ledger.put(timed) is not Put.CONFLICT:
                return self._kept(incident, event, told, timed)
        raise LedgerError(f"incident: {incident.name} was changed by others again and again; try it once more")

    def merge(self, incident: Incident, into: Incident, told: Mapping[str, str] = _NOTHING_MADE) -> Incident:
        """Make an incident part of another, which gets its links, components and alerts; return the other.

        The reports of both are counted once, and the worse severity holds. To merge it there again mends what an
        earlier try left undone.
        """
        now = self.find(incident.name)
        if now.state is State.MERGED and now.merged_into == into.name:
            self._carry(now)
        else:
            self.happened(now, Event.MERGED, {**told, "into": into.name})
        return self.find(into.name)

    def tell_breaches(self) -> tuple[Incident, ...]:
        """Put on record that nobody took an incident in time, once for each; return those that are new."""
        now_ms = self.clock_ms()
        late = [each for each in self.all() if each.breached(now_ms) and not each.breach_told]
        new = [each.name for each in late if self.ledger.put(self._breach(each)) is Put.CREATED]
        return tuple(incident for incident in self.all() if incident.name in new) if new else ()

    def _named(self, name: str, incidents: tuple[Incident, ...]) -> Incident:
        known = {incident.name: incident for incident in incidents}
        wanted = name.strip().upper()
        whole = [each for each in known if each.upper() == wanted]
        fitting = whole or [each for each in known if wanted and each.upper().startswith(wanted)]
        if len(fitting) == 1:
            return known[fitting[0]]
        if fitting:
            raise ConfigError(f"incident: `{name[:60]}` fits {', '.join(sorted(fitting))}; write one of them whole")
        near = get_close_matches(wanted, known, n=3) or [each.name for each in incidents if not each.over][-3:]
        hint = f"write one of {', '.join(near)}" if near else "none is known; `lumen incident list` shows them"
        raise ConfigError(f"incident: `{name[:60]}` is not known in the pipeline {self.pipeline}; {hint}")

    def _facts(self) -> list[Fact]:
        found = self.ledger.scan(run=incidents_run(self.pipeline))
        return [fact for fact in found if fact.key.kind is Kind.INCIDENT and fact.pipeline == self.pipeline]

    def _opened(self, opening: Opening, generation: int, at_ms: int | None) -> Opened:
        """Put an opening; where the ledger has another under its key, return the incident of that one.

        Where another incident took the name in the same moment, try the next generation with another name.
        """
        now_ms = self.clock_ms() if at_ms is None else at_ms
        taken = {incident.name for incident in self.all()}
        names = (incident_name(now_ms, opening.sameness, self.new_token()) for _ in range(_MOST_RIVALS))
        fact = self._opening_fact(next(name for name in names if name not in taken), opening, generation, now_ms)
        self.ledger.put(fact)
        kept = self.ledger.get(fact.key.digest) or fact
        # What another machine writes may not be seen everywhere at once.
        found = {each.name: each for each in (*incidents_in([kept]), *self.all())}
        incident = found.get(kept.told.get("incident", ""))
        if incident is None or incident.sameness != identity(opening.sameness):
            return self._opened(opening, generation + 1, at_ms)
        return Opened(incident, created=kept.told == fact.told)

    def _seen(self, incident: Incident, opening: Opening, at_ms: int | None) -> Incident:
        told = {"actor": opening.actor, "text": opening.text, "components": ",".join(opening.components)}
        mark = opening.told.get("mark", "")
        return self.happened(incident, Event.SEEN, {**told, **opening.told}, at_ms=at_ms, mark=mark)

    def _opening_fact(self, name: str, opening: Opening, generation: int, now_ms: int) -> Fact:
        detected_ms = now_ms if opening.detected_ms is None else min(opening.detected_ms, now_ms)
        return opening_fact(
            self.pipeline,
            name,
            day=self.calendar.day_of(now_ms),
            at_ms=now_ms,
            severity=opening.severity,
            sameness=opening.sameness,
            generation=generation,
            told={
                **opening.told,
                "title": opening.title,
                "text": opening.text,
                "by": opening.by,
                "actor": opening.actor,
                "region": opening.region,
                "components": ",".join(opening.components),
                "detected_ms": str(max(0, detected_ms)),
            },
        )

    def _event_fact(self, incident: Incident, event: Event, told: Mapping[str, str], mark: str) -> Fact:
        return event_fact(
            self.pipeline,
            incident.name,
            event,
            day=incident.day,
            at_ms=self.clock_ms(),
            mark=mark,
            told=told,
            place=len(incident.moves) if event in MOVING else None,
        )

    def _refuse(self, incident: Incident, event: Event, told: Mapping[str, str], known: tuple[Incident, ...]) -> None:
        """Raise what speaks against an event."""
        fault = refusal(incident, event, told)
        if not fault and event is Event.MERGED:
            fault = into_what(incident, self._named(told["into"], known))
        if fault:
            raise ConfigError(fault)

    def _kept(self, incident: Incident, event: Event, told: Mapping[str, str], fact: Fact) -> Incident:
        """Return the incident after a fact that was kept; one that came too late for what others did is refused."""
        known = self.all()
        then = self._named(incident.name, known)
        if any(each.told == fact.details and not each.counted for each in then.moments):
            self._refuse(then, event, told, known)
        if event is Event.MERGED:
            self._carry(then)
        return then

    def _breach(self, incident: Incident) -> Fact:
        told = {"actor": "lumen", "due_ms": str(incident.ack_due_ms), "severity": incident.severity.value}
        # When it was due, not when somebody looked: whoever looks, the fact is the same.
        return replace(self._event_fact(incident, Event.BREACHED, told, "breached"), observed_at_ms=incident.ack_due_ms)

    def _carry(self, merged: Incident) -> None:
        """Give what a merged incident has to the one it is part of, each thing once however often this is done."""
        into = self.find(merged.merged_into)
        for event, told, mark in carried(merged, into):
            self.happened(into, event, told, mark=mark)
