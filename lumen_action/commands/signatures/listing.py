"""`lumen signatures list`: the signatures as a table."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from lumen_action.commands import World
from lumen_action.commands.signatures.options import catalogue_of, subcommand_parser
from lumen_action.errors import ConfigError
from lumen_action.failure import Catalogue, Signature
from lumen_action.failure.schema import nearest
from lumen_action.failure.taxonomy import ALIASES, SUBCLASSES
from lumen_action.model import ErrorClass


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "list", "Show the signatures as a table, all of them or some.", "--class network --ecosystem git"
    )
    made.add_argument("--class", dest="error_class", metavar="C", help="only those of a class")
    made.add_argument("--ecosystem", metavar="E", help="only those of a family of tools")
    made.add_argument("--subclass", metavar="S", help="only those of a subclass")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the table, or the same as a list of objects."""
    catalogue = catalogue_of(arguments, world)
    _check(arguments, catalogue)
    chosen = [each for each in catalogue.signatures.values() if _fits(each, arguments)]
    if arguments.json:
        world.answer_json([plain_row(each) for each in chosen])
        return 0
    for line in _table([(each.id, each.name, str(each.scope), each.ecosystem, each.meaning) for each in chosen]):
        world.answer(line)
    world.answer(_counts(chosen))
    return 0


def plain_row(signature: Signature) -> dict[str, object]:
    """Return what a table shows of a signature as JSON values."""
    return {
        "id": signature.id,
        "error_class": signature.error_class.value,
        "error_subclass": signature.subclass,
        "rerun_scope": signature.scope.value,
        "ecosystem": signature.ecosystem,
        "meaning": signature.meaning,
        "own": bool(signature.origin),
    }


def _check(arguments: argparse.Namespace, catalogue: Catalogue) -> None:
    """Refuse words that nothing goes by, all of them together."""
    subclasses = {name for table in (SUBCLASSES, ALIASES) for names in table.values() for name in names}
    rows: tuple[tuple[str, str | None, Iterable[str]], ...] = (
        ("class", arguments.error_class, [each.value for each in ErrorClass]),
        ("ecosystem", arguments.ecosystem, sorted({each.ecosystem for each in catalogue.signatures.values()})),
        ("subclass", arguments.subclass, sorted(subclasses)),
    )
    faults = []
    for option, word, known in rows:
        words = list(known)
        if word is not None and word not in words:
            close = nearest(word, words)
            fix = f"did you mean `{close}`?" if close else f"known: {', '.join(words)}"
            faults.append(f"--{option}: nothing is called `{word}`; {fix}")
    if faults:
        raise ConfigError(faults)


def _fits(signature: Signature, arguments: argparse.Namespace) -> bool:
    known = ALIASES[signature.error_class]
    tests: tuple[tuple[str | None, Callable[[str], bool]], ...] = (
        (arguments.error_class, lambda word: signature.error_class.value == word),
        (arguments.ecosystem, lambda word: signature.ecosystem == word),
        (arguments.subclass, lambda word: signature.subclass in (word, known.get(word))),
    )
    return all(word is None or fits(word) for word, fits in tests)


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the rows with their columns in line; the last one is as long as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    return ["  ".join((*map(str.ljust, row, widths), row[-1])) for row in rows]


def _counts(chosen: Sequence[Signature]) -> str:
    classes = Counter(each.error_class.value for each in chosen)
    own = sum(bool(each.origin) for each in chosen)
    by_class = ", ".join(f"{classes[each.value]} {each.value}" for each in ErrorClass if classes[each.value])
    of_your_own = f", {own} of them your own" if own else ""
    ecosystems = len({each.ecosystem for each in chosen})
    kinds = f"{ecosystems} ecosystem{'' if ecosystems == 1 else 's'}"
    return f"{len(chosen)} signatures of {kinds}{of_your_own}" + (f": {by_class}" if by_class else "")
