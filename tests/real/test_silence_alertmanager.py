"""Silences brought to a real Alertmanager: what is quiet there, what never is, and what somebody ends there by hand."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alerting
import pytest
import servers

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.ops.notify.posting import Access
from lumen_action.ops.silences.alertmanager import AlertmanagerSilences
from lumen_action.response.silences import Asked, Silences
from lumen_action.sli.days import Calendar

Running = Callable[..., servers.Server]
QUIET = "route: {receiver: none}\nreceivers: [{name: none}]\n"
SET = ("--for", "2h", "--reason", "the database moves")
LOST, EXHAUSTED, INCIDENT = "LumenDayLost", "LumenBudgetExhausted", "LumenNoticeIncident"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Team:
    """A ledger, and an Alertmanager that is told of its silences."""

    folder: Path
    url: str
    out: str = ""
    err: str = ""

    def silence(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        env = {"LUMEN_STATE_DIR": str(self.folder / "state"), "USER": "alice", "LUMEN_ALERTMANAGER_URL": self.url}
        world = World(env=env, folder=self.folder, stdout=out, stderr=err)
        ledger = f"sqlite:{self.folder / 'ledger.db'}"
        try:
            return main(["silence", *words, "--pipeline", "nightly", "--ledger", ledger], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def answer(self, *words: str) -> Any:  # noqa: ANN401
        assert self.silence(*words, "--json") == 0, self.err
        return json.loads(self.out)

    def there(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = json.loads(servers.fetch(f"{self.url}/api/v2/silences"))
        return found

    def states(self) -> list[str]:
        return sorted(each["status"]["state"] for each in self.there())

    def alerts(self, *names: str, **labels: str) -> None:
        """Fire alerts of the pipeline."""
        told = [{"labels": {"alertname": name, "pipeline": "nightly", "severity": "page", **labels}} for name in names]
        alerting.send("POST", f"{self.url}/api/v2/alerts", json.dumps(told))

    def muted(self) -> set[str]:
        found = json.loads(servers.fetch(f"{self.url}/api/v2/alerts"))
        return {each["labels"]["alertname"] for each in found if each["status"]["silencedBy"]}

    def end_there(self) -> None:
        """End every silence as a person does on Alertmanager's page."""
        server = AlertmanagerSilences(self.url, Access())
        for each in self.there():
            server.expire(each["id"])
        server.close()


@pytest.fixture
def team(running: Running, tmp_path: Path) -> Team:
    file = tmp_path / "quiet.yml"
    file.write_text(QUIET)
    return Team(tmp_path, running(alerting.start_alertmanager, file).url)


def test_a_maintenance_mutes_all_but_what_is_never_muted_and_they_come_back(team: Team) -> None:
    team.alerts(LOST, EXHAUSTED, INCIDENT, "DatabaseDown")
    team.alerts("Elsewhere", pipeline="weekly")
    team.alerts("TheWorst", severity="sev1")
    team.alerts("TheWorstOfOthers", severity="SEV1")
    name = team.answer(*SET)["name"]

    servers.wait_until("the pipeline is muted", lambda: team.muted() == {LOST, "DatabaseDown"})
    (told,) = team.there()
    assert (told["createdBy"], told["comment"]) == ("alice", f"the database moves ({name})")

    team.silence("end", name)
    servers.wait_until("nothing is muted", lambda: team.muted() == set())
    assert team.states() == ["expired"]


def test_matchers_of_every_kind_mean_there_what_they_mean_here(team: Team) -> None:
    words = 'alertname=~"Lumen(Day|Region).*", region!="us", stage!~"build|test", severity="page"'
    team.alerts(LOST, "LumenRegionFailing", "LumenStageFailed")
    team.alerts("LumenDayLostToo", region="us")
    team.alerts("LumenRegionBroken", stage="build")
    team.answer(*SET, "--match", words)

    servers.wait_until("what fits is muted", lambda: team.muted() == {LOST, "LumenRegionFailing"})


def test_a_value_with_quotes_and_backslashes_arrives_as_it_is(team: Team) -> None:
    hostile = 'a"b\\c, {d}'
    team.alerts(LOST, region=hostile)
    team.answer(*SET, "--match", 'region="a\\"b\\\\c, {d}"')

    servers.wait_until("it is muted", lambda: team.muted() == {LOST})


