"""An incident that nobody takes and a silence, from the command line through a Pushgateway to a real Prometheus."""

from __future__ import annotations

import io
import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import alerting
import pytest
import servers
from facts import fact
from scenarios import LUMEN

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.incidents.words import Event, Severity
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Kind, Outcome
from lumen_action.model.fact import details
from lumen_action.response.incidents import Incidents, Opening
from lumen_action.sli.days import Calendar

pytestmark = pytest.mark.slow
UNACKNOWLEDGED, FAILING, SUPPRESSED = "LumenIncidentUnacknowledged", "LumenHealthFailing", "LumenSuppressed"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Team:
    """A ledger whose totals are pushed."""

    folder: Path
    pushgateway: str

    def lumen(self, *words: str) -> str:
        out, err = io.StringIO(), io.StringIO()
        env = {"LUMEN_STATE_DIR": str(self.folder / "state"), "USER": "alice"}
        world = World(env=env, folder=self.folder, stdout=out, stderr=err)
        where = ("--ledger", f"sqlite:{self.folder / 'ledger.db'}", "--pushgateway-url", self.pushgateway)
        assert main([*words, "--pipeline", "nightly", *where], world) == 0, err.getvalue()
        return out.getvalue()

    def answer(self, *words: str) -> Any:  # noqa: ANN401
        return json.loads(self.lumen(*words, "--json"))

    def desk(self) -> Incidents:
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        return Incidents(ledger, "nightly", Calendar(), now_ms, lambda: "token")


@pytest.fixture
def team(tmp_path: Path, pushgateway: servers.Server) -> Team:
    return Team(tmp_path, pushgateway.url)


def test_an_incident_pages_until_it_is_taken_and_a_silence_mutes_the_rest_until_it_is_ended(
    team: Team, pushgateway: servers.Server, running: Callable[..., servers.Server]
) -> None:
    prometheus = running(servers.start_prometheus, pushgateway.url, LUMEN)
    desk = team.desk()
    at = now_ms()
    day = desk.calendar.day_of(at)
    desk.ledger.put(fact(at=at - 1000, day=day))
    failed = fact("health.registry", Outcome.FAILURE, at=at, day=day, kind=Kind.CHECK)
    told = details({"verdict": "fail", "kind": "http", "latency_ms": "30", "said": "refused"})
    desk.ledger.put(replace(failed, failure=None, details=told))
    opening = Opening("uploads fail", Severity.SEV1, "uploads", actor="alice", detected_ms=at - 3_600_000)
    incident = desk.report(opening).incident

    def fires(*names: str) -> None:
        def found() -> set[str]:
            firing = servers.query(prometheus, 'ALERTS{pipeline="nightly",alertstate="firing"}')
            return {dict(labels)["alertname"] for labels in firing} & {UNACKNOWLEDGED, FAILING, SUPPRESSED}

        servers.wait_until(f"{names} fire", lambda: found() == set(names))

    team.lumen("publish")
    fires(UNACKNOWLEDGED, FAILING)
    (page,) = servers.query(prometheus, f'ALERTS{{alertname="{UNACKNOWLEDGED}"}}')
    assert ("incident", incident.name) in page

    name = team.answer("silence", "--for", "1h", "--reason", "the registry moves")["name"]
    fires(UNACKNOWLEDGED, SUPPRESSED)

    desk.happened(incident, Event.ACKNOWLEDGED, {"actor": "bob", "responder": "bob"})
    team.lumen("publish")
    fires(SUPPRESSED)

    team.lumen("silence", "end", name)
    fires(FAILING)
    desk.ledger.close()


def test_a_silence_that_is_planned_begins_and_ends_without_another_publish(
    team: Team, pushgateway: servers.Server, running: Callable[..., servers.Server]
) -> None:
    prometheus = running(servers.start_prometheus, pushgateway.url, LUMEN)
    begins, ends = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + after)) for after in (4, 9))
    team.lumen("silence", "--from", begins, "--until", ends, "--reason", "a short move")
    assert servers.query(prometheus, "lumen:suppressed:seconds") == {}

    servers.wait_until("it holds", lambda: servers.query(prometheus, "lumen:suppressed:seconds") != {})
    servers.wait_until("it is over", lambda: servers.query(prometheus, "lumen:suppressed:seconds") == {})


def test_what_the_page_tells_a_script_to_push_mutes_beside_what_we_publish_until_it_is_taken_back(
    team: Team, pushgateway: servers.Server, running: Callable[..., servers.Server]
) -> None:
    prometheus = running(servers.start_prometheus, pushgateway.url, LUMEN)
    page = (servers.ROOT / "docs" / "silences.md").read_text()
    (told,) = re.findall(r"printf '(# TYPE lumen_alert_suppressed .+)' \|", page)
    (path,) = set(re.findall(r"pushgateway\.example:9091(/\S+)", page))
    ledger = SqliteLedger(team.folder / "ledger.db", durable=True)
    ledger.put(fact(at=now_ms()))
    ledger.close()

    def push(method: str, body: str = "") -> None:
        alerting.send(method, f"{pushgateway.url}{path}", body)

    push("POST", told.replace("\\n", "\n"))
    team.lumen("publish")
    servers.wait_until(
        "it mutes", lambda: [*servers.query(prometheus, "lumen:suppressed:seconds").values()] == [math.inf]
    )
    push("DELETE")
    servers.wait_until("it is over", lambda: servers.query(prometheus, "lumen:suppressed:seconds") == {})
