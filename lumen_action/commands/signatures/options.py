"""What the sub-commands have in common: which rules they speak of, and words for those who wait."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from lumen_action.catalogue import RULES, load_catalogue, own_rules
from lumen_action.commands import World
from lumen_action.commands.parsers import plain_parser
from lumen_action.failure import Catalogue

# Who waits longer than this wants to know how far it is.
_PATIENCE_MS = 3000

_Item = TypeVar("_Item")


def subcommand_parser(name: str, description: str, example: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command that speaks of rules."""
    made = plain_parser(f"signatures {name}", description, f"lumen signatures {name} {example}")
    made.add_argument("--rules", metavar="DIR", help="a folder of rule files instead of those that come with us")
    made.add_argument("--own", metavar="FILE", help="your own rules; .lumen/signatures.yml when it is there")
    made.add_argument("--json", action="store_true", help="print one JSON value")
    return made


def rules_folder(arguments: argparse.Namespace, world: World) -> Path:
    """Return the folder of the rule files."""
    return world.folder / arguments.rules if arguments.rules else RULES


def own_file(arguments: argparse.Namespace, world: World) -> Path | None:
    """Return the file of the user's own rules, if there is one."""
    return world.folder / arguments.own if arguments.own else own_rules(world.folder)


def catalogue_of(arguments: argparse.Namespace, world: World) -> Catalogue:
    """Return the signatures that a sub-command speaks of."""
    return load_catalogue(rules_folder(arguments, world), own_file(arguments, world))


def with_progress(items: Iterable[_Item], total: int, what: str, world: World) -> Iterator[_Item]:
    """Yield the items; tell on stderr how far it is when it takes long."""
    told = world.clock_ms()
    for done, item in enumerate(items):
        now = world.clock_ms()
        if now - told >= _PATIENCE_MS:
            world.tell(f"{done} of {total} {what}")
            told = now
        yield item
