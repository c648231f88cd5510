"""Credentials before a stage fails on them, at a GitHub, a Dropbox and an AWS of loopback; secrets by their form."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import loopback
import pytest
import s3host
import servers
from healthteam import around, found

from lumen_action.health.check import Finding, Status

PASS, WARN, FAIL = Status
NOW = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
NOW_MS = int(NOW.timestamp() * 1000)
TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"  # noqa: S105 - one of a test


def github(
    headers: dict[str, str], more: str = "", *, token: str = TOKEN, left: int = 4999, behind_ms: int = 0
) -> Finding:
    def answer(asked: loopback.Quiet) -> None:
        asked.date_time_string = lambda *_: format_datetime(NOW, usegmt=True)  # type: ignore[method-assign]
        assert asked.path == "/rate_limit"
        if asked.headers["Authorization"] != f"Bearer {TOKEN}":
            asked.reply(401, {}, b'{"message": "Bad credentials"}')
            return
        asked.reply(200, headers, json.dumps({"resources": {"core": {"remaining": left}}}).encode())

    with loopback.answering(answer) as url:
        world = around(env={"GITHUB_TOKEN": token, "GITHUB_API_URL": url}, now_ms=NOW_MS - behind_ms)
        return found(f"kind: credential, provider: github{more}", world)


@pytest.mark.parametrize(
    ("days", "more", "status", "said"),
    [
        (30, "", PASS, ""),
        (5, "", WARN, "GITHUB_TOKEN ends in 5 days"),
        (5, ", warn-before: 2d", PASS, ""),
        (0.5, "", WARN, "GITHUB_TOKEN ends in 12 hours"),
        (-1, "", FAIL, "GITHUB_TOKEN ended"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "+0000", "-0500"])
def test_a_token_of_github_tells_when_it_ends(zone: str, days: float, more: str, status: Status, said: str) -> None:
    shift = timedelta(hours=-5) if zone == "-0500" else timedelta()
    end = f"{NOW + timedelta(days=days) + shift:%Y-%m-%d %H:%M:%S} {zone}"
    finding = github({"GitHub-Authentication-Token-Expiration": end}, more)
    assert (finding.status, said in finding.said) == (status, True), finding.said
    assert finding.expires_at_ms == NOW_MS + int(days * 86_400_000)


@pytest.mark.parametrize(
    ("headers", "more", "status", "said"),
    [
        ({}, "", PASS, ""),
        ({"X-OAuth-Scopes": "repo, gist"}, ", scopes: [repo]", PASS, ""),
        ({"X-OAuth-Scopes": "repo, gist"}, ", scopes: [repo, workflow]", FAIL, "lacks the scope workflow"),
        ({"X-OAuth-Scopes": ""}, ", scopes: repo", FAIL, "lacks the scope repo"),
        ({}, ", scopes: [repo]", PASS, ""),
        ({}, ", min-rate: 6000", WARN, "only 4999 requests"),
        ({"GitHub-Authentication-Token-Expiration": "some day"}, "", PASS, ""),
    ],
)
def test_scopes_and_what_is_left_of_the_rate(headers: dict[str, str], more: str, status: Status, said: str) -> None:
    finding = github(headers, more)
    assert (finding.status, said in finding.said) == (status, True), finding.said


def test_a_clock_that_is_behind_does_not_make_a_token_last_longer() -> None:
    end = f"{NOW + timedelta(days=5):%Y-%m-%d %H:%M:%S} UTC"
    finding = github({"GitHub-Authentication-Token-Expiration": end}, behind_ms=30 * 86_400_000)
    assert (finding.status, "ends in 5 days" in finding.said) == (WARN, True), finding.said


def test_a_token_that_is_refused_or_missing_is_never_shown() -> None:
    finding = github({}, token="ghp_revokedrevokedrevokedrevoked00000000")  # noqa: S106 - one of a test
    assert finding.said == "GitHub refuses GITHUB_TOKEN: it ended, or was revoked"
    assert "ghp_" not in f"{finding}"
    assert github({}, token="").said == "GITHUB_TOKEN is empty or not set"


def dropbox(env: dict[str, str], *, echo: object = "lumen") -> Finding:
    def answer(asked: loopback.Quiet) -> None:
        body = asked.rfile.read(int(asked.headers["Content-Length"]))
        if asked.path == "/oauth2/token":
            good = b"refresh_token=refresh-me" in body and b"client_id=app-key" in body
            granted = {"access_token": "sl.short", "expires_in": 14_400} if good else {"error": "invalid_grant"}
            asked.reply(200 if good else 400, {}, json.dumps(granted).encode())
        elif asked.path == "/2/check/user" and asked.headers["Authorization"] == "Bearer sl.short":
            assert json.loads(body) == {"query": "lumen"}
            asked.reply(200, {}, json.dumps({"result": echo}).encode())
        else:
            asked.reply(401, {}, b'{"error_summary": "invalid_access_token/"}')

    with loopback.answering(answer) as url:
        return found("kind: credential, provider: dropbox", around(env={"DROPBOX_API_HOST": url, **env}))


def test_dropbox_makes_a_token_and_takes_it() -> None:
    good = {"DROPBOX_REFRESH_TOKEN": "refresh-me", "DROPBOX_APP_KEY": "app-key"}
    assert dropbox(good).status is PASS
    revoked = dropbox({**good, "DROPBOX_REFRESH_TOKEN": "revoked-token"})
    assert (revoked.status, "invalid_grant" in revoked.said) == (FAIL, True)
    assert "revoked-token" not in f"{revoked}"
    assert dropbox(good, echo="something").said == "Dropbox did not say our word back"
    assert dropbox({"DROPBOX_TOKEN": "sl.dead"}).said.endswith(
        'answered 401: {"error_summary": "invalid_access_token/"}'
    )
    assert "nothing lets us into Dropbox" in dropbox({}).said


@pytest.fixture
def moto(running: Callable[..., servers.Server], monkeypatch: pytest.MonkeyPatch) -> str:
    url = running(s3host.start, "moto_server").url
    for name, text in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": s3host.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": s3host.SECRET_KEY,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, text)
    return url


@pytest.mark.slow
def test_aws_knows_the_job_and_the_end_of_its_session_is_told(moto: str) -> None:
    def looked(more: str = "", minutes: float | None = None) -> Finding:
        end = {} if minutes is None else {"AWS_CREDENTIAL_EXPIRATION": f"{NOW + timedelta(minutes=minutes):%FT%TZ}"}
        world = around(env=end, now_ms=NOW_MS)
        return found(f"kind: credential, provider: aws, timeout: 20s{more}", world)

    assert moto
    assert (looked().status, looked().said) == (PASS, "")
    assert looked(minutes=60).status is PASS
    assert looked(minutes=10).said == "the AWS session of this job ends in 10 minutes"
    assert looked(minutes=-5).said == "the AWS session of this job ended 5 minutes ago"
    assert looked(minutes=-5).status is FAIL
    elsewhere = looked(", role: role/nightly")
    assert (elsewhere.status, "not as role/nightly" in elsewhere.said) == (FAIL, True)


def test_an_aws_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "eu-central-1")
    assert "nothing listens there" in found("kind: credential, provider: aws, timeout: 20s").said


@pytest.mark.parametrize(
    ("value", "more", "status", "said"),
    [
        ("xoxb-1234567890", "", PASS, ""),
        ("xoxb-1234567890", ", pattern: 'xoxb-[0-9]+', min-length: 10", PASS, ""),
        ("", "", FAIL, "is empty or not set"),
        ("xoxb-1234567890\n", "", FAIL, "a blank or a line break"),
        (" xoxb", "", FAIL, "a blank or a line break"),
        ("changeme", "", FAIL, "holds a placeholder"),
        ("<your token>", "", FAIL, "holds a placeholder"),
        ("tiny", ", min-length: 10", FAIL, "is shorter than `min-length`"),
        ("ghp_1234567890", ", pattern: 'xoxb-.*'", FAIL, "does not match `pattern`"),
        ("-----BEGIN KEY-----\nabc\n-----END KEY-----\n", "", PASS, ""),
        ("k3y-of-somebody", ", expires: 2026-12-31", PASS, ""),
        ("k3y-of-somebody", ", expires: 2026-03-05", WARN, "THE_SECRET ends in 3 days"),
        ("k3y-of-somebody", ", expires: 2026-03-02", WARN, "THE_SECRET ends in 12 hours"),
        ("k3y-of-somebody", ", expires: 2026-03-01", FAIL, "THE_SECRET ended"),
    ],
)
def test_a_secret_is_looked_at_by_its_form(value: str, more: str, status: Status, said: str) -> None:
    world = around(env={"THE_SECRET": value}, now_ms=NOW_MS)
    finding = found(f"kind: credential, provider: secret, variable: THE_SECRET{more}", world)
    assert (finding.status, said in finding.said) == (status, True), finding.said
    assert not value.strip() or value.strip() not in f"{finding.said}{finding.fix}"
