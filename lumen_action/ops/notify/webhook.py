"""A message for machines: one JSON object, signed as standardwebhooks.com describes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from lumen_action.http import Timing
from lumen_action.model.instants import stamp
from lumen_action.ops.notify import Receipt, State
from lumen_action.ops.notify.message import Message
from lumen_action.ops.notify.options import ALERT_URL
from lumen_action.ops.notify.posting import TIMEOUT_SECONDS, Fate, Poster, PostError
from lumen_action.ops.notify.signing import signed_headers, signing_key

_GONE = 410
# Receivers may refuse more than 20 kB: the longest text gives way.
_MOST_BYTES = 18_000
_CLIPPED = 1000


class Webhook:
    """Whoever listens at a URL."""

    name = "webhook"
    knows_repeats = True

    def __init__(
        self,
        url: str,
        *,
        secret: str = "",
        tell: Callable[[str], None],
        timing: Timing | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Take the URL and, where there is one, the secret that both sides know."""
        self.address = url
        self._key = signing_key(secret) if secret else b""
        self._poster = Poster(url, tell=tell, timing=timing, timeout_seconds=timeout_seconds)
        self.place = self._poster.place

    def send(self, message: Message) -> Receipt:
        """Post the message; every try has the same id, so that the receiver sees it once."""
        body, id_ = encoded(message), f"msg_{message.key}"
        try:
            self._poster.post(body, lambda: signed_headers(self._key, id_, self._poster.timing.now(), body))
        except PostError as fault:
            state = State.UNKNOWN if fault.fate is Fate.UNSURE else State.FAILED
            gone = f"; it wants no more messages, take {ALERT_URL} away" if fault.status == _GONE else ""
            return Receipt(self.name, self.place, state, f"{fault}{gone}")
        finally:
            self._poster.close()
        return Receipt(self.name, self.place, State.SENT, "taken" if self._key else "taken, unsigned")

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent."""
        return {"place": self.place, "webhook-id": f"msg_{message.key}", "body": encoded(message).decode()}


def encoded(message: Message) -> bytes:
    """Return the bytes that are sent."""
    brief = {
        "subject": message.subject[:_CLIPPED],
        "sentence": message.sentence[:_CLIPPED],
        "text": message.sentence[:_CLIPPED],
        "links": [{"text": link.text, "url": link.url} for link in message.links],
    }
    whole = {"subject": message.subject, "sentence": message.sentence, "text": message.text}
    at = stamp(message.at_ms)
    # Each says less than the one before it.
    short = {name: value for name, value in message.details.items() if len(_json(value)) <= _CLIPPED}
    ways = ({**message.details, **brief, **whole}, {**message.details, **brief}, {**short, **brief})
    bodies = [_json({"type": message.kind, "timestamp": at, "data": data}) for data in ways]
    return next((body for body in bodies if len(body) <= _MOST_BYTES), bodies[-1])


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
