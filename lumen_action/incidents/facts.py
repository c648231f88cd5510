"""Events of incidents as facts.

All facts about the incidents of a pipeline lie under one run of the ledger, so that one look-up finds them, and each
has the day on which its incident was opened, so that one day has all of an incident.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timezone

from lumen_action.incidents.words import Event, Severity
from lumen_action.model import Fact, FactKey, Kind, Outcome, Source, Trust
from lumen_action.model.fact import details

_MOST_TEXT_BYTES = 1800


def incidents_run(pipeline: str) -> str:
    """Return under which run the ledger finds the incidents of a pipeline."""
    return f"incidents {pipeline}"


def incident_name(opened_ms: int, sameness: str, token: str) -> str:
    """Return the name of a new incident: two regions that open one in the same second do not get the same."""
    moment = datetime.fromtimestamp(opened_ms // 1000, timezone.utc)
    letters = base64.b32encode(hashlib.sha256(f"{sameness}\n{token}".encode()).digest()).decode()
    return f"INC-{moment:%Y%m%d-%H%M%S}-{letters[:4]}"


def opening_fact(  # noqa: PLR0913 - what an opening says
    pipeline: str,
    name: str,
    *,
    day: str,
    at_ms: int,
    severity: Severity,
    sameness: str,
    generation: int,
    told: Mapping[str, str],
    trust: Trust = Trust.TRUSTED,
) -> Fact:
    """Return the fact that an incident begins.

    Its key has no name in it: of all who meet the same at the same time, the first opens the incident. `generation` is
    how many incidents of this sameness there were before.
    """
    mark = hashlib.sha256(sameness.encode()).hexdigest()[:16]
    said = {**told, "incident": name, "event": Event.OPENED.value, "severity": severity.value, "same": sameness}
    return _fact(pipeline, f"{Event.OPENED.value}.{mark}.{generation}", day, at_ms, said, trust)


def event_fact(
    pipeline: str, name: str, event: Event, *, day: str, at_ms: int, mark: str, told: Mapping[str, str]
) -> Fact:
    """Return the fact that something happened to an incident; the same `mark` is the same event, told once."""
    said = {**told, "incident": name, "event": event.value}
    digest = hashlib.sha256(mark.encode()).hexdigest()[:16]
    return _fact(pipeline, f"{name}.{event.value}.{digest}", day, at_ms, said, Trust.TRUSTED)


def _fact(pipeline: str, stage: str, day: str, at_ms: int, told: Mapping[str, str], trust: Trust) -> Fact:
    return Fact(
        key=FactKey("lumen", "", pipeline, incidents_run(pipeline), 1, "", "", Kind.INCIDENT, stage),
        pipeline=pipeline,
        day=day,
        outcome=Outcome.SUCCESS,
        observed_at_ms=at_ms,
        source=Source.API,
        trust=trust,
        details=details({name: _clipped(text) for name, text in told.items()}),
    )


def _clipped(text: str) -> str:
    kept = text.encode(errors="replace")
    if len(kept) <= _MOST_TEXT_BYTES:
        return kept.decode()
    return kept[: _MOST_TEXT_BYTES - 3].decode(errors="ignore") + "…"
