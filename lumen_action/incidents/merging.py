"""What an incident gives to the one it is part of, and which that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lumen_action.incidents.guards import Told
from lumen_action.incidents.incident import Incident, LinkKind
from lumen_action.incidents.words import Event, State


def carried(merged: Incident, into: Incident) -> Iterator[tuple[Event, Told, str]]:
    """Yield what happens to the other one: event, what it says, and the mark by which it happens once."""
    whence = {"actor": "lumen", "text": f"{merged.name} is part of this: {merged.title}"}
    itself = {
        "times": str(merged.seen),
        "components": ",".join(merged.components),
        "link_kind": LinkKind.OTHER.value,
        "link_name": merged.name,
    }
    yield Event.SEEN, {**whence, **itself}, f"merged {merged.name}"
    for alert in merged.firing:
        yield Event.SEEN, {**whence, "times": "0", "alert": alert}, f"merged {merged.name} {alert}"
    for link in merged.links:
        place = {"link_kind": link.kind.value, "link_name": link.name, "link_url": link.url}
        yield Event.LINKED, {**whence, **place}, f"merged {merged.name} {' '.join(place.values())}"
    if merged.severity.rank < into.severity.rank:
        yield Event.SEVERITY, {**whence, "severity": merged.severity.value}, f"merged {merged.name}"


def leading(known: Sequence[Incident], incident: Incident) -> Incident:
    """Return what an incident was merged into at last, itself where it was not."""
    names = {each.name: each for each in known}
    while incident.state is State.MERGED and incident.merged_into in names:
        incident = names[incident.merged_into]
    return incident


def going_on(known: Sequence[Incident], sameness: str) -> Incident | None:
    """Return the incident of a sameness that is not over, also where it is part of another; None without one."""
    same = [leading(known, incident) for incident in known if sameness and incident.sameness == sameness]
    return next((incident for incident in reversed(same) if not incident.over), None)
