"""`lumen ledger rebuild`: totals counted anew from every fact."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.ledger.common import subcommand_parser
from lumen_action.commands.session import session_of
from lumen_action.errors import IntegrityError
from lumen_action.sli.rollup import Rollup
from lumen_action.totals import Totals, count_all


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    return subcommand_parser(
        "rebuild",
        "Count every fact again, compare with the totals that the ledger keeps, and keep the new ones. A difference\n"
        "makes the exit code 3.",
        "--ledger sqlite:/var/lib/lumen/ledger.db",
    )


def run(arguments: argparse.Namespace, world: World) -> int:
    """Count again, compare, and print the outcome."""
    session = session_of(arguments, world)
    ledger = session.ledger()
    kept = {name: Totals(ledger, name) for name in ledger.pipelines()}
    before = {name: totals.read().rollup for name, totals in kept.items() if totals.known()}
    counted = count_all(ledger, world.tell)
    names = sorted(counted)
    different = [
        name for name in names if name in before and _differ(before[name], counted[name], kept[name].read().rollup)
    ]
    for name in names:
        anew = Totals(ledger, name)
        anew.adopt(counted[name])
        anew.keep_now()
    facts = sum(day.facts for rollup in counted.values() for day in rollup.days.values())
    if arguments.json:
        told = {"facts": facts, "pipelines": names, "different": different}
        world.answer_json({"ledger": session.ledger_url, "ok": not different, **told}, indent=2)
    elif different:
        world.answer(
            "\n".join(f"damaged: the kept totals of {name} did not follow from the facts" for name in different)
        )
    else:
        world.answer(f"{facts} facts of {len(names)} pipelines were counted again")
    return IntegrityError.exit_code if different else 0


def _differ(before: Rollup, counted: Rollup, after: Rollup) -> bool:
    """Tell whether a day, to which no fact has come meanwhile, was counted differently."""
    days = {*before.days, *counted.days, *after.days}
    at_rest = [day for day in days if before.days.get(day) == after.days.get(day)]
    return any(counted.days.get(day) != before.days.get(day) for day in at_rest)
