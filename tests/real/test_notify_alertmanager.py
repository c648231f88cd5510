"""Messages to a real Alertmanager: an alarm fires, its recovery ends it, and the routes and silences we ship hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import alerting
import loopback
import pytest
import servers

from lumen_action.http import Http, HttpError, Request, Timing
from lumen_action.ops.notify import Receipt, State
from lumen_action.ops.notify.alertmanager import Alertmanager, fired
from lumen_action.ops.notify.message import Link, Message, Row, Severity
from lumen_action.ops.notify.options import alertmanager_access

Running = Callable[..., servers.Server]
SHIPPED = alerting.SHIPPED / "alertmanager.yml"
ALARM = Message(
    subject="nightly failed, 야간 보고",
    sentence='build failed: "no such host" & <!channel>',
    rows=(Row("Class", "network/dns"),),
    text="build failed",
    key="k1",
    thread='pipeline "nightly" \\ 야간',
    at_ms=int(datetime.now(timezone.utc).timestamp() * 1000) - 60_000,
    links=(Link("See the run", "https://ci.example/runs/7?a=1&b=2"),),
    kind="pipeline.failed",
    details={"pipeline": "nightly", "region": "eu-west-1", "error_class": "network"},
    severity=Severity.ERROR,
)


def over(message: Message = ALARM, **changed: Any) -> Message:  # noqa: ANN401
    now = int(datetime.now(timezone.utc).timestamp() * 1000)
    return replace(message, subject="nightly works again", key="k2", resolves=True, at_ms=now, **changed)


def send(url: str, message: Message, env: Mapping[str, str] | None = None) -> Receipt:
    problems: list[str] = []
    address, access = alertmanager_access({"LUMEN_ALERTMANAGER_URL": url, **(env or {})}, problems)
    assert problems == []
    timing = Timing(sleep=lambda _: None)
    return Alertmanager(address, access=access, tell=lambda _: None, timing=timing, timeout_seconds=5).send(message)


def status(server: servers.Server) -> dict[str, str]:
    return {each["labels"]["alertname"]: each["status"]["state"] for each in alerting.known(server)}


@pytest.fixture
def quiet(running: Running, tmp_path: Path) -> servers.Server:
    """Return an Alertmanager that tells nobody."""
    file = tmp_path / "alertmanager.yml"
    file.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    return running(alerting.start_alertmanager, file)


def test_an_alarm_fires_with_what_it_says(quiet: servers.Server) -> None:
    receipt = send(quiet.url, ALARM)
    assert (receipt.state, receipt.told) == (State.SENT, "taken (200)")
    (alert,) = alerting.known(quiet)
    assert alert["labels"] == {
        "alertname": "LumenNoticePipelineFailed",
        "severity": "ticket",
        "level": "error",
        "pipeline": "nightly",
        "region": "eu-west-1",
        "error_class": "network",
        "lumen_thread": ALARM.thread,
    }
    assert alert["annotations"] == {
        "summary": ALARM.subject,
        "description": f"{ALARM.sentence}\nClass: network/dns",
        "link_1": "See the run: https://ci.example/runs/7?a=1&b=2",
    }
    assert alert["generatorURL"] == ALARM.links[0].url
    lasts = datetime.fromisoformat(alert["endsAt"]) - datetime.fromisoformat(alert["startsAt"])
    assert lasts.total_seconds() == 96 * 3600


def test_the_same_thing_told_twice_is_one_alert_since_the_first_time(quiet: servers.Server) -> None:
    send(quiet.url, ALARM)
    send(quiet.url, replace(ALARM, key="k2", at_ms=ALARM.at_ms + 30_000))
    (alert,) = alerting.known(quiet)
    assert datetime.fromisoformat(alert["startsAt"]).timestamp() == ALARM.at_ms // 1000


@pytest.mark.parametrize("changed", [{}, {"severity": Severity.INFO, "details": {}, "kind": "other"}])
def test_a_recovery_ends_what_its_thread_began_whatever_else_it_says(
    quiet: servers.Server, changed: Mapping[str, Any]
) -> None:
    send(quiet.url, ALARM)
    send(quiet.url, replace(ALARM, thread="another"))
    assert send(quiet.url, over(**changed)).told == "ends 1 (200)"
    assert [alert["labels"]["lumen_thread"] for alert in alerting.known(quiet)] == ["another"]


def test_a_recovery_by_a_clock_that_is_ahead_ends_it_at_once(quiet: servers.Server) -> None:
    send(quiet.url, ALARM)
    ahead = over()
    send(quiet.url, replace(ahead, at_ms=ahead.at_ms + 30_000))
    assert alerting.known(quiet) == []


def test_a_recovery_by_a_clock_that_is_slow_ends_it_all_the_same(quiet: servers.Server) -> None:
    send(quiet.url, ALARM)
    assert send(quiet.url, replace(over(), at_ms=ALARM.at_ms - 3_600_000)).state is State.SENT
    assert alerting.known(quiet) == []


def test_a_recovery_of_what_does_not_fire_changes_nothing(quiet: servers.Server) -> None:
    receipt = send(quiet.url, over())
    assert (receipt.state, receipt.told) == (State.SENT, "nothing fires there for it")
    assert alerting.known(quiet) == []


def test_the_people_behind_it_hear_of_both(running: Running, tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []

    def hear(handler: loopback.Quiet) -> None:
        heard.append(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
        handler.reply(200, {}, b"")

    with loopback.answering(hear) as hook:
        file = tmp_path / "alertmanager.yml"
        file.write_text(
            "route: {receiver: hook, group_wait: 0s, group_interval: 1s}\n"
            f"receivers: [{{name: hook, webhook_configs: [{{url: '{hook}', send_resolved: true}}]}}]\n"
        )
        server = running(alerting.start_alertmanager, file)
        send(server.url, ALARM)
        servers.wait_until("the alarm is told", lambda: bool(heard))
        send(server.url, over())
        servers.wait_until("its end is told", lambda: len(heard) > 1)
    assert [told["status"] for told in heard[:2]] == ["firing", "resolved"]
    summaries = [told["alerts"][0]["annotations"]["summary"] for told in heard[:2]]
    assert summaries == [ALARM.subject, "nightly works again"]


@pytest.mark.parametrize(
    ("severity", "receiver"),
    [
        (Severity.CRITICAL, "page"),
        (Severity.ERROR, "ticket"),
        (Severity.WARNING, "ticket"),
        (Severity.INFO, "default"),
    ],
)
def test_the_routes_we_ship_know_our_severities(severity: Severity, receiver: str) -> None:
    labels = fired(replace(ALARM, severity=severity))["labels"]
    assert isinstance(labels, dict)
    pairs = [f"{name}={value}" for name, value in labels.items() if name != "lumen_thread"]
    alerting.amtool("config", "routes", "test", f"--config.file={SHIPPED}", f"--verify.receivers={receiver}", *pairs)


def test_who_works_on_a_pipeline_silences_it_for_messages_too(running: Running) -> None:
    server = running(alerting.start_alertmanager, SHIPPED)
    suppressed = {"alertname": "LumenSuppressed", "severity": "none", "pipeline": "nightly"}
    alerting.post(server, [{"labels": suppressed}])
    send(server.url, ALARM)
    send(server.url, replace(ALARM, thread="2", kind="other", details={"pipeline": "weekly"}))
    expected = {"LumenSuppressed": "active", "LumenNoticePipelineFailed": "suppressed", "LumenNoticeOther": "active"}
    servers.wait_until("the alarm is muted", lambda: status(server) == expected)


@contextmanager
def guarded(server: servers.Server, authorization: str) -> Iterator[str]:
    """Let in only who brings the right Authorization, once, for reading and for writing."""

    def answer(handler: loopback.Quiet) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        if handler.headers.get_all("Authorization") != [authorization]:
            handler.reply(401, {}, b"who are you?")
            return
        headers = {"Content-Type": "application/json"}
        try:
            passed = Http().send(Request(handler.command, f"{server.url}{handler.path}", body or None, headers))
            handler.reply(passed.status, {}, passed.body)
        except HttpError as fault:
            handler.reply(fault.status or 502, {}, b"")

    with loopback.answering(answer) as url:
        yield url


LOGINS: dict[str, tuple[str, str, dict[str, str]]] = {
    "token": ("Bearer t0ken", "", {"LUMEN_ALERTMANAGER_TOKEN": "t0ken\n"}),
    "user": (
        servers.basic("me", "p@ss"),
        "",
        {"LUMEN_ALERTMANAGER_USER": "me", "LUMEN_ALERTMANAGER_PASSWORD": "p@ss"},
    ),
    "url": (servers.basic("me", "p@ss"), "me:p%40ss@", {}),
}


@pytest.mark.parametrize("login", LOGINS)
def test_it_lets_us_in_by_token_or_password_and_nobody_else(quiet: servers.Server, login: str) -> None:
    authorization, in_url, env = LOGINS[login]
    with guarded(quiet, authorization) as url:
        let_in = url.replace("://", f"://{in_url}")
        assert send(let_in, ALARM, env).state is State.SENT
        assert send(let_in, over(), env).told == "ends 1 (200)"
        for message in (ALARM, over()):
            receipt = send(url, message, {"LUMEN_ALERTMANAGER_TOKEN": "wr0ng"})
            assert receipt.state is State.FAILED
            assert (
                "set LUMEN_ALERTMANAGER_TOKEN, or LUMEN_ALERTMANAGER_USER and LUMEN_ALERTMANAGER_PASSWORD"
                in receipt.told
            )
            assert "wr0ng" not in f"{receipt}"


def test_another_address_says_what_to_give(quiet: servers.Server) -> None:
    for message in (ALARM, over()):
        receipt = send(f"{quiet.url}/alertmanager", message)
        assert receipt.state is State.FAILED
        assert "give LUMEN_ALERTMANAGER_URL as what stands before /api/v2" in receipt.told
    assert send(f"{quiet.url}/api/v2/", ALARM).state is State.SENT


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]", b'[{"labels": {}}]'])
def test_what_answers_otherwise_than_an_alertmanager_is_none(body: bytes) -> None:
    with loopback.answering(lambda handler: handler.reply(200, {}, body)) as url:
        receipt = send(url, over())
    assert (receipt.state, "something else than an Alertmanager" in receipt.told) == (State.FAILED, True), receipt
