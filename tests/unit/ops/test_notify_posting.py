"""Slack and webhooks: their form and limits, what every answer means, and that no URL is ever told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import loopback
import pytest
from hookreceiver import Receiver
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.http import Timing
from lumen_action.ops.notify import Receipt, State
from lumen_action.ops.notify.message import Link, Message, Row
from lumen_action.ops.notify.signing import signer
from lumen_action.ops.notify.slack import Slack, payload
from lumen_action.ops.notify.webhook import Webhook, encoded

pytestmark = pytest.mark.usefixtures("no_proxy")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the published vector
MESSAGE = Message(
    subject="nightly & <!channel>, 10주차",
    sentence="nightly kept its promise <https://evil.example|click> :tada:",
    rows=(Row("Runs", "7 of 7 & *more*"),),
    text="nightly kept its promise",
    key="0123456789abcdef",
    thread="t",
    at_ms=1_772_500_000_000,
    links=(Link("Read the report", "https://reports.example/?a=1&b=2"),),
    kind="report",
    details={"pipeline": "nightly"},
)
CHANNELS: dict[str, Callable[..., Slack | Webhook]] = {"slack": Slack, "webhook": Webhook}


class Pauses:
    """A clock that does not wait, and what was said while it was asked to."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.told: list[str] = []

    def send(self, kind: str, url: str, **more: Any) -> Receipt:  # noqa: ANN401
        timing = Timing(sleep=self.slept.append, chance=lambda: 0.0, now=lambda: 1614265330.7)
        return CHANNELS[kind](url, tell=self.told.append, timing=timing, **more).send(MESSAGE)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().serving() as serving:
        yield serving


def test_the_webhook_gets_the_bytes_that_were_signed(receiver: Receiver, pauses: Pauses) -> None:
    receipt = pauses.send("webhook", receiver.url, signer=signer(SECRET, "LUMEN_ALERT_SECRET"))
    assert (receipt.state, receipt.told) == (State.SENT, "taken (204)")
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert (told["type"], told["timestamp"]) == ("report", "2026-03-03T01:06:40Z")
    assert (told["data"]["pipeline"], told["data"]["sentence"]) == ("nightly", MESSAGE.sentence)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (f"msg_{MESSAGE.key}", "1614265330")
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = hmac.new(key, f"msg_{MESSAGE.key}.1614265330.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"


def test_the_webhook_says_where_nothing_was_signed(receiver: Receiver, pauses: Pauses) -> None:
    assert pauses.send("webhook", receiver.url).told == "taken, unsigned (204)"
    assert "webhook-signature" not in receiver.got[0][0]


def test_a_webhook_message_stays_below_what_receivers_take() -> None:
    long = replace(MESSAGE, text="한" * 20_000)
    body = encoded(long)
    assert len(body) < 20_000
    assert json.loads(body)["data"]["text"] == MESSAGE.sentence


@given(st.text(max_size=40), st.text(max_size=40), st.integers(1, 2000), st.integers(0, 200))
def test_a_webhook_is_never_sent_more_than_receivers_take(subject: str, sentence: str, times: int, rows: int) -> None:
    told = {"pipeline": "nightly", "objectives": [{"name": subject * times}] * rows}
    body = encoded(replace(MESSAGE, subject=subject * times, sentence=sentence * times, details=told))
    assert len(body) < 20_000
    assert json.loads(body)["data"]["pipeline"] == "nightly"


def test_slack_gets_words_that_mean_nothing_to_it(receiver: Receiver, pauses: Pauses) -> None:
    assert pauses.send("slack", receiver.url).state is State.SENT
    told = json.loads(receiver.got[0][1])
    assert told["text"].startswith("nightly &amp; &lt;!channel&gt;, 10주차\n")
    header, sentence, rows, actions = told["blocks"]
    assert header["text"] == {"type": "plain_text", "text": MESSAGE.subject, "emoji": False}
    assert sentence["text"] == {"type": "plain_text", "text": MESSAGE.sentence, "emoji": False}
    assert rows["fields"] == [{"type": "plain_text", "text": "Runs\n7 of 7 & *more*", "emoji": False}]
    assert [button["url"] for button in actions["elements"]] == ["https://reports.example/?a=1&b=2"]


def test_slack_gets_a_button_only_where_there_is_a_link() -> None:
    assert [block["type"] for block in payload(replace(MESSAGE, links=()))["blocks"]] == [
        "header",
        "section",
        "section",
    ]


def units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="replace")) // 2


