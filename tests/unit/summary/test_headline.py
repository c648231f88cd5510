"""One line says it all in the log."""

from __future__ import annotations

from dataclasses import replace

from hostility import nasty_text
from hypothesis import given
from views import DNS, NASTY, RETRY, SECRET, TICKET

from lumen_action.model import Outcome
from lumen_action.summary.headline import headline


def test_a_failure_with_cause_evidence_and_next_step() -> None:
    assert headline("build", Outcome.FAILURE, "eu", DNS, RETRY) == (
        "build failed in eu: network/dns, line 812: curl: (6) Could not resolve host: packages.example.test; "
        "retry 1 of 2 here in 5 s"
    )


def test_a_cause_without_evidence() -> None:
    line = headline("deploy", Outcome.TIMEOUT, "us", replace(SECRET, evidence=None), TICKET)
    assert line == "deploy timed out in us: token_expired/secret_expired; not retried"


def test_a_success_says_no_more_than_that() -> None:
    assert headline("build", Outcome.SUCCESS, "default", None, RETRY) == "build succeeded"


@given(nasty_text)
def test_it_is_one_short_line_whatever_it_quotes(text: str) -> None:
    evidence = replace(DNS.evidence, text=text * 50) if DNS.evidence else None
    line = headline(text, Outcome.FAILURE, text, replace(DNS, subclass=text, evidence=evidence), RETRY)
    assert len(line.splitlines()) <= 1
    assert len(line.encode()) < 800


def test_nothing_hidden_reaches_the_log() -> None:
    line = headline("build", Outcome.FAILURE, NASTY, None, None)
    assert "\x1b" not in line
    assert "\u202e" not in line
