"""Slack's incoming webhooks: Block Kit within its limits; foreign words stand where nothing in them has a meaning."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lumen_action.http import Timing
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify.message import Message, clipped
from lumen_action.ops.notify.posting import TIMEOUT_SECONDS, Poster, PostError, delivered

_HEADER, _SECTION, _FIELD, _BUTTON, _URL = 150, 3000, 2000, 75, 3000
_MOST_FIELDS, _MOST_BUTTONS = 10, 5
_FALLBACK = 4000
# Of all texts together; nowhere written, and more is refused as invalid blocks.
_MOST_LETTERS = 13_200
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# What Slack answers, and what there is to do about it.
_WORDS: Mapping[str, str] = {
    "no_service": "the webhook was switched off or removed; make a new one and set LUMEN_SLACK_WEBHOOK",
    "no_active_hooks": "the webhook was switched off; make a new one and set LUMEN_SLACK_WEBHOOK",
    "no_team": "the workspace is gone, or the URL is not complete; paste LUMEN_SLACK_WEBHOOK again",
    "team_disabled": "the workspace is gone",
    "invalid_token": "the URL is not complete; paste LUMEN_SLACK_WEBHOOK again",
    "channel_not_found": "the channel of the webhook is gone; make a webhook for another one",
    "channel_is_archived": "the channel of the webhook is archived; make a webhook for another one",
    "action_prohibited": "an administrator of the workspace forbids it",
    "posting_to_general_channel_denied": "an administrator forbids posting to that channel",
    "user_not_found": "whom the webhook writes to is gone; make a new one",
    "invalid_payload": "Slack does not understand the message; please report this",
    "invalid_blocks": "Slack does not understand the message; please report this",
}


class Slack:
    """One channel of a workspace."""

    name = "slack"
    knows_repeats = False

    def __init__(
        self,
        url: str,
        *,
        tell: Callable[[str], None],
        timing: Timing | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Take the URL, which is a secret: Slack knows us by it alone."""
        self.address = url
        self._poster = Poster(url, tell=tell, timing=timing, timeout_seconds=timeout_seconds, repeatable=False)
        self.place = self._poster.place

    def send(self, message: Message) -> Receipt:
        """Post the message; where no answer came nobody knows whether it stands there, and it is not repeated."""
        return delivered(self.name, self._poster, lambda: self._post(message), _hint)

    def _post(self, message: Message) -> str:
        return f"posted ({self._poster.words(self._poster.post(encoded(message)))})"

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent."""
        return {"place": self.place, "body": encoded(message).decode()}


def _hint(fault: PostError) -> str:
    known = _WORDS.get(fault.answer)
    return f": {known}" if known else ""


def encoded(message: Message) -> bytes:
    """Return the bytes that are sent."""
    return json.dumps(payload(message), ensure_ascii=False).encode(errors="replace")


def payload(message: Message) -> dict[str, Any]:
    """Return what the webhook takes; of rows that are too many for it the last give way."""
    fields = min(len(message.rows), _MOST_FIELDS)
    made = [*(_payload(message, count, _MOST_BUTTONS) for count in range(fields, -1, -1)), _payload(message, 0, 0)]
    return next((each for each in made if _letters(each) <= _MOST_LETTERS), made[-1])


def _payload(message: Message, rows: int, links: int) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(message.title, _HEADER)},
        {"type": "section", "text": _plain(message.sentence, _SECTION)},
    ]
    if rows:
        fields = [_plain(f"{row.name}\n{row.text}", _FIELD) for row in message.rows[:rows]]
        blocks.append({"type": "section", "fields": fields})
    buttons = [
        {"type": "button", "text": _plain(link.text, _BUTTON), "url": link.url}
        for link in message.links
        if len(link.url) <= _URL
    ][:links]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    # Read out by screen readers and shown in notifications; unlike the blocks it obeys markup.
    told = clipped(f"{message.title}\n{message.sentence}", _FALLBACK // 5).translate(_ESCAPES)
    return {"text": told, "blocks": blocks}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": clipped(text, limit) or "-", "emoji": False}


def _letters(value: object) -> int:
    """Count the letters of all texts in a payload, as Slack does."""
    if isinstance(value, dict):
        return sum(map(_letters, value.values()))
    if isinstance(value, list):
        return sum(map(_letters, value))
    return len(value.encode("utf-16-le", errors="replace")) // 2 if isinstance(value, str) else 0
