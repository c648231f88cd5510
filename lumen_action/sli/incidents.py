"""What the facts about incidents come to: which are open, and how bad they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from lumen_action.model import Fact, Kind, Trust

_OVER = frozenset({"closed", "resolved", "postmortem", "postmortem_done", "false_alarm", "merged"})
_BLOCKING = frozenset({"sev1", "sev2"})
# Nobody closes what a companion opened: it counts as bad for the day in which the failure was everywhere.
_UNTOLD_SEVERITY = "sev2"
_UNTOLD_OPEN_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Incident:
    """An incident as its latest fact tells of it; without a state it is open for a day."""

    name: str
    severity: str
    state: str
    opened_ms: int
    told_ms: int

    def open_at(self, now_ms: int) -> bool:
        """Tell whether it is open."""
        if not self.state:
            return now_ms - self.told_ms < _UNTOLD_OPEN_MS
        return self.state not in _OVER

    @property
    def blocking(self) -> bool:
        """Tell whether it is of the two worst severities."""
        return self.severity in _BLOCKING


def incidents_in(facts: Iterable[Fact]) -> tuple[Incident, ...]:
    """Return every incident that trusted facts tell of, the one that was opened last at the end."""
    told: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.key.kind is Kind.INCIDENT and fact.trust is Trust.TRUSTED:
            told[incident_of(fact)].append(fact)
    found = [_incident(name, sorted(group, key=lambda fact: (fact.ended_ms, fact.key))) for name, group in told.items()]
    return tuple(sorted(found, key=lambda incident: (incident.opened_ms, incident.name)))


def incident_of(fact: Fact) -> str:
    """Return the name of the incident that a fact tells of."""
    return fact.told.get("incident") or f"{fact.key.run}-{fact.key.stage}"


def _incident(name: str, facts: list[Fact]) -> Incident:
    severity, state = (
        next((fact.told[word] for fact in reversed(facts) if word in fact.told), "") for word in ("severity", "state")
    )
    number = re.search(r"[0-9]{1,3}", severity)
    return Incident(
        name=name,
        severity=f"sev{int(number[0])}" if number else _UNTOLD_SEVERITY,
        state=state.lower(),
        opened_ms=facts[0].ended_ms,
        told_ms=facts[-1].ended_ms,
    )
