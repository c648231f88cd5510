"""`lumen signatures show`: all there is to know about one signature."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.signatures.listing import plain_row
from lumen_action.commands.signatures.options import catalogue_of, subcommand_parser
from lumen_action.errors import ConfigError
from lumen_action.failure import Catalogue, Signature, Tier
from lumen_action.failure.schema import row_of
from lumen_action.failure.taxonomy import SUBCLASSES
from lumen_action.model import Scope
from lumen_action.yamlite.writing import dump

_MOST_LIKE = 5
_RETRY = {
    Scope.NONE: "running it again does not help",
    Scope.STEP: "the same step may succeed when it runs again",
    Scope.JOB: "the job may succeed on a fresh machine",
    Scope.DELAYED: "it may succeed after the time that the service names",
}
_SAYS = {
    Tier.CAUSE: "it names the tool and the reason",
    Tier.TOOL: "it names the tool, not the reason",
    Tier.GENERIC: "many tools use its words, so it loses to what names more",
}


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser("show", "Show one signature in words, and as it would stand in a rule file.", "apt-dns")
    made.add_argument("id", help="the id of the signature")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the signature."""
    signature = _signature(arguments.id, catalogue_of(arguments, world))
    if arguments.json:
        world.answer_json({**plain_row(signature), "rule": _short_row(signature)})
        return 0
    world.answer("\n".join(_words(signature)))
    world.answer("")
    world.answer(dump({"ecosystem": signature.ecosystem, "signatures": [_short_row(signature)]}))
    return 0


def _signature(identity: str, catalogue: Catalogue) -> Signature:
    found = catalogue.signatures.get(identity)
    if found:
        return found
    close = get_close_matches(identity, catalogue.signatures, _MOST_LIKE, 0.5)
    close += [each for each in catalogue.signatures if identity in each and each not in close][:_MOST_LIKE]
    fix = f"nearest are {', '.join(f'`{each}`' for each in close)}" if close else "`lumen signatures list` shows all"
    raise ConfigError(f"show: no signature is called `{identity}`; {fix}")


def _short_row(signature: Signature) -> dict[str, Any]:
    """Return the fields that say something: what is as usual is left out, as in the rule files."""
    usual: dict[str, object] = {
        "pick": "last",
        "tier": "cause",
        "scope": SUBCLASSES[signature.error_class][signature.subclass].value,
        "runbook": f"{signature.error_class}-{signature.subclass}",
    }
    return {name: value for name, value in row_of(signature).items() if value and value != usual.get(name)}


def _words(signature: Signature) -> Iterator[str]:
    yield f"{signature.id}: {signature.name}, {signature.ecosystem}" + (
        f", from {signature.origin}" if signature.origin else ""
    )
    yield signature.meaning
    yield f"next: {signature.hint}"
    yield f"retry scope {signature.scope}: {_RETRY[signature.scope]}"
    yield f"runbook {signature.runbook}"
    yield f"a line is looked at when it holds {_one_of(signature.anchors)}"
    if signature.pattern:
        yield f"it matches when `{signature.pattern}` is found in it"
    if signature.unless:
        yield f"it does not count when {_one_of(signature.unless)} is found in it"
    if signature.near:
        yield f"it counts only when near it stands {' and '.join(f'`{each}`' for each in signature.near)}"
    yield f"the {'first' if signature.pick_first else 'last'} of several such lines is quoted; {_SAYS[signature.tier]}"
    if signature.wrapper:
        yield "it only passes on that something failed, and never is the cause"
    yield f"known from {signature.source}"


def _one_of(texts: tuple[str, ...]) -> str:
    return " or ".join(f"`{text}`" for text in texts)
