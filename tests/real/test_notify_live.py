"""`lumen notify` at a real mail server and a real Alertmanager: told once, ended once, and kept for the morning."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import alerting
import pytest
import servers
from hookreceiver import Receiver
from mailserver import PASSWORD, USER, MailServer

from lumen_action.cli import main
from lumen_action.commands import World

HOUR = 3_600_000
ROUTE = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


class Team:
    """A folder, four channels, and a clock of its own; Alertmanager has the machine's."""

    def __init__(self, folder: Path, mail: MailServer, slack: Receiver, hook: Receiver, alerts: servers.Server) -> None:
        self.folder, self.mail, self.slack, self.hook, self.alerts = folder, mail, slack, hook, alerts
        self.clock = World().clock_ms
        self.later_ms = 0
        self.quiet = ""
        self.env = {
            "LUMEN_STATE_DIR": str(folder / "state"),
            "LUMEN_PIPELINE": "nightly",
            "LUMEN_SMTP_USER": USER,
            "LUMEN_SMTP_PASSWORD": PASSWORD,
            "LUMEN_SLACK_WEBHOOK": slack.url,
            "LUMEN_ALERT_URL": hook.url,
            "LUMEN_ALERTMANAGER_URL": alerts.url,
        }

    def lumen(self, *words: str) -> dict[str, Any]:
        assert self.mail.certificate
        (self.folder / "lumen.yml").write_text(
            f"mail: {{host: 127.0.0.1, port: {self.mail.port}, ca-file: {self.mail.certificate.authority}, "
            f"from: lumen@team.example, to: [ops@team.example]}}\n{self.quiet}",
            encoding="utf-8",
        )
        out, now = io.StringIO(), self.clock() + self.later_ms
        world = World(env=self.env, folder=self.folder, stdout=out, clock_ms=lambda: now, random=lambda: 0.0)
        main(["notify", *words, "--ledger", f"sqlite:{self.folder / 'ledger.db'}", "--json"], world)
        answer: dict[str, Any] = json.loads(out.getvalue())
        return answer

    def states(self, *words: str) -> dict[str, str]:
        (told,) = self.lumen("send", *words)["messages"]
        return {each["channel"]: each["state"] for each in told["channels"]}

    def firing(self) -> list[dict[str, Any]]:
        return [each["labels"] for each in alerting.known(self.alerts) if each["status"]["state"] == "active"]

    @property
    def heard(self) -> tuple[int, int, int]:
        return len(self.mail.mails), len(self.slack.got), len(self.hook.got)


@pytest.fixture
def team(tmp_path: Path, certificate: servers.Certificate, running: Callable[..., servers.Server]) -> Iterator[Team]:
    route = tmp_path / "alertmanager.yml"
    route.write_text(ROUTE, encoding="utf-8")
    alerts = running(alerting.start_alertmanager, route)
    with ExitStack() as stack:
        mail = stack.enter_context(MailServer(certificate).serving())
        slack, hook = (stack.enter_context(Receiver().serving()) for _ in range(2))
        yield Team(tmp_path, mail, slack, hook, alerts)


ALL = {"mail", "slack", "webhook", "alertmanager"}
DISK = ("--title", "disk is full", "--key", "disk", "--severity")


def test_every_channel_hears_the_begin_once_and_the_end_once(team: Team) -> None:
    assert team.states(*DISK, "error") == dict.fromkeys(ALL, "sent")
    assert [(each["level"], each["pipeline"]) for each in team.firing()] == [("error", "nightly")]
    assert team.states(*DISK, "warning") == dict.fromkeys(ALL, "counted")
    assert team.states("--resolve", "--key", "disk") == dict.fromkeys(ALL, "sent")
    assert team.heard == (2, 2, 2)
    begin, end = team.mail.mails
    assert (begin["Subject"], end["Subject"]) == ("[error] disk is full", "[resolved] disk is full")
    assert begin["References"] == end["References"]
    body = end.get_body(("plain",))
    assert body
    assert "was seen 2 times" in body.get_content()
    servers.wait_until("the alert is over", lambda: not team.firing())
    assert team.states("--resolve", "--key", "disk") == dict.fromkeys(ALL, "untold")
    assert team.heard == (2, 2, 2)


def test_what_one_channel_lost_it_alone_gets_with_the_next_call(team: Team) -> None:
    team.mail.data = ["554 not today"]
    sent = dict.fromkeys(ALL, "sent")
    assert team.states(*DISK, "error") == sent | {"mail": "failed"}
    assert team.states(*DISK, "error") == dict.fromkeys(ALL, "counted") | {"mail": "sent"}
    assert team.heard == (1, 1, 1)


def test_a_whole_night_waits_for_the_morning_and_people_get_one_message(team: Team) -> None:
    # Whatever time it is, today and tomorrow are no days to be disturbed on.
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    today = datetime.now(timezone.utc).weekday()
    team.quiet = f"notify: {{quiet-days: [{days[today]}, {days[(today + 1) % 7]}]}}\n"
    for name in ("a", "b", "c"):
        assert set(team.states("--title", name, "--key", name).values()) == {"held"}
    assert (team.states("--resolve", "--key", "c"), team.heard, team.firing()) == (
        dict.fromkeys(ALL, "untold"),
        (0, 0, 0),
        [],
    )
    assert team.states("--title", "d", "--severity", "critical") == dict.fromkeys(ALL, "sent")
    assert team.lumen("flush") == {"sent": [], "waiting": 8}
    team.later_ms = 48 * HOUR
    assert {each["state"] for each in team.lumen("flush")["sent"]} == {"sent"}
    # People got two in one, machines each by itself.
    assert team.heard == (2, 2, 3)
    assert "2 messages" in team.mail.mails[1]["Subject"]
    assert len(team.firing()) == 3


def test_a_sample_reaches_everyone_and_leaves_nothing_open(team: Team) -> None:
    answer = team.lumen("test")
    assert {each["channel"]: each["state"] for each in answer["channels"]} == dict.fromkeys(ALL, "sent")
    assert (answer["wrong"], set(answer["not_set_up"])) == ([], {"teams", "generic", "pagerduty"})
    servers.wait_until("the sample is over", lambda: not team.firing())
