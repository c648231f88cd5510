"""Certificates: how long they last, and every way in which they are not to be trusted."""

from __future__ import annotations

from pathlib import Path

import liars
import pytest
from healthteam import found
from liars import saying, talking

from lumen_action.health.check import Status


def look(folder: Path, more: str = "", **certificate: object) -> tuple[Status, str, float | None]:
    context, authority = liars.certified(folder, **certificate)  # type: ignore[arg-type]
    with talking(saying(b""), context) as port:
        finding = found(f"kind: tls, host: 127.0.0.1, port: {port}, ca-file: '{authority}'{more}")
    return finding.status, finding.said, finding.value


def test_a_certificate_that_lasts_is_a_pass_and_tells_its_days(tmp_path: Path) -> None:
    status, said, days = look(tmp_path, days=90.5)
    assert (status, said) == (Status.PASS, "")
    assert days is not None
    assert 90 < days < 91


@pytest.mark.parametrize(
    ("days", "more", "status", "said"),
    [
        (10.5, "", Status.WARN, "ends in 10 days"),
        (10.5, ", warn-days: 7", Status.PASS, ""),
        (2.5, "", Status.FAIL, "ends in 2 days"),
        (-3.5, "", Status.FAIL, "is not trusted: certificate has expired"),
    ],
)
def test_days_left(tmp_path: Path, days: float, more: str, status: Status, said: str) -> None:
    found_status, found_said, _ = look(tmp_path, more, days=days)
    assert found_status is status
    assert said in found_said


@pytest.mark.parametrize(
    ("certificate", "more", "said"),
    [
        ({"by_itself": True}, "", "is not trusted: "),
        ({"since_days": 1.0}, "", "is not yet valid"),
        ({"name": "elsewhere.example"}, "", "IP address mismatch"),
        ({"name": "api.example"}, ", server-name: api.example", ""),
        ({"name": "api.example"}, ", server-name: other.example", "Hostname mismatch"),
    ],
)
def test_whose_it_is_and_who_signed_it(tmp_path: Path, certificate: dict[str, object], more: str, said: str) -> None:
    status, found_said, _ = look(tmp_path, more, **certificate)
    assert status is (Status.FAIL if said else Status.PASS)
    assert said in found_said


def test_an_authority_that_nobody_knows_is_none(tmp_path: Path) -> None:
    context, _ = liars.certified(tmp_path)
    with talking(saying(b""), context) as port:
        finding = found(f"kind: tls, host: 127.0.0.1, port: {port}")
    assert finding.status is Status.FAIL
    assert "not trusted" in finding.said


@pytest.mark.parametrize("talk", [saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), liars.silent], ids=["plain", "silent"])
def test_what_does_not_speak_tls_is_failed(talk: liars.Talk) -> None:
    with talking(talk) as port:
        finding = found(f"kind: tls, host: 127.0.0.1, port: {port}, timeout: 0.3s")
    assert finding.status is Status.FAIL


def test_an_authority_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("none")
    for file in ("a.pem", "b.pem"):
        finding = found(f"kind: tls, host: 127.0.0.1, port: 1, ca-file: '{tmp_path / file}'")
        assert "`ca-file` cannot be read" in finding.said
