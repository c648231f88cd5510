"""Who runs a runbook, with what, and how people are told: what running, resuming and drilling have in common."""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lumen_action.commands import World
from lumen_action.commands.asked import telling
from lumen_action.commands.channels import message_secrets
from lumen_action.commands.incident.common import actor_of
from lumen_action.commands.lasting import lasting_ledger
from lumen_action.commands.notify.common import sender_of, subject_of
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, LumenError, shown
from lumen_action.model import Trust
from lumen_action.ops.notify.message import Message, Row, Severity, clipped, digest
from lumen_action.response.incidents import Incidents
from lumen_action.response.runbooks.means import Means, Ourselves, Saying, Tell
from lumen_action.response.runbooks.records import Records
from lumen_action.response.runbooks.running import Asker, Runner
from lumen_action.runbookfiles import load_runbooks
from lumen_action.runbooks.runbook import Runbook, Step
from lumen_action.running.signals import Signals
from lumen_action.summary.markdown import visible

__all__ = ["actor_of"]

WHY = "where a run of a runbook stands is kept in the ledger, so that another job can go on with it"
_NAMES = ("pipeline", "ledger", "summary", "config")
_TOLD = "LUMEN_INPUT_"
_HANDED_ON = ("CONFIG", "TOKEN")
# What a step says there would stand among what we say.
_ANSWERS = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
_MOST_WHY = 200
_YES, _NO = ("y", "yes"), ("n", "no")


