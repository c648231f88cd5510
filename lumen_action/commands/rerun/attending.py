"""Deciding about one finished run, and running its failed jobs again."""

from __future__ import annotations

import argparse
import json
import time

from lumen_action.commands import World
from lumen_action.commands.asked import telling
from lumen_action.commands.github import client_of, need_token
from lumen_action.commands.lasting import lasting_ledger
from lumen_action.commands.options import command_parser, given
from lumen_action.commands.rerun.event import Asked, read_asked
from lumen_action.commands.session import PATIENT_SECONDS, Session, open_session
from lumen_action.companion.acting import Companion, Report, Team
from lumen_action.companion.deciding import Course
from lumen_action.companion.telling import as_json, as_lines, as_markdown
from lumen_action.errors import ConfigError, RemoteError
from lumen_action.sli.reconciling.missing import Rules

# The runner takes no output above a megabyte in all.
_JSON_BYTES = 65_536


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "rerun",
        "Read the failed jobs of a run that is over, and run them again if all of them failed by something that\n"
        "passes and nothing forbids it. In a workflow on `workflow_run` the event says which run. The token for the\n"
        "API stands in LUMEN_TOKEN; it needs `actions: write`.",
        "lumen rerun --run 1234567890 --repository org/app --ledger git:https://github.com/org/app --dry-run",
        ("pipeline", "ledger", "config", "summary"),
    )
    made.add_argument("--run", metavar="ID", help="which run; default: the one the event tells of")
    made.add_argument("--attempt", metavar="N", help="which attempt; default: the event's, else the latest")
    made.add_argument("--repository", metavar="OWNER/NAME", help="whose run; default: GITHUB_REPOSITORY")
    made.add_argument("--dry-run", action="store_true", help="decide and do nothing")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Attend to one run; 75 when it is left for a later call."""
    problems: list[str] = []
    # The settings know `run` as the script of a stage, which is not meant here.
    session = open_session({**given(arguments), "run": None}, world, patience_seconds=PATIENT_SECONDS)
    need_token(session, problems)
    asked = read_asked(arguments, world, problems)
    report = _attended(session, asked)
    _told(session, report, as_answer=bool(arguments.json))
    return RemoteError.exit_code if report.decision.course is Course.LATER else 0


def _attended(session: Session, asked: Asked) -> Report:
    from lumen_action.catalogue import load_catalogue, own_rules
    from lumen_action.ciapi.faults import VanishedError
    from lumen_action.ciapi.reruns import Reruns
    from lumen_action.companion.reading import Reader

    settings, world = session.settings, session.world
    tell = telling(world)
    client = client_of(session, asked.repository, tell)
    reruns = Reruns(client)
    catalogue = load_catalogue(own=own_rules(world.folder))
    try:
        return Companion(
            reruns=reruns,
            reader=Reader(reruns, catalogue, tell, settings.secrets),
            ledger=lasting_ledger(session, "what bounds the reruns would not be kept", evidence=True),
            team=Team(
                policy=settings.policy,
                most_failed_jobs=settings.most_failed_jobs,
                side_effects=settings.side_effects,
                calendar=settings.calendar,
                pipeline=settings.pipeline,
                rules=settings.reconcile or Rules(),
            ),
            clock_ms=world.clock_ms,
            sleep=time.sleep,
            random=world.random,
            tell=tell,
            new_token=world.new_token,
            dry_run=asked.dry_run,
        ).attend(asked.run, asked.attempt)
    except VanishedError as fault:
        raise ConfigError(
            f"run: {client.access.url} shows run {asked.run} of {asked.repository} to nobody or not to this token "
            "(404); check number and name, and give the token `actions: write`"
        ) from fault


def _told(session: Session, report: Report, *, as_answer: bool) -> None:
    host, world = session.host, session.world
    answer = as_json(report)
    if as_answer:
        world.answer_json(answer)
    tell = telling(world)
    for line in as_lines(report):
        tell(line)
    text = json.dumps(answer, ensure_ascii=False)
    host.set_outputs(
        {
            "decision": report.decision.course.value,
            "rerun": str(report.rerun).lower(),
            "reason": report.decision.reason,
            "delay-seconds": str(report.decision.delay_seconds),
            "incident-key": report.incident_key,
            "json": text if len(text.encode()) <= _JSON_BYTES else "",
        }
    )
    room = host.summary_room()
    if room and session.settings.summary != "off":
        host.write_summary(as_markdown(report, room))
