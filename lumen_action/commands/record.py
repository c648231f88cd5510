"""`lumen record`: the line after each stage."""

from __future__ import annotations

import argparse
from pathlib import Path

from lumen_action.commands import World
from lumen_action.commands.handing_over import hand_over
from lumen_action.commands.options import JOB, SINKS, command_parser, given
from lumen_action.commands.session import Session, open_session
from lumen_action.errors import LumenError
from lumen_action.explaining import Log
from lumen_action.record import Recorder
from lumen_action.record.keeping import Keeper
from lumen_action.running.captured import take


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "record",
        "Record how a stage ended: classify its log, decide about a rerun, keep the fact, publish, summarise.",
        "lumen record --stage build --outcome failure --log-file build.log --region eu --pipeline nightly",
        (
            "stage",
            "outcome",
            "region",
            "pipeline",
            "log-file",
            "error-log",
            *JOB,
            "integrity-ok",
            "report-ok",
            "ledger",
            *SINKS,
            "summary",
            "fail-on-error",
            "transient-exit-code",
            "config",
        ),
    )
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Record one stage; nothing outside can fail the job unless `fail-on-error` says so."""
    session = open_session(given(arguments), world, required=("stage",))
    captured = take(session.host.state_dir, world.env)
    recorder = recorder_of(session, Log([captured.text], captured.gap) if captured else None)
    recorded = recorder.record()
    code = hand_over(session, recorder, recorded, {}, as_json=arguments.json)
    asked = session.settings.running.transient_exit_code if session.settings.running else None
    if asked and recorded.fact.outcome.bad:
        # Whoever asks ends the script with our answer: a failure must not become green by it.
        return asked if recorded.decision.rerun else LumenError.exit_code
    return code


def recorder_of(session: Session, captured: Log | None = None) -> Recorder:
    """Return what records the stages of this call."""
    world = session.world
    return Recorder(
        settings=session.settings,
        workspace=Path(world.env.get("GITHUB_WORKSPACE") or world.folder),
        host=session.host,
        keeper=Keeper(session.spool, session.ledger, world.clock_ms),
        clock_ms=world.clock_ms,
        random=world.random,
        captured=captured,
    )
