"""Who hears of an incident, of what, how often, and that a dead channel stops nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from alertpayloads import alert, payload
from brokenteam import MINUTE, BrokenTeam
from facts import HOUR
from hookreceiver import Receiver
from mailserver import MailServer

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def hook(team: BrokenTeam) -> Iterator[Receiver]:
    team.config("notify: {window: 'off'}\n")
    with Receiver().serving() as serving:
        team.env["LUMEN_ALERT_URL"] = serving.url
        team.env |= {"LUMEN_ALERT_SECRET": "a secret of many letters and more"}
        yield serving


def told(hook: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body)["data"] for _, body in hook.got]


def heard(hook: Receiver) -> list[tuple[str, str, bool]]:
    return [(each["event"], each["severity"], each["resolved"]) for each in told(hook)]


def test_what_matters_is_heard_in_one_thread_and_the_rest_is_not(team: BrokenTeam, hook: Receiver) -> None:
    first = team.answer("open", "uploads fail", "--severity", "3", "--ticket", "OPS-1=https://t.example/1")
    for words in (
        ["open", "uploads fail", "--severity", "3"],
        ["link", "--page", "https://w.example"],
        ["escalate", "--severity", "1", "--text", "no region works"],
        ["ack"],
        ["update", "--state", "investigating"],
        ["mitigate"],
        ["resolve", "--text", "mended"],
        ["reopen"],
        ["escalate", "--severity", "2"],
        ["resolve"],
        ["close", "--cause", "x", "--resolution", "y"],
    ):
        team.now_ms += MINUTE
        assert team.lumen(*words) == 0, team.err
    assert heard(hook) == [
        ("opened", "warning", False),
        ("severity", "critical", False),
        ("resolved", "critical", True),
        ("reopened", "critical", False),
        ("resolved", "critical", True),
    ]
    assert len({each["thread"] for each in told(hook)}) == 1
    opened, worse, *_ = told(hook)
    assert opened["sentence"] == f"{first['name']}: Sev3 was opened: uploads fail"
    assert {"text": "ticket OPS-1", "url": "https://t.example/1"} in opened["links"]
    assert "no region works" in worse["text"]
    assert f"lumen incident ack {first['name']}" in opened["text"]


def test_a_breach_is_told_once_by_whoever_looks_first(team: BrokenTeam, hook: Receiver) -> None:
    team.config("notify: {window: 'off', quiet-hours: '00:00-23:59'}\n")
    team.opened()
    team.now_ms += 31 * MINUTE
    for words in (["list"], ["show"], ["detect"], ["ack"]):
        assert team.lumen(*words) == 0
    # It waits for a person: no quiet hours hold it back.
    assert heard(hook) == [("breached", "error", False)]
    assert "nobody took this Sev2 until 2026-01-02T12:30:00Z" in told(hook)[0]["sentence"]


def test_a_storm_is_told_once_and_again_when_it_gets_worse_or_ends(team: BrokenTeam, hook: Receiver) -> None:
    def receive(*alerts: dict[str, Any]) -> None:
        (team.folder / "payload.json").write_bytes(payload(*alerts))
        assert team.lumen("receive", "payload.json") == 0, team.err

    receive(alert("A"))
    receive(alert("A"), alert("B"))
    team.now_ms += MINUTE
    receive(alert("A"), alert("B"), alert("C", severity="page"))
    team.now_ms += MINUTE
    receive(*(alert(name, ends=team.now_ms) for name in "ABC"))
    receive(*(alert(name, ends=team.now_ms) for name in "ABC"))
    assert [event for event, *_ in heard(hook)] == ["opened", "severity", "recovered"]
    assert "every alert of it has ended, and nobody has resolved it yet" in told(hook)[-1]["sentence"]


@pytest.mark.parametrize(("severity", "more"), [("page", ["recovered"]), ("ticket", [])])
def test_who_was_woken_hears_that_it_is_quiet_however_soon(
    team: BrokenTeam, hook: Receiver, severity: str, more: list[str]
) -> None:
    team.config("")
    for ends in (None, team.now_ms + MINUTE):
        (team.folder / "payload.json").write_bytes(payload(alert("A", severity=severity, ends=ends)))
        assert team.lumen("receive", "payload.json") == 0
        team.now_ms += 10 * MINUTE
    assert [event for event, *_ in heard(hook)] == ["opened", *more]


def test_what_was_opened_by_a_delivery_that_died_is_told_by_the_next(team: BrokenTeam, hook: Receiver) -> None:
    (team.folder / "payload.json").write_bytes(payload(alert("A")))
    hook.answers = [(400, {})]
    assert team.lumen("receive", "payload.json") == 0
    assert "failed" in team.err
    team.now_ms += 2 * HOUR
    assert team.lumen("receive", "payload.json") == 0
    assert [event for event, *_ in heard(hook)] == ["opened", "breached", "opened"]


def test_what_was_kept_and_not_told_is_told_by_whoever_says_it_again(team: BrokenTeam, hook: Receiver) -> None:
    name = team.answer("open", "uploads fail", "--severity", "3")["name"]
    for words, code in (
        (["escalate", name, "--severity", "1"], 2),
        (["ack", name], 2),
        (["resolve", name], 2),
        (["reopen", name], 2),
        (["false-alarm", name], 2),
    ):
        team.now_ms += MINUTE
        dead = len(hook.got)
        hook.answers = [(400, {})]
        assert team.lumen(*words) == 0, team.err
        hook.answers = []
        told = len(hook.got)
        assert told == dead + (words[0] != "ack")
        for _ in range(2):
            assert team.lumen(*words) == code
        assert len(hook.got) == told + (words[0] != "ack")
        assert words[0] == "ack" or heard(hook)[-1][0] == heard(hook)[-2][0]


@pytest.mark.parametrize("rival", ["detect", "open", "receive"])
def test_what_got_worse_and_what_nobody_took_is_told_by_the_next_look(
    team: BrokenTeam, hook: Receiver, rival: str
) -> None:
    (team.folder / "payload.json").write_bytes(payload(alert("A", annotations={"summary": "uploads fail"})))
    first = ["receive", "payload.json"] if rival == "receive" else ["open", "uploads fail"]
    look = {"detect": ["detect"], "open": first, "receive": first}[rival]
    assert team.lumen(*first) == 0
    hook.answers = [(400, {})]
    assert team.lumen("escalate", "--severity", "1") == 0
    hook.answers = []
    team.now_ms += MINUTE
    for _ in range(2):
        assert team.lumen(*look) == 0, team.err
    assert [event for event, *_ in heard(hook)] == ["opened", "severity", "severity"]
    hook.answers = [(400, {})]
    team.now_ms += HOUR
    assert team.lumen("list") == 0
    hook.answers = []
    for _ in range(2):
        assert team.lumen(*look) == 0, team.err
    assert [event for event, *_ in heard(hook)][3:] == ["breached", "breached"]


def test_without_a_channel_one_line_says_that_nobody_was_told(team: BrokenTeam) -> None:
    assert team.lumen("open", "uploads fail") == 0
    (line,) = team.err.splitlines()
    assert line.startswith("nobody was told of INC-")
    assert "channel: nobody would hear of it" in line


def test_a_channel_that_is_set_up_wrongly_does_not_stop_anything(team: BrokenTeam) -> None:
    team.env["LUMEN_SLACK_WEBHOOK"] = "not a url"
    assert team.lumen("open", "uploads fail") == 0
    assert "LUMEN_SLACK_WEBHOOK" in team.err
    assert len(team.desk.all()) == 1


ROSTER = """
timezone: UTC
people:
  Ada: {mail: ada@team.example}
  Bo: {mail: bo@team.example}
