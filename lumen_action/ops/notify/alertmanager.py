"""Alertmanager's API v2: an alarm fires an alert that carries its thread, and the recovery ends what carries it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from lumen_action.http import Http, HttpError, Request, Timing
from lumen_action.model.instants import stamp
from lumen_action.ops.notify import Receipt
from lumen_action.ops.notify.message import LABELS, Message, Severity, as_json, clipped, one_line
from lumen_action.ops.notify.options import (
    ALERTMANAGER_PASSWORD,
    ALERTMANAGER_TOKEN,
    ALERTMANAGER_URL,
    ALERTMANAGER_USER,
)
from lumen_action.ops.notify.posting import TIMEOUT_SECONDS, Access, Fate, Poster, PostError, delivered

_PATH = "/api/v2/alerts"
_THREAD = "lumen_thread"
# Longer than a weekend without a night, so that nothing seems over because nobody looked; without an end Alertmanager
# drops it after minutes.
_LASTS_MS = 96 * 3_600_000
_AHEAD_MS = 60_000
_LABEL, _SUMMARY, _DESCRIPTION = 200, 1000, 8000
# The words of our rule files, by which the routes that we ship send what they fire.
_SEVERITIES: Mapping[Severity, str] = {
    Severity.CRITICAL: "page",
    Severity.ERROR: "ticket",
    Severity.WARNING: "ticket",
    Severity.INFO: "info",
}
_LET_IN = f"set {ALERTMANAGER_TOKEN}, or {ALERTMANAGER_USER} and {ALERTMANAGER_PASSWORD}"
_TO_DO: Mapping[int | None, str] = {
    401: _LET_IN,
    403: _LET_IN,
    404: f"give {ALERTMANAGER_URL} as what stands before /api/v2",
}
_UNREADABLE = "answered something else than an Alertmanager does"


class Alertmanager:
    """An Alertmanager, which groups, silences and tells on; an alert that arrives twice is one."""

    name = "alertmanager"
    knows_repeats = True

    def __init__(
        self,
        url: str,
        *,
        access: Access | None = None,
        tell: Callable[[str], None],
        timing: Timing | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Take the URL, and what lets us in beside it."""
        self.address = url.rstrip("/").removesuffix("/api/v2")
        self._access = access or Access()
        self._timeout_seconds = timeout_seconds
        self._timing = timing or Timing()
        self._poster = Poster(
            f"{self.address}{_PATH}",
            tell=tell,
            timing=timing,
            timeout_seconds=timeout_seconds,
            access=self._access,
        )
        self.place = self._poster.place

    def send(self, message: Message) -> Receipt:
        """Fire an alert, or end those of its thread."""
        post = self._end if message.resolves else self._fire
        return delivered(self.name, self._poster, lambda: post(message), _hint)

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent; what a recovery ends is asked first, so only the question is known."""
        if message.resolves:
            return {"place": self.place, "asks": _question(message), "ends": "each alert that it is answered"}
        return {"place": self.place, "body": as_json([fired(message)]).decode()}

    def _fire(self, message: Message) -> str:
        return f"taken ({self._poster.words(self._poster.post(as_json([fired(message)])))})"

    def _end(self, message: Message) -> str:
        """End the alerts as they are known there: with a label that differs it would be another alert."""
        found = self._firing(message)
        if not found:
            return "nothing fires there for it"
        answer = self._poster.post(as_json([ended(alert, message) for alert in found]))
        return f"ends {len(found)} ({self._poster.words(answer)})"

    def _firing(self, message: Message) -> list[Mapping[str, Any]]:
        asking = Http(patience_seconds=self._timeout_seconds, timing=self._timing)
        request = Request(
            "GET",
            f"{self.address}{_question(message)}",
            headers=self._access.headers,
            timeout_seconds=self._timeout_seconds,
            auth=self._access.auth,
            token=self._access.token,
        )
        try:
            known = _known(asking.send(request).body)
        except HttpError as fault:
            fate = Fate.UNTAKEN if fault.passing else Fate.REFUSED
            raise PostError(str(fault), fate, status=fault.status) from None
        finally:
            asking.close()
        if known is None:
            raise PostError(f"{self.place} {_UNREADABLE}", Fate.REFUSED)
        return known


def _known(body: bytes) -> list[Mapping[str, Any]] | None:
    """Read the alerts of an answer, None where it is none of an Alertmanager."""
    try:
        found = json.loads(body)
        alerts: list[Mapping[str, Any]] = [
            {"labels": dict(each["labels"]), "startsAt": str(each["startsAt"])} for each in found
        ]
    except (ValueError, KeyError, TypeError):
        return None
    return alerts if isinstance(found, list) else None


def fired(message: Message) -> dict[str, object]:
    """Return the alert of a message."""
    severity = message.severity or Severity.INFO
    labels = {
        "alertname": alert_name(message.kind),
        "severity": _SEVERITIES[severity],
        "level": severity.value,
        **{name: clipped(one_line(message.label(name)), _LABEL) for name in LABELS},
        _THREAD: message.thread,
    }
    return {
        # An empty label is none.
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": _annotations(message),
        "startsAt": stamp(message.at_ms),
        "endsAt": stamp(message.at_ms + _LASTS_MS),
        **({"generatorURL": message.links[0].url} if message.links else {}),
    }


def ended(alert: Mapping[str, Any], message: Message) -> dict[str, object]:
    """Return an alert that is known there as over, never before it began: both stamps are in UTC and sort as texts.

    Its annotations are taken from the recovery: those that are not sent again are lost.
    """
    began = alert["startsAt"]
    return {
        "labels": alert["labels"],
        "annotations": _annotations(message),
        "startsAt": began,
        # A clock that is ahead of Alertmanager's would leave the alert firing until then.
        "endsAt": max(stamp(message.at_ms - _AHEAD_MS), began),
    }


def _annotations(message: Message) -> dict[str, str]:
    description = "\n".join([message.sentence, *(f"{row.name}: {row.text}" for row in message.rows)])
    return {
        "summary": clipped(one_line(message.subject), _SUMMARY),
        "description": clipped(description, _DESCRIPTION),
        **{f"link_{number}": f"{link.text}: {link.url}" for number, link in enumerate(message.links, 1)},
    }


def alert_name(kind: str) -> str:
    """Return the name of the alerts of a kind: muted as those of our rules are, and never taken for one of them."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in kind).split()
    return "LumenNotice" + "".join(word[0].upper() + word[1:] for word in words)


def _question(message: Message) -> str:
    return f"{_PATH}?{urlencode({'filter': f'{_THREAD}={json.dumps(message.thread, ensure_ascii=False)}'})}"


def _hint(fault: PostError) -> str:
    return f"; {_TO_DO[fault.status]}" if fault.status in _TO_DO else ""
