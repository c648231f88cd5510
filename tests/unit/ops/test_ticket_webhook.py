"""Tickets as signed messages: the vector of Standard Webhooks, one id over all tries, and every fault."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest
from hookreceiver import Receiver
from ticketworld import FINGERPRINT

from lumen_action.errors import ConfigError
from lumen_action.http import Timing
from lumen_action.ops.tickets import BusyError, DeclinedError, Draft, NotAllowedError, Ticket, UnsureError
from lumen_action.ops.tickets.webhook import WebhookTickets

pytestmark = pytest.mark.usefixtures("no_proxy")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the published vector
DRAFT = Draft(FINGERPRINT, "título 제목", "text", ("lumen",), ("alice",), news="again", occasion="o1")
TICKET = Ticket(FINGERPRINT, open=True, fingerprint=FINGERPRINT)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().serving() as serving:
        yield serving


def hook(receiver: Receiver, secret: str = SECRET) -> WebhookTickets:
    timing = Timing(sleep=lambda _: None, chance=lambda: 0.0, now=lambda: 1614265330.7)
    return WebhookTickets(receiver.url, secret=secret, tell=lambda _: None, timing=timing)


@pytest.mark.parametrize("secret", [SECRET, "any words"])
def test_a_message_says_what_happened_and_is_signed_as_it_was_sent(receiver: Receiver, secret: str) -> None:
    hook(receiver, secret).create(DRAFT)
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert (told["event"], told["title"], told["fingerprint"]) == ("opened", "título 제목", FINGERPRINT)
    assert (told["labels"], told["assignees"], told["text"]) == (["lumen"], ["alice"], "text")
    assert headers["webhook-id"] == "msg_o1"
    content = f"msg_o1.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret == SECRET else secret.encode()
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_a_secret_with_a_letter_lost_is_refused(receiver: Receiver) -> None:
    with pytest.raises(ConfigError, match="LUMEN_WEBHOOK_SECRET: the first secret begins with whsec_"):
        hook(receiver, SECRET[:-1])


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    hook(receiver, "").create(DRAFT)
    assert "webhook-signature" not in receiver.got[0][0]


def test_each_change_has_its_word(receiver: Receiver) -> None:
    tracker = hook(receiver)
    tracker.create(DRAFT)
    tracker.turn(TICKET, DRAFT, to_open=False)
    tracker.turn(TICKET, DRAFT, to_open=True)
    tracker.comment(TICKET, DRAFT)
    tracker.rewrite(TICKET, "nothing")
    assert [json.loads(body)["event"] for _, body in receiver.got] == ["opened", "closed", "reopened", "updated"]


def test_every_try_has_the_same_id(receiver: Receiver) -> None:
    receiver.answers = [(502, {}), (429, {"Retry-After": "5"})]
    hook(receiver).create(DRAFT)
    assert [headers["webhook-id"] for headers, _ in receiver.got] == ["msg_o1"] * 3


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ([(410, {})], NotAllowedError),
        ([(401, {})], NotAllowedError),
        ([(400, {})], DeclinedError),
        ([(302, {"Location": "http://127.0.0.1:9/"})], DeclinedError),
        ([(503, {"Retry-After": "3600"})], BusyError),
        ([(500, {})] * 4, UnsureError),
    ],
    ids=["410", "401", "400", "redirect", "503", "500"],
)
def test_every_fault_has_its_meaning(
    receiver: Receiver, answers: list[tuple[int, dict[str, str]]], fault: type
) -> None:
    receiver.answers = list(answers)
    with pytest.raises(fault) as caught:
        hook(receiver).create(DRAFT)
    assert "s3cr3t-path" not in str(caught.value)
    assert len(receiver.got) == len(answers)


def test_the_notices_do_not_name_the_path(receiver: Receiver) -> None:
    tracker = hook(receiver)
    assert "s3cr3t" not in f"{tracker.kind} {tracker.host} {tracker.project}"
