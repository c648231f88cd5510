"""What was found in the shape of the seed, and as the draft of health+json has it."""

from __future__ import annotations

from facts import NOON

from lumen_action.health.check import Check, Finding, ProbeKind, Status
from lumen_action.health.plain import draft_shape, seed_shape

CERTIFICATE = Finding(
    Check("tls", ProbeKind.TLS, critical=False),
    Status.WARN,
    NOON,
    31,
    "ends in 9 days",
    9.25,
    "days",
    NOON + 5,
    "renew it",
)
GATEWAY = Finding(Check("gateway", ProbeKind.HTTP), Status.PASS, NOON + 1000, 12)


def test_the_shape_of_the_seed_has_its_words_and_says_how_old_it_is() -> None:
    shape = seed_shape([CERTIFICATE, GATEWAY], Status.WARN, NOON + 4000)
    assert shape["status"] == "degraded"
    assert shape["age_seconds"] == 4.0
    assert shape["components"] == {
        "tls": {
            "status": "degraded",
            "kind": "tls",
            "critical": False,
            "latency_ms": 31,
            "checked_at": "2026-01-02T12:00:00Z",
            "age_seconds": 4.0,
            "message": "ends in 9 days",
            "fix": "renew it",
            "value": 9.25,
            "unit": "days",
            "expires_at": "2026-01-02T12:00:00Z",
        },
        "gateway": {
            "status": "healthy",
            "kind": "http",
            "critical": True,
            "latency_ms": 12,
            "checked_at": "2026-01-02T12:00:01Z",
            "age_seconds": 3.0,
        },
    }


def test_the_draft_has_output_only_where_something_is_no_pass() -> None:
    shape = draft_shape([CERTIFICATE, GATEWAY], Status.WARN)
    assert shape == {
        "status": "warn",
        "checks": {
            "tls": [
                {
                    "componentType": "tls",
                    "status": "warn",
                    "time": "2026-01-02T12:00:00Z",
                    "observedValue": 9.25,
                    "observedUnit": "days",
                    "output": "ends in 9 days",
                }
            ],
            "gateway": [{"componentType": "http", "status": "pass", "time": "2026-01-02T12:00:01Z"}],
        },
    }
