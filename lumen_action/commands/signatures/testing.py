"""`lumen signatures test`: which signatures match a text, or whether all match their own examples."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.classify import plain_verdict
from lumen_action.commands.signatures.options import catalogue_of, subcommand_parser, with_progress
from lumen_action.errors import ConfigError
from lumen_action.failure import Catalogue, classify
from lumen_action.failure.linting.examples import ignores_hold, matches_hold
from lumen_action.failure.linting.findings import Remark
from lumen_action.failure.linting.trials import Trial, trials
from lumen_action.logs import log_chunks, stdin_chunks


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "test",
        "Say which signatures match each line of a text; without one, try every signature on its own examples.",
        "'npm error code ECONNRESET'",
    )
    made.add_argument("--log", metavar="FILE", help="a log, plain, gzip or zip; - is stdin")
    made.add_argument("text", nargs="*", metavar="TEXT", help="lines of a log, in quotes")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Try the signatures; 2 when an example fails."""
    catalogue = catalogue_of(arguments, world)
    if not arguments.log and not arguments.text:
        return _own_examples(catalogue, world, as_json=arguments.json)
    if arguments.log and arguments.text:
        raise ConfigError("--log: given together with TEXT; leave one of them out")
    chunks = list(_chunks(arguments, world))
    found = list(trials(chunks, catalogue))
    verdict = classify(chunks, catalogue).verdict
    if arguments.json:
        world.answer_json({"matches": [_plain(each) for each in found], "verdict": plain_verdict(verdict)})
        return 0
    world.answer("\n".join(_lines(found)))
    rule = f" by {verdict.signature}" if verdict.signature else ""
    world.answer(f"{verdict.error_class} {verdict.subclass}{rule}, retry scope {verdict.scope}")
    return 0


def _chunks(arguments: argparse.Namespace, world: World) -> Iterable[bytes]:
    if arguments.text:
        return ["\n".join((*arguments.text, "")).encode("utf-8", "surrogateescape")]
    return stdin_chunks(world.stdin) if arguments.log == "-" else log_chunks(str(world.folder / arguments.log))


def _lines(found: Sequence[Trial]) -> list[str]:
    if not found:
        return ["no signature matches; `lumen signatures list` shows what is known"]
    said: list[str] = []
    shown: tuple[int, str] | None = None
    for each in found:
        if shown != (each.line, each.text):
            shown = (each.line, each.text)
            said.append(f"line {each.line}: {each.text}")
        row = f"  {each.signature.id} {each.signature.name} at {each.start}-{each.end}"
        said.append(f"{row}: `{each.text[each.start : each.end]}`{_objection(each)}")
    return said


def _objection(trial: Trial) -> str:
    if trial.vetoed_by:
        return f", but `unless` finds `{trial.vetoed_by}`"
    near = " and ".join(f"`{each}`" for each in trial.signature.near)
    return f", but near it should stand {near}" if trial.lonely else ""


def _plain(trial: Trial) -> dict[str, Any]:
    return {
        "line": trial.line,
        "text": trial.text,
        "signature": trial.signature.id,
        "error_class": trial.signature.error_class.value,
        "error_subclass": trial.signature.subclass,
        "start": trial.start,
        "end": trial.end,
        "counts": trial.counts,
        "vetoed_by": trial.vetoed_by,
        "near_missing": trial.lonely,
    }


def _own_examples(catalogue: Catalogue, world: World, *, as_json: bool) -> int:
    signatures = catalogue.signatures.values()
    failed: list[tuple[str, Remark]] = []
    for signature in with_progress(signatures, len(signatures), "signatures tried", world):
        failed += [(signature.id, each) for each in matches_hold(signature, catalogue)]
        failed += [(signature.id, each) for each in ignores_hold(signature, catalogue)]
    examples = sum(len(each.matches) + len(each.ignores) for each in signatures)
    if as_json:
        failures = [
            {"signature": id_, "field": each.field, "fault": each.fault, "fix": each.fix} for id_, each in failed
        ]
        world.answer_json({"signatures": len(signatures), "examples": examples, "failures": failures})
    else:
        for identity, each in failed:
            world.answer(f"{identity}: {each.field}: {each.fault}; {each.fix}")
        world.answer(f"{examples} examples of {len(signatures)} signatures, {len(failed)} failed")
    return ConfigError.exit_code if failed else 0
