"""What Alertmanager's webhook sends, short to write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from facts import NOON

from lumen_action.model.instants import stamp

NEVER = "0001-01-01T00:00:00Z"


def alert(
    name: str = "LumenFailing",
    *,
    starts: int = NOON,
    ends: int | None = None,
    severity: str = "ticket",
    pipeline: str = "nightly",
    fingerprint: str = "",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    own = {"pipeline": pipeline} if pipeline else {}
    return {
        "status": "firing" if ends is None else "resolved",
        "labels": {"alertname": name, "severity": severity, **own, **(labels or {})},
        "annotations": {"summary": f"{name} of {pipeline}", **(annotations or {})},
        "startsAt": stamp(starts),
        "endsAt": NEVER if ends is None else stamp(ends),
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up",
        "fingerprint": fingerprint or f"{name.lower()}0000",
    }


def payload(*alerts: Mapping[str, Any], **more: object) -> bytes:
    firing = any(each.get("status") == "firing" for each in alerts)
    return json.dumps(
        {
            "version": "4",
            "groupKey": "{}:{}",
            "truncatedAlerts": 0,
            "status": "firing" if firing else "resolved",
            "receiver": "lumen",
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example:9093",
            "alerts": list(alerts),
            **more,
        }
    ).encode()
