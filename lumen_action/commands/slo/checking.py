"""`lumen slo check`: a line for each objective, and an exit code for a pipeline."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import flag
from lumen_action.commands.slo.asked import read_asked, slo_parser
from lumen_action.commands.slo.places import evaluated
from lumen_action.commands.slo.reporting import as_json
from lumen_action.slo.evaluation import Evaluation, Judgement
from lumen_action.slo.phrases import totals_line
from lumen_action.summary.objectives import as_lines

VIOLATED = 1


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = slo_parser(
        "slo check",
        "Say in a line each which objectives are kept. The exit code is 1 when one is violated; too few events to\n"
        "tell, or none at all, are told and do not fail, unless --strict is given.",
        "lumen slo check --slo slo/api.yml --prometheus-url http://prometheus.example:9090",
    )
    made.add_argument("--strict", action="store_true", help="fail also where an objective is not shown to be met")
    made.add_argument("--json", action="store_true", help="print one JSON object, as `lumen slo report` does")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the lines; 1 when an objective is violated, 75 when a source did not answer."""
    problems: list[str] = []
    strict = flag(arguments, world, "strict", problems)
    asked = read_asked(arguments, world, problems)
    answers = evaluated(asked)
    if arguments.json:
        world.answer_json(as_json(asked, answers))
    else:
        for line in as_lines(answers.evaluations):
            world.answer(line)
        world.tell(totals_line(answers.evaluations))
    silent = answers.unanswered
    failing = [each for each in answers.evaluations if each.name not in silent and _fails(each, strict=strict)]
    return VIOLATED if failing else answers.exit_code


def _fails(evaluation: Evaluation, *, strict: bool) -> bool:
    judgement = evaluation.judgement
    return judgement is not Judgement.MET if strict else judgement is Judgement.VIOLATED
