"""Incidents of before there were events: each fact names a state, and those of a companion not even that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lumen_action.incidents.incident import Incident, Link, LinkKind
from lumen_action.incidents.words import Severity, State
from lumen_action.model import Fact

# Nobody closes what a companion opened: it counts as bad for the day in which the failure was everywhere.
_UNTOLD_SEVERITY = Severity.SEV2
_UNTOLD_OPEN_MS = 24 * 3_600_000
_STATES: Mapping[str, State] = {
    **{state.value: state for state in State},
    "postmortem_done": State.POSTMORTEM,
}


def older_incident(name: str, facts: Sequence[Fact]) -> Incident:
    """Return the incident as its latest facts tell of it, given in the order of time."""
    first, last = facts[0], facts[-1]
    severity = _severity(_latest(facts, "severity"))
    state = _latest(facts, "state").lower()
    opened_ms = max(0, first.ended_ms)
    failure = next((fact.failure for fact in facts if fact.failure), None)
    url = _latest(facts, "url") or first.url
    return Incident(
        name=name,
        pipeline=first.pipeline,
        title=_latest(facts, "title") or (failure.evidence or failure.name if failure else ""),
        severity=severity,
        state=_STATES.get(state, State.DETECTED),
        opened_ms=opened_ms,
        detected_ms=opened_ms,
        ack_due_ms=opened_ms + severity.response_ms,
        day=first.day,
        region=first.key.region,
        links=(Link(LinkKind.OTHER, "", url),) if url else (),
        older=True,
        lapses_ms=None if state else max(0, last.ended_ms) + _UNTOLD_OPEN_MS,
    )


def _latest(facts: Sequence[Fact], word: str) -> str:
    return next((fact.told[word] for fact in reversed(facts) if word in fact.told), "")


def _severity(text: str) -> Severity:
    number = re.search(r"[0-9]{1,3}", text)
    if number is None:
        return _UNTOLD_SEVERITY
    ranks = {severity.rank: severity for severity in Severity}
    return ranks[min(max(int(number[0]), min(ranks)), max(ranks))]
