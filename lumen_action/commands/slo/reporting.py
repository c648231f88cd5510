"""`lumen slo report`: every objective with its target, what came of it, and what is left of its budget."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.slo.asked import Asked, read_asked, slo_parser
from lumen_action.commands.slo.places import Answers, evaluated
from lumen_action.errors import shown
from lumen_action.files import write_as_told
from lumen_action.model.instants import stamp
from lumen_action.slo.phrases import tallied
from lumen_action.slo.plain import plain_evaluation
from lumen_action.summary.objectives import as_markdown, as_text


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = slo_parser(
        "slo report",
        "Show every objective: its target, what came of it, how much of its budget is used and left, and whether the\n"
        "events are enough to show that it is kept.",
        "lumen slo report --slo slo/ --format markdown >> $GITHUB_STEP_SUMMARY",
    )
    made.add_argument("--format", metavar="|".join(_FORMATS), help="how it is written (default text)")
    made.add_argument("--json", action="store_true", help="the same as --format json")
    made.add_argument("--output", metavar="FILE", help="write a file in place of stdout")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the report, or write it; 75 when a source did not answer."""
    form = "json" if arguments.json else word(arguments, world, "format") or "text"
    problems = [] if form in _FORMATS else [f"format: {shown(form)} is not known; write one of {', '.join(_FORMATS)}"]
    asked = read_asked(arguments, world, problems)
    answers = evaluated(asked)
    text = _FORMATS[form](asked, answers)
    output = word(arguments, world, "output")
    if output:
        write_as_told("output", world.folder / output, text if text.endswith("\n") else f"{text}\n")
    elif form == "json":
        world.answer_json(as_json(asked, answers))
    else:
        world.answer(text)
    return answers.exit_code


def as_json(asked: Asked, answers: Answers) -> Mapping[str, Any]:
    """Return all objectives as JSON values, and how many there are of each status and verdict."""
    return {
        "evaluated_at": stamp(asked.at_ms),
        "objectives": [plain_evaluation(each, asked.at_ms) for each in answers.evaluations],
        "totals": tallied(answers.evaluations),
    }


_FORMATS: Mapping[str, Callable[[Asked, Answers], str]] = {
    "text": lambda asked, answers: as_text(answers.evaluations, asked.at_ms, asked.zone),
    "json": lambda asked, answers: json.dumps(as_json(asked, answers), ensure_ascii=False),
    "markdown": lambda asked, answers: as_markdown(answers.evaluations, asked.at_ms, asked.zone),
}
