"""Those who take messages, as strict as the real ones: what is too long or malformed is refused in their words."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import loopback
from loopback import Quiet

ROUTING_KEY = "R0UTINGKEYofTheTestsOf32Letters0"
HANG_UP, LATE = "hang up", "late"
Answer = tuple[int, Mapping[str, str], bytes]
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def units(text: str) -> int:
    """Count letters as JavaScript does."""
    return len(text.encode("utf-16-le", errors="replace")) // 2


@dataclass
class Receiver:
    """Takes JSON by POST; `faults` are used up try by try, in place of an answer of its own."""

    path: str
    take: Callable[[bytes, Mapping[str, str]], Answer]
    faults: list[Answer | str] = field(default_factory=list)
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    @contextlib.contextmanager
    def serving(self) -> Iterator[Receiver]:
        with loopback.answering(self._answer) as server:
            self.url = f"{server}{self.path}"
            yield self

    @property
    def told(self) -> Any:  # noqa: ANN401
        """Return the last message."""
        return json.loads(self.got[-1][1])

    def _answer(self, handler: Quiet) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.got.append((headers, body))
        fault = self.faults.pop(0) if self.faults else None
        if fault == HANG_UP:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif isinstance(fault, tuple):
            handler.reply(*fault)
        elif handler.command != "POST" or handler.path != self.path:
            handler.reply(404, {}, b"not here")
        elif headers.get("content-type") != "application/json":
            handler.reply(415, {}, b"JSON is wanted")
        else:
            if fault == LATE:
                time.sleep(0.5)
                handler.close_connection = True
            handler.reply(*self.take(body, headers))


class PagerDuty:
    """Alerts by their dedup key, and whether each is open."""

    def __init__(self) -> None:
        self.alerts: dict[str, bool] = {}
        self.receiver = Receiver("/v2/enqueue", self._take)

    def _take(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        del headers
        if len(body) > 512 * 1024:
            return 413, {}, b""
        event = json.loads(body)
        if errors := list(_event_faults(event)):
            told = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
            return 400, {}, json.dumps(told).encode()
        self.alerts[event["dedup_key"]] = event["event_action"] == "trigger"
        told = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return 202, {}, json.dumps(told).encode()


def _event_faults(event: Mapping[str, Any]) -> Iterator[str]:
    payload = event.get("payload", {})
    links = event.get("links", [])
    right = {
        "Length of 'routing_key' is incorrect (should be 32 characters)": len(event.get("routing_key", "")) == 32,
        "'routing_key' is invalid": event.get("routing_key") == ROUTING_KEY,
        "'event_action' is invalid": event.get("event_action") in ("trigger", "acknowledge", "resolve"),
        "Length of 'dedup_key' is incorrect": 0 < units(event.get("dedup_key", "")) <= 255,
        "Length of 'summary' is incorrect": 0 < units(payload.get("summary", "")) <= 1024,
        "'source' is missing or blank": payload.get("source", "").strip(),
        "'severity' is invalid": payload.get("severity") in ("critical", "warning", "error", "info"),
        "'timestamp' is invalid": _STAMP.fullmatch(payload.get("timestamp", "")),
        "'custom_details' is invalid": isinstance(payload.get("custom_details", {}), dict),
        "'links' is invalid": all(re.match("https?://", each["href"]) and each["text"] for each in links),
    }
    return (fault for fault, holds in right.items() if not holds)


def teams() -> Receiver:
    """Return a workflow of Microsoft Teams."""

    def take(body: bytes, headers: Mapping[str, str]) -> Answer:
        del headers
        if len(body) > 28_000:
            return 413, {}, b'{"error":{"code":"RequestEntityTooLarge"}}'
        try:
            _assert_card(json.loads(body))
        except (AssertionError, KeyError, ValueError) as fault:
            return 400, {}, f"BadRequest {fault!r}".encode()
        return 202, {}, b""

    return Receiver("/workflows/0123456789abcdef/triggers/manual/paths/invoke?sig=s3cr3t-signature", take)


def _assert_card(message: Mapping[str, Any]) -> None:
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    for element in card["body"]:
        if element["type"] == "Container":
            assert element.get("style", "default") in ("default", "good", "attention", "warning", "accent")
        for block in element.get("items", [element]):
            # A TextBlock would obey Markdown in words of others.
            assert block["type"] == "RichTextBlock", block["type"]
            assert all(run["type"] == "TextRun" and run["text"] for run in block["inlines"])
    assert len(card.get("actions", [])) <= 6
    for action in card.get("actions", []):
        assert action["type"] == "Action.OpenUrl"
        assert action["title"]
        assert action["url"].startswith(("http://", "https://"))


def slack() -> Receiver:
    """Return an incoming webhook of Slack."""

    def take(body: bytes, headers: Mapping[str, str]) -> Answer:
        del headers
        try:
            _assert_blocks(json.loads(body))
        except (AssertionError, KeyError):
            return 400, {}, b"invalid_blocks"
        except ValueError:
            return 400, {}, b"invalid_payload"
        return 200, {}, b"ok"

    return Receiver("/services/T0/B0/s3cr3t-path", take)


def _assert_blocks(message: Mapping[str, Any]) -> None:
    assert not re.search(r"<(?![!@#]?\Z)", message["text"])
    assert units(message["text"]) <= 4000
    assert len(message["blocks"]) <= 50
    total = 0
    for block in message["blocks"]:
        limit = {"header": 150, "section": 3000, "actions": 0}[block["type"]]
        texts = [(block["text"], limit)] if "text" in block else []
        fields, buttons = block.get("fields", []), block.get("elements", [])
        assert len(fields) <= 10
        assert len(buttons) <= 25
        texts += [(each, 2000) for each in fields] + [(each["text"], 75) for each in buttons]
        assert all(len(each["url"]) <= 3000 for each in buttons)
        for text, most in texts:
            assert text["type"] == "plain_text"
            assert 0 < units(text["text"]) <= most
            total += units(text["text"])
    assert total <= 13_200


def plain(status: int = 204) -> Receiver:
    """Return whoever takes any JSON object below 20 kB."""

    def take(body: bytes, headers: Mapping[str, str]) -> Answer:
        del headers
        if len(body) > 20_000 or not isinstance(json.loads(body), dict):
            return 413, {}, b""
        return status, {}, b""

    return Receiver("/hook/s3cr3t-path", take)


def alertmanager() -> Receiver:
    """Return what takes alerts as an Alertmanager does; what it does with them the real one is asked."""

    def take(body: bytes, headers: Mapping[str, str]) -> Answer:
        del headers
        for alert in json.loads(body):
            assert alert["labels"]["alertname"]
            assert all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) for name in alert["labels"])
            assert all(map(str.strip, alert["labels"].values()))
            assert _STAMP.fullmatch(alert["startsAt"])
            assert _STAMP.fullmatch(alert["endsAt"])
            assert alert["startsAt"] <= alert["endsAt"]
        return 200, {}, b""

    return Receiver("/api/v2/alerts", take)