def test_it_is_set_there_once_however_often_it_is_brought(team: Team) -> None:
    team.answer(*SET)

    assert team.answer("sync") == {"done": []}
    team.answer("set", "--for", "1h", "--reason", "another")
    assert team.states() == ["active", "active"]


def test_a_planned_one_is_there_before_it_begins(team: Team) -> None:
    name = team.answer("set", "--from", "1h", "--for", "1h", "--reason", "later")["name"]
    assert team.states() == ["pending"]

    team.silence("end", name)
    assert team.states() == ["expired"]


def test_what_somebody_ended_there_is_told_and_not_set_again(team: Team) -> None:
    name = team.answer(*SET)["name"]
    team.end_there()

    (listed,) = team.answer("list")
    assert (listed["state"], listed["ended_in_alertmanager"]) == ("active", True)
    assert team.silence("list") == 0
    assert "somebody ended it in the Alertmanager" in team.out
    assert "is left so" in team.answer("sync")["done"][0]
    assert team.states() == ["expired"]
    assert team.silence("end", name) == 0, team.err


@pytest.mark.slow
def test_an_alertmanager_that_was_away_is_told_later(team: Team) -> None:
    up, team.url = team.url, "http://127.0.0.1:9"
    world = team.answer(*SET)
    assert "the Alertmanager was not told" in team.err
    assert world["alertmanager"] == {}

    team.url = up
    assert team.answer("sync")["done"] == [f"{world['name']}: set in the Alertmanager"]
    assert team.states() == ["active"]


def test_one_whose_answer_was_lost_is_found_by_its_name(team: Team) -> None:
    ledger = SqliteLedger(team.folder / "ledger.db", durable=True)
    desk = Silences(ledger, "nightly", Calendar(), now_ms, lambda: "token")
    silence = desk.set(Asked("alice", "the database moves", now_ms(), now_ms() + 3_600_000))
    server = AlertmanagerSilences(team.url, Access())
    known_as = server.create(silence)
    server.close()
    ledger.close()

    assert team.answer("sync")["done"] == [f"{silence.name}: found in the Alertmanager"]
    (listed,) = team.answer("list")
    assert listed["alertmanager"] == {team.url: known_as}
    assert team.states() == ["active"]


def test_what_it_lost_is_set_again(team: Team, running: Running) -> None:
    """It was started anew without what it had kept."""
    name = team.answer(*SET)["name"]
    anew = running(alerting.start_alertmanager, team.folder / "quiet.yml").url
    forget(team, anew)

    assert team.answer("sync")["done"] == [f"{name}: set in the Alertmanager, which had lost it"]
    assert team.states() == ["active"]
    assert team.answer("sync") == {"done": []}


def forget(team: Team, anew: str) -> None:
    """Let the ledger believe that it told an Alertmanager that is new, so that none is started twice on one port."""
    ledger = SqliteLedger(team.folder / "ledger.db", durable=True)
    desk = Silences(ledger, "nightly", Calendar(), now_ms, lambda: "token")
    for silence in desk.all():
        desk.mirrored(silence, anew, dict(silence.mirrors)[team.url])
    ledger.close()
    team.url = anew


def test_what_two_machines_have_set_at_once_is_ended_with_ours_and_so_is_what_a_person_prolonged(team: Team) -> None:
    name = team.answer(*SET)["name"]
    told = {key: value for key, value in team.there()[0].items() if key not in ("id", "status", "updatedAt")}
    alerting.send("POST", f"{team.url}/api/v2/silences", json.dumps(told))
    (first, _) = team.there()
    prolonged = {**told, "id": first["id"], "endsAt": "2100-01-01T00:00:00Z"}
    alerting.send("POST", f"{team.url}/api/v2/silences", json.dumps(prolonged))

    (listed,) = team.answer("list")
    assert listed["ended_in_alertmanager"] is False
    team.silence("end", name)
    assert set(team.states()) == {"expired"}


def test_what_is_no_alertmanager_is_said_and_the_silence_stands(team: Team, running: Running) -> None:
    team.url = running(servers.start_pushgateway).url

    assert team.answer(*SET)["state"] == "active"
    assert "the Alertmanager was not told" in team.err
