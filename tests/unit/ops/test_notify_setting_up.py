"""What sets each channel up, which mistakes are refused before anything leaves, and that no secret is repeated."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError
from lumen_action.failure.redaction import REDACTED
from lumen_action.http import Timing
from lumen_action.ops.notify import Channel, options
from lumen_action.ops.notify.channels import REPORT_CHANNELS, WAYS, Ground, channel_secrets, channels_asked
from lumen_action.ops.notify.generic import PLACES, body_problems, encoded
from lumen_action.ops.notify.message import Attachment, Link, Message, Row, Severity
from lumen_action.ops.notify.redacting import redacted
from lumen_action.settings import load_settings

KEY = "R0UTINGKEYofTheTestsOf32Letters0"
ENV: Mapping[str, Mapping[str, str]] = {
    "mail": {
        "SMTP_HOST": "smtp.team.example",
        "SMTP_FROM": "reports@team.example",
        "SMTP_TO": "ops@team.example",
        "SMTP_USER": "lumen",
        "SMTP_PASS": "pass word of the mail",
    },
    "slack": {"LUMEN_SLACK_WEBHOOK": "https://hooks.slack.example/services/T0/B0/s3cr3t"},
    "teams": {"LUMEN_TEAMS_URL": "https://flows.example/workflows/1/triggers/manual/paths/invoke?sig=s3cr3t"},
    "webhook": {"LUMEN_ALERT_URL": "https://hooks.example/s3cr3t", "LUMEN_ALERT_SECRET": "an old s3cr3t of the seed"},
    "generic": {"LUMEN_NOTIFY_URL": "https://ntfy.example/", "LUMEN_NOTIFY_HEADERS": "Authorization: Bearer s3cr3t"},
    "pagerduty": {"LUMEN_PAGERDUTY_KEY": KEY},
    "alertmanager": {"LUMEN_ALERTMANAGER_URL": "http://alertmanager:9093", "LUMEN_ALERTMANAGER_TOKEN": "s3cr3t"},
}
ALL = {name: value for env in ENV.values() for name, value in env.items()}


def asked(
    env: Mapping[str, str], names: str = "", notify: Mapping[str, Any] | None = None, *, alarms: bool = True
) -> tuple[list[Channel], list[str]]:
    told: list[str] = []
    ground = Ground(env, told.append, Timing(), {}, notify or {})
    return channels_asked(names, ground, alarms=alarms), told


def refused(env: Mapping[str, str], names: str = "", notify: Mapping[str, Any] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        asked(env, names, notify)
    return str(caught.value)


@pytest.mark.parametrize("name", WAYS)
def test_each_channel_is_set_up_by_its_own_variables(name: str) -> None:
    channels, told = asked(ENV[name])
    assert [channel.name for channel in channels] == [name]
    assert told == []
    assert "s3cr3t" not in f"{channels}{channels[0].place}"


@pytest.mark.parametrize("name", WAYS)
def test_a_channel_that_is_asked_for_and_not_set_up_says_what_to_set(name: str) -> None:
    others = {variable: value for each, env in ENV.items() if each != name for variable, value in env.items()}
    assert f"{name} is not set up; set {WAYS[name].needs}" in refused(others, name)


def test_all_that_are_set_up_are_used_and_names_choose_among_them() -> None:
    assert [channel.name for channel in asked(ALL)[0]] == list(WAYS)
    assert [channel.name for channel in asked(ALL, "pagerduty, slack")[0]] == ["slack", "pagerduty"]


def test_a_report_wakes_nobody() -> None:
    assert [channel.name for channel in asked(ALL, alarms=False)[0]] == list(REPORT_CHANNELS)
    assert {*WAYS} - {*REPORT_CHANNELS} == {"pagerduty", "alertmanager"}
    with pytest.raises(ConfigError, match="`pagerduty` is none of"):
        asked(ALL, "pagerduty", alarms=False)


def test_with_nothing_set_up_every_way_is_named() -> None:
    told = refused({})
    assert all(way.needs in told for way in WAYS.values())


MISTAKES: dict[str, tuple[dict[str, str], str]] = {
    "teams, a connector": (
        {"LUMEN_TEAMS_URL": "https://team.webhook.office.com/webhookb2/s3cr3t"},
        "is an Office 365 connector, which Microsoft retired; make a workflow",
    ),
    "teams, an older connector": (
        {"LUMEN_TEAMS_URL": "https://outlook.office.com/webhook/s3cr3t"},
        "Office 365 connector",
    ),
    "teams without TLS": ({"LUMEN_TEAMS_URL": "http://flows.example/s3cr3t"}, "LUMEN_TEAMS_URL: the URL is not https"),
    "pagerduty, a key of its REST API": ({"LUMEN_PAGERDUTY_KEY": "u+s3cr3t"}, "a key of 32 letters and digits"),
    "pagerduty without TLS": (
        {**ENV["pagerduty"], "LUMEN_PAGERDUTY_URL": "http://events.example"},
        "LUMEN_PAGERDUTY_URL: the URL is not https",
    ),
    "a signature of another kind": (
        {**ENV["webhook"], "LUMEN_ALERT_SIGNATURE": "sha1"},
        "LUMEN_ALERT_SIGNATURE: `sha1` is none of standard, github",
    ),
    "a secret with a letter lost": (
        {**ENV["webhook"], "LUMEN_ALERT_SECRET": "whsec_s3cr3t"},
        "LUMEN_ALERT_SECRET: the first secret begins with whsec_",
    ),
    "an Alertmanager without a scheme": (
        {"LUMEN_ALERTMANAGER_URL": "alertmanager:9093"},
        "LUMEN_ALERTMANAGER_URL: the URL needs http",
    ),
    "an Alertmanager with a page": (
        {"LUMEN_ALERTMANAGER_URL": "http://alertmanager:9093/#/alerts"},
        "leave out what begins with ? or #",
    ),
    "an Alertmanager with two logins": (
        {**ENV["alertmanager"], "LUMEN_ALERTMANAGER_URL": "http://u:s3cr3t@alertmanager:9093"},
        "two passwords, are given; keep one",
    ),
    "headers that are none": ({**ENV["generic"], "LUMEN_NOTIFY_HEADERS": "A: b\ns3cr3t"}, "line 2 is no header"),
    "a header outside ASCII": ({**ENV["generic"], "LUMEN_NOTIFY_HEADERS": "A: 야간"}, "line 1 is no header"),
    "a header that is ours": ({**ENV["generic"], "LUMEN_NOTIFY_HEADERS": "Host: s3cr3t"}, "line 1 sets Host"),
    "a form that is no JSON": ({**ENV["generic"], "LUMEN_NOTIFY_BODY": "{text}"}, "LUMEN_NOTIFY_BODY: is no JSON"),
    "a form that is a list": ({**ENV["generic"], "LUMEN_NOTIFY_BODY": "[]"}, "notify.body: is no map"),
    "a form with a place we do not know": (
        {**ENV["generic"], "LUMEN_NOTIFY_BODY": '{"a": "{body}"}'},
        "notify.body: `{body}` is none of {subject}, {title}",
    ),
    "a form with what JSON lacks": ({**ENV["generic"], "LUMEN_NOTIFY_BODY": '{"a": NaN}'}, "JSON has no form for"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_told_and_no_secret_is_repeated(what: str) -> None:
    env, words = MISTAKES[what]
    told = refused(env)
    assert words in told
    assert "s3cr3t" not in told


def test_all_mistakes_are_told_together() -> None:
    alone = ("teams without TLS", "pagerduty without TLS", "headers that are none", "an Alertmanager with a page")
    env = {name: value for mistake in alone for name, value in MISTAKES[mistake][0].items()}
    told = refused({**env, "LUMEN_PAGERDUTY_KEY": "short", "LUMEN_NOTIFY_BODY": "{"})
    assert [line.partition(":")[0] for line in told.splitlines()] == [
        "LUMEN_TEAMS_URL",
        "LUMEN_NOTIFY_HEADERS",
        "LUMEN_NOTIFY_BODY",
        "LUMEN_PAGERDUTY_URL",
        "LUMEN_PAGERDUTY_KEY",
        "LUMEN_ALERTMANAGER_URL",
    ]


def test_a_short_secret_of_an_older_set_up_is_a_warning() -> None:
    _, told = asked({**ENV["webhook"], "LUMEN_ALERT_SECRET": "short"})
    assert told == ["warning: LUMEN_ALERT_SECRET: a secret of less than 24 bytes may be guessed; make a longer one"]


def test_the_environment_comes_before_the_file_for_the_signature() -> None:
    assert "is none of" in refused(
        {**ENV["webhook"], "LUMEN_ALERT_SIGNATURE": "x"}, "", {"webhook-signature": "github"}
    )
    (channel,), _ = asked(
        {**ENV["webhook"], "LUMEN_ALERT_SECRET": "whsec_no-base64-but-a-text"}, "", {"webhook-signature": "github"}
    )
    assert channel.name == "webhook"


def test_every_secret_of_every_channel_is_kept_out_of_messages() -> None:
    hidden = channel_secrets(ALL)
    secret = [value for name, value in ALL.items() if name.endswith(("PASS", "KEY", "TOKEN", "SECRET", "WEBHOOK"))]
    assert {*secret} <= {*hidden}
    assert "smtp.team.example" not in hidden


def test_what_lets_us_in_is_hidden_by_itself_too_and_harmless_headers_are_not() -> None:
    first, second = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
    env = {
        "LUMEN_ALERT_SECRET": f"{first}, {second}",
        "LUMEN_NOTIFY_HEADERS": "Authorization: Bearer tk_of-ntfy\nX-Priority: high\nX-Gotify-Key: k3y",
        "LUMEN_ALERTMANAGER_URL": "http://me:p%40ss@alertmanager:9093",
    }
    assert {*channel_secrets(env)} == {first, second, "Bearer tk_of-ntfy", "tk_of-ntfy", "k3y", "p@ss"}
    assert channel_secrets({}) == ()


SECRET = "hunter2-of-the-tests"  # noqa: S105 - of the tests


def message(said: str) -> Message:
    return Message(
        subject=said,
        sentence=said,
        rows=(Row("Line", said), Row(said, "a row"), Row("password", "anything at all")),
        text=f"{said}\n{said}",
        key="k",
        thread="t",
        at_ms=1,
        links=(Link(said, f"https://ci.example/?q={said}&token=abcdef"),),
        left_out=said,
        attachments=(Attachment("a.pdf", "application/pdf", b"%PDF"),),
        details={"pipeline": "nightly", "deep": [{"found": said, said: 1, "api_key": "anything"}], "count": 7},
        severity=Severity.ERROR,
        resolves=True,
    )


SHAPES = ["ghp_abcdefghijklmnop1234", "AKIAABCDEFGHIJKLMNOP", "hooks.slack.com/services/T0/B0/abcdefgh", SECRET]


@pytest.mark.parametrize("secret", SHAPES)
def test_no_text_and_no_detail_keeps_a_secret(secret: str) -> None:
    clean = redacted(message(f"push failed with {secret}!"), [SECRET])
    assert secret not in repr(clean)
    assert "anything" not in repr(clean)
    assert "token=abcdef" not in repr(clean)
    assert clean.subject == f"push failed with {REDACTED}!"
    assert (clean.details["pipeline"], clean.details["count"]) == ("nightly", 7)
    assert (clean.key, clean.thread, clean.severity, clean.resolves) == ("k", "t", Severity.ERROR, True)
    assert clean.attachments == message("").attachments


@given(st.text(alphabet="abc -:=\n가", max_size=40))
def test_what_is_clean_stays_as_it_was_and_twice_is_as_once(said: str) -> None:
    clean = redacted(message(said), [SECRET])
    assert clean.sentence == said
    assert redacted(clean, [SECRET]) == clean


def test_rows_that_only_sound_like_secrets_stay() -> None:
    rows = (Row("Author", "alice"), Row("Class", "token_expired"), Row("Runs", "7 of 8"), Row("Token", "expired"))
    assert redacted(replace(message(""), rows=rows)).rows == rows


PAGE = Path(__file__).resolve().parents[3] / "docs" / "notify-channels.md"


def test_the_forms_of_the_page_say_what_their_receivers_expect(tmp_path: Path) -> None:
    forms = []
    for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL):
        (tmp_path / "lumen.yml").write_text(text)
        body = load_settings({}, {}, tmp_path).notify["body"]
        assert body_problems(body) == []
        forms.append(json.loads(encoded(replace(message("야간 보고 "), text="x" * 9000), body)))
    ntfy, discord = forms
    assert ntfy["topic"] == "lumen-ops"
    assert (ntfy["title"], ntfy["tags"]) == ("[resolved] 야간 보고", ["error", "resolved"])
    assert discord["content"].startswith("[resolved] 야간 보고\nxxx")
    assert len(discord["content"]) <= 2000
    assert discord["allowed_mentions"] == {"parse": []}


def test_the_page_names_every_variable_and_every_place() -> None:
    page = PAGE.read_text()
    variables = {value for name, value in vars(options).items() if name.isupper() and str(value).startswith("LUMEN_")}
    short = {name for name in variables if name in ("LUMEN_ALERTMANAGER_USER", "LUMEN_ALERTMANAGER_PASSWORD")}
    assert not [name for name in variables - short if f"`{name}" not in page]
    assert not [f"{{{name}}}" for name in PLACES if f"`{{{name}}}`" not in page]
