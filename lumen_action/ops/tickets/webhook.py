"""Tickets of any other system: one JSON message a change, signed as standardwebhooks.com describes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from lumen_action.ciapi.patience import until_answered
from lumen_action.http import Http, HttpError, Request, Timing, origin
from lumen_action.ops.tickets import BusyError, DeclinedError, Draft, NotAllowedError, Ticket, UnsureError

_TRIES = 4
_TIMEOUT_SECONDS = 20.0
_LONGEST_WAIT_SECONDS = 60.0
_SECRET_START = "whsec_"  # noqa: S105 - how a secret begins
_GONE = 410
_REFUSED = frozenset({401, 403, 404, 405, _GONE})
_SERVER_FAULT = 500


class WebhookTickets:
    """Whoever listens at a URL; it is told of each change and asked nothing."""

    kind = "webhook"
    remembers = False

    def __init__(
        self, url: str, *, secret: str = "", tell: Callable[[str], None], timing: Timing | None = None
    ) -> None:
        """Take the URL; the notices name its host only, as its path may be a secret."""
        self.host = urlsplit(url).hostname or ""
        self.project = hashlib.sha256(url.encode()).hexdigest()[:12]
        self._url = url
        self._key = signing_key(secret) if secret else b""
        self._tell = tell
        self._timing = timing or Timing()
        self._http = Http(patience_seconds=_TIMEOUT_SECONDS, timing=self._timing, tries_again=False)

    def tickets(self) -> Iterator[Ticket]:
        """Yield nothing: only the ledger knows."""
        return iter(())

    def find(self, fingerprint: str) -> list[Ticket]:
        """Return nothing: only the ledger knows."""
        del fingerprint
        return []

    def get(self, reference: str) -> Ticket | None:
        """Return nothing: only the ledger knows."""
        del reference
        return None

    def create(self, draft: Draft) -> Ticket:
        """Say that there is something new to be done."""
        self._post("opened", draft, draft.body)
        return Ticket(draft.fingerprint, open=True, fingerprint=draft.fingerprint)

    def turn(self, ticket: Ticket, draft: Draft, *, to_open: bool) -> None:
        """Say that it came back, or that it is over."""
        del ticket
        self._post("reopened" if to_open else "closed", draft, draft.body)

    def rewrite(self, ticket: Ticket, body: str) -> None:
        """Say nothing: an update is sent once a day."""

    def comment(self, ticket: Ticket, draft: Draft) -> None:
        """Say that it was seen again."""
        del ticket
        self._post("updated", draft, draft.body)

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _post(self, event: str, draft: Draft, text: str) -> None:
        body = json.dumps(
            {
                "event": event,
                "fingerprint": draft.fingerprint,
                "title": draft.title,
                "text": text,
                "news": draft.news,
                "labels": list(draft.labels),
                "assignees": list(draft.assignees),
            },
            ensure_ascii=False,
        ).encode(errors="replace")
        until_answered(lambda: self._http.send(self._request(draft.occasion, body)), self._refuse)

    def _request(self, occasion: str, body: bytes) -> Request:
        """Return the message; its id stays the same over all tries, its time does not."""
        at = str(int(self._timing.now()))
        headers = {"Content-Type": "application/json", "webhook-id": f"msg_{occasion}", "webhook-timestamp": at}
        if self._key:
            headers["webhook-signature"] = signature(self._key, headers["webhook-id"], at, body)
        return Request("POST", self._url, body=body, headers=headers, timeout_seconds=_TIMEOUT_SECONDS)

    def _refuse(self, fault: HttpError, tries: int) -> None:
        status = fault.status
        if status in _REFUSED:
            raise NotAllowedError(f"{origin(self._url)} takes no messages from us ({fault})") from None
        if status is not None and status < _SERVER_FAULT and not fault.passing:
            raise DeclinedError(str(fault)) from None
        if tries >= _TRIES:
            # The receiver drops what comes twice, by its id.
            raise UnsureError(f"{fault} ({tries} tries)") from None
        asked = fault.retry_after_seconds or 0.0
        if asked > _LONGEST_WAIT_SECONDS:
            raise BusyError(f"{origin(self._url)} wants to be asked in {asked:.0f} s") from None
        pause = self._timing.pause(tries, asked)
        self._tell(f"{fault}; trying again in {pause:.0f} s")
        self._timing.sleep(pause)


def signing_key(secret: str) -> bytes:
    """Return the bytes of a secret, `whsec_` and base64 or any other text."""
    if secret.startswith(_SECRET_START):
        try:
            return base64.b64decode(secret.removeprefix(_SECRET_START), validate=True)
        except ValueError:
            pass
    return secret.encode()


def signature(key: bytes, id_: str, at: str, body: bytes) -> str:
    """Sign the id, the time and the exact bytes of a message."""
    mac = hmac.new(key, b".".join([id_.encode(), at.encode(), body]), hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"
