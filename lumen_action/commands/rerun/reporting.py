"""`lumen rerun report`: what came of the retries of each signature."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from lumen_action.commands import World
from lumen_action.commands.options import given
from lumen_action.commands.session import PATIENT_SECONDS, open_session
from lumen_action.demotions import DAYS, last_days, renew_demotions, retry_facts
from lumen_action.errors import ConfigError
from lumen_action.sli.helping import MASKED_WITHIN_DAYS, Help, help_by_signature, retries_in

_MINUTE_MS = 60_000
_MOST_DAYS = 366


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add what the report takes to the parser of `lumen rerun`."""
    parser.add_argument(
        "what", nargs="?", choices=("report",), help="`report`: tell by signature whether retries and reruns helped"
    )
    parser.add_argument("--days", metavar="N", help=f"how many days the report looks back (default: {DAYS})")


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print what came of the retries, the most tried signature first."""
    days = _days(arguments.days)
    session = open_session({**given(arguments), "run": None}, world, patience_seconds=PATIENT_SECONDS)
    ledger, calendar, now_ms = session.ledger(), session.settings.calendar, world.clock_ms()
    found = help_by_signature(retries_in(retry_facts(ledger, last_days(calendar.day_of(now_ms), days))))
    lost = renew_demotions(ledger, now_ms, calendar)
    if arguments.json:
        world.answer_json(
            {"days": days, "signatures": [_plain(each, demoted=each.signature in lost) for each in found]}
        )
    else:
        world.answer("\n".join(_lines(found, frozenset(lost), days)))
    return 0


def _days(text: str | None) -> int:
    if text is None:
        return DAYS
    if not text.isdecimal() or not 0 < int(text) <= _MOST_DAYS:
        raise ConfigError(f"days: `{text[:20]}` is not a number from 1 to {_MOST_DAYS}; write `--days 30`")
    return int(text)


def _lines(found: Sequence[Help], lost: frozenset[str], days: int) -> Iterator[str]:
    if not found:
        yield f"nothing was tried again in the last {days} days"
        return
    yield f"retries of the last {days} days"
    for each in found:
        yield f"  {each.signature or 'no signature'} ({each.name}): {_told(each)}"
        if each.signature in lost:
            yield "    no longer tried again: at best every fourth retry would help"
    tried, helped = sum(each.tried for each in found), sum(each.helped for each in found)
    saved, wasted = (
        sum(times) // _MINUTE_MS for times in zip(*((f.saved_ms, f.wasted_ms) for f in found), strict=True)
    )
    yield f"{helped} of {tried} helped; {saved} min of machine time saved, {wasted} min spent in vain"


def _told(each: Help) -> str:
    words = [f"{each.helped} of {each.tried} helped"]
    if each.undecided:
        words.append(f"{each.undecided} not decided yet")
    if each.masked:
        words.append(
            f"{each.masked} back in another run within {MASKED_WITHIN_DAYS} days: maybe a fault that is hidden"
        )
    return ", ".join(words)


def _plain(each: Help, *, demoted: bool) -> dict[str, object]:
    return {
        "signature": each.signature or None,
        "error_class": each.name.partition("/")[0],
        "error_subclass": each.name.partition("/")[2],
        "tried": each.tried,
        "helped": each.helped,
        "undecided": each.undecided,
        "masked": each.masked,
        "helped_at_most_ratio": round(each.at_most, 4),
        "saved_seconds": each.saved_ms // 1000,
        "wasted_seconds": each.wasted_ms // 1000,
        "demoted": demoted,
    }
