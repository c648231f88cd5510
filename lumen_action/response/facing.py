"""What the issue of an incident looks like, and what it remembers of what was last written there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lumen_action.incidents.incident import Incident, LinkKind
from lumen_action.incidents.words import Severity, State
from lumen_action.ops.mirror.issues import LABEL, Face, Issue, labels_of
from lumen_action.ops.tickets.writing import END, marker, merged, titled
from lumen_action.summary.markdown import link, plain, prose
from lumen_action.summary.words import moment, place, took

STATE_LABEL = "state:"
_SEVERITIES = {word.value: word for word in Severity}
_STATES = {f"{STATE_LABEL}{word.value}": word for word in State}
_MEMORY = re.compile(
    r"^<!-- lumen:incident (?P<name>INC-[0-9A-Z-]+) (?P<turn>[0-9]{1,6}) (?P<severity>sev[1-4]) (?P<state>[a-z_]+)"
    r" (?P<open>open|closed) -->\s*$",
    re.MULTILINE,
)
_TEXT = 1000
_HOW = "{how}, or change a label `sev1` to `sev4` or `state:…`: the next `lumen incident mirror` puts that on record."
_WHILE_OPEN = "Assign yourself to take it, close the issue when it is resolved"
_AFTERWARDS = "Open the issue again when it is back"


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


def new_severities(issue: Issue, memory: Memory) -> list[Severity]:
    """Return the severities that somebody has put on an issue."""
    found = [_SEVERITIES[each] for each in sorted(labels_of(issue)) if each in _SEVERITIES]
    return [each for each in found if each is not memory.severity]


def new_states(issue: Issue, memory: Memory) -> list[str]:
    """Return the states that somebody has put on an issue, known or not."""
    return [
        each.removeprefix(STATE_LABEL)
        for each in sorted(labels_of(issue))
        if each.startswith(STATE_LABEL) and each != f"{STATE_LABEL}{memory.state.value}"
    ]


def face_of(incident: Incident, issue: Issue | None, clean: Callable[[str], str]) -> Face:
    """Return how the issue of an incident should look; what people wrote around our part stays, and their labels."""
    theirs = [each for each in (issue.labels if issue else ()) if not _ours(each)]
    labels = (LABEL, incident.severity.value, f"{STATE_LABEL}{incident.state.value}", *theirs)
    before = memory_in(issue.body) if issue else None
    memory = Memory(incident.name, 1, incident.severity, incident.state, incident.open)
    if issue and before:
        wanted = Face("", "", labels, incident.open)
        stands = (labels_of(issue), issue.open) == (labels_of(wanted), wanted.open)
        same = stands and before == replace(memory, turn=before.turn)
        memory = replace(memory, turn=before.turn + (not same))
    body = _body(incident, memory, clean)
    # Without the severity: a title stays as it is when that changes, and the label tells it.
    title = titled(f"{clean(incident.title)} ({incident.name})")
    return Face(title, merged(issue.body, body) if issue else body, labels, incident.open)


def remembers(face: Face, incident: Incident) -> bool:
    """Tell whether a face says in it what is written: where people left no room for that, it does not."""
    memory = memory_in(face.body)
    found = memory and (memory.name, memory.severity, memory.state, memory.open)
    return found == (incident.name, incident.severity, incident.state, incident.open)


def _ours(label: str) -> bool:
    word = label.casefold()
    return word == LABEL or word in _SEVERITIES or word.startswith(STATE_LABEL)


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
    postmortem = "owed" if incident.postmortem_owed else ""
    rows = (
        ("Pipeline", plain(f"{clean(incident.pipeline)}{place(clean(incident.region))}")),
        ("Components", plain(clean(", ".join(incident.components)))),
        ("Detected", moment(incident.detected_ms)),
        ("Opened by", plain(incident.opened_by)),
        ("To be acknowledged until", _deadline(incident)),
        ("Acknowledged", _acknowledged(incident)),
        ("Responders", taken),
        ("Mitigated", moment(incident.mitigated_ms)),
        ("Resolved", moment(incident.resolved_ms)),
        ("Cause", prose(clean(incident.cause), _TEXT)),
        ("Resolution", prose(clean(incident.resolution), _TEXT)),
        ("Part of", plain(incident.merged_into)),
        ("Postmortem", link("read it", clean(incident.postmortem)) if incident.postmortem else postmortem),
        ("Links", links),
    )
    said = (
        f"**{incident.severity.shown} · {incident.state.value.replace('_', ' ')}**: {plain(clean(incident.title))}",
        prose(clean(incident.summary), _TEXT),
        "\n".join(f"- {name}: {text}" for name, text in rows if text),
        _HOW.format(how=_WHILE_OPEN if incident.open else _AFTERWARDS),
    )
    mark = marker(hashlib.sha256(incident.name.encode()).hexdigest()[:16])
    return "\n\n".join([f"{mark}\n{remembered}", *filter(None, said), END])


def _deadline(incident: Incident) -> str:
    """Return until when somebody has to take it, as long as nobody has and somebody should."""
    if incident.acked_ms is not None or not incident.open:
        return ""
    late = "; **nobody has in time**" if incident.breach_told else ""
    return f"{moment(incident.ack_due_ms)}{late}"


def _acknowledged(incident: Incident) -> str:
    if incident.acked_ms is None:
        return ""
    over_ms = incident.acked_ms - incident.ack_due_ms
    return f"{moment(incident.acked_ms)}{f', **{took(over_ms)} late**' if over_ms > 0 else ''}"
