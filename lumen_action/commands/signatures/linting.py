"""`lumen signatures lint`: what is wrong with the signatures."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from lumen_action.catalogue import RULES
from lumen_action.commands import World
from lumen_action.commands.signatures.options import own_file, rules_folder, subcommand_parser, with_progress
from lumen_action.commands.signatures.rulefiles import Rulebook, rulebook
from lumen_action.commands.signatures.savedlogs import logs_below
from lumen_action.errors import ConfigError
from lumen_action.failure.linting import CHECKS, COMPILES, GREEN, Finding, Level, green_hits, lint
from lumen_action.logs import log_chunks

# A checkout has logs of green builds; an installed package has none.
_OUR_GREEN_LOGS = RULES.parents[1] / "tests" / "corpus" / "green"
_SCHEMA = "schema"


@dataclass(frozen=True)
class _Row:
    """A finding with the file it is about."""

    file: str
    signature: str
    field: str
    fault: str
    fix: str
    check: str
    level: str

    def __str__(self) -> str:
        place = ": ".join(each for each in (self.file, self.signature, self.field) if each)
        return f"{place}: {self.fault}; {self.fix}"


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    what = "Find signatures that are dead, shadowed, slow or careless. Exit 2 if there are any."
    made = subcommand_parser("lint", f"{what}\n\nrefused are:\n{_refused()}", "my-rules.yml --green logs/green")
    made.add_argument("file", nargs="*", metavar="FILE", help="rule files to look at instead of all")
    made.add_argument("--green", metavar="DIR", help="logs of builds that succeeded; none may get a class")
    made.add_argument("--advice", action="store_true", help="also print what could be better; it does not fail")
    return made


def _refused() -> str:
    rows = [
        (_SCHEMA, "missing examples, unknown fields, classes and subclasses, an id that is used twice"),
        *((each.name, each.refuses) for each in (COMPILES, *CHECKS) if each.level is Level.FAULT),
        (GREEN, "a signature that calls the log of a green build something"),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}  {what}" for name, what in rows)


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print one line a finding; 2 when anything has to be mended."""
    files = [world.folder / file for file in arguments.file]
    rules = rulebook(rules_folder(arguments, world), own_file(arguments, world), files)
    rows = [*map(_schema_row, rules.faults), *_found(rules, world), *_on_green(rules, arguments.green, world)]
    faults = [row for row in rows if row.level == Level.FAULT.value]
    shown = rows if arguments.advice else faults
    if arguments.json:
        world.answer_json([asdict(row) for row in shown])
    else:
        for row in shown:
            world.answer(f"advice: {row}" if row.level == Level.ADVICE.value else str(row))
        looked_at = len(rules.signatures if rules.asked is None else rules.asked)
        world.answer(f"{looked_at} signatures looked at, {len(faults)} faults")
    return ConfigError.exit_code if faults else 0


def _found(rules: Rulebook, world: World) -> Iterator[_Row]:
    asked = [id_ for id_ in rules.signatures if rules.asked is None or id_ in rules.asked]
    in_turn = with_progress(asked, len(asked), "signatures looked at", world)
    return (_row(each, rules) for each in lint(rules.catalogue, in_turn))


def _on_green(rules: Rulebook, given: str | None, world: World) -> Iterator[_Row]:
    folders = [world.folder / given] if given else []
    folders += [_OUR_GREEN_LOGS] if _OUR_GREEN_LOGS.is_dir() else []
    logs = [(folder, path) for folder in folders for path in logs_below(folder)]
    chunks = (
        (path.relative_to(folder).as_posix(), log_chunks(str(path), roots=(folder,)))
        for folder, path in with_progress(logs, len(logs), "green logs read", world)
    )
    return (_row(each, rules) for each in green_hits(rules.catalogue, chunks))


def _row(finding: Finding, rules: Rulebook) -> _Row:
    file = rules.origins.get(finding.signature, "")
    return _Row(file, finding.signature, finding.field, finding.fault, finding.fix, finding.check, finding.level.value)


def _schema_row(problem: str) -> _Row:
    """Take apart what the reader of rule files says: file, signature, field, fault and fix, or less."""
    place, _, fix = problem.rpartition("; ") if "; " in problem else (problem, "", "repair it")
    file, *middle = place.split(": ", 3)
    *where, fault = middle or [""]
    signature, field = (*where, "", "")[:2]
    return _Row(file, signature, field, fault, fix, _SCHEMA, Level.FAULT.value)
