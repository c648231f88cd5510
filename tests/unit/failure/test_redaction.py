"""No secret leaves the machine, and what helps to find a fault stays readable."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from planted import ALNUM, NO_SECRETS, SECRETS, chars

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import Analysis, classify, redact
from lumen_action.failure.redaction import REDACTED

CATALOGUE = load_catalogue()
CAUSE = "fatal: unable to access 'https://git.example/acme/app.git/': Could not resolve host: git.example"


def shown(analysis: Analysis) -> str:
    evidence = analysis.verdict.evidence
    quoted = (evidence.text, *evidence.before, *evidence.after) if evidence else ()
    led_to = (each.text for each in analysis.verdict.symptoms)
    return "\n".join((*quoted, *led_to, *(each.text for each in analysis.candidates)))


@pytest.mark.parametrize("shape", SECRETS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_secret_of_a_known_shape_is_redacted_in_its_line(shape: str, data: st.DataObject) -> None:
    strategy, template = SECRETS[shape]
    secret = data.draw(strategy)
    assume(secret.lower() not in NO_SECRETS)
    assert secret not in redact(template.format(secret))


@pytest.mark.parametrize("shape", SECRETS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_no_secret_survives_in_evidence_or_candidates(shape: str, data: st.DataObject) -> None:
    strategy, template = SECRETS[shape]
    secret = data.draw(strategy)
    assume(secret.lower() not in NO_SECRETS)
    line = template.format(secret)
    log = f"{line}\n{CAUSE} {line}\n{line}\nnpm error code E401 {line}\n##[error]exit code 1 {line}\n"
    analysis = classify([log.encode()], CATALOGUE)
    assert analysis.candidates
    assert secret not in shown(analysis)


@settings(max_examples=50, deadline=None)
@given(st.lists(chars(ALNUM + "+/=!$^&*", 12, 40), min_size=1, max_size=5), st.booleans())
def test_given_secrets_go_line_by_line_and_as_urls_and_base64_write_them(lines: list[str], carriage: bool) -> None:  # noqa: FBT001
    secret = ("\r\n" if carriage else "\n").join(lines)
    log = f"{CAUSE}\n" + "".join(
        f"npm error code E401 {line} {quote(line, safe='')} {base64.b64encode(line.encode()).decode()}\n"
        for line in lines
    )
    said = shown(classify([log.encode()], CATALOGUE, secrets=[secret]))
    assert REDACTED in said
    for line in lines:
        for form in (line, quote(line, safe=""), base64.b64encode(line.encode()).decode()):
            assert form not in said


KEY = "\n".join(
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        *("MIIEpAIBAAKCAQEA" + letter * 48 for letter in "abcdefgh"),
        "c2hvcnQgdGFpbA==",
        "-----END RSA PRIVATE KEY-----",
    ]
)


def test_a_private_key_is_redacted_and_the_line_count_stays() -> None:
    clean = redact(f"before\n{KEY}\nafter")
    assert clean.split("\n")[0] == "before"
    assert clean.split("\n")[-1] == "after"
    assert clean.count("\n") == KEY.count("\n") + 2
    assert "MIIEp" not in clean
    assert "c2hvcnQ" not in clean


@pytest.mark.parametrize("cut", range(1, 9))
def test_the_middle_of_a_private_key_is_redacted_beside_the_evidence(cut: int) -> None:
    body = KEY.split("\n")[cut:]
    log = "\n".join([*body[:4], CAUSE, *body[:2]])
    assert "abcd" not in (said := shown(classify([log.encode()], CATALOGUE)))
    assert "MIIEp" not in said


@pytest.mark.parametrize(
    "text",
    [
        "HEAD is now at 1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d Fix the parser",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "left-pad@1.3.0 needs node >=18.0.0-rc.1+build.5",
        "/home/runner/work/app/app/src/main/java/com/acme/payments/InvoiceReader.java:120",
        "C:\\actions-runner\\_work\\app\\app\\src\\main.cs(12,7): error CS1002: ; expected",
        "https://registry.example/@acme/core/-/core-1.2.3.tgz?integrity=none#readme",
        "git@github.com:acme/app.git and ssh://git@git.example/acme/app.git",
        "error: expected token `;`, found `}`",
        "Unexpected token < in JSON at position 0",
        "authentication token not provided",
        "token: missing, credentials: none",
        "password: ***",
        "echo ${{ secrets.NPM_TOKEN }} and $NPM_TOKEN and token=${TOKEN}",
        "Run npm test -- --token-limit 30",
        "the key is in the door, the secret is out",
        "permissions: id-token: write",
        "git log --author=alice, author=alice, Author: alice-2026@corp.example, authority=git.example",
        "cp: cannot open /etc/passwd: Permission denied",
        "root@db.example's password: Permission denied, please try again.",
    ],
)
def test_ordinary_text_stays_readable(text: str) -> None:
    assert redact(text) == text


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_redaction_never_fails_and_keeps_the_lines(text: str) -> None:
    assert redact(text).count("\n") == text.count("\n")


@settings(max_examples=100, deadline=None)
@given(st.text(ALNUM + " .:/=-_\n", max_size=120))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
