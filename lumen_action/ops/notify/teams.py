"""Microsoft Teams: an Adaptive Card to a workflow; foreign words stand in runs of text, which know no markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lumen_action.http import Timing
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify.message import RESOLVED, Message, as_json, clipped
from lumen_action.ops.notify.options import TEAMS_URL
from lumen_action.ops.notify.posting import TIMEOUT_SECONDS, Poster, PostError, delivered

_TITLE, _SENTENCE, _NAME, _TEXT, _BUTTON, _URL = 300, 3000, 100, 1000, 60, 2000
_MOST_ROWS, _MOST_BUTTONS = 20, 5
# Teams takes about 28 kB and does not say how it counts: neither form may have more.
_MOST_BYTES = 27_000
_COLOURS = {
    "critical": "attention",
    "error": "attention",
    "warning": "warning",
    "info": "accent",
    RESOLVED: "good",
}


class Teams:
    """One workflow, which posts to a channel or a chat."""

    name = "teams"
    knows_repeats = False

    def __init__(
        self,
        url: str,
        *,
        tell: Callable[[str], None],
        timing: Timing | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Take the URL, which is a secret: the workflow knows us by it alone."""
        self.address = url
        self._poster = Poster(url, tell=tell, timing=timing, timeout_seconds=timeout_seconds, repeatable=False)
        self.place = self._poster.place

    def send(self, message: Message) -> Receipt:
        """Start the workflow; what it does then is told by its run history only."""
        return delivered(self.name, self._poster, lambda: self._post(message), _hint)

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent."""
        return {"place": self.place, "body": encoded(message).decode()}

    def _post(self, message: Message) -> str:
        answer = self._poster.words(self._poster.post(encoded(message)))
        return f"taken by the workflow ({answer}); its run history says whether it was posted"


def encoded(message: Message) -> bytes:
    """Return the bytes that are sent; of rows that are too many for it the last give way, then the links."""
    rows = range(min(len(message.rows), _MOST_ROWS), -1, -1)
    cards = [*(_card(message, message.rows[:count], _MOST_BUTTONS) for count in rows), _card(message, (), 0)]
    return next((card for card in cards if _fits(card)), cards[-1])


def _fits(body: bytes) -> bool:
    return max(len(body), len(body.decode().encode("utf-16-le"))) <= _MOST_BYTES


def _card(message: Message, rows: Sequence[Any], links: int) -> bytes:
    title = {"type": "TextRun", "text": clipped(message.title, _TITLE) or "-", "weight": "Bolder", "size": "Large"}
    head: dict[str, Any] = {"type": "Container", "bleed": True, "items": [_block(title)]}
    if message.standing:
        head["style"] = _COLOURS[message.standing]
    told = [_block(_run(clipped(message.sentence, _SENTENCE) or "-"))]
    told += [
        _block({**_run(f"{clipped(row.name, _NAME)}: "), "weight": "Bolder"}, _run(clipped(row.text, _TEXT) or "-"))
        for row in rows
    ]
    buttons = [
        {"type": "Action.OpenUrl", "title": clipped(link.text, _BUTTON) or "-", "url": link.url}
        for link in message.links
        if len(link.url) <= _URL
    ][:links]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [head, *told],
        **({"actions": buttons} if buttons else {}),
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return as_json({"type": "message", "attachments": [attachment]})


def _block(*runs: Mapping[str, object]) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str) -> dict[str, object]:
    return {"type": "TextRun", "text": text}


def _hint(fault: PostError) -> str:
    gone = fault.status in (400, 401, 403, 404)
    return f"; if the workflow was deleted or switched off make a new one and set {TEAMS_URL}" if gone else ""
