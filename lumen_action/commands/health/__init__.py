"""`lumen health`: whether what a pipeline needs is there, and waiting for it to come up."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from lumen_action.commands import World
from lumen_action.commands.asked import flag, telling, word
from lumen_action.commands.health.keeping import Memory
from lumen_action.commands.health.known import around_of, checks_asked
from lumen_action.commands.health.wording import as_json, as_text, headline, names, outputs, summary
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, shown
from lumen_action.health.check import Check, Finding, Status
from lumen_action.health.judging import whole
from lumen_action.ops.probes.running import Prober

__all__ = ["parser", "run"]

_FAILED_CODE = 1
_SIGNALLED = 128
_INTERVAL_SECONDS = 2.0
_PAUSE_SECONDS = 1.0
_GRACE_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 86_400.0
_MORE = "this is what the configuration names; `--checks health.yml` looks at your own services (docs/health.md)"
_LEVELS = {Status.FAIL: "error", Status.WARN: "warning"}


@dataclass(frozen=True)
class _Wish:
    """What was asked, checked."""

    checks: Sequence[Check]
    deadline_seconds: float
    wait_seconds: float
    interval_seconds: float
    record: bool
    unnamed: bool
    """Whether nobody said what is to be looked at."""


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "health",
        "Look at what a pipeline needs, all at once: 0 if it is well or only warns, 1 if something critical failed.",
        "lumen health --checks health.yml --wait 120",
        ("pipeline", "region", "ledger", "pushgateway-url", "config"),
    )
    made.add_argument("names", nargs="*", metavar="NAME", help="only these checks (default: all)")
    made.add_argument("--checks", metavar="FILE", help="a file of checks (default: what lumen.yml names)")
    made.add_argument("--wait", metavar="SECONDS", help="look again until nothing critical fails, at most so long")
    made.add_argument("--interval", metavar="SECONDS", help=f"between two looks (default: {_INTERVAL_SECONDS:g})")
    made.add_argument(
        "--within", metavar="SECONDS", help="the longest one look may take (default: the slowest check's)"
    )
    made.add_argument(
        "--record", action="store_true", help="keep what was found in the ledger, where it becomes series"
    )
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Look, judge, tell; 1 only where something critical is failed."""
    session = session_of(arguments, world)
    wish = _wish(arguments, session)
    warnings: list[str] = []
    clock = session.timing.clock
    began = clock()
    memory = Memory.of(session, wish.checks, warnings, record=wish.record)
    with _interrupted():
        looked = _looked(session, wish, telling(world))
    settled = bool(wish.wait_seconds) or not wish.record
    findings = [each.finding for each in memory.judge(looked, warnings, settled=settled)]
    waited = clock() - began
    _tell(session, findings, warnings)
    if arguments.json:
        world.answer_json(as_json(findings, warnings, world.clock_ms(), waited))
    else:
        world.answer(as_text(findings))
        if wish.unnamed:
            world.tell(_MORE)
    return _FAILED_CODE if whole(findings) is Status.FAIL else 0


@contextmanager
def _interrupted() -> Iterator[None]:
    """End at once when told to, and with it what checks have started: it has not heard of that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(_SIGNALLED + number)


def _wish(arguments: argparse.Namespace, session: Session) -> _Wish:
    world = session.world
    problems: list[str] = []
    file = word(arguments, world, "checks")
    checks = checks_asked(session, file)
    wanted = arguments.names or word(arguments, world, "names").replace(",", " ").split()
    known = [check.name for check in checks]
    unknown = [name for name in wanted if name not in known]
    problems += [f"names: {shown(name)} is no check; known are {', '.join(known)}" for name in unknown]
    checks = tuple(check for check in checks if not wanted or check.name in wanted)
    slowest = max((check.timeout_seconds for check in checks), default=0.0) + _GRACE_SECONDS
    wish = _Wish(
        checks=checks,
        deadline_seconds=_seconds(word(arguments, world, "within"), "within", slowest, problems) or slowest,
        wait_seconds=_seconds(word(arguments, world, "wait"), "wait", 0.0, problems),
        interval_seconds=_seconds(word(arguments, world, "interval"), "interval", _INTERVAL_SECONDS, problems),
        record=flag(arguments, world, "record", problems),
        unnamed=not (file or session.settings.health.get("checks")),
    )
    if problems:
        raise ConfigError(problems)
    return wish


def _seconds(text: str, name: str, otherwise: float, problems: list[str]) -> float:
    try:
        found = float(text) if text else otherwise
    except ValueError:
        found = -1.0
    if not 0 <= found <= _LONGEST_WAIT_SECONDS:
        problems.append(f"{name}: {shown(text)} is no number of seconds up to a day; write `--{name} 30`")
        return otherwise
    return found


def _looked(session: Session, wish: _Wish, tell: Callable[[str], None]) -> list[Finding]:
    """Look, and look again at what fails: with --wait until its time is over, else as often as each has to fail.

    Where the findings are recorded one look is one of the tries in a row, and the ledger counts them.
    """
    timing, prober = session.timing, Prober(around_of(session))
    found = {each.check.name: each for each in prober.findings(wish.checks, deadline_seconds=wish.deadline_seconds)}
    if wish.wait_seconds:
        until = timing.clock() + wish.wait_seconds
        while whole(found.values()) is Status.FAIL and timing.clock() + wish.interval_seconds < until:
            left, down = until - timing.clock(), ", ".join(names(found.values(), Status.FAIL))
            tell(f"waiting for {down}: {left:.0f} s left")
            timing.sleep(wish.interval_seconds)
            again = [each.check for each in found.values() if each.status is Status.FAIL]
            seconds = max(_GRACE_SECONDS, min(wish.deadline_seconds, until - timing.clock()))
            found.update((each.check.name, each) for each in prober.findings(again, deadline_seconds=seconds))
    elif not wish.record:
        for done in range(1, max((check.tries for check in wish.checks), default=1)):
            again = [each.check for each in found.values() if each.status is Status.FAIL and each.check.tries > done]
            if not again:
                break
            timing.sleep(_PAUSE_SECONDS)
            more = prober.findings(again, deadline_seconds=wish.deadline_seconds)
            found.update((each.check.name, each) for each in more)
    return list(found.values())


def _tell(session: Session, findings: Sequence[Finding], warnings: Sequence[str]) -> None:
    """Hand what was found to later steps, to the job summary and to the page of the run."""
    host, status = session.host, whole(findings)
    host.set_outputs(outputs(findings))
    host.write_summary(summary(findings, host.summary_room()))
    if host.identity().in_job and status in _LEVELS:
        worst = [f"{each.check.name}: {each.said}" for each in findings if each.status is not Status.PASS]
        host.notice(_LEVELS[status], "lumen health", "\n".join([headline(findings), *worst]))
    for warning in warnings:
        host.notice("warning", "lumen", warning)
