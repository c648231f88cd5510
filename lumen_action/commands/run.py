"""`lumen run`: a stage's command, tried again where that helps, and recorded like any other stage."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

from lumen_action.commands import World
from lumen_action.commands.handing_over import hand_over
from lumen_action.commands.options import JOB, SINKS, command_parser, given
from lumen_action.commands.record import recorder_of
from lumen_action.commands.session import Session, open_session
from lumen_action.commands.tries import Tries, guarded
from lumen_action.errors import ConfigError
from lumen_action.model import Scope
from lumen_action.record import Recorder, Told
from lumen_action.rerun import Policy
from lumen_action.running.attempts import Rules, Tried, outcome_of, pursue
from lumen_action.running.captured import take
from lumen_action.running.options import RunOptions
from lumen_action.running.signals import Signals
from lumen_action.running.words import unfailing
from lumen_action.settings import RUN_OPTIONS, Settings


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "run",
        "Run a stage's command: stream its output, try it again where the cause is transient, record how it ended.",
        "lumen run --stage build --timeout 10m -- make build",
        (
            "stage",
            *RUN_OPTIONS,
            "region",
            "pipeline",
            *JOB,
            "ledger",
            *SINKS,
            "summary",
            "fail-on-error",
            "config",
        ),
    )
    made.add_argument("command", nargs=argparse.REMAINDER, help="the command and its words, after `--`")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Run a stage to its end; the exit code is the command's own."""
    world = replace(world, stdout=unfailing(world.stdout), stderr=unfailing(world.stderr))
    session = open_session(given(arguments), world, required=("stage",))
    options = session.settings.running or RunOptions()
    words = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if bool(words) is bool(options.script):
        raise ConfigError(
            "run: give either a script or a command; write `run: make build`, "
            "or on a command line `lumen run --stage build -- make build`"
        )
    identity = session.host.identity()
    take(session.host.state_dir, world.env)  # what an earlier step has left is not about this one
    recorder = recorder_of(session)
    policy = _policy(session.settings.policy, options)
    rules = Rules(policy, options.limits, options.wishes, several_legs=identity.several_legs, random=world.random)
    signals = Signals()
    signals.listen()
    try:
        tries = Tries(session, recorder, options, words, signals, most=1 + policy.max_retries)
        began = time.monotonic()
        tried = pursue(tries, rules, time.monotonic)
        elapsed_ms = round(1000 * (time.monotonic() - began))
        told = replace(tries.told(tried), duration_ms=elapsed_ms)
        due = guarded(session.host, 0, lambda: _record(session, recorder, told, tried))
        return _exit_code(tried, options, session.settings) or due
    finally:
        signals.release()


def _policy(policy: Policy, options: RunOptions) -> Policy:
    """Return the policy of `lumen.yml` with what this call says."""
    return Policy(
        max_retries=policy.max_retries if options.retries is None else options.retries,
        backoff_seconds=options.backoff_seconds or policy.backoff_seconds,
        longest_wait_seconds=policy.longest_wait_seconds,
        scopes=policy.scopes,
        retries_per_day=policy.retries_per_day if options.retries_per_day is None else options.retries_per_day,
    )


def _record(session: Session, recorder: Recorder, told: Told, tried: Tried) -> int:
    outputs = {
        "tries": str(tried.number),
        "first-try": "true" if tried.number == 1 and tried.ending.good else "false",
        "exit-code": str(tried.ending.code),
        "exit-error": str(tried.ending),
    }
    recorded = recorder.record(told)
    if recorded.decision.scope is not Scope.NONE:
        # Transient, and still not tried again: the one case in which the headline does not say why.
        session.host.print_foreign(recorded.decision.reason)
    return hand_over(session, recorder, recorded, outputs, as_json=False)


def _exit_code(tried: Tried, options: RunOptions, settings: Settings) -> int:
    """Return the command's own code, unless an option asks for another."""
    ending = tried.ending
    if options.continue_on_error:
        return 0
    if options.transient_exit_code and tried.verdict and outcome_of(ending).bad:
        worth_it = settings.policy.scope_of(tried.verdict) is not Scope.NONE
        return options.transient_exit_code if worth_it else ending.code
    return ending.code
