"""A real Alertmanager and its webhook: a storm is one incident, a ledger that was away is caught up with."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import alerting
import loopback
import pytest
import servers
from servedledger import start_serve

from lumen_action.commands import World
from lumen_action.commands.incident.receiving import TOKEN, Receiver
from lumen_action.http import Http, Request
from lumen_action.incidents.incident import Incident
from lumen_action.ledger.opening import Place, open_ledger
from lumen_action.response.incidents import Incidents
from lumen_action.sli.days import Calendar

pytestmark = pytest.mark.slow
Running = Callable[..., servers.Server]
DOCUMENT = Path(__file__).parents[2] / "docs" / "incidents.md"
_WAITS = """
global: {resolve_timeout: 1m}
route: {receiver: lumen, group_by: [alertname, pipeline], group_wait: 200ms, group_interval: 500ms, repeat_interval: 2s}
"""


@dataclass
class Door:
    """Takes what Alertmanager sends as `lumen serve` does, and keeps what was answered."""

    folder: Path
    statuses: list[int] = field(default_factory=list)
    away: bool = False

    def take(self, request: loopback.Quiet) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        place = self.folder / ("lumen.yml/away.db" if self.away else "ledger.db")
        env = {TOKEN: "token-of-the-hook", "LUMEN_STATE_DIR": str(self.folder / "state")}
        receiver = Receiver({"ledger": f"sqlite:{place}"}, World(env=env, folder=self.folder))
        status, answer = receiver.take(body, request.headers["Authorization"] or "")
        self.statuses.append(status)
        request.reply(status, {"Content-Type": "application/json"}, answer)

    def incidents(self, url: str = "") -> tuple[Incident, ...]:
        place = Place(env={}, cache=self.folder / "cache", dies_with_job=())
        ledger = open_ledger(url or f"sqlite:{self.folder / 'ledger.db'}", place)
        try:
            return Incidents(ledger, "nightly", Calendar(), lambda: 0, lambda: "").all()
        finally:
            ledger.close()

    def until(self, holds: Callable[[tuple[Incident, ...]], object], url: str = "") -> tuple[Incident, ...]:
        end = time.monotonic() + 60
        while not holds(found := self.incidents(url)):
            assert time.monotonic() < end, (found, self.statuses)
            time.sleep(0.1)
        return found


@pytest.fixture
def door(tmp_path: Path) -> Door:
    (tmp_path / "lumen.yml").write_text("pipeline: nightly\n", encoding="utf-8")
    return Door(tmp_path)


@pytest.fixture
def manager(running: Running, door: Door) -> Iterator[servers.Server]:
    with loopback.answering(door.take) as url:
        yield running(alerting.start_alertmanager, configured(door.folder, url))


def configured(folder: Path, url: str) -> Path:
    """Return the configuration that our document shows, with shorter waits."""
    text = DOCUMENT.read_text(encoding="utf-8")
    receiver = text[text.index("receivers:\n- name: lumen") :].partition("```")[0]
    (folder / "token").write_text("token-of-the-hook", encoding="utf-8")
    receiver = receiver.replace("http://lumen.example:9469", url)
    receiver = receiver.replace("/etc/alertmanager/lumen-token", str(folder / "token"))
    file = folder / "alertmanager.yml"
    file.write_text(f"{_WAITS}{receiver}", encoding="utf-8")
    return file


def fire(manager: servers.Server, *names: str, severity: str = "ticket", over: bool = False) -> None:
    now = datetime.now(timezone.utc)
    alerts = [
        {
            "labels": {"alertname": name, "pipeline": "nightly", "severity": severity},
            "annotations": {"summary": f"{name} <!channel> | $(reboot)"},
            "startsAt": (now - timedelta(minutes=1)).isoformat(),
            **({"endsAt": now.isoformat()} if over else {}),
        }
        for name in names
    ]
    headers = {"Content-Type": "application/json"}
    http = Http()
    http.send(Request("POST", f"{manager.url}/api/v2/alerts", body=json.dumps(alerts).encode(), headers=headers))
    http.close()


def test_groups_and_repeats_of_a_storm_are_one_incident_that_gets_worse_and_ends(
    manager: servers.Server, door: Door
) -> None:
    fire(manager, *(f"A{n}" for n in range(5)))
    (incident,) = door.until(lambda found: found and len(found[0].firing) == 5)
    assert (incident.severity.value, incident.seen) == ("sev3", 5)
    sent = len(door.statuses)
    door.until(lambda _: len(door.statuses) >= sent + 5)
    assert door.incidents() == (incident,)
    fire(manager, "P", severity="page")
    (worse,) = door.until(lambda found: found[0].severity.value == "sev2")
    assert len(worse.firing) == 6
    fire(manager, *(f"A{n}" for n in range(5)), over=True)
    fire(manager, "P", severity="page", over=True)
    (over,) = door.until(lambda found: not found[0].firing)
    assert (over.name, over.state.value, set(door.statuses)) == (incident.name, "detected", {200})


def test_what_fired_while_the_ledger_was_away_is_caught_up_with(manager: servers.Server, door: Door) -> None:
    door.away = True
    fire(manager, "A")
    door.until(lambda _: 503 in door.statuses)
    door.away = False
    (incident,) = door.until(bool)
    assert (len(incident.firing), door.statuses[-1]) == (1, 200)


RUNBOOK = """
title: Mend it
means: It broke.
triggers:
- {alert: A0, cooldown: 1h, most_a_day: 2, means: it broke, look_first: there, do: this, resolves: at once}
drill: {}
steps:
- {name: mend, title: Mend it, command: [sh, -c, "echo mended >> mended"]}
"""


@pytest.mark.parametrize("kind", ["sqlite", "git"])
def test_a_server_that_is_killed_in_a_storm_opens_one_incident_and_starts_one_runbook(
    running: Running, door: Door, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv(TOKEN, "token-of-the-hook")
    monkeypatch.setenv("LUMEN_STATE_DIR", str(door.folder / "state"))
    (door.folder / "runbooks").mkdir()
    (door.folder / "runbooks" / "mend.yml").write_text(RUNBOOK, encoding="utf-8")
    (door.folder / "lumen.yml").write_text(
        "pipeline: nightly\nrunbooks: {folder: runbooks, automatic: [mend]}\n", encoding="utf-8"
    )
    subprocess.run(["git", "init", "--quiet", "--bare", str(door.folder / "app.git")], check=True)
    url = f"git:{door.folder / 'app.git'}" if kind == "git" else f"sqlite:{door.folder / 'ledger.db'}"

    def serve(listen: str) -> servers.Server:
        return running(start_serve, url, "--take-alerts", "--listen", listen, folder=door.folder)

    first = serve("127.0.0.1:0")
    manager = running(alerting.start_alertmanager, configured(door.folder, first.url))
    fire(manager, *(f"A{n}" for n in range(4)))
    door.until(bool, url)
    first.process.kill()
    fire(manager, *(f"B{n}" for n in range(4)), severity="page")
    serve(first.url.removeprefix("http://"))
    (incident,) = door.until(lambda found: len(found[0].firing) == 8, url)
    assert (incident.severity.value, incident.seen) == ("sev2", 8)
    door.until(lambda _: (door.folder / "mended").exists(), url)
    sent = time.monotonic() + 5
    (again,) = door.until(lambda _: time.monotonic() > sent, url)
    assert (again.firing, again.seen) == (incident.firing, incident.seen)
    assert (door.folder / "mended").read_text(encoding="utf-8") == "mended\n"
