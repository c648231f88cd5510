"""`lumen ledger compact`: close the facts of past days."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone

from lumen_action.commands import World
from lumen_action.commands.ledger.common import segmented, signer_of, subcommand_parser
from lumen_action.commands.session import session_of
from lumen_action.crypto.signing import SIGNING_KEY, PublicKey
from lumen_action.errors import ConfigError
from lumen_action.ledger import Ledger
from lumen_action.ledger.checkpoints import Checkpoint, SegmentedLedger, keep_checkpoints, public_key
from lumen_action.summary.markdown import fence

# Whoever comes later goes into a later segment; what is open is read by every publisher again.
_OPEN_DAYS = 2
_CLOSED = "closed-before"


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "compact",
        "Close the facts of past days into segments and write a checkpoint of each. Nothing is removed, and a fact\n"
        "that comes later for a closed day goes into a later segment.\n"
        f"With {SIGNING_KEY} (PEM, or 32 bytes in base64) the checkpoints are signed with Ed25519. Keep a copy of the\n"
        "newest where nobody who can write the ledger can write: only it shows a past that was rewritten. In a\n"
        "workflow it also goes into the job summary.",
        "--ledger sqlite:/var/lib/lumen/ledger.db --json | jq -r .checkpoint.text > kept.txt",
    )
    made.add_argument("--before", metavar="DAY", help=f"close days before this one (default: {_OPEN_DAYS} days ago)")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Close what is old enough and write the checkpoints."""
    before = _day(arguments.before, world)
    session = session_of(arguments, world)
    ledger = segmented(session)
    closed, newest = _close(ledger, before, world)
    signer = signer_of(world)
    key = public_key(ledger, signer) if signer else None
    if newest and session.settings.summary != "off" and session.host.summary_room():
        # The pages of past jobs are a copy that the ledger's administrator does not rewrite by the way.
        session.host.write_summary(_summary(newest, key))
    if arguments.json:
        checkpoint = newest and {
            "origin": newest.origin,
            "size": newest.size,
            "root": newest.root.hex(),
            "text": newest.text.decode(),
        }
        world.answer_json(
            {
                "ledger": ledger.url,
                "before_day": before,
                "closed_facts": closed,
                "checkpoint": checkpoint,
                "public_key": str(key) if key else None,
            },
            indent=2,
        )
    else:
        world.answer("\n".join(_lines(before, closed, newest, key)))
    return 0


def close_past_days(ledger: Ledger, world: World) -> int:
    """Close what is old enough, once for each day; return how many facts that were."""
    if not isinstance(ledger, SegmentedLedger):
        return 0
    before, done = _day(None, world), ledger.note(_CLOSED)
    if done and done.decode() >= before:
        return 0
    closed, _ = _close(ledger, before, world)
    ledger.put_note(_CLOSED, before.encode(), expected=done)
    return closed


def _close(ledger: SegmentedLedger, before: str, world: World) -> tuple[int, Checkpoint | None]:
    signer = signer_of(world)
    closed = ledger.compact(before)
    return closed, keep_checkpoints(ledger, signer)


def _day(text: str | None, world: World) -> str:
    if text is None:
        today = datetime.fromtimestamp(world.clock_ms() / 1000, timezone.utc).date()
        return (today - timedelta(days=_OPEN_DAYS)).isoformat()
    try:
        day = date.fromisoformat(text)
    except ValueError as fault:
        raise ConfigError(f"before: {text!r} is no day; write it as `--before 2026-01-31`") from fault
    return day.isoformat()


def _summary(newest: Checkpoint, key: PublicKey | None) -> str:
    signed = f"\nSigned by the key `{key}`.\n" if key else ""
    return (
        f"### Checkpoint of the ledger\n\n{newest.size} segments are closed.\n{signed}\n{fence(newest.text.decode())}\n"
    )


def _lines(before: str, closed: int, newest: Checkpoint | None, key: PublicKey | None) -> Iterator[str]:
    yield f"{closed} facts of days before {before} were closed"
    if newest:
        yield "checkpoint, to be kept outside:"
        yield newest.text.decode()
    if key:
        yield f"public key: {key}"