def subcommand_parser(name: str, description: str, example: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command that runs something."""
    made = command_parser(f"runbook {name}", description, f"lumen runbook {name} {example}".strip(), _NAMES)
    made.add_argument("--actor", metavar="NAME", help="who does it (default: who runs the job, or this terminal)")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def runbooks_of(session: Session) -> Mapping[str, Runbook]:
    """Return the runbooks, ours and the team's own."""
    folder = session.settings.runbooks.get("folder")
    return load_runbooks(session.world.folder / folder if folder else None)


def runbook_named(runbooks: Mapping[str, Runbook], name: str) -> Runbook:
    """Return a runbook; a ConfigError names those there are."""
    if name not in runbooks:
        raise ConfigError(f"runbook: `{name[:60]}` is not known; write one of {', '.join(runbooks)}")
    return runbooks[name]


def of_fork(session: Session) -> bool:
    """Tell whether a fork's job asks: what it says of itself must not make anything happen."""
    if session.host.identity().trust is not Trust.FORK:
        return False
    session.world.tell("the job is a fork's, so it runs no runbook")
    return True


def teller(world: World) -> Callable[[str], None]:
    """Return what tells people how it goes; what steps print is foreign text."""
    tell = telling(world)

    def tell_lines(text: str) -> None:
        for line in text.splitlines():
            tell(indented(line))

    return tell_lines


def indented(line: str) -> str:
    """Return a line without what cannot be seen, as far in as it was."""
    return " " * (len(line) - len(line.lstrip(" "))) + visible(line)


def inputs_given(words: list[str], problems: list[str]) -> dict[str, str]:
    """Return the inputs of a command line by name; what is wrong with them is added to the problems."""
    given = {}
    for each in words:
        name, equals, value = each.partition("=")
        if not equals:
            problems.append(f"input: {shown(each)} has no `=`; write `--input service=registry`")
        elif name in given:
            problems.append(f"input: {shown(name)} is given twice; write it once")
        given[name] = value
    return given


@contextmanager
def hearing() -> Iterator[Signals]:
    """Hear the signals that would end us, and pass them on to commands."""
    signals = Signals()
    signals.listen()
    try:
        yield signals
    finally:
        signals.release()


def records_of(session: Session) -> Records:
    """Return the runs of the ledger, which has to outlive the job."""
    world = session.world
    ledger = lasting_ledger(session, WHY, evidence=True)
    return Records(ledger, session.settings.calendar, world.clock_ms, world.new_token)


def harmless_means(session: Session, signals: Signals) -> Means:
    """Return what a dry run is done with: nobody is told anything."""
    return Means(
        session.world.env,
        signals,
        session.timing,
        lambda _: "",
        secrets=message_secrets(session),
        ourselves=ourselves(session),
    )


def runner_of(session: Session, records: Records, signals: Signals, actor: str, pipeline: str) -> Runner:
    """Return who runs it."""
    world, tell = session.world, teller(session.world)
    means = Means(
        world.env,
        signals,
        session.timing,
        _notifier(session, pipeline, tell),
        Incidents(records.ledger, pipeline, session.settings.calendar, world.clock_ms, world.new_token),
        message_secrets(session),
        ourselves(session),
    )
    return Runner(records, means, means.clean(actor), tell, _asker(session, signals))


def ourselves(session: Session) -> Ourselves:
    """Return how this program is started once more, with our environment but for what only this call was told."""
    env, settings = session.world.env, session.settings
    kept = {name: text for name, text in env.items() if not name.startswith(_TOLD)}
    told = {f"LUMEN_{name}": env[f"{_TOLD}{name}"] for name in _HANDED_ON if env.get(f"{_TOLD}{name}")}
    ledger = {"LUMEN_LEDGER": settings.ledger} if settings.ledger else {}
    quiet = {name: os.devnull for name in _ANSWERS if name in env}
    start = [sys.argv[0]] if Path(sys.argv[0]).name == "entrypoint.py" else ["-m", "lumen_action.cli"]
    return Ourselves((sys.executable, "-I", "-X", "utf8", *start), {**kept, **told, **ledger, **quiet})


def _notifier(session: Session, pipeline: str, tell: Callable[[str], None]) -> Tell:
    def notify(saying: Saying) -> str:
        try:
            # What a run waits for keeps it from going on, also in quiet hours.
            receipts = sender_of(session, tell).tell(
                _message(session, pipeline, saying),
                subject_of(session, pipeline, saying.title),
                at_once=saying.at_once,
            )
        except LumenError as fault:
            # Without a channel nobody was told of what this ends.
            return "" if saying.over and isinstance(fault, ConfigError) else clipped(str(fault), _MOST_WHY)
        return "; ".join(f"{each.channel}: {each.told}" for each in receipts if not each.ok)

    return notify


def _message(session: Session, pipeline: str, saying: Saying) -> Message:
    sentence = f"{saying.execution}: {saying.title}"
    rows = (Row("Runbook", saying.runbook), Row("Run", saying.execution), Row("Pipeline", pipeline))
    # An information opens nothing that somebody would have to close.
    severity = None if saying.severity in ("", Severity.INFO.value) else Severity(saying.severity)
    return Message(
        subject=f"{pipeline}: {saying.title}",
        sentence=sentence,
        rows=rows,
        text="\n\n".join((sentence, "\n".join(f"{row.name}: {row.text}" for row in rows), saying.text)),
        key=digest("runbook", saying.execution, saying.mark, *(["over"] if saying.over else [])),
        # Each its own: of two in one thread the second would only be counted.
        thread=digest("runbook", saying.execution, saying.mark),
        at_ms=session.world.clock_ms(),
        kind="runbook",
        details={"pipeline": pipeline, "runbook": saying.runbook, "execution": saying.execution},
        severity=severity,
        resolves=saying.over,
    )


def _asker(session: Session, signals: Signals) -> Asker:
    """Return what asks at a terminal; a job has nobody, whatever its stdin is."""
    world = session.world

    def ask(step: Step, _: str) -> bool | None:
        if session.host.identity().in_job or world.env.get("CI") or not _at_terminal(world):
            return None
        world.stderr.write(f"Is `{step.name}` done? [y = yes, n = it cannot be done, anything else = later] ")
        world.stderr.flush()
        answer = _typed(world, signals).strip().lower()
        return True if answer in _YES else False if answer in _NO else None

    return ask


def _at_terminal(world: World) -> bool:
    return world.stdin.isatty() and world.stderr.isatty()


def _typed(world: World, signals: Signals) -> str:
    """Return the line that somebody types, nothing where a signal comes first: reading alone would not end of it."""
    both: list[BinaryIO | int] = [world.stdin, signals.wake]
    # What no system knows as a file cannot be waited for.
    with suppress(OSError, ValueError):
        while not signals.heard and world.stdin not in select.select(both, [], [])[0]:
            signals.drain()
    return "" if signals.heard else world.stdin.readline().decode(errors="replace")
