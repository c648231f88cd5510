"""What facts about incidents come to: the same facts in any order, told once or often, give the same incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from lumen_action.incidents.changes import alerted, changed, linked, listed, whole
from lumen_action.incidents.guards import SEVERITIES, amiss
from lumen_action.incidents.incident import Incident, Moment
from lumen_action.incidents.machine import after
from lumen_action.incidents.older import older_incident
from lumen_action.incidents.words import Event, State
from lumen_action.model import Fact, FactKey, Kind, Trust

_EVENTS: Mapping[str, Event] = {event.value: event for event in Event}
_RANKS: Mapping[str, int] = {event.value: rank for rank, event in enumerate(Event)}

Name = tuple[str, str]


def incidents_in(facts: Iterable[Fact]) -> tuple[Incident, ...]:
    """Return every incident that trusted facts tell of, the one that was opened last at the end.

    What could not happen any more when it did, or does not say what it has to, stays in the timeline and changes
    nothing. Incidents that were merged in a circle, by people who did not see each other, are not lost: the last of
    these merges does not count.
    """
    groups: dict[Name, list[Fact]] = defaultdict(list)
    for fact in _once(facts):
        # What is of before there were events was known by its name alone.
        groups[fact.pipeline if "event" in fact.told else "", _name_of(fact)].append(fact)
    played = {name: _incident(name[1], group) for name, group in groups.items()}
    found = {name: incident for name, incident in played.items() if incident}
    refused: dict[Name, set[str]] = defaultdict(set)
    while circles := list(_circles(found)):
        for circle in circles:
            name = max(circle, key=lambda each: (_merged_ms(found[each]), each))
            refused[name].add(found[name].merged_into)
            again = _incident(name[1], groups[name], frozenset(refused[name]))
            found |= {name: again} if again else {}
    return tuple(sorted(found.values(), key=lambda each: (each.opened_ms, each.name, each.pipeline)))


def _once(facts: Iterable[Fact]) -> Iterable[Fact]:
    """Return each fact about incidents once, the same one where accounts differ."""
    kept: dict[FactKey, Fact] = {}
    for fact in facts:
        if fact.key.kind is Kind.INCIDENT and fact.trust is Trust.TRUSTED:
            known = kept.get(fact.key)
            if known is None or (known != fact and fact.encode() < known.encode()):
                kept[fact.key] = fact
    return kept.values()


def _name_of(fact: Fact) -> str:
    return fact.told.get("incident") or f"{fact.key.run}-{fact.key.stage}"


def _incident(name: str, facts: Iterable[Fact], apart: frozenset[str] = frozenset()) -> Incident | None:
    """Play the events in the order in which they happened; nothing happens before the opening.

    With the incidents that it is kept `apart` from, it is not merged.
    """
    ordered = sorted(facts, key=_order)
    opening = next((fact for fact in ordered if _opens(fact)), None)
    if opening is None:
        return None if "event" in ordered[0].told else older_incident(name, ordered)
    incident = _opened(opening)
    for fact in ordered:
        event = _EVENTS.get(fact.told.get("event", ""))
        if event and fact is not opening:
            incident = _met(incident, event, fact, refused=event is Event.MERGED and fact.told.get("into") in apart)
    return incident


def _order(fact: Fact) -> tuple[int, int, FactKey]:
    return (fact.ended_ms, _RANKS.get(fact.told.get("event", ""), -1), fact.key)


def _opens(fact: Fact) -> bool:
    return fact.told.get("event") == Event.OPENED.value and fact.told.get("severity", "") in SEVERITIES


def _opened(fact: Fact) -> Incident:
    told, opened_ms = fact.told, max(0, fact.ended_ms)
    severity = SEVERITIES[told["severity"]]
    detected_ms = min(whole(told.get("detected_ms", ""), opened_ms), opened_ms)
    first = Moment(
        opened_ms, Event.OPENED, told.get("actor", ""), told.get("text", ""), State.DETECTED, told=fact.details
    )
    incident = Incident(
        name=_name_of(fact),
        pipeline=fact.pipeline,
        title=told.get("title") or _name_of(fact),
        severity=severity,
        state=State.DETECTED,
        opened_ms=opened_ms,
        detected_ms=detected_ms,
        ack_due_ms=detected_ms + severity.response_ms,
        day=fact.day,
        region=told.get("region", ""),
        opened_by=told.get("by", "hand"),
        sameness=told.get("same", ""),
        summary=told.get("text", ""),
        components=listed(told.get("components", "")),
        moments=(first,),
    )
    return linked(alerted(incident, told, firing=True), told)


def _met(incident: Incident, event: Event, fact: Fact, *, refused: bool) -> Incident:
    told, at_ms = fact.told, max(fact.ended_ms, incident.opened_ms)
    state = None if refused or amiss(incident, event, told) else after(event, incident.state)
    moment = Moment(
        at_ms,
        event,
        told.get("actor", ""),
        told.get("text", ""),
        state or incident.state,
        counted=state is not None,
        told=fact.details,
    )
    incident = replace(incident, moments=(*incident.moments, moment), state=moment.state)
    return changed(incident, event, told, at_ms) if moment.counted else incident


def _circles(found: Mapping[Name, Incident]) -> Iterator[list[Name]]:
    """Yield the incidents that were merged in a circle, each circle once."""
    leads = {name: (name[0], each.merged_into) for name, each in found.items() if each.state is State.MERGED}
    seen: set[Name] = set()
    for start in leads:
        path: list[Name] = []
        name = start
        while name in leads and name not in seen:
            seen.add(name)
            path.append(name)
            name = leads[name]
        if name in path:
            yield path[path.index(name) :]


def _merged_ms(incident: Incident) -> int:
    last = incident.last_move
    return last.at_ms if last else incident.opened_ms
