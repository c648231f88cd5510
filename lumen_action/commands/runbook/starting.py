"""`lumen runbook run`: do what a runbook says, step by step, or say what would be done."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import flag, word
from lumen_action.commands.listed import listed
from lumen_action.commands.runbook.crew import (
    actor_of,
    hearing,
    inputs_given,
    of_fork,
    records_of,
    runbook_named,
    runbooks_of,
    runner_of,
    subcommand_parser,
    teller,
)
from lumen_action.commands.runbook.executions import answer, conclude, execution_plain, hand_on
from lumen_action.commands.runbook.rehearsal import faults, rehearsal_plain, rehearsed
from lumen_action.commands.runbook.resuming import stopped
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, shown
from lumen_action.model import ErrorClass
from lumen_action.response.runbooks.automatic import Cause, Start, started_for
from lumen_action.response.runbooks.running import Runner
from lumen_action.runbooks.inputs import values_of
from lumen_action.runbooks.runbook import Runbook
from lumen_action.runbooks.standing import Standing
from lumen_action.runbooks.triggers import inputs_from
from lumen_action.summary.markdown import visible

_LONGEST_LABELS = 20_000


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "run",
        "Run a runbook. Each step is put on record before and after it, so another job goes on where this one had to\n"
        "stop: at a step for a person, or because it died. With --for-alert or --for-class it starts those that are\n"
        "named in `runbooks.automatic`, within their cooldown and cap. Exit codes: 0 when it is done or waits for a\n"
        "person, 1 when it failed or was rolled back.",
        "token-expired --input service=registry --incident INC-20260304-031200-ABCD",
    )
    made.add_argument("runbook", metavar="NAME", nargs="?", help="which; `lumen runbook list` shows them")
    made.add_argument("--input", metavar="NAME=VALUE", action="append", help="a value, as often as there are some")
    made.add_argument("--dry-run", action="store_true", help="do what only reads, and say what else would be done")
    made.add_argument("--incident", metavar="ID", help="the incident that it is run for")
    what = "the labels of the alert, that inputs are taken from"
    made.add_argument("--labels", "--alert-labels", dest="labels", metavar="JSON", help=what)
    made.add_argument("--for-alert", metavar="NAME", help="start what is meant for this alert")
    made.add_argument("--for-class", metavar="CLASS", help="start what is meant for this class of failure")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run."""
    session = session_of(arguments, world)
    if of_fork(session):
        return 0
    problems: list[str] = []
    names = ("runbook", "for-alert", "for-class")
    name, alert, error_class = (word(arguments, world, each) for each in names)
    dry_run = flag(arguments, world, "dry-run", problems)
    given = inputs_given(listed(arguments, world, "input"), problems)
    labels = _labels(word(arguments, world, "labels"), problems)
    if sum(map(bool, (name, alert, error_class))) != 1:
        problems.append("runbook: write the name of one, or `--for-alert NAME`, or `--for-class token_expired`")
    if not name and (given or dry_run):
        problems.append("input: what starts by itself takes its inputs from labels; name the runbook instead")
    if error_class and error_class not in {each.value for each in ErrorClass}:
        problems.append(f"for-class: {shown(error_class)} is none of {', '.join(each.value for each in ErrorClass)}")
    if problems:
        raise ConfigError(problems)
    runbooks = runbooks_of(session)
    actor, incident = actor_of(arguments, world), word(arguments, world, "incident")
    if not name:
        cause = Cause(alert, error_class, labels)
        return _automatic(session, runbooks, cause, actor, incident, as_json=arguments.json)
    runbook = runbook_named(runbooks, name)
    values = values_of(runbook, {**inputs_from(runbook, labels), **given})
    if dry_run:
        return _dry_run(session, runbook, values, actor, as_json=arguments.json)
    return _started(session, runbook, values, actor, incident, as_json=arguments.json)


def _dry_run(session: Session, runbook: Runbook, values: Mapping[str, str], actor: str, *, as_json: bool) -> int:
    found = rehearsed(session, runbook, values, actor)
    why = faults(found)
    if as_json:
        session.world.answer_json(rehearsal_plain(runbook, values, found))
    else:
        end = (
            f"a run would end early: {'; '.join(why)}" if why else "a run would come to its end, as far as can be known"
        )
        session.world.answer(visible(f"{runbook.name}: nothing was changed; {end}"))
    return int(bool(why) or len(found) < len(runbook.steps))


def _started(
    session: Session, runbook: Runbook, values: Mapping[str, str], actor: str, incident: str, *, as_json: bool
) -> int:
    records = records_of(session)
    with hearing() as signals:
        runner = runner_of(session, records, signals, actor, session.pipeline)
        known = _incident(runner, incident)
        standing = runner.start(runbook, session.pipeline, values, incident=known)
        if standing is None:
            raise ConfigError("runbook: a run of the same name was started in the same instant; start it once more")
        return conclude(session, standing, runbook, as_json=as_json) or stopped(signals.heard)


def _automatic(
    session: Session, runbooks: Mapping[str, Runbook], cause: Cause, actor: str, incident: str, *, as_json: bool
) -> int:
    records, tell = records_of(session), teller(session.world)
    automatic = session.settings.runbooks.get("automatic", ())
    codes = [0]
    with hearing() as signals:
        runner = runner_of(session, records, signals, actor, session.pipeline)
        known = _incident(runner, incident)

        def begin(start: Start) -> Standing | None:
            return runner.start(
                start.runbook,
                session.pipeline,
                start.values,
                incident=known,
                trigger=start.trigger,
                generation=start.generation,
            )

        plain: list[dict[str, Any]] = []
        for each in started_for(records, runbooks, automatic, session.pipeline, cause, begin):
            if each.standing is None:
                tell(f"{each.runbook.name} was not started: {each.why}")
                plain.append({"runbook": each.runbook.name, "execution": None, "why": each.why})
                continue
            plain.append(execution_plain(each.standing, each.runbook))
            codes.append(hand_on(session, each.standing, each.runbook))
            if not as_json:
                answer(session, each.standing, each.runbook, as_json=False)
        if as_json:
            session.world.answer_json(plain)
        elif not plain:
            session.world.answer(visible(f"no runbook is meant for {cause.word}; see `lumen runbook list`"))
        return max(codes) or stopped(signals.heard)


def _incident(runner: Runner, name: str) -> str:
    """Return the whole name of the incident, which has to be there."""
    incidents = runner.means.incidents
    return incidents.find(name).name if name and incidents else ""


def _labels(text: str, problems: list[str]) -> dict[str, str]:
    try:
        found = json.loads(text) if text and len(text) <= _LONGEST_LABELS else {} if not text else None
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and all(isinstance(each, str) for each in found.values()):
        return found
    problems.append('labels: no JSON object of texts; write `--labels \'{"alertname": "LumenStageFailed"}\'`')
    return {}
