"""`lumen signatures backtest`: what rules say about saved logs, and what other rules would have said."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lumen_action.catalogue import load_catalogue
from lumen_action.commands import World
from lumen_action.commands.signatures.baselines import Answer, Comparison, answer_of, compare, load_answers, saved
from lumen_action.commands.signatures.options import catalogue_of, subcommand_parser, with_progress
from lumen_action.commands.signatures.savedlogs import LABELS, Accuracy, accuracy, load_labels, logs_below
from lumen_action.errors import ConfigError
from lumen_action.failure import Catalogue, classify
from lumen_action.files import write_atomically
from lumen_action.logs import log_chunks

_CHANGED = 1


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "backtest",
        "Classify every log in a folder. With a baseline, say what has changed since; exit 1 when the class or the\n"
        "retry scope of a log did. A file labels.jsonl in the folder (objects with `file`, `label`, and if you like\n"
        "`subclass` and `evidence_line`) also gives the accuracy.",
        "logs/ --baseline before.json",
    )
    made.add_argument("dir", metavar="DIR", help="the folder of the logs, plain, gzip or zip, and folders below it")
    before = made.add_mutually_exclusive_group()
    before.add_argument("--against", metavar="RULES_DIR", help="compare with what the rules in another folder say")
    before.add_argument("--baseline", metavar="FILE", help="compare with what was saved earlier")
    made.add_argument("--save", metavar="FILE", help="save what the rules say, for a later --baseline")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print what the rules say or what has changed; 1 when that is a class or a retry scope."""
    folder = world.folder / arguments.dir
    logs = {path.relative_to(folder).as_posix(): path for path in logs_below(folder)}
    labels = load_labels(folder / LABELS, logs)
    catalogue = catalogue_of(arguments, world)
    # A baseline with faults is told before the long work.
    before = load_answers(world.folder / arguments.baseline) if arguments.baseline else None
    other = load_catalogue(world.folder / arguments.against) if arguments.against else None
    now = _answers(logs, catalogue, world)
    before = _answers(logs, other, world) if other else before
    if arguments.save:
        write_atomically(world.folder / arguments.save, f"{json.dumps(saved(now), indent=1)}\n".encode())
    comparison = None if before is None else compare(before, now)
    right = accuracy(labels, now) if labels else None
    if arguments.json:
        world.answer_json(_plain(now, comparison, right))
    else:
        for line in _lines(now, comparison, right):
            world.answer(line)
    return _CHANGED if comparison and comparison.regressed else 0


def _answers(logs: Mapping[str, Path], catalogue: Catalogue, world: World) -> dict[str, Answer]:
    found = {}
    for name, path in with_progress(logs.items(), len(logs), "logs classified", world):
        try:
            found[name] = answer_of(classify(log_chunks(str(path), roots=(path.parent,)), catalogue).verdict)
        except ConfigError as fault:
            world.tell(f"left out: {fault}")
    return found


def _lines(now: Mapping[str, Answer], comparison: Comparison | None, right: Accuracy | None) -> Iterator[str]:
    if comparison is None:
        yield from (f"{name}: {answer}" for name, answer in now.items())
        classes = Counter(answer.error_class for answer in now.values())
        yield f"{len(now)} logs: " + ", ".join(f"{count} {name}" for name, count in classes.most_common())
    else:
        for name, changes in comparison.changed.items():
            yield f"{name}: " + ", ".join(f"{field} {old} -> {new}" for field, (old, new) in changes.items())
        yield from (f"{name}: new" for name in comparison.new)
        yield from (f"{name}: gone" for name in comparison.gone)
        counts = ", ".join(f"{count} {field}" for field, count in comparison.counts.items())
        yield f"{len(comparison.changed)} of {len(now)} logs changed" + (f": {counts}" if counts else "")
    if right:
        for name, (wanted, got) in right.wrong.items():
            yield f"{name}: labelled {wanted}, found {got}"
        yield "right: " + ", ".join(
            f"{what} {good} of {count} ({100 * good / count:.1f} %)"
            for what, (good, count) in right.shares.items()
            if count
        )


def _plain(now: Mapping[str, Answer], comparison: Comparison | None, right: Accuracy | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"logs": saved(now)["logs"]}
    if comparison:
        answer["changes"] = {
            "logs": {
                name: {field: {"before": old, "after": new} for field, (old, new) in changes.items()}
                for name, changes in comparison.changed.items()
            },
            "counts": dict(comparison.counts),
            "new": list(comparison.new),
            "gone": list(comparison.gone),
            "regressed": comparison.regressed,
        }
    if right:
        answer["accuracy"] = {
            what: {"right": good, "labelled": count} for what, (good, count) in right.shares.items() if count
        }
        answer["wrong"] = {name: {"labelled": wanted, "found": got} for name, (wanted, got) in right.wrong.items()}
    return answer
