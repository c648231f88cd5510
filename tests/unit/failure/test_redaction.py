"""No secret leaves the machine, and what helps to find a fault stays readable."""

from __future__ import annotations

import base64
import string
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import Analysis, classify, redact
from lumen_action.failure.redaction import REDACTED

ALNUM = string.ascii_letters + string.digits
CATALOGUE = load_catalogue()


def chars(alphabet: str, size: int, *more: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=size, max_size=more[0] if more else size)


URLSAFE = ALNUM + "_-"
# How a secret looks and how it stands in a line: the strategy makes the secret, the template the line.
UPPER = string.ascii_uppercase + string.digits
SECRETS: dict[str, tuple[st.SearchStrategy[str], str]] = {
    "GitHub token": (st.builds("gh{}_{}".format, st.sampled_from("pousr"), chars(ALNUM, 36)), "remote: {}"),
    "GitHub fine-grained token": (chars(ALNUM + "_", 40, 82).map("github_pat_{}".format), "using {} to clone"),
    "AWS key id": (st.builds("{}{}".format, st.sampled_from(["AKIA", "ASIA"]), chars(UPPER, 16)), "key {} is bad"),
    "AWS secret": (chars(ALNUM + "/+", 40), "AWS_SECRET_ACCESS_KEY={}"),
    "AWS secret in a file": (chars(ALNUM + "/+", 40), "aws_secret_access_key = {}"),
    "JWT": (
        st.builds("eyJ{}.eyJ{}.{}".format, chars(URLSAFE, 12, 40), chars(URLSAFE, 12, 80), chars(URLSAFE, 43)),
        "assertion {} expired",
    ),
    "Slack token": (
        st.builds("xox{}-{}".format, st.sampled_from("bpars"), chars(ALNUM + "-", 20, 50)),
        "slack said no to {}",
    ),
    "GitLab token": (chars(URLSAFE, 20).map("glpat-{}".format), "PRIVATE-TOKEN {} refused"),
    "Google key": (chars(URLSAFE, 35).map("AIza{}".format), "maps refused {}"),
    "Stripe key": (chars(ALNUM, 24).map("sk_live_{}".format), "charge with {} failed"),
    "user in a URL": (
        st.builds("{}:{}".format, chars(ALNUM, 4, 8), chars(URLSAFE + "%.!", 6, 30)),
        "fatal: unable to access 'https://{}@git.example/a.git/'",
    ),
    "token as user of a URL": (chars(ALNUM, 20, 40), "https://{}@git.example/a.git"),
    "signature of S3": (
        chars("0123456789abcdef", 64),
        "GET https://b.example/k?X-Amz-Date=2026&X-Amz-Signature={}&x=1",
    ),
    "shared access signature": (chars(ALNUM + "%", 30, 60), "https://b.example/c?sv=2026-01-01&sig={}&se=2026"),
    "bearer": (chars(ALNUM + "-._~+/", 16, 60), "> Authorization: Bearer {}"),
    "basic": (chars(ALNUM, 12, 40), "authorization: Basic {}=="),
    "cookie": (chars(ALNUM, 12, 40), "Cookie: session={}; theme=dark"),
    "set cookie": (chars(ALNUM, 12, 40), "set-cookie: id={}; HttpOnly"),
    "password": (chars(ALNUM + "!#%", 6, 30), "connecting with password={}"),
    "password that begins like a word": (chars(ALNUM, 6, 30).map("none-{}".format), "connecting with password={}"),
    "password with a dollar": (chars(string.ascii_lowercase, 6, 30).map("${}".format), "connecting with password={}"),
    "password in JSON": (chars(ALNUM, 6, 30), '{{"user": "ci", "password": "{}"}}'),
    "token": (chars(ALNUM, 12, 40), "NPM_TOKEN={} npm publish"),
    "secret": (chars(ALNUM, 8, 30), "client_secret: '{}'"),
    "option": (chars(ALNUM, 8, 30), "+ login --user ci --password {} --host git.example"),
}
# Words that stand where a secret could stand and say that there is none.
NO_SECRETS = {"undefined", "false"}
CAUSE = "fatal: unable to access 'https://git.example/acme/app.git/': Could not resolve host: git.example"


def shown(analysis: Analysis) -> str:
    evidence = analysis.verdict.evidence
    quoted = (evidence.text, *evidence.before, *evidence.after) if evidence else ()
    return "\n".join((*quoted, *(each.text for each in analysis.candidates)))


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
