"""`lumen ledger rebuild`: whether what `lumen state` says follows from the facts."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.ledger.common import session_of, subcommand_parser
from lumen_action.commands.state import state_of
from lumen_action.errors import IntegrityError
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.state import State


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    return subcommand_parser(
        "rebuild",
        "Fold again from every fact there is and compare with what `lumen state` says; a difference makes the exit\n"
        "code 3.",
        "rebuild --ledger sqlite:/var/lib/lumen/ledger.db",
    )


def run(arguments: argparse.Namespace, world: World) -> int:
    """Fold again, compare, and print the outcome."""
    session = session_of(arguments, world)
    facts = collect(session.ledger().scan())
    rebuilt = fold(facts, now_ms=world.clock_ms(), calendar=session.settings.calendar)
    different = _different(rebuilt, state_of(session, None))
    if arguments.json:
        told = {"facts": rebuilt.facts, "pipelines": sorted(rebuilt.pipelines), "different": different}
        world.answer_json({"ledger": session.ledger_url, "ok": not different, **told}, indent=2)
    elif different:
        world.answer("\n".join(f"damaged: {what} does not follow from the facts" for what in different))
    else:
        world.answer(f"{rebuilt.facts} facts of {len(rebuilt.pipelines)} pipelines give what `lumen state` says")
    return IntegrityError.exit_code if different else 0


def _different(rebuilt: State, said: State) -> list[str]:
    """Return the pipelines, and the totals, in which two states differ."""
    names = sorted({*rebuilt.pipelines, *said.pipelines})
    different = [name for name in names if rebuilt.pipelines.get(name) != said.pipelines.get(name)]
    if (rebuilt.facts, rebuilt.conflicts) != (said.facts, said.conflicts):
        different.append("the number of facts")
    return different