layers:
  primary: {rotation: [Ada], anchor: 2025-12-26}
  secondary: {rotation: [Bo], anchor: 2025-12-26}
"""


def test_mail_goes_to_who_is_on_call_first_beside_the_team(team: BrokenTeam) -> None:
    team.config("oncall: {roster: oncall.yml}\nnotify: {window: 'off'}\nmail: {security: none}\n")
    (team.folder / "oncall.yml").write_text(ROSTER, encoding="utf-8")
    with MailServer(security="none").serving() as server:
        team.env |= {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_FROM": "lumen@team.example",
            "SMTP_TO": "ops@team.example",
        }
        assert team.lumen("open", "uploads fail", "--severity", "1") == 0
        assert team.lumen("ack") == 0
        assert team.lumen("resolve") == 0
        (team.folder / "oncall.yml").write_text("people: {}\n", encoding="utf-8")
        assert team.lumen("open", "another") == 0
    assert "warning: nobody on call is told by mail: " in team.err
    whom = [str(mail["To"]) for mail in server.mails]
    assert whom == [*["ada@team.example, ops@team.example"] * 2, "ops@team.example"]
    assert "[resolved]" in str(server.mails[1]["Subject"])


AT_NIGHT = """
timezone: UTC
people: {Ada: {phone: "1"}, Bo: {mail: bo@team.example}}
layers:
  primary: {rotation: [Ada], anchor: 2025-12-26, cover: [{days: mon-sun, from: "08:00", to: "22:00"}]}
  secondary: {rotation: [Bo], anchor: 2025-12-26, cover: [{days: mon-sun, from: "10:00", to: "22:00"}]}
"""


def test_every_channel_hears_who_is_on_call_and_loudly_that_nobody_is(team: BrokenTeam, hook: Receiver) -> None:
    team.config("oncall: {roster: oncall.yml}\nnotify: {window: 'off'}\nmail: {security: none}\n")
    (team.folder / "oncall.yml").write_text(AT_NIGHT, encoding="utf-8")
    with MailServer(security="none").serving() as server:
        # No mail goes to the team: whom the roster names is all that there is.
        team.env |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.port), "SMTP_FROM": "lumen@team.example"}
        assert team.lumen("open", "by day") == 0
        assert "warning: Ada has no mail address in the roster: Bo gets the mail" in team.err
        team.now_ms += 15 * HOUR
        assert team.lumen("open", "at 03:00") == 0
    nobody = "NOBODY IS ON CALL until Sat 2026-01-03 08:00 UTC, then Ada"
    assert f"warning: {nobody}; Ada has no mail address in the roster: Bo gets the mail" in team.err
    assert {str(mail["To"]) for mail in server.mails} == {"bo@team.example"}
    texts = [each["text"] for each in told(hook)]
    assert "On call: Ada (primary), then Bo (secondary)" in texts[0]
    assert f"On call: {nobody}" in texts[-1]
