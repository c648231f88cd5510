"""Signatures over the exact bytes: the published vector, another implementation, rotation, and secrets refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace

import alarmreceivers as receivers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Oracle
from standardwebhooks.webhooks import WebhookVerificationError

from lumen_action.errors import ConfigError
from lumen_action.http import Timing
from lumen_action.ops.notify import State
from lumen_action.ops.notify.message import Message, Severity
from lumen_action.ops.notify.signing import Signer, Style, signature, signer, signing_key
from lumen_action.ops.notify.webhook import Webhook, encoded

PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the published vector
NEWER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NAME = "LUMEN_ALERT_SECRET"
MESSAGE = Message("s", "t", (), "t", "k", "th", 1_772_500_000_000, kind="x", severity=Severity.ERROR)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_it_signs_as_the_published_vector_does() -> None:
    signed = signature(signing_key(PUBLISHED), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(JSON, st.text(alphabet='가나다라 야간보고\u2028\U0001f600"\\\x7f', max_size=30))
def test_another_implementation_takes_whatever_bytes_are_sent(value: object, korean: str) -> None:
    body = encoded(replace(MESSAGE, sentence=korean, details={"found": value, korean: korean}))
    headers = signer(f"{NEWER} {PUBLISHED}", NAME).headers("msg_k", time.time(), body)
    for secret in (NEWER, PUBLISHED):
        assert Oracle(secret).verify(body, dict(headers)) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Oracle(NEWER).verify(body.replace(b'"type"', b'"typo"'), dict(headers))


@pytest.mark.usefixtures("no_proxy")
def test_what_was_signed_is_what_arrives() -> None:
    timing = Timing(sleep=lambda _: None)
    with receivers.plain().serving() as receiver:
        receiver.faults = [(503, {}, b"")]
        channel = Webhook(receiver.url, signer=signer(f"{NEWER}\n{PUBLISHED}\n", NAME), tell=print, timing=timing)
        assert channel.send(replace(MESSAGE, sentence="야간 보고 \U0001f600 \u2028")).state is State.SENT
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    for headers, body in receiver.got:
        assert headers["webhook-signature"].count("v1,") == 2
        for secret in (NEWER, PUBLISHED):
            Oracle(secret).verify(body, dict(headers))


def test_as_github_does_there_is_one_signature_with_the_text_of_the_first_secret() -> None:
    made = signer(f"{NEWER},{PUBLISHED}", NAME, Style.GITHUB).headers("msg_k", 1614265330.9, b"body")
    mac = hmac.new(NEWER.encode(), b"body", hashlib.sha256).hexdigest()
    assert made == {
        "webhook-id": "msg_k",
        "webhook-timestamp": "1614265330",
        "X-Hub-Signature-256": f"sha256={mac}",
    }


def test_githubs_own_example_is_signed_as_in_its_documentation() -> None:
    made = signer("It's a Secret to Everybody", NAME, Style.GITHUB).headers("msg_k", 0, b"Hello, World!")
    told = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert made["X-Hub-Signature-256"] == f"sha256={told}"


SPLIT: dict[str, tuple[str, tuple[str, ...]]] = {
    "none": ("", ()),
    "blanks": (f" {NEWER}  {PUBLISHED} ", (NEWER, PUBLISHED)),
    "commas": (f"{NEWER},{PUBLISHED}", (NEWER, PUBLISHED)),
    "lines": (f"{NEWER}\r\n{PUBLISHED}\n", (NEWER, PUBLISHED)),
    "twice": (f"{NEWER} {NEWER}", (NEWER,)),
    "a sentence of an older set-up": ("an old secret, with commas\n", ("an old secret, with commas",)),
    "sentences": (
        "a new secret of many letters\nan old secret of many letters",
        ("a new secret of many letters", "an old secret of many letters"),
    ),
    "beside an older text": (f"{NEWER} 0123456789abcdef0123", (NEWER, "0123456789abcdef0123")),
}


@pytest.mark.parametrize("what", SPLIT)
def test_several_secrets_are_told_apart_and_an_older_sentence_stays_one(what: str) -> None:
    text, secrets = SPLIT[what]
    assert signer(text, NAME).secrets == secrets
    assert bool(signer(text, NAME)) is bool(secrets)


def b64(size: int) -> str:
    return "whsec_" + base64.b64encode(bytes(size)).decode()


REFUSED: dict[str, tuple[str, str]] = {
    "no base64": ("whsec_not/base64!", "the first secret begins with whsec_, and what follows is not base64"),
    "a letter lost": (PUBLISHED[:-1], "what follows is not base64"),
    "too short": (b64(23), "has 23 bytes after whsec_, and 24 to 64 are needed; make one with `echo whsec_$("),
    "too long": (b64(65), "has 65 bytes after whsec_"),
    "nothing after it": ("whsec_", "has 0 bytes after whsec_"),
    "the second": (f"{NEWER} {b64(8)}", "the second secret has 8 bytes"),
    "torn apart": (f"{NEWER} pass phrase", "the second secret is too short for one of several"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_secret_is_refused_and_not_repeated(what: str) -> None:
    text, words = REFUSED[what]
    with pytest.raises(ConfigError) as caught:
        signer(text, NAME)
    told = str(caught.value)
    assert words in told
    assert told.startswith(f"{NAME}: ")
    assert not any(len(each) > len("whsec_") and each in told for each in text.split())


@pytest.mark.parametrize("size", [24, 64])
def test_secrets_of_the_right_sizes_are_taken(size: int) -> None:
    assert len(signing_key(signer(b64(size), NAME).secrets[0])) == size


@pytest.mark.parametrize(("text", "weak"), [("short", True), ("x" * 23, True), ("x" * 24, False), (PUBLISHED, False)])
def test_a_short_text_of_an_older_set_up_is_taken_and_known_to_be_weak(text: str, weak: bool) -> None:  # noqa: FBT001
    assert signer(text, NAME).weak is weak


def test_as_github_does_a_secret_is_its_text_however_it_begins() -> None:
    made = signer("whsec_no-base64-at-all!", NAME, Style.GITHUB)
    assert made.weak
    assert made.headers("msg_k", 0, b"")["X-Hub-Signature-256"].startswith("sha256=")


SHOWN: list[Callable[[Signer], str]] = [repr, str]


@pytest.mark.parametrize("show", SHOWN)
def test_what_signs_shows_no_secret(show: Callable[[Signer], str]) -> None:
    assert PUBLISHED not in show(signer(PUBLISHED, NAME))
