"""`lumen doctor`: what is wrong with the set-up, and how to mend it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from lumen_action.commands import World
from lumen_action.commands.options import SINKS, command_parser, given
from lumen_action.commands.session import Session, open_session
from lumen_action.errors import ConfigError, LumenError, RemoteError

_OK, _WARN, _FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    check: str
    status: str
    found: str
    fix: str = ""


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "doctor",
        "Check configuration, ledger, sinks and permissions; every finding names its fix.",
        "lumen doctor --config lumen.yml --pushgateway-url http://push:9091",
        ("pipeline", "region", "ledger", *SINKS, "config"),
    )
    made.add_argument("--json", action="store_true", help="print one JSON list")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print every finding; 2 when the configuration is wrong, 75 when something outside does not answer."""
    findings = list(_examine(arguments, world))
    if arguments.json:
        world.answer_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            world.answer(f"{finding.status:<4}  {finding.check}: {finding.found}")
            if finding.fix:
                world.answer(f"      fix: {finding.fix}")
    failed = {finding.check for finding in findings if finding.status == _FAIL}
    if failed & {"configuration", "signatures"}:
        return ConfigError.exit_code
    return RemoteError.exit_code if failed else 0


def _examine(arguments: argparse.Namespace, world: World) -> Iterator[Finding]:
    yield Finding("python", _OK, f"{sys.version.split()[0]} at {sys.executable}")
    try:
        session = open_session(given(arguments), world)
    except ConfigError as fault:
        for problem in fault.problems:
            found, _, fix = problem.partition("; ")
            yield Finding("configuration", _FAIL, found, fix)
        return
    yield Finding("configuration", _OK, f"time zone {session.settings.timezone}, host {session.host.name}")
    for look in _LOOKS:
        yield from look(session)


def _signatures(_: Session) -> Iterator[Finding]:
    from lumen_action.catalogue import RULES, load_catalogue

    try:
        yield Finding("signatures", _OK, f"{len(load_catalogue(RULES).signatures)} are ready")
    except ConfigError as fault:
        yield Finding("signatures", _FAIL, fault.problems[0], "restore the folder rules/failures of the release")


def _ledger(session: Session) -> Iterator[Finding]:
    try:
        head = session.ledger().head()
    except LumenError as fault:
        yield Finding("ledger", _FAIL, str(fault), "give a path in a folder this user can write to")
        return
    place = f"{session.ledger_url}, {head} facts"
    if session.ledger().durable:
        yield Finding("ledger", _OK, place)
    else:
        yield Finding(
            "ledger", _WARN, f"{place}, ends with this job", "set `ledger` to a file outside the job's folders"
        )
    waiting = sum(1 for _ in session.spool.pending())
    if waiting:
        yield Finding("spool", _WARN, f"{waiting} waiting for the ledger", "run `lumen publish` or the next `record`")


def _sinks(session: Session) -> Iterator[Finding]:
    if not session.sinks:
        yield Finding(
            "sinks",
            _WARN,
            "none is set, so Prometheus shows nothing",
            "set `pushgateway-url`, `remote-write-url`, `otlp-url` or `textfile-dir`",
        )
    for sink in session.sinks:
        try:
            sink.probe()
        except LumenError as fault:
            yield Finding(sink.name, _FAIL, str(fault), "check that it runs and that this machine may reach it")
        except ImportError as fault:
            yield Finding(sink.name, _FAIL, str(fault))
        else:
            yield Finding(sink.name, _OK, "answers")


def _api(session: Session) -> Iterator[Finding]:
    identity = session.host.identity()
    if not identity.in_job:
        return
    if not session.settings.token:
        yield Finding(
            "token", _WARN, "none, so the day is that of the first step", "leave the input `token` at its default"
        )
    elif session.host.created_at_ms(identity) is None:
        yield Finding(
            "token", _WARN, "the API did not tell when this run was created", "add `permissions: actions: read`"
        )
    else:
        yield Finding("token", _OK, "the API answers")


_LOOKS: tuple[Callable[[Session], Iterator[Finding]], ...] = (_signatures, _ledger, _sinks, _api)
