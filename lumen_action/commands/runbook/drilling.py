"""`lumen runbook drill`: try a runbook without changing anything outside, and put on record whether it would work."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from lumen_action.archive.facts import check_fact
from lumen_action.commands import World
from lumen_action.commands.archive.common import Speaker
from lumen_action.commands.asked import flag, word
from lumen_action.commands.listed import listed
from lumen_action.commands.runbook.crew import (
    actor_of,
    inputs_given,
    of_fork,
    runbook_named,
    runbooks_of,
    subcommand_parser,
    teller,
)
from lumen_action.commands.runbook.rehearsal import faults, rehearsal_plain, rehearsed
from lumen_action.commands.session import Session, session_of
from lumen_action.commands.showing import show_totals
from lumen_action.errors import ConfigError
from lumen_action.model import Fact, Outcome
from lumen_action.response.runbooks.rehearsing import Rehearsed
from lumen_action.runbooks.inputs import values_of
from lumen_action.runbooks.runbook import Runbook
from lumen_action.sli.state import DRILL
from lumen_action.summary.markdown import cell, visible
from lumen_action.summary.table import Row, Table

_MOST_WHY = 300


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "drill",
        "Go through a runbook with the inputs of its `drill`: what only reads is done, all else is planned and looked\n"
        "at, nobody is told or asked. That it was drilled is put on record. Exit code 1 when one would not work.",
        "token-expired",
    )
    made.add_argument("runbook", metavar="NAME", nargs="?", help="which")
    made.add_argument("--all", action="store_true", help="every one, ours and the team's own")
    made.add_argument("--input", metavar="NAME=VALUE", action="append", help="a value in place of the one in `drill`")
    return made


@dataclass(frozen=True)
class _Drilled:
    """One drill."""

    runbook: Runbook
    values: Mapping[str, str]
    found: Sequence[Rehearsed]
    faults: Sequence[str]
    cut_off: bool = False
    """Whether a signal ended it: that says nothing of the runbook."""

    @property
    def line(self) -> str:
        """Say it in a line."""
        if self.faults:
            return f"{self.runbook.name}: would not work: {'; '.join(self.faults)}"
        done = sum(each.result is not None for each in self.found)
        steps = len(self.found)
        if not done:
            return f"{self.runbook.name}: ok, but only its words: none of its {steps} steps only reads; give it --input"
        return f"{self.runbook.name}: ok, {done} of {steps} steps were done, the others planned"


def run(arguments: argparse.Namespace, world: World) -> int:
    """Drill."""
    session = session_of(arguments, world)
    if of_fork(session):
        return 0
    problems: list[str] = []
    everything, name = flag(arguments, world, "all", problems), word(arguments, world, "runbook")
    given = inputs_given(listed(arguments, world, "input"), problems)
    if given and everything:
        problems.append("input: goes with the name of one runbook, not with `--all`")
    if everything is bool(name):
        problems.append("runbook: write the name of one, or `--all`")
    if problems:
        raise ConfigError(problems)
    runbooks = runbooks_of(session)
    chosen = list(runbooks.values()) if everything else [runbook_named(runbooks, name)]
    actor = actor_of(arguments, world)
    drilled = list(takewhile(lambda each: not each.cut_off, (_drilled(session, each, given, actor) for each in chosen)))
    warnings: list[str] = []
    speaker = Speaker(session)
    speaker.keep([_fact(speaker, each, actor) for each in drilled], warnings)
    show_totals(session, session.pipeline, warnings)
    for warning in warnings:
        session.host.notice("warning", "lumen runbook", warning)
    _answer(session, drilled, as_json=arguments.json)
    return int(any(each.faults for each in drilled) or len(drilled) < len(chosen))


def _drilled(session: Session, runbook: Runbook, given: Mapping[str, str], actor: str) -> _Drilled:
    teller(session.world)(f"drill of {runbook.name}: {runbook.title}")
    try:
        values = values_of(runbook, {**runbook.drill, **given})
    except ConfigError as fault:
        return _Drilled(runbook, {}, (), [f"drill: {each}" for each in fault.problems])
    found = rehearsed(session, runbook, values, actor)
    return _Drilled(runbook, values, found, faults(found), cut_off=len(found) < len(runbook.steps))


def _fact(speaker: Speaker, drilled: _Drilled, actor: str) -> Fact:
    told = {"actor": actor, "why": visible("; ".join(drilled.faults))[:_MOST_WHY], "runbook": drilled.runbook.name}
    outcome = Outcome.FAILURE if drilled.faults else Outcome.SUCCESS
    like = speaker.like()
    return check_fact(like, f"{DRILL}{drilled.runbook.name}", like.pipeline, told, outcome)


def _answer(session: Session, drilled: Sequence[_Drilled], *, as_json: bool) -> None:
    if as_json:
        plain = [rehearsal_plain(each.runbook, each.values, each.found) for each in drilled]
        faults_of = [list(each.faults) for each in drilled]
        told = [{**one, "good": not why, "faults": why} for one, why in zip(plain, faults_of, strict=True)]
        session.world.answer_json(told[0] if len(told) == 1 else told)
    else:
        session.world.answer("\n".join(visible(each.line) for each in drilled))
    rows = tuple(
        Row((cell(each.runbook.name), "no" if each.faults else "yes", cell("; ".join(each.faults))), bool(each.faults))
        for each in drilled
    )
    text = f"### Drills of runbooks\n\n{Table(('Runbook', 'Works', 'Why not'), rows, 'runbook').full()}\n"
    if session.settings.summary != "off" and len(text.encode()) <= session.host.summary_room():
        session.host.write_summary(text)
    session.host.set_outputs({"state": "failed" if any(each.faults for each in drilled) else "finished"})
