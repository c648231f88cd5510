"""Looks at files and servers with every check, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from lumen_action.alerting.checks.setup import Check, Finding, Kind, Setup, Severity
from lumen_action.alerting.checks.table import DOCTOR
from lumen_action.commands import World
from lumen_action.http import HttpError
from lumen_action.ops.monitoring.live import GREETINGS, LIVE, LiveCheck, Server
from lumen_action.ops.monitoring.probing import unreachable_receivers

PROBE = Check(
    "receiver-answers",
    Severity.WARNING,
    "hosts that receivers talk to",
    (Kind.ALERTMANAGER,),
    unreachable_receivers,
)
Look = Callable[[], "Outcome"]

_GIVEN_BY = {
    Kind.PROMETHEUS: "--prometheus-config",
    Kind.RULES: "--prometheus-config",
    Kind.ALERTMANAGER: "--alertmanager-config",
    Kind.TEMPLATE: "--alertmanager-config",
    Kind.DASHBOARD: "--dashboards",
}
_AT_ONCE = 8
_PATIENCE_MS = 2000


@dataclass(frozen=True)
class Outcome:
    """What came out of a check; with a reason it could not look."""

    name: str
    looks_at: str
    findings: Sequence[Finding] = ()
    reason: str = ""


def greet(servers: Mapping[str, Server]) -> Mapping[str, Outcome]:
    """Ask each server whether it is there, by sort."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = {
            check.sort: pool.submit(_of_server, check, servers[check.sort])
            for check in GREETINGS
            if check.sort in servers
        }
        return {sort: each.result() for sort, each in waiting.items()}


def examine(
    setup: Setup, servers: Mapping[str, Server], greeted: Mapping[str, Outcome], world: World, *, probe: bool
) -> list[Outcome]:
    """Look at everything; the outcomes are in the order of the tables."""
    looks: list[Look] = [_of_files(check, setup) for check in DOCTOR]
    looks.append(_of_files(PROBE, setup) if probe else _not_looked(PROBE, "--probe"))
    for check in (*GREETINGS, *LIVE):
        known = greeted.get(check.sort)
        if known is None:
            looks.append(_not_looked(check, f"--{check.sort}"))
        elif check in GREETINGS:
            looks.append(partial(_same, known))
        elif known.findings:
            looks.append(partial(Outcome, check.name, check.looks_at, reason="no answer"))
        else:
            looks.append(partial(_of_server, check, servers[check.sort]))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = [pool.submit(look) for look in looks]
        _tell_progress(waiting, world)
        return [each.result() for each in waiting]


def _same(outcome: Outcome) -> Outcome:
    return outcome


def _not_looked(check: Check | LiveCheck, option: str, why: str = "") -> Look:
    return partial(Outcome, check.name, check.looks_at, reason=f"not looked at{why}; give {option}")


def _of_files(check: Check, setup: Setup) -> Look:
    there = {file.kind for file in setup.files}
    if not check.needs and setup.configured is None:
        return _not_looked(check, "--config")
    if check.needs and not there & set(check.needs):
        return _not_looked(check, _GIVEN_BY[check.needs[0]], f": there is no {check.needs[0].value}")
    return lambda: Outcome(check.name, check.looks_at, list(check.findings(setup)))


def _of_server(check: LiveCheck, server: Server) -> Outcome:
    try:
        return Outcome(check.name, check.looks_at, list(check.findings(server)))
    except HttpError as fault:
        return Outcome(check.name, check.looks_at, reason=str(fault))


def _tell_progress(waiting: Iterable[Future[Outcome]], world: World) -> None:
    """Tell a person at a terminal how far it is."""
    told, total = world.clock_ms(), list(waiting)
    for done, _ in enumerate(as_completed(total), 1):
        now = world.clock_ms()
        if now - told >= _PATIENCE_MS and world.stderr.isatty():
            world.tell(f"{done} of {len(total)} checks")
            told = now
