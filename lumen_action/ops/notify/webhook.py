"""A message for machines: one JSON object, signed as standardwebhooks.com describes, or as GitHub does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lumen_action.http import Timing
from lumen_action.model.instants import stamp
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify.message import LABELS, Message, as_json
from lumen_action.ops.notify.options import ALERT_URL
from lumen_action.ops.notify.posting import GONE, TIMEOUT_SECONDS, Poster, PostError, delivered
from lumen_action.ops.notify.signing import Signer

# Receivers may refuse more than 20 kB: the longest text gives way.
_MOST_BYTES = 18_000
_CLIPPED, _MOST_CLIPPED = 1000, 200


class Webhook:
    """Whoever listens at a URL."""

    name = "webhook"
    knows_repeats = True

    def __init__(
        self,
        url: str,
        *,
        signer: Signer | None = None,
        tell: Callable[[str], None],
        timing: Timing | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Take the URL and, where there is one, what signs with the secret that both sides know."""
        self.address = url
        self._signer = signer or Signer()
        self._poster = Poster(url, tell=tell, timing=timing, timeout_seconds=timeout_seconds)
        self.place = self._poster.place

    def send(self, message: Message) -> Receipt:
        """Post the message; every try has the same id, so that the receiver sees it once."""
        return delivered(self.name, self._poster, lambda: self._post(message), _hint)

    def _post(self, message: Message) -> str:
        body, id_ = encoded(message), f"msg_{message.key}"
        answer = self._poster.post(body, lambda: self._signer.headers(id_, self._poster.timing.now(), body))
        return f"taken{'' if self._signer else ', unsigned'} ({self._poster.words(answer)})"

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent."""
        return {"place": self.place, "webhook-id": f"msg_{message.key}", "body": encoded(message).decode()}


def _hint(fault: PostError) -> str:
    return f"; it wants no more messages, take {ALERT_URL} away" if fault.status == GONE else ""


def encoded(message: Message) -> bytes:
    """Return the bytes that are sent."""
    bodies = [
        as_json({"type": message.kind, "timestamp": stamp(message.at_ms), "data": data}) for data in _ways(message)
    ]
    return next((body for body in bodies if len(body) <= _MOST_BYTES), bodies[-1])


def _ways(message: Message) -> Iterator[Mapping[str, object]]:
    """Yield what there is to say, each time less than before."""
    details = {**message.details, **_standing(message)}
    links = [{"text": link.text, "url": link.url} for link in message.links]
    whole = {"subject": message.subject, "sentence": message.sentence, "text": message.text}
    yield {**details, **whole, "links": links}
    brief = _brief(message, _CLIPPED) | {"links": links}
    yield {**details, **brief}
    short = {name: value for name, value in details.items() if len(as_json(value)) <= _CLIPPED}
    yield {**short, **brief}
    labels = {name: message.label(name)[:_MOST_CLIPPED] for name in LABELS if message.label(name)}
    yield {**labels, **_standing(message), **_brief(message, _MOST_CLIPPED), "links": []}


def _brief(message: Message, letters: int) -> dict[str, object]:
    sentence = message.sentence[:letters]
    return {"subject": message.subject[:letters], "sentence": sentence, "text": sentence}


def _standing(message: Message) -> dict[str, object]:
    """Return what a machine follows an alarm by, nothing of what is none."""
    if message.severity is None:
        return {}
    return {"severity": message.severity.value, "resolved": message.resolves, "thread": message.thread}
