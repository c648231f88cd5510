"""Whatever takes JSON at a URL, such as ntfy, Gotify, Discord or Mattermost: in the form that a team gives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from lumen_action.errors import shown
from lumen_action.http import Timing
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify.message import RESOLVED, Message, as_json, clipped, one_line
from lumen_action.ops.notify.options import NOTIFY_HEADERS, NOTIFY_URL
from lumen_action.ops.notify.posting import TIMEOUT_SECONDS, Access, Fate, Poster, PostError, delivered
from lumen_action.ops.notify.webhook import encoded as event

FIELD = "notify.body"
_EXAMPLE = 'notify: {body: {title: "{subject}", message: "{text:2000}"}}'
_PLACE = re.compile(r"\{([a-z_]+)(?::([1-9][0-9]{0,5}))?\}")
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([^\x00-\x1f\x7f]*)")
_SECRET_NAME = re.compile("auth|token|key|secret|passw|cookie", re.IGNORECASE)
# What is ours to say, or decides where one message ends and the next begins.
_OURS = frozenset({"content-type", "content-length", "transfer-encoding", "connection", "host", "user-agent"})
PLACES: Mapping[str, Callable[[Message], str]] = {
    "subject": lambda message: one_line(message.subject),
    "title": lambda message: message.title,
    "sentence": lambda message: message.sentence,
    "text": lambda message: message.text,
    "severity": lambda message: message.severity.value if message.severity else "",
    "state": lambda message: RESOLVED if message.resolves else "firing",
    "kind": lambda message: message.kind,
    "key": lambda message: message.key,
    "thread": lambda message: message.thread,
    "pipeline": lambda message: message.label("pipeline"),
    "region": lambda message: message.label("region"),
    "link": lambda message: message.links[0].url if message.links else "",
}


class Generic:
    """One URL."""

    name = "generic"
    knows_repeats = False

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        tell: Callable[[str], None],
        timing: Timing | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Take the URL, headers, which may hold secrets, and the form; without one it is that of the webhook."""
        self.address = url
        self._headers = dict(headers or {})
        self._body = body
        self._poster = Poster(
            url,
            tell=tell,
            timing=timing,
            timeout_seconds=timeout_seconds,
            repeatable=False,
            access=Access(headers=self._headers, secrets=secret_values(self._headers)),
        )
        self.place = self._poster.place

    def send(self, message: Message) -> Receipt:
        """Post the message; where no answer came nobody knows whether it was taken, and it is not repeated."""
        return delivered(self.name, self._poster, lambda: self._post(message), _hint)

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent; headers are named only."""
        return {"place": self.place, "headers": list(self._headers), "body": encoded(message, self._body).decode()}

    def _post(self, message: Message) -> str:
        return f"taken ({self._poster.words(self._poster.post(encoded(message, self._body)))})"


def encoded(message: Message, body: object = None) -> bytes:
    """Return the bytes that are sent: the team's form with its places filled, else what a webhook gets."""
    return event(message) if body is None else as_json(_filled(body, message))


def _filled(value: object, message: Message) -> object:
    """Fill the places in every text of a form; whatever is put in stays inside of its text."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: _word(found, message), value)
    if isinstance(value, Mapping):
        return {name: _filled(each, message) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(each, message) for each in value]
    return value


def _word(found: re.Match[str], message: Message) -> str:
    text = PLACES[found[1]](message)
    return clipped(text, int(found[2])) if found[2] else text


def body_problems(body: object) -> list[str]:
    """Say what is wrong with the form of a body."""
    if not isinstance(body, Mapping):
        return [f"{FIELD}: is no map; write `{_EXAMPLE}`"]
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return [f"{FIELD}: holds something that JSON has no form for, such as a date; put it between quotes"]
    known = ", ".join(f"{{{name}}}" for name in PLACES)
    unknown = sorted({found[1] for found in _PLACE.finditer(text)} - {*PLACES})
    return [f"{FIELD}: {shown(f'{{{name}}}')} is none of {known}; write `{_EXAMPLE}`" for name in unknown]


def read_headers(text: str, problems: list[str]) -> dict[str, str]:
    """Read headers, one a line; a value is never repeated."""
    found = {}
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        header = _HEADER.fullmatch(line.strip())
        if header is None or not header[2].strip().isascii():
            problems.append(
                f"{NOTIFY_HEADERS}: line {number} is no header; write `X-Gotify-Key: …`, one a line, in ASCII"
            )
        elif header[1].lower() in _OURS:
            problems.append(f"{NOTIFY_HEADERS}: line {number} sets {header[1]}, which is ours to say; take it away")
        else:
            found[header[1]] = header[2].strip()
    return found


def secret_values(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return what must not be shown of headers: of those that let us in the value and its last word."""
    values = [value for name, value in headers.items() if _SECRET_NAME.search(name)]
    return tuple(dict.fromkeys(word for value in values for word in (value, value.rpartition(" ")[2]) if word))


def _hint(fault: PostError) -> str:
    misled = fault.fate in (Fate.REFUSED, Fate.DECLINED)
    return f"; look at {NOTIFY_URL}, {NOTIFY_HEADERS} and {FIELD}" if misled else ""
