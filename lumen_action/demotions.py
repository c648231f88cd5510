"""Which signatures have lost their retries in this ledger, found once a day and kept beside the facts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from lumen_action.ledger import Ledger
from lumen_action.ledger.notes import Notes
from lumen_action.model import Fact, Kind
from lumen_action.sli.days import Calendar
from lumen_action.sli.helping import demoted, help_by_signature, retries_in
from lumen_action.sli.runs import run_of

# Long enough to see rare retries often enough, and short enough that a service which has changed gets its retries back.
DAYS = 90
_NOTE = "rerun/demoted"
_COUNTED = (Kind.RERUN, Kind.STAGE, Kind.RUN)


def demotions(ledger: Ledger) -> Mapping[str, str]:
    """Return the signatures that are not to be tried again, each with the reason in words."""
    body = ledger.note(_NOTE) if isinstance(ledger, Notes) else None
    found: Mapping[str, str] = json.loads(body)["signatures"] if body else {}
    return found


def renew_demotions(ledger: Ledger, now_ms: int, calendar: Calendar, *, keep: bool = True) -> Mapping[str, str]:
    """Find them anew when that was not done today, and keep them; whoever does so at the same time finds the same."""
    if not isinstance(ledger, Notes):
        return {}
    today, kept = calendar.day_of(now_ms), ledger.note(_NOTE)
    if kept and json.loads(kept)["day"] == today:
        return demotions(ledger)
    found = demoted(help_by_signature(retries_in(retry_facts(ledger, last_days(today, DAYS)))))
    if keep:
        ledger.put_note(_NOTE, json.dumps({"day": today, "signatures": found}).encode(), expected=kept)
    return found


def last_days(today: str, count: int) -> list[str]:
    """Return so many days up to today, the first first."""
    last = date.fromisoformat(today)
    return [(last - timedelta(days=past)).isoformat() for past in reversed(range(count))]


def retry_facts(ledger: Ledger, days: Iterable[str]) -> list[Fact]:
    """Return the facts of some days that tell of retries and of what came of them, a small part of all."""
    wanted = list(days)
    asked = [fact for day in wanted for fact in ledger.scan(day=day) if fact.key.kind is Kind.RERUN]
    if not asked:
        return []
    runs = {run_of(fact) for fact in asked}
    fingerprints = {fact.failure.fingerprint for fact in asked if fact.failure}
    since = min(fact.day for fact in asked)

    def tells(fact: Fact) -> bool:
        back = fact.failure is not None and fact.failure.fingerprint in fingerprints
        return fact.key.kind in _COUNTED and (back or run_of(fact) in runs)

    return [fact for day in wanted if day >= since for fact in ledger.scan(day=day) if tells(fact)]
