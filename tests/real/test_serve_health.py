"""`lumen serve` as a process of its own: its checks, what they leave in the ledger, and the alerts it takes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import servers
from liars import page, saying, talking
from servedledger import Storm, start_serve

from lumen_action.commands.incident.receiving import TOKEN
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import Fact, Kind

CHECKS = """checks:
  - {{name: model, kind: llm, model: small, url: 'http://127.0.0.1:{port}/', status-at: status}}
  - {{name: ledger, kind: ledger}}
  - {{name: cache, kind: tcp, host: 127.0.0.1, port: 1, critical: false, tries: 2}}
"""
STORM = {
    "version": "4",
    "status": "firing",
    "groupKey": '{}:{alertname="LumenDayLost"}',
    "commonLabels": {"alertname": "LumenDayLost", "severity": "page", "pipeline": "nightly"},
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "LumenDayLost", "severity": "page", "pipeline": "nightly"},
            "annotations": {"summary": "the day is lost"},
            "startsAt": "2026-01-02T12:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "c0ffee",
        }
    ],
}


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, sent), timeout=20) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read() or b"null")


def kept(storm: Storm, kind: Kind) -> list[Fact]:
    ledger = open_ledger(storm.url)
    found = [fact for fact in ledger.scan() if fact.key.kind is kind]
    ledger.close()
    return found


@pytest.fixture
def storm(tmp_path: Path) -> Storm:
    made = Storm(tmp_path)
    made.go_on(3)
    return made


def test_components_and_models_are_looked_at_in_the_background_and_recorded(
    storm: Storm, tmp_path: Path, running: Callable[..., servers.Server]
) -> None:
    with talking(saying(page(b'{"status": "degraded"}'))) as port:
        (tmp_path / "health.yml").write_text(CHECKS.format(port=port))
        more = ("--checks", str(tmp_path / "health.yml"), "--check-every", "0.2", "--record", "--pipeline", "nightly")
        served = running(start_serve, storm.url, *more)

        def components() -> dict[str, Any]:
            return dict(ask(f"{served.url}/health/components")[1]["components"])

        servers.wait_until("the first round is done", lambda: ask(f"{served.url}/health/ready")[0] == 200)
        servers.wait_until("the ledger is seen", lambda: components()["ledger"]["status"] == "healthy")
        servers.wait_until("the second try fails", lambda: components()["cache"]["status"] == "unhealthy")
        status, model = ask(f"{served.url}/health/llm?model=small")
        assert (status, model["status"], model["message"]) == (200, "degraded", 'says "degraded" of itself')
        assert ask(f"{served.url}/health/components")[1]["status"] == "degraded"
        assert ask(f"{served.url}/health/live") == (200, {"status": "healthy"})
    servers.wait_until("it is down", lambda: ask(f"{served.url}/health/llm/all")[0] == 503)
    found = {(fact.key.stage, fact.told["verdict"]) for fact in kept(storm, Kind.CHECK)}
    assert found >= {("health.model", "warn"), ("health.model", "fail"), ("health.cache", "fail")}
    assert len(kept(storm, Kind.CHECK)) < 12


def test_an_alert_opens_an_incident_and_nobody_gets_in_without_the_token(
    storm: Storm, running: Callable[..., servers.Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "let-me-in")
    served = running(start_serve, storm.url, "--take-alerts", "--pipeline", "nightly")
    alerts, body = f"{served.url}/alerts", json.dumps(STORM).encode()
    assert ask(alerts, body, Content_Type="application/json", Authorization="Bearer guess")[0] == 401
    assert kept(storm, Kind.INCIDENT) == []
    status, answer = ask(alerts, body, Content_Type="application/json", Authorization="Bearer let-me-in")
    assert (status, [each["created"] for each in answer["incidents"]]) == (200, [True])
    again = ask(alerts, body, Content_Type="application/json", Authorization="Bearer let-me-in")[1]
    assert [each["created"] for each in again["incidents"]] == [False]
    assert ask(alerts, b"{", Content_Type="application/json", Authorization="Bearer let-me-in")[0] == 400
    assert kept(storm, Kind.INCIDENT) != []
