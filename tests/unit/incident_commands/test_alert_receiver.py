"""The door for Alertmanager in `lumen serve`: who may come in, what is answered, and what makes it try again."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alertpayloads import alert, payload
from brokenteam import MINUTE, BrokenTeam
from facts import NOON

from lumen_action.commands import World
from lumen_action.commands.incident.receiving import Receiver
from lumen_action.response.alerts import MOST_BYTES

TOKEN = "a token of the door"  # noqa: S105 - of a test
BEARER = f"Bearer {TOKEN}"


def door(team: BrokenTeam, ledger: str = "", **env: str) -> tuple[Receiver, io.StringIO]:
    said = io.StringIO()
    world = World(
        env={"LUMEN_STATE_DIR": str(team.folder / "state"), "LUMEN_ALERT_TOKEN": TOKEN, **env},
        folder=team.folder,
        stdout=said,
        stderr=said,
        clock_ms=lambda: team.now_ms,
    )
    given: Mapping[str, str | None] = {"ledger": ledger or f"sqlite:{team.folder / 'ledger.db'}"}
    return Receiver(given, world), said


def taken(answer: tuple[int, bytes]) -> Any:  # noqa: ANN401
    status, body = answer
    assert status == 200, body
    return json.loads(body)["incidents"]


def test_alerts_open_an_incident_and_the_answer_names_it(team: BrokenTeam) -> None:
    receiver, _ = door(team)
    (found,) = taken(receiver.take(payload(alert(severity="page")), BEARER))
    (incident,) = team.desk.all()
    assert found == {
        "incident": incident.name,
        "pipeline": "nightly",
        "title": "LumenFailing of nightly",
        "severity": "sev2",
        "state": "detected",
        "created": True,
        "escalated": False,
        "reopened": False,
        "ended": False,
        "firing": 1,
    }
    (again,) = taken(receiver.take(payload(alert(severity="page")), BEARER))
    assert again == {**found, "created": False}
    assert taken(receiver.take(payload(), BEARER)) == []


@pytest.mark.parametrize(
    "said",
    ["", TOKEN, f"Basic {TOKEN}", "Bearer ", f"{BEARER} ", "bearer x", "Bearer é\udcff\n", f"Bearer {TOKEN[:-1]}"],
)
def test_a_stranger_is_told_how_to_come_in_and_changes_nothing(team: BrokenTeam, said: str) -> None:
    receiver, _ = door(team)
    status, body = receiver.take(payload(alert()), said)
    assert (status, TOKEN in body.decode()) == (401, False)
    assert team.desk.all() == ()


def test_without_a_token_the_door_is_closed_for_everybody(team: BrokenTeam) -> None:
    receiver, _ = door(team, LUMEN_ALERT_TOKEN="")
    for said in ("", "Bearer ", BEARER):
        assert receiver.take(payload(alert()), said)[0] == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b'{"version": "3"}', 400),
        (payload({**alert(), "labels": {"alertname": 1}}), 400),
        (b" " * (MOST_BYTES + 1), 413),
    ],
)
def test_what_is_no_payload_is_not_sent_again(team: BrokenTeam, body: bytes, status: int) -> None:
    receiver, _ = door(team)
    answered, told = receiver.take(body, BEARER)
    assert (answered, bool(json.loads(told)["error"])) == (status, True)
    assert team.desk.all() == ()


@pytest.mark.parametrize("ledger", ["sqlite:{folder}/lumen.yml/ledger.db", "pushgateway:http://127.0.0.1:9"])
def test_without_the_ledger_alertmanager_tries_again(team: BrokenTeam, ledger: str) -> None:
    receiver, said = door(team, ledger.format(folder=team.folder))
    assert receiver.take(payload(alert()), BEARER) == (503, b'{"error":"the ledger does not answer"}')
    assert "alerts were not taken" in said.getvalue()


def test_a_configuration_that_broke_meanwhile_is_our_fault(team: BrokenTeam) -> None:
    receiver, _ = door(team)
    team.config("nonsense: 1\n")
    assert receiver.take(payload(alert()), BEARER)[0] == 503
    team.config("")
    assert receiver.take(payload(alert()), BEARER)[0] == 200


def test_what_nobody_took_in_another_pipeline_is_told_by_the_next_payload(team: BrokenTeam) -> None:
    receiver, _ = door(team)
    weekly = payload(alert(severity="page", pipeline="weekly"))
    receiver.take(weekly, BEARER)
    team.now_ms += 31 * MINUTE
    receiver.take(weekly, BEARER)
    (incident,) = replace(team.desk, pipeline="weekly").all()
    assert incident.breach_told


def test_many_at_once_are_one_incident_with_every_alert(team: BrokenTeam) -> None:
    receiver, _ = door(team)
    bodies = [payload(alert(f"A{n % 8}")) for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = [taken(answer) for answer in pool.map(lambda body: receiver.take(body, BEARER), bodies)]
    assert sum(found["created"] for answer in answers for found in answer) == 1
    (incident,) = team.desk.all()
    assert (len(incident.firing), incident.seen) == (8, 8)


def test_each_payload_lets_go_of_its_ledger(team: BrokenTeam) -> None:
    receiver, _ = door(team)
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("open files are counted as Linux shows them")
    receiver.take(payload(alert()), BEARER)
    before = len(list(folder.iterdir()))
    for n in range(10):
        receiver.take(payload(alert(f"A{n}")), BEARER)
    assert len(list(folder.iterdir())) <= before


def test_a_payload_from_a_file_or_stdin_is_taken_as_from_the_network(team: BrokenTeam) -> None:
    (team.folder / "payload.json").write_bytes(payload(alert("A", annotations={"summary": "a\x1b[31m"})))
    assert team.lumen("receive", "payload.json") == 0
    assert team.out.endswith("  Sev3  a [31m: opened\n")
    (found,) = team.answer("receive", "payload.json")
    assert found["created"] is False
    assert team.lumen("receive", "missing.json") == 2
    assert "cannot read `missing.json`" in team.err
    (team.folder / "payload.json").write_bytes(payload())
    assert team.lumen("receive", "payload.json") == 0
    assert team.out == "no alert of it is an incident\n"


RUNBOOK = """
title: Mend it
means: It broke.
triggers:
- {alert: A, cooldown: 1h, most_a_day: 2, means: it broke, look_first: there, do: this, resolves: at once}
drill: {}
steps:
- {name: mend, title: Mend it, command: [sh, -c, "echo mended >> mended"]}
"""
AUTOMATIC = "runbooks: {folder: runbooks, automatic: [mend]}\n"


@pytest.fixture
def mending(team: BrokenTeam) -> BrokenTeam:
    (team.folder / "runbooks").mkdir()
    (team.folder / "runbooks" / "mend.yml").write_text(RUNBOOK, encoding="utf-8")
    (team.folder / "payload.json").write_bytes(payload(alert("A"), alert("A", fingerprint="a2"), alert("B")))
    team.env["PATH"] = "/usr/bin:/bin"
    return team


def mended(team: BrokenTeam) -> int:
    file = team.folder / "mended"
    return file.read_text(encoding="utf-8").count("mended") if file.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("died", [False, True])
def test_an_alert_starts_its_runbook_once_where_the_team_wants_that(mending: BrokenTeam, *, died: bool) -> None:
    if died:
        # It was noted and started nothing, as by a delivery that died in between.
        assert mending.lumen("receive", "payload.json") == 0
        assert mended(mending) == 0
    mending.config(AUTOMATIC)
    for times in (1, 0):
        assert mending.lumen("receive", "payload.json") == 0
        assert mending.err.count("A starts the runbook mend") == times
        assert mended(mending) == 1


@pytest.mark.slow
def test_what_somebody_has_taken_or_what_is_long_known_starts_no_runbook(mending: BrokenTeam) -> None:
    assert mending.lumen("receive", "payload.json") == 0
    mending.config(AUTOMATIC)
    mending.now_ms += 2 * 60 * MINUTE
    assert mending.lumen("receive", "payload.json") == 0
    mending.now_ms = NOON + MINUTE
    assert mending.lumen("ack") == 0
    assert mending.lumen("receive", "payload.json") == 0
    assert mended(mending) == 0
