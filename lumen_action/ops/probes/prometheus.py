"""A query that Prometheus answers, and what each value of the answer has to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from lumen_action.health.check import Check, Status
from lumen_action.ops.probes.asking import ask
from lumen_action.ops.probes.seen import Around, Seen, failed, passed
from lumen_action.promserver import Labels, vector

_MOST_NAMED = 3


def look(check: Check, around: Around) -> Seen:
    """Ask once, at the moment of the server's own clock."""
    url = check.text("url") or around.prometheus.url
    if not url:
        return failed("no Prometheus is known", "give `url`, or set `prometheus-url` in lumen.yml")
    access = replace(around.prometheus.access(url), timeout_seconds=check.timeout_seconds)
    answered = ask(access.request("/api/v1/query", {"query": check.text("query")}))
    if not answered.good:
        return failed(answered.why, "start Prometheus, or correct `url` and `query`")
    return _answered(check, access.name, answered.document if isinstance(answered.document, dict) else {})


def _answered(check: Check, name: str, document: Mapping[str, object]) -> Seen:
    if document.get("status") == "error":
        return failed(f"{name} says: {document.get('error')}", "look at its log, or correct `query`")
    try:
        found = vector(document)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        return failed(f"{name} answered something else than a Prometheus does", "correct `url`")
    if not found:
        told = "empty: no series answers the query"
        status = Status(check.text("empty") or Status.FAIL.value)
        return Seen(status, told, fix="look whether it is scraped") if status is not Status.PASS else passed()
    judged, doubts = _judged(check, found), document.get("warnings")
    if doubts and judged.status is Status.PASS:
        return Seen(Status.WARN, f"{name} warns that its answer is not whole: {doubts}", fix="look at its log")
    return judged


def _judged(check: Check, found: list[tuple[Labels, float]]) -> Seen:
    faults = []
    for labels, value in found:
        # What is infinite is no JSON.
        document = {
            "value": value if math.isfinite(value) else str(value),
            "labels": dict(labels),
            "series": len(found),
        }
        why = next(filter(None, (each.failing(document) for each in check.expect)), "")
        why = "is no number" if math.isnan(value) else why
        if why:
            faults.append((f"{_named(labels)}{why}", value))
    if not faults:
        return passed(_finite(found[0][1]))
    more = f"; and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
    told = "; ".join(why for why, _ in faults[:_MOST_NAMED])
    return failed(f"{told}{more}", "", _finite(faults[0][1]))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _named(labels: Mapping[str, str]) -> str:
    said = ",".join(f"{name}={value}" for name, value in sorted(labels.items()) if name != "__name__")
    return f"{{{said}}}: "[:120] if said else ""
