"""`lumen slo explain`: how each number of an objective came about."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.slo.asked import read_asked, slo_parser
from lumen_action.commands.slo.places import evaluated
from lumen_action.commands.slo.reporting import as_json
from lumen_action.summary.derivation import derivation


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = slo_parser(
        "slo explain",
        "Show how each number came about: what was counted and where, in which window, the budget, what luck can be\n"
        "ruled out, how fast the budget burns, and when it is used up or back.",
        "lumen slo explain nightly-runs --slo slo/pipeline.yml",
    )
    made.add_argument("name", nargs="?", metavar="NAME", help="only this objective")
    made.add_argument("--json", action="store_true", help="print one JSON object, as `lumen slo report` does")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the explanations; 75 when a source did not answer."""
    if arguments.name:
        arguments.only = [*(arguments.only or ()), arguments.name]
    asked = read_asked(arguments, world)
    answers = evaluated(asked)
    if arguments.json:
        world.answer_json(as_json(asked, answers))
    else:
        world.answer("\n\n".join("\n".join(derivation(each, asked.at_ms, asked.zone)) for each in answers.evaluations))
    return answers.exit_code
