"""PagerDuty's Events API v2: an alarm opens an alert under its thread, and the recovery closes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from lumen_action.http import Timing
from lumen_action.model.instants import stamp
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify.message import Message, Severity, as_json, clipped, digest, one_line
from lumen_action.ops.notify.options import PAGERDUTY_KEY, PAGERDUTY_URL
from lumen_action.ops.notify.posting import TIMEOUT_SECONDS, Access, Fate, Poster, PostError, delivered

ENDPOINT = "https://events.pagerduty.com"
_PATH = "/v2/enqueue"
_ACCEPTED = 202
_DEDUP_KEY, _SUMMARY, _SHORT, _LINK_TEXT = 255, 1024, 255, 255
_MOST_LINKS, _URL = 10, 2000
_CLIPPED = 2000
# The whole event may have 512 kB.
_MOST_BYTES = 500_000


class PagerDuty:
    """One service of PagerDuty; an event that arrives twice changes nothing, by its dedup key."""

    name = "pagerduty"
    knows_repeats = True

    def __init__(
        self,
        key: str,
        url: str = ENDPOINT,
        *,
        tell: Callable[[str], None],
        timing: Timing | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Take the integration key, which is a secret and goes in the body."""
        self.address = f"{url} {key}"
        self._key = key
        self._poster = Poster(
            url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}{_PATH}",
            tell=tell,
            timing=timing,
            timeout_seconds=timeout_seconds,
            access=Access(secrets=(key,)),
        )
        self.place = self._poster.place

    def send(self, message: Message) -> Receipt:
        """Open the alert of a thread, or close it."""
        return delivered(self.name, self._poster, lambda: self._post(message), _hint)

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent; only the key is left out."""
        return {"place": self.place, "body": encoded(message, "***").decode()}

    def _post(self, message: Message) -> str:
        answer = self._poster.post(encoded(message, self._key))
        if answer.status != _ACCEPTED:
            told = f"{self.place} answered {answer.status}, which PagerDuty does not; correct {PAGERDUTY_URL}"
            raise PostError(told, Fate.DECLINED, status=answer.status)
        return f"{'closes the alert' if message.resolves else 'taken'} ({self._poster.words(answer)})"


def encoded(message: Message, key: str) -> bytes:
    """Return the bytes that are sent."""
    event: dict[str, object] = {
        "routing_key": key,
        "event_action": "resolve" if message.resolves else "trigger",
        "dedup_key": dedup_key(message.thread),
    }
    source = message.label("pipeline") or "lumen"
    payload = {
        "summary": clipped(one_line(message.subject), _SUMMARY) or "-",
        "source": clipped(one_line(source), _SHORT) or "-",
        "severity": (message.severity or Severity.INFO).value,
        "timestamp": stamp(message.at_ms),
        **_named("component", message.label("stage")),
        **_named("group", message.label("region")),
        **_named("class", message.label("error_class") or message.kind),
    }
    links = [
        {"href": link.url, "text": clipped(one_line(link.text), _LINK_TEXT) or "-"}
        for link in message.links
        if len(link.url) <= _URL
    ][:_MOST_LINKS]
    whole = {**event, "client": "Lumen SLI", "links": links}
    bodies = [as_json({**whole, "payload": {**payload, "custom_details": told}}) for told in _ways(message)]
    return next((body for body in bodies if len(body) <= _MOST_BYTES), bodies[-1])


def dedup_key(thread: str) -> str:
    """Return what PagerDuty knows a thread by."""
    return thread if len(thread) <= _DEDUP_KEY else digest(thread)


def _ways(message: Message) -> Iterator[Mapping[str, object]]:
    """Yield what there is to say, each time less than before."""
    rows = {row.name: row.text for row in message.rows}
    yield {"sentence": message.sentence, **rows, "text": message.text, "details": dict(message.details)}
    yield {"sentence": clipped(message.sentence, _CLIPPED)}


def _named(name: str, text: str) -> dict[str, str]:
    return {name: clipped(one_line(text), _SHORT)} if text.strip() else {}


def _hint(fault: PostError) -> str:
    """Say what PagerDuty finds wrong with an event."""
    try:
        errors = json.loads(fault.answer)["errors"]
    except (ValueError, KeyError, TypeError):
        return ""
    told = "; ".join(map(str, errors)) if isinstance(errors, list) else str(errors)
    if not told:
        return ""
    wrong_key = f"; set {PAGERDUTY_KEY} to the key of an Events API v2 integration" if "routing_key" in told else ""
    return f": {one_line(told)[:_CLIPPED]}{wrong_key}"
