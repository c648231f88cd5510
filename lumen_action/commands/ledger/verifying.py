"""`lumen ledger verify`: whether everything is still as it was written."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lumen_action.commands import World
from lumen_action.commands.ledger.common import segmented, signer_of, subcommand_parser
from lumen_action.commands.session import session_of
from lumen_action.crypto.signing import PublicKey
from lumen_action.errors import ConfigError, IntegrityError
from lumen_action.ledger.checkpoints import Audit, Checkpoint, SegmentedLedger, audit, parse_kept, public_key

_PUBLIC_KEY = "LUMEN_PUBLIC_KEY"


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "verify",
        "Check every segment's root, the chain, the checkpoints and their signatures, and read every open fact.\n"
        "Damage is named with the segment and the fact, and makes the exit code 3.",
        "--ledger sqlite:/var/lib/lumen/ledger.db --checkpoint kept.txt",
    )
    made.add_argument(
        "--public-key",
        metavar="KEY",
        help=f"the newest checkpoint must be signed with it; also {_PUBLIC_KEY} (default: that of LUMEN_SIGNING_KEY)",
    )
    made.add_argument(
        "--checkpoint", metavar="FILE", help="a checkpoint kept outside: the past must still be what it says"
    )
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Verify, and print what was found."""
    key_text = arguments.public_key or world.env.get(_PUBLIC_KEY, "")
    kept = _kept(arguments.checkpoint, world)
    ledger = segmented(session_of(arguments, world))
    key = PublicKey.parse(key_text) if key_text else _own_key(ledger, world)
    found = audit(ledger, key=key, kept=kept)
    if arguments.json:
        world.answer_json(
            {
                "ledger": ledger.url,
                "ok": not found.faults,
                "segments": found.segments,
                "closed_facts": found.closed,
                "open_facts": found.open,
                "checkpoints": found.checkpoints,
                "signed_checkpoints": found.signed,
                "faults": list(found.faults),
            },
            indent=2,
        )
    else:
        world.answer("\n".join(_lines(found, key)))
    return IntegrityError.exit_code if found.faults else 0


def _kept(name: str | None, world: World) -> Checkpoint | None:
    if not name:
        return None
    try:
        return parse_kept((world.folder / name).read_bytes(), name)
    except OSError as fault:
        raise ConfigError(
            f"checkpoint: {name} cannot be read ({fault.strerror}); give it the file that was kept"
        ) from fault


def _own_key(ledger: SegmentedLedger, world: World) -> PublicKey | None:
    signer = signer_of(world)
    return public_key(ledger, signer) if signer else None


def _lines(found: Audit, key: PublicKey | None) -> Iterator[str]:
    for fault in found.faults:
        yield f"damaged: {fault}"
    read = f"{found.segments} segments with {found.closed} facts and {found.open} open facts"
    yield f"{read} were read before the damage" if found.faults else f"{read}: all as they were written"
    signed = f"{found.signed} signed with {key.name}" if key else "signatures not checked: no --public-key was given"
    yield f"{found.checkpoints} checkpoints, {signed}"
