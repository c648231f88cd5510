"""Tickets of any other system: one JSON message a change, signed as standardwebhooks.com describes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from lumen_action.http import Timing
from lumen_action.ops.notify.posting import Fate, Poster, PostError
from lumen_action.ops.notify.signing import signer
from lumen_action.ops.tickets import (
    BusyError,
    DeclinedError,
    Draft,
    NotAllowedError,
    Ticket,
    TrackerError,
    UnsureError,
)

_FAULTS: Mapping[Fate, type[TrackerError]] = {
    Fate.REFUSED: NotAllowedError,
    Fate.DECLINED: DeclinedError,
    Fate.BUSY: BusyError,
    # Whoever was not reached may still be while another call tries: the claim stays for ten minutes.
    Fate.UNTAKEN: UnsureError,
    Fate.UNSURE: UnsureError,
}


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
        self._signer = signer(secret, "LUMEN_WEBHOOK_SECRET")
        self._poster = Poster(url, tell=tell, timing=timing)

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
        self._poster.close()

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
        now, id_ = self._poster.timing.now, f"msg_{draft.occasion}"
        try:
            self._poster.post(body, lambda: self._signer.headers(id_, now(), body))
        except PostError as fault:
            raise _FAULTS[fault.fate](str(fault)) from None
