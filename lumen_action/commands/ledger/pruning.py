"""`lumen ledger prune`: remove what is left over beside the facts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from lumen_action.commands import World
from lumen_action.commands.ledger.common import subcommand_parser
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError, LedgerError

_DAYS = 30
_DAY_MS = 24 * 60 * 60 * 1000
# What a killed writer left of a file, and what was set aside because it is no fact.
_LEFT_OVER = ("*.tmp", "*.unreadable")


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "prune",
        "Remove old half-written and unreadable files from the spool. Facts are never removed, neither from the\n"
        "ledger nor from the spool: every number can always be rebuilt.",
        "--older-than 30 --dry-run",
    )
    made.add_argument("--older-than", metavar="DAYS", default=str(_DAYS), help=f"in days (default: {_DAYS})")
    made.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Remove the left-over files, or only name them."""
    days = _days(arguments.older_than)
    session = session_of(arguments, world)
    paths = sorted(_left_over(session.spool.folder, world.clock_ms() - days * _DAY_MS))
    if not arguments.dry_run:
        for path in paths:
            _remove(path)
    waiting = sum(1 for _ in session.spool.pending())
    if arguments.json:
        world.answer_json(
            {"dry_run": arguments.dry_run, "removed": [str(path) for path in paths], "pending": waiting}, indent=2
        )
    else:
        verb = "would be removed" if arguments.dry_run else "removed"
        world.answer("\n".join([*(f"{verb}: {path}" for path in paths), _summary(len(paths), verb, waiting)]))
    return 0


def _days(text: str) -> int:
    if not text.isdecimal():
        raise ConfigError(f"older-than: {text!r} is no number of days; write it as `--older-than {_DAYS}`")
    return int(text)


def _left_over(folder: Path, before_ms: int) -> Iterator[Path]:
    for pattern in _LEFT_OVER:
        for path in folder.glob(pattern):
            if path.stat().st_mtime * 1000 < before_ms:
                yield path


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as fault:
        raise LedgerError(f"cannot remove {path}: {fault.strerror}") from fault


def _summary(count: int, verb: str, waiting: int) -> str:
    kept = f"; {waiting} facts wait in the spool and stay there" if waiting else ""
    return f"{count} left-over files {verb}; facts are never removed{kept}"
