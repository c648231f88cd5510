"""What the issue of an incident looks like, and what it remembers of what was last written there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from lumen_action.incidents.incident import Incident, LinkKind
from lumen_action.incidents.words import Severity, State
from lumen_action.ops.mirror.issues import LABEL, Face, Issue
from lumen_action.ops.tickets.writing import END, marker, merged, titled
from lumen_action.summary.markdown import link, plain, prose
from lumen_action.summary.words import moment, place

STATE_LABEL = "state:"
_SEVERITIES = {word.value: word for word in Severity}
_STATES = {f"{STATE_LABEL}{word.value}": word for word in State}
_MEMORY = re.compile(
    r"^<!-- lumen:incident (?P<name>INC-[0-9A-Z-]+) (?P<turn>[0-9]{1,6}) (?P<severity>sev[1-4]) (?P<state>[a-z_]+)"
    r" (?P<open>open|closed) -->\s*$",
    re.MULTILINE,
)
_TEXT = 1000
_HOW = (
    "Assign yourself to take it, change a label `sev1` to `sev4` or `state:…`, close the issue when it is resolved: "
    "the next `lumen incident mirror` puts that on record."
)


@dataclass(frozen=True)
class Memory:
    """What was last written to an issue: what differs from it now, a person has changed there."""

    name: str
    turn: int
    """Grows each time the labels or the state are written, so that the same change of a person is another event."""
    severity: Severity
    state: State
    open: bool


def memory_in(body: str) -> Memory | None:
    """Return what an issue remembers, None where it is none of ours."""
    found = _MEMORY.search(body)
    state = _STATES.get(f"{STATE_LABEL}{found['state']}") if found else None
    if found is None or state is None:
        return None
    severity = _SEVERITIES[found["severity"]]
    return Memory(found["name"], int(found["turn"]), severity, state, found["open"] == "open")


def new_severities(labels: Collection[str], memory: Memory) -> list[Severity]:
    """Return the severities that somebody has put on an issue."""
    return [_SEVERITIES[each] for each in labels if each in _SEVERITIES and _SEVERITIES[each] is not memory.severity]


def new_states(labels: Collection[str], memory: Memory) -> list[str]:
    """Return the states that somebody has put on an issue, known or not."""
    return [
        each.removeprefix(STATE_LABEL)
        for each in labels
        if each.startswith(STATE_LABEL) and each != f"{STATE_LABEL}{memory.state.value}"
    ]


def face_of(incident: Incident, issue: Issue | None, clean: Callable[[str], str]) -> Face:
    """Return how the issue of an incident should look; what people wrote around our part stays, and their labels."""
    theirs = [each for each in (issue.labels if issue else ()) if not _ours(each)]
    labels = (LABEL, incident.severity.value, f"{STATE_LABEL}{incident.state.value}", *theirs)
    before = memory_in(issue.body) if issue else None
    memory = Memory(incident.name, 1, incident.severity, incident.state, incident.open)
    if issue and before:
        stands = (set(issue.labels), issue.open) == (set(labels), incident.open)
        same = stands and before == replace(memory, turn=before.turn)
        memory = replace(memory, turn=before.turn + (not same))
    body = _body(incident, memory, clean)
    title = titled(f"{incident.severity.shown}: {clean(incident.title)} ({incident.name})")
    return Face(title, merged(issue.body, body) if issue else body, labels, incident.open)


def differs(issue: Issue, face: Face) -> bool:
    """Tell whether an issue does not look as it should."""
    return (issue.body, set(issue.labels), issue.open) != (face.body, set(face.labels), face.open)


def _ours(label: str) -> bool:
    return label == LABEL or label in _SEVERITIES or label.startswith(STATE_LABEL)


def _body(incident: Incident, memory: Memory, clean: Callable[[str], str]) -> str:
    state = "open" if memory.open else "closed"
    remembered = (
        f"<!-- lumen:incident {memory.name} {memory.turn} {memory.severity.value} {memory.state.value} {state} -->"
    )
    taken = ", ".join(plain(clean(each)) for each in incident.responders)
    links = ", ".join(
        link(clean(f"{each.kind.value} {each.name}"), clean(each.url))
        for each in incident.links
        if each.kind is not LinkKind.ISSUE
    )
    due = moment(incident.ack_due_ms)
    rows = (
        ("Pipeline", plain(f"{clean(incident.pipeline)}{place(clean(incident.region))}")),
        ("Components", plain(clean(", ".join(incident.components)))),
        ("Detected", moment(incident.detected_ms)),
        ("To be acknowledged until", "" if incident.acked_ms is not None else due),
        ("Acknowledged", moment(incident.acked_ms)),
        ("Responders", taken),
        ("Mitigated", moment(incident.mitigated_ms)),
        ("Resolved", moment(incident.resolved_ms)),
        ("Cause", prose(clean(incident.cause), _TEXT)),
        ("Resolution", prose(clean(incident.resolution), _TEXT)),
        ("Part of", plain(incident.merged_into)),
        ("Postmortem", link("read it", clean(incident.postmortem))),
        ("Links", links),
    )
    said = (
        f"**{incident.severity.shown} · {incident.state.value.replace('_', ' ')}**: {plain(clean(incident.title))}",
        prose(clean(incident.summary), _TEXT),
        "\n".join(f"- {name}: {text}" for name, text in rows if text),
        _HOW,
    )
    mark = marker(hashlib.sha256(incident.name.encode()).hexdigest()[:16])
    return "\n\n".join([f"{mark}\n{remembered}", *filter(None, said), END])
