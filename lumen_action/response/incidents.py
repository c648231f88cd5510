"""Incidents over a ledger: the one place that opens them and lets something happen to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from lumen_action.errors import ConfigError
from lumen_action.incidents.facts import event_fact, incident_name, incidents_run, opening_fact
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.machine import after, legal
from lumen_action.incidents.words import Event, Severity
from lumen_action.ledger import Ledger, Put
from lumen_action.model import Fact, Kind
from lumen_action.sli.days import Calendar

_MOST_GENERATIONS = 1000


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
    """What else the fact says: `alert`, `link_kind`, `link_name`, `link_url`, …"""


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

    def find(self, name: str) -> Incident:
        """Return an incident by its name, or by the part of it that no other has."""
        known = {incident.name: incident for incident in self.all()}
        wanted = name.strip().upper()
        fitting = [wanted] if wanted in known else [each for each in known if wanted and each.startswith(wanted)]
        if len(fitting) == 1:
            return known[fitting[0]]
        if fitting:
            raise ConfigError(f"incident: `{name[:60]}` fits {', '.join(sorted(fitting))}; write one of them whole")
        near = get_close_matches(wanted, known, n=3) or [incident.name for incident in self.open()][-3:]
        hint = f"write one of {', '.join(near)}" if near else "none is known; `lumen incident list` shows them"
        raise ConfigError(f"incident: `{name[:60]}` is not known in the pipeline {self.pipeline}; {hint}")

    def open(self) -> tuple[Incident, ...]:
        """Return the incidents that are not over."""
        return tuple(incident for incident in self.all() if not incident.over)

    def report(self, opening: Opening, at_ms: int | None = None) -> Opened:
        """Open an incident, unless one of this sameness is not over: then it was seen once more."""
        now_ms = self.clock_ms() if at_ms is None else at_ms
        same = [incident for incident in self.all() if incident.sameness == opening.sameness]
        going_on = next((incident for incident in reversed(same) if not incident.over), None)
        if going_on:
            return Opened(self._seen(going_on, opening, now_ms), created=False)
        name = incident_name(now_ms, opening.sameness, self.new_token())
        for generation in range(len(same), len(same) + _MOST_GENERATIONS):
            fact = self._opening_fact(name, opening, generation, now_ms)
            if self.ledger.put(fact) is Put.CREATED:
                return Opened(self.find(name), created=True)
            # Somebody met the same at the same time, and theirs is the incident.
            theirs = self.ledger.get(fact.key.digest)
            other = self.find(theirs.told["incident"]) if theirs else None
            if other and not other.over:
                return Opened(self._seen(other, opening, now_ms), created=False)
        raise ConfigError(f"incident: `{opening.title[:60]}` was opened too often; name it otherwise")

    def happened(
        self,
        incident: Incident,
        event: Event,
        told: Mapping[str, str],
        *,
        at_ms: int | None = None,
        mark: str = "",
    ) -> Incident:
        """Let something happen to an incident, once for each `mark`; a move that is not legal is refused."""
        if after(event, incident.state) is None:
            able = ", ".join(each.value for each in legal(incident.state)) or "nothing any more"
            raise ConfigError(
                f"incident: {incident.name} is {incident.state}, so it cannot be {event}; what can happen now: {able}"
            )
        now_ms = self.clock_ms() if at_ms is None else at_ms
        fact = event_fact(
            self.pipeline,
            incident.name,
            event,
            day=incident.day,
            at_ms=now_ms,
            mark=mark or f"{now_ms} {self.new_token()}",
            told=told,
        )
        self.ledger.put(fact)
        return self.find(incident.name)

    def tell_breaches(self) -> tuple[Incident, ...]:
        """Put on record that nobody took an incident in time, once for each; return those that are new."""
        now_ms = self.clock_ms()
        late = [each for each in self.all() if each.breached(now_ms) and not each.breach_told]
        return tuple(
            self.happened(
                each,
                Event.BREACHED,
                {"actor": "lumen", "due_ms": str(each.ack_due_ms), "severity": each.severity.value},
                # When it was due, not when somebody looked: whoever looks, the fact is the same.
                at_ms=each.ack_due_ms,
                mark="breached",
            )
            for each in late
        )

    def _seen(self, incident: Incident, opening: Opening, now_ms: int) -> Incident:
        told = {"actor": opening.actor, "text": opening.text, "components": ",".join(opening.components)}
        mark = opening.told.get("mark", "")
        return self.happened(incident, Event.SEEN, {**told, **opening.told}, at_ms=now_ms, mark=mark)

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
                "detected_ms": str(detected_ms),
            },
        )

    def _facts(self) -> list[Fact]:
        found = self.ledger.scan(run=incidents_run(self.pipeline))
        return [fact for fact in found if fact.key.kind is Kind.INCIDENT and fact.pipeline == self.pipeline]
