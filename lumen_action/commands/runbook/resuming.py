"""`lumen runbook resume`: go on where a run waits for a person, or died."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import flag, word
from lumen_action.commands.runbook.crew import (
    actor_of,
    hearing,
    of_fork,
    records_of,
    runbook_named,
    runbooks_of,
    runner_of,
    subcommand_parser,
)
from lumen_action.commands.runbook.executions import conclude
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError
from lumen_action.response.runbooks.deciding import Decision, Said
from lumen_action.response.runbooks.records import Records

_HELP = {
    Decision.CONFIRM: "a person has done this step",
    Decision.DECLINE: "a person cannot or will not do this step: it has failed",
    Decision.REDO: "do this step once more, although it was begun before",
    Decision.SKIP: "leave this step out, whatever became of it",
    Decision.DONE: "this step was done, although nobody put that on record",
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "resume",
        "Go on with a run that waits for a person, or whose runner died. A step that was begun and not ended is done\n"
        "once more only if that does no harm; else it says so and asks for --redo, --skip or --done. Of several who\n"
        "resume at once one runs each step. Exit codes: 0 when it is over or waits again, 1 when it failed.",
        "RB-20260304-031200-ABCD --confirm revoke-old",
    )
    made.add_argument("execution", metavar="EXECUTION", nargs="?", help="which; the only one that waits by default")
    for decision, what in _HELP.items():
        made.add_argument(f"--{decision.value}", metavar="STEP", help=what)
    made.add_argument("--note", metavar="TEXT", help="what else there is to say about it")
    made.add_argument("--take-over", action="store_true", help="the runner that was at it is dead, do not wait for it")
    made.add_argument("--abandon", action="store_true", help="give the run up")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Resume."""
    session = session_of(arguments, world)
    if of_fork(session):
        return 0
    problems: list[str] = []
    take_over, abandon = (flag(arguments, world, name, problems) for name in ("take-over", "abandon"))
    said = _said(arguments, world, problems)
    if abandon and said:
        problems.append("abandon: gives up the whole run, so nothing is to be said of a step; write one of the two")
    if problems:
        raise ConfigError(problems)
    records = records_of(session)
    named = word(arguments, world, "execution").strip().upper()
    execution = named or _only_waiting(session, records)
    if abandon and not records.began(execution):
        row = next((each for each in records.rows(session.pipeline) if each.execution == execution), None)
        if row and not row.over:
            records.forget(row, session.pipeline)
            world.tell(f"{execution} died before it began, so nothing was done; it is taken off the list")
            return 0
    standing = records.standing(execution)
    runbooks = runbooks_of(session)
    with hearing() as signals:
        runner = runner_of(session, records, signals, actor_of(arguments, world), standing.pipeline)
        if abandon:
            found = runner.abandon(standing, word(arguments, world, "note"))
        else:
            found = runner.resume(runbook_named(runbooks, standing.runbook), standing, said, take_over=take_over)
        return conclude(session, found, runbooks.get(standing.runbook), as_json=arguments.json) or stopped(
            signals.heard
        )


def stopped(heard: list[int]) -> int:
    """Return the exit code of a job that was told to end, 0 where none was."""
    return 128 + heard[0] if heard else 0


def _said(arguments: argparse.Namespace, world: World, problems: list[str]) -> Said | None:
    named = {each: step for each in Decision if (step := word(arguments, world, each.value))}
    if len(named) > 1:
        options = " and ".join(f"--{each.value}" for each in named)
        problems.append(f"resume: {options} cannot be said together; write one of them")
    note = word(arguments, world, "note")
    return next((Said(each, step, note) for each, step in named.items()), None)


def _only_waiting(session: Session, records: Records) -> str:
    rows = records.rows(session.pipeline)
    found = [row for row in rows if row.state == "waiting"] or [row for row in rows if not row.over]
    if len(found) == 1:
        return found[0].execution
    if not found:
        raise ConfigError(
            f"execution: no run of {session.pipeline} waits or goes on; write its name, or start one with "
            "`lumen runbook run NAME`"
        )
    names = ", ".join(f"{row.execution} ({row.runbook})" for row in found)
    raise ConfigError(f"execution: {len(found)} runs wait or go on; write one of {names}")
