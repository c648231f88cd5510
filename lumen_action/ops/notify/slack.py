"""Slack's incoming webhooks: Block Kit within its limits; foreign words stand where nothing in them has a meaning."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lumen_action.http import Timing
from lumen_action.ops.notify import Receipt, State
from lumen_action.ops.notify.message import Message, one_line
from lumen_action.ops.notify.posting import Fate, Poster, PostError

_HEADER, _SECTION, _FIELD, _BUTTON, _URL = 150, 3000, 2000, 75, 3000
_MOST_FIELDS, _MOST_BUTTONS = 10, 5
_FALLBACK = 4000
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
        self, url: str, *, tell: Callable[[str], None], timing: Timing | None = None, timeout_seconds: float = 20.0
    ) -> None:
        """Take the URL, which is a secret: Slack knows us by it alone."""
        self.address = url
        self._poster = Poster(url, tell=tell, timing=timing, timeout_seconds=timeout_seconds, repeatable=False)
        self.place = self._poster.place

    def send(self, message: Message) -> Receipt:
        """Post the message; where no answer came nobody knows whether it stands there, and it is not repeated."""
        try:
            self._poster.post(json.dumps(payload(message), ensure_ascii=False).encode())
        except PostError as fault:
            known = _WORDS.get(fault.answer)
            state = State.UNKNOWN if fault.fate is Fate.UNSURE else State.FAILED
            return Receipt(self.name, self.place, state, f"{fault}: {known}" if known else str(fault))
        finally:
            self._poster.close()
        return Receipt(self.name, self.place, State.SENT, "posted")

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent."""
        return {"place": self.place, "payload": payload(message)}


def payload(message: Message) -> dict[str, Any]:
    """Return what the webhook takes."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(one_line(message.subject), _HEADER)},
        {"type": "section", "text": _plain(message.sentence, _SECTION)},
    ]
    if message.rows:
        fields = [_plain(f"{row.name}\n{row.text}", _FIELD) for row in message.rows[:_MOST_FIELDS]]
        blocks.append({"type": "section", "fields": fields})
    buttons = [
        {"type": "button", "text": _plain(link.text, _BUTTON), "url": link.url}
        for link in message.links
        if len(link.url) <= _URL
    ]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons[:_MOST_BUTTONS]})
    # Read out by screen readers and shown in notifications; unlike the blocks it obeys markup.
    told = _clipped(f"{one_line(message.subject)}\n{message.sentence}", _FALLBACK // 5).translate(_ESCAPES)
    return {"text": told, "blocks": blocks}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _clipped(text, limit) or "-", "emoji": False}


def _clipped(text: str, limit: int) -> str:
    """Cut a text; Slack counts as JavaScript does, where a letter outside the first plane is two."""
    units = text.encode("utf-16-le", errors="replace")
    if len(units) <= 2 * limit:
        return text
    return units[: 2 * (limit - 1)].decode("utf-16-le", errors="ignore") + "…"
