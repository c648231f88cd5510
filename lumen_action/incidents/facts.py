"""Events of incidents as facts.

All facts about the incidents of a pipeline lie under one run of the ledger, so that one look-up finds them, and each
has the day on which its incident was opened, so that one day has all of an incident.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone

from lumen_action.incidents.words import Event, Severity
from lumen_action.model import Fact, FactKey, Kind, Outcome, Source, Trust
from lumen_action.model.fact import MAX_FACT_BYTES, canonical, details

_LONGEST_IDENTITY = 200
_MOST_IDENTITY_BYTES = _LONGEST_IDENTITY + 20
# In a fact each of them would take six bytes.
_UNSEEN = {code: " " for code in (*range(0x20), 0x7F) if chr(code) not in "\n\t"}
_MOST_URL_BYTES = 1000
# What people write gives way when a fact gets too long; what the fold goes by never does.
_TEXT_BYTES = (1800, 900, 450, 200, 100, 0)
_KEPT_WHOLE = frozenset(
    {"incident", "event", "severity", "same", "mark", "alert", "into", "detected_ms", "due_ms", "times", "by"}
    | {"about", "action", "link_kind", "done"}
)
_IDENTITIES = ("same", "mark", "alert")


def incidents_run(pipeline: str) -> str:
    """Return under which run the ledger finds the incidents of a pipeline."""
    return f"incidents {pipeline}"


def incident_name(opened_ms: int, sameness: str, token: str) -> str:
    """Return the name of a new incident: two regions that open one in the same second do not get the same."""
    moment = datetime.fromtimestamp(max(0, opened_ms) // 1000, timezone.utc)
    letters = base64.b32encode(hashlib.sha256(f"{sameness}\n{token}".encode(errors="replace")).digest()).decode()
    return f"INC-{moment:%Y%m%d-%H%M%S}-{letters[:4]}"


def identity(text: str) -> str:
    """Return a word by which things are known to be the same, as a fact keeps it: a long one ends with its digest."""
    kept = text.translate(_UNSEEN).encode(errors="replace")
    if len(kept) <= _LONGEST_IDENTITY:
        return kept.decode()
    return f"{kept[:_LONGEST_IDENTITY].decode(errors='ignore')}…{hashlib.sha256(kept).hexdigest()[:16]}"


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
    mark = hashlib.sha256(identity(sameness).encode()).hexdigest()[:16]
    said = {**told, "incident": name, "event": Event.OPENED.value, "severity": severity.value, "same": sameness}
    return _fact(pipeline, f"{Event.OPENED.value}.{mark}.{generation}", day, at_ms, said, trust)


def event_fact(
    pipeline: str,
    name: str,
    event: Event,
    *,
    day: str,
    at_ms: int,
    mark: str,
    told: Mapping[str, str],
    place: int | None = None,
) -> Fact:
    """Return the fact that something happened to an incident; the same `mark` is the same event, told once.

    With a `place` it is the so-manieth change of the incident's state: of those who change it at the same time, the
    first does.
    """
    said = {**told, "incident": name, "event": event.value, "mark": mark}
    digest = hashlib.sha256(identity(mark).encode()).hexdigest()[:16]
    stage = f"{name}.{event.value}.{digest}" if place is None else f"{name}.move.{place}"
    return _fact(pipeline, stage, day, at_ms, said, Trust.TRUSTED)


def _fact(pipeline: str, stage: str, day: str, at_ms: int, told: Mapping[str, str], trust: Trust) -> Fact:
    said = {name: identity(text) if name in _IDENTITIES else text for name, text in told.items()}
    if len(said.get("link_url", "").encode(errors="replace")) > _MOST_URL_BYTES:
        said["link_url"] = ""  # a part of an address leads nowhere
    fact = Fact(
        key=FactKey("lumen", "", pipeline, incidents_run(pipeline), 1, "", "", Kind.INCIDENT, stage),
        pipeline=pipeline,
        day=day,
        outcome=Outcome.SUCCESS,
        observed_at_ms=at_ms,
        source=Source.API,
        trust=trust,
    )
    for most in _TEXT_BYTES:
        fact = replace(fact, details=details(_clipped(said, most)))
        if len(canonical(fact.body())) <= MAX_FACT_BYTES:
            break
    return fact


def _clipped(told: Mapping[str, str], most: int) -> Mapping[str, str]:
    whole = max(most, _MOST_IDENTITY_BYTES)
    kept = {name: _text(text, whole if name in _KEPT_WHOLE else most) for name, text in told.items()}
    components = kept.get("components", "")
    if components.endswith("…"):
        kept["components"] = components.rpartition(",")[0]
    return kept


def _text(text: str, most: int) -> str:
    kept = text.translate(_UNSEEN).encode(errors="replace")
    if len(kept) <= most:
        return kept.decode()
    return kept[: most - 3].decode(errors="ignore") + "…" if most else ""
