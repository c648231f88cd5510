"""`lumen ledger copy`: from one ledger to another, whatever either is."""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from contextlib import closing
from itertools import islice

from lumen_action.commands import World
from lumen_action.commands.options import command_parser, given
from lumen_action.commands.session import PATIENT_SECONDS, open_session
from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.ledger import Ledger, Put
from lumen_action.ledger.deliver import contradiction, hand_over_all
from lumen_action.model import Fact

_AT_ONCE = 10_000


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = command_parser(
        "ledger copy",
        "Bring every fact of SRC into DST and verify that it is there. What DST has already is passed\n"
        "over, so a copy that was interrupted goes on with the same command, and two ledgers can be joined. A fact\n"
        "of SRC that contradicts one of DST is kept there as a conflict. DST closes its own segments: see\n"
        "`lumen ledger compact --help`.",
        "lumen ledger copy sqlite:ledger.db s3://bucket/prefix",
        ("config",),
    )
    made.add_argument("source", metavar="SRC", help="URL of the ledger to read")
    made.add_argument("destination", metavar="DST", help="URL of the ledger to write")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Copy, then read the destination again and compare."""
    with (
        closing(_opened(arguments.source, arguments, world)) as source,
        closing(_opened(arguments.destination, arguments, world)) as destination,
    ):
        if source.url == destination.url:
            raise ConfigError("copy: SRC and DST are the same ledger; give it two")
        if not source.head():
            raise ConfigError(f"copy: {source.url} holds no facts; check that SRC is the right place")
        wanted, answers = _copied(source, destination, world)
        there = {_fingerprint(fact) for fact in destination.scan()}
    missing, more = len(wanted - there), len(there - wanted)
    if arguments.json:
        world.answer_json(
            {
                "source": source.url,
                "destination": destination.url,
                "facts": len(wanted),
                "created": answers["created"],
                "present": answers["present"],
                "conflicts": answers["conflict"],
                "missing": missing,
                "only_in_destination": more,
                "equal": not missing and not more,
            },
            indent=2,
        )
    else:
        world.answer(
            f"{len(wanted)} facts: {answers['created']} copied, {answers['present']} were there already, "
            f"{answers['conflict']} kept as conflicts"
        )
        world.answer(_verdict(missing, more, destination.url))
    return IntegrityError.exit_code if missing else 0


def _opened(url: str, arguments: argparse.Namespace, world: World) -> Ledger:
    return open_session({**given(arguments), "ledger": url}, world, patience_seconds=PATIENT_SECONDS).ledger()


def _copied(source: Ledger, destination: Ledger, world: World) -> tuple[set[bytes], Counter[str]]:
    """Put what the destination lacks; return what must be there afterwards and how it went."""
    there = {_fingerprint(fact) for fact in destination.scan()}
    wanted: set[bytes] = set()
    answers: Counter[str] = Counter()
    try:
        facts = source.scan()
        while batch := list(islice(facts, _AT_ONCE)):
            lacking = [fact for fact in batch if _fingerprint(fact) not in there]
            answers["present"] += len(batch) - len(lacking)
            wanted |= {_fingerprint(fact) for fact in batch} & there
            for fact, answer in ((each.fact, each.answer) for each in hand_over_all(lacking, destination)):
                answers["present" if answer is Put.SAME else answer.value] += 1
                wanted.add(_fingerprint(contradiction(fact) if answer is Put.CONFLICT else fact))
            world.tell(f"{answers.total()} facts so far")
    except LedgerError as fault:
        raise LedgerError(f"{fault}; {len(wanted)} facts are there, and the same command goes on from here") from fault
    return wanted, answers


def _fingerprint(fact: Fact) -> bytes:
    """Return what is the same for two facts of which a ledger says `same`."""
    return hashlib.sha256(fact.key.digest.encode() + fact.statement).digest()


def _verdict(missing: int, more: int, url: str) -> str:
    if missing:
        return f"damaged: {missing} of them are not in {url}; run the same command again"
    return f"all of them are in {url}" + (f", and {more} others" if more else ", and nothing else is")
