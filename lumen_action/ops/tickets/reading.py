"""From an issue as a tracker's API tells of it to a ticket; only what cannot be an issue is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lumen_action.ciapi.reading import instant_ms
from lumen_action.ops.tickets import Ticket
from lumen_action.ops.tickets.writing import fingerprint_in


@dataclass(frozen=True)
class Names:
    """What one tracker calls the parts of an issue."""

    number: str
    text: str
    url: str
    open_state: str


def read_issue(raw: Mapping[str, object], names: Names) -> Ticket | None:
    """Read an issue, None for one without a number."""
    number, text = raw.get(names.number), raw.get(names.text)
    if not isinstance(number, int):
        return None
    body = text if isinstance(text, str) else ""
    return Ticket(
        reference=str(number),
        open=raw.get("state") == names.open_state,
        fingerprint=fingerprint_in(body),
        url=str(raw.get(names.url) or ""),
        body=body,
        created_ms=_created_ms(raw),
    )


def _created_ms(raw: Mapping[str, object]) -> int:
    """Return when an issue was opened, 0 when it does not say."""
    try:
        return instant_ms(str(raw.get("created_at")))
    except ValueError:
        return 0
