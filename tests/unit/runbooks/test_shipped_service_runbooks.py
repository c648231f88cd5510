"""The runbooks for services, played against a service: what they ask, what they send, what they take back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from loopback import Quiet, answering
from runbookteam import RunbookTeam

PATH = "/admin/wish"
SECRETS = {f"{name}_TOKEN": f"s3cret-of-{name}" for name in ("MODEL_CONTROL", "DEPLOY", "SCALE")}


@dataclass
class Service:
    """A service that can be told what to be, and that says how it is."""

    health: Callable[[str], tuple[int, dict[str, Any]]]
    url: str = ""
    wishes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, request: Quiet) -> None:
        if request.command == "PUT" and request.path == PATH:
            body = request.rfile.read(int(request.headers["Content-Length"]))
            self.wishes.append((request.headers["Authorization"], json.loads(body)))
            request.reply(204, {}, b"")
        else:
            status, told = self.health(request.path)
            request.reply(status, {"Content-Type": "application/json"}, json.dumps(told).encode())


@contextmanager
def running(health: Callable[[str], tuple[int, dict[str, Any]]]) -> Iterator[Service]:
    service = Service(health)
    with answering(service.answer) as url:
        service.url = url.rstrip("/")
        yield service


@pytest.fixture
def team(tmp_path: Path, no_proxy: None) -> RunbookTeam:  # noqa: ARG001 - it is there for what it does
    return RunbookTeam(tmp_path, env=dict(SECRETS))


def started(team: RunbookTeam, name: str, service: Service, /, **inputs: str) -> dict[str, Any]:
    given = {"control_url": f"{service.url}{PATH}", "health_url": f"{service.url}/health", **inputs}
    told: dict[str, Any] = team.asked("run", name, *(f"--input={key}={value}" for key, value in given.items()))
    return told


def test_traffic_moves_to_the_other_model_and_back_when_its_answers_are_not_good_enough(team: RunbookTeam) -> None:
    with running(lambda path: (503 if path.endswith("model=large") else 200, {"status": "?"})) as service:
        told = started(team, "model-downshift", service, model="large", fallback="small")
        assert (told["state"], told["waiting_step"]) == ("waiting", "judge")
        assert service.wishes == [("Bearer s3cret-of-MODEL_CONTROL", {"model": "small"})]

        ended = team.asked("resume", told["execution"], "--decline", "judge")
        assert ended["state"] == "rolled_back"
        assert [wish for _, wish in service.wishes] == [{"model": "small"}, {"model": "large"}]
    assert not any("s3cret" in str(fact) for fact in team.facts())


@pytest.mark.slow
def test_nothing_moves_while_the_model_is_well(team: RunbookTeam) -> None:
    with running(lambda _: (200, {"status": "pass"})) as service:
        told = started(team, "model-downshift", service, model="large")

        assert told["state"] == "failed"
        assert service.wishes == []


@pytest.mark.slow
def test_a_release_that_runs_away_is_taken_back_once_a_person_has_said_that_it_can_be(team: RunbookTeam) -> None:
    with running(lambda _: (200, {})) as service:
        inputs = {"pipeline": "nightly", "release": "v2", "previous": "v1"}
        told = started(team, "runaway-rollback", service, **inputs)
        assert (told["waiting_step"], service.wishes) == ("decide", [])

        told = team.asked("resume", told["execution"], "--confirm", "decide")
        assert [wish for _, wish in service.wishes] == [{"version": "v1"}]
        told = team.asked("resume", told["execution"], "--confirm", "watch")
        assert told["state"] == "finished"


@pytest.mark.slow
def test_a_release_that_was_not_the_cause_is_deployed_again(team: RunbookTeam) -> None:
    with running(lambda _: (200, {})) as service:
        inputs = {"pipeline": "nightly", "release": "v2", "previous": "v1"}
        told = started(team, "runaway-rollback", service, **inputs)
        told = team.asked("resume", told["execution"], "--confirm", "decide")
        told = team.asked("resume", told["execution"], "--decline", "watch")
        assert told["state"] == "rolled_back"
        assert [wish for _, wish in service.wishes] == [{"version": "v1"}, {"version": "v2"}]


def test_what_was_done_by_hand_is_undone_by_hand(team: RunbookTeam) -> None:
    told = team.asked("run", "model-downshift", "--input=model=large")
    for step in ("downshift-by-hand", "judge"):
        assert told["waiting_step"] == step
        told = team.asked("resume", told["execution"], "--decline" if step == "judge" else "--confirm", step)
    assert (told["state"], told["waiting_step"]) == ("waiting", "downshift-by-hand")
    waits = next(each for each in told["steps"] if each["step"] == "downshift-by-hand")
    assert waits["instructions"].startswith("Change the configuration back to large")
    told = team.asked("resume", told["execution"], "--confirm", "downshift-by-hand")
    assert told["state"] == "rolled_back"


def test_a_slow_service_gets_more_room_and_it_is_taken_back_where_that_does_not_help(team: RunbookTeam) -> None:
    with running(lambda _: (200, {"latency_ms": 300})) as service:
        told = started(team, "latency-scale-up", service, service="api", replicas="6", former="3")
        assert told["waiting_step"] == "cause"

        told = team.asked("resume", told["execution"], "--confirm", "cause")
        assert [wish for _, wish in service.wishes] == [{"replicas": 6}]
        told = team.asked("resume", told["execution"], "--decline", "watch")
        assert told["state"] == "rolled_back"
        assert [wish for _, wish in service.wishes] == [{"replicas": 6}, {"replicas": 3}]
