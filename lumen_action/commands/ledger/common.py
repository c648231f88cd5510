"""What the sub-commands have in common: how they are described, and the ledgers they need."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import Session
from lumen_action.crypto.signing import SIGNING_KEY, Signer
from lumen_action.errors import ConfigError
from lumen_action.ledger.checkpoints import SegmentedLedger


def subcommand_parser(name: str, description: str, example: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command that works on one ledger."""
    made = command_parser(f"ledger {name}", description, f"lumen ledger {name} {example}", ("ledger", "config"))
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def segmented(session: Session) -> SegmentedLedger:
    """Return the ledger, which must be one that has segments."""
    ledger = session.ledger()
    if not isinstance(ledger, SegmentedLedger):
        raise ConfigError(
            f"ledger: {ledger.url} has no segments, so there is nothing to close or to verify; "
            "`lumen ledger copy` brings its facts into one that has, such as `sqlite:ledger.db`"
        )
    return ledger


def signer_of(world: World) -> Signer | None:
    """Return the key to sign with, when one is set."""
    text = world.env.get(SIGNING_KEY, "")
    return Signer.parse(text) if text.strip() else None