@given(st.text(max_size=40), st.text(max_size=40), st.integers(1, 300), st.integers(0, 15))
def test_slack_is_never_sent_more_than_it_takes(subject: str, sentence: str, times: int, rows: int) -> None:
    made = replace(
        MESSAGE,
        subject=subject * times,
        sentence=sentence * times,
        rows=tuple(Row(subject * times, sentence * times) for _ in range(rows)),
        links=(Link(subject * times, f"https://reports.example/{'a' * times * 20}"),) * 7,
    )
    told = payload(made)
    assert units(told["text"]) <= 4000
    assert 2 <= len(told["blocks"]) <= 50
    for block in told["blocks"]:
        limit = {"header": 150, "section": 3000}.get(block["type"], 0)
        texts = [block["text"]["text"]] if "text" in block else []
        assert all(0 < units(text) <= limit for text in texts)
        assert all(0 < units(each["text"]) <= 2000 for each in block.get("fields", []))
        assert len(block.get("fields", [])) <= 10
        for button in block.get("elements", []):
            assert 0 < units(button["text"]["text"]) <= 75
            assert len(button["url"]) <= 3000


@pytest.mark.parametrize("kind", CHANNELS)
@pytest.mark.parametrize("status", [300, 304, 305, 306])
def test_only_2xx_says_that_it_was_taken(receiver: Receiver, pauses: Pauses, kind: str, status: int) -> None:
    receiver.answers = [(status, {})]
    receipt = pauses.send(kind, receiver.url)
    assert receipt.state is State.FAILED
    assert f"answered {status}" in receipt.told
    assert len(receiver.got) == 1


@pytest.mark.parametrize(("kind", "told"), [("slack", "posted (200 ok "), ("webhook", "taken, unsigned (200 ok ")])
def test_a_receipt_shows_the_answer_in_one_short_line_without_secrets(pauses: Pauses, kind: str, told: str) -> None:
    def answer(handler: loopback.Quiet) -> None:
        said = f"ok\n{handler.path} Authorization: Bearer abc123 token=s3cr3t-token \x1b[31m{'x' * 500}"
        handler.reply(200, {}, said.encode())

    with loopback.answering(answer) as server:
        receipt = pauses.send(kind, f"{server}/hook/s3cr3t-path")
    assert receipt.told.startswith(told)
    assert len(receipt.told) < 200
    assert receipt.told.isprintable()
    assert "s3cr3t" not in receipt.told
    assert "abc123" not in receipt.told


@pytest.mark.parametrize("kind", CHANNELS)
def test_what_passes_is_waited_for_as_long_as_it_says(receiver: Receiver, pauses: Pauses, kind: str) -> None:
    receiver.answers = [(429, {"Retry-After": "7"}), (503, {})]
    assert pauses.send(kind, receiver.url).state is State.SENT
    assert pauses.slept == [7.0, 0.0]
    assert len({body for _, body in receiver.got}) == 1
    assert len({headers.get("webhook-id") for headers, _ in receiver.got}) == 1


def test_a_webhook_that_is_gone_says_what_to_take_away(receiver: Receiver, pauses: Pauses) -> None:
    receiver.answers = [(410, {})]
    assert pauses.send("webhook", receiver.url).told.endswith("take LUMEN_ALERT_URL away")


@pytest.mark.parametrize(("kind", "tries"), [("slack", 1), ("webhook", 4)])
def test_only_a_receiver_that_knows_repeats_is_told_again_what_it_may_have(
    receiver: Receiver, pauses: Pauses, kind: str, tries: int
) -> None:
    receiver.answers = [(504, {})] * 4
    assert pauses.send(kind, receiver.url).state is State.UNKNOWN
    assert len(receiver.got) == tries


def test_slack_says_what_its_words_mean_and_an_answer_that_repeats_the_url_is_cut(pauses: Pauses) -> None:
    def answer(handler: loopback.Quiet) -> None:
        handler.reply(404, {}, b"no_service" if handler.path == "/services/T0/B0/s3cr3t-path" else b"?")

    def repeats(handler: loopback.Quiet) -> None:
        handler.reply(404, {}, f"Cannot POST {handler.path}".encode())

    with loopback.answering(answer) as server:
        told = pauses.send("slack", f"{server}/services/T0/B0/s3cr3t-path").told
    assert "make a new one and set LUMEN_SLACK_WEBHOOK" in told
    with loopback.answering(repeats) as server:
        told = pauses.send("slack", f"{server}/services/T0/B0/s3cr3t-path").told
    assert "Cannot POST …" in told
    with loopback.answering(lambda handler: handler.reply(404, {}, b"no key k3y-s3cr3t/=")) as server:
        told += pauses.send("slack", f"{server}/?a=1&key=k3y-s3cr3t%2F%3D").told
    assert "no key …" in told
    assert "s3cr3t" not in told
