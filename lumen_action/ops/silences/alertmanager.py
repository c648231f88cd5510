"""Silences in an Alertmanager, by its API v2."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from lumen_action.alerting.alerts import NEVER_MUTED
from lumen_action.alerting.matchers import Matcher, read_matchers
from lumen_action.errors import RemoteError
from lumen_action.http import Http, Request, Response, Timing, origin
from lumen_action.incidents.silences import Silence
from lumen_action.incidents.words import Severity
from lumen_action.model.instants import stamp
from lumen_action.ops.notify.posting import TIMEOUT_SECONDS, Access

_EXPIRED = "expired"
# The fact stands, and the next call brings it there: nobody waits long for a dead server.
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Standing:
    """A silence as an Alertmanager knows it."""

    known_as: str
    comment: str
    expired: bool


class AlertmanagerSilences:
    """The silences of an Alertmanager; each of ours says its name in its comment, by which it is found again."""

    def __init__(self, url: str, access: Access, timing: Timing | None = None) -> None:
        """Take the URL, and what lets us in beside it."""
        self.place = url.rstrip("/").removesuffix("/api/v2")
        self._access = access
        self._http = Http(patience_seconds=_PATIENCE_SECONDS, timing=timing)

    def known(self, pipeline: str) -> Sequence[Standing]:
        """Return the silences of a pipeline, also those that have expired."""
        asked = urlencode({"filter": str(Matcher("pipeline", "=", pipeline))})
        found = self._json(self._send("GET", f"/silences?{asked}"))
        try:
            return [
                Standing(str(each["id"]), str(each["comment"]), each["status"]["state"] == _EXPIRED) for each in found
            ]
        except (KeyError, TypeError):
            raise RemoteError(self._unreadable) from None

    def create(self, silence: Silence) -> str:
        """Set a silence there and return by what id it is known."""
        body = {
            "matchers": [_plain(each) for each in matchers_of(silence)],
            "startsAt": stamp(silence.from_ms),
            "endsAt": stamp(silence.over_ms),
            "createdBy": silence.author,
            "comment": f"{silence.reason} ({silence.name})",
        }
        found = self._json(self._send("POST", "/silences", json.dumps(body).encode()))
        if not isinstance(found, dict) or not isinstance(found.get("silenceID"), str):
            raise RemoteError(self._unreadable)
        return str(found["silenceID"])

    def expire(self, known_as: str) -> None:
        """End a silence there."""
        self._send("DELETE", f"/silence/{quote(known_as, safe='')}")

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    @property
    def _unreadable(self) -> str:
        return f"{origin(self.place)} answered something else than an Alertmanager does"

    def _send(self, method: str, path: str, body: bytes | None = None) -> Response:
        return self._http.send(
            Request(
                method,
                f"{self.place}/api/v2{path}",
                body=body,
                headers={"Content-Type": "application/json", **self._access.headers},
                auth=self._access.auth,
                token=self._access.token,
                timeout_seconds=TIMEOUT_SECONDS,
            )
        )

    def _json(self, answer: Response) -> Any:  # noqa: ANN401 - JSON from outside
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise RemoteError(self._unreadable) from None


def matchers_of(silence: Silence) -> Sequence[Matcher]:
    """Return which alerts are quiet by a silence; what is never muted is left out."""
    own = read_matchers(silence.matchers) if silence.matchers else ()
    return [
        Matcher("pipeline", "=", silence.pipeline),
        *own,
        Matcher("alertname", "!~", "|".join(NEVER_MUTED)),
        Matcher("severity", "!~", f"(?i:{Severity.SEV1.value})"),
    ]


def _plain(matcher: Matcher) -> Mapping[str, object]:
    return {
        "name": matcher.label,
        "value": matcher.value,
        "isRegex": matcher.of_pattern,
        "isEqual": matcher.operator in {"=", "=~"},
    }
