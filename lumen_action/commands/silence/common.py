"""What the sub-commands have in common: the ledger's silences, the Alertmanager, and what is shown of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import telling, word
from lumen_action.commands.lasting import lasting_ledger
from lumen_action.commands.options import SINKS, command_parser
from lumen_action.commands.session import Session, session_of
from lumen_action.commands.showing import show_totals
from lumen_action.errors import ConfigError, LumenError, RemoteError
from lumen_action.incidents.silences import Silence
from lumen_action.model import Trust
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.ops.notify.options import ALERTMANAGER_URL, alertmanager_access
from lumen_action.ops.silences.alertmanager import AlertmanagerSilences
from lumen_action.response.mutes import brought
from lumen_action.response.silences import Silences

_WHY = "a silence outlives the job that sets it"
_NAMES = ("pipeline", "ledger", *SINKS, "fail-on-error", "config")


def subcommand_parser(name: str, description: str, example: str) -> argparse.ArgumentParser:
    """Make the parser of a sub-command."""
    made = command_parser(f"silence {name}", description, f"lumen silence {name} {example}".strip(), _NAMES)
    made.add_argument("--alertmanager", metavar="URL", help=f"where they are set too (default: {ALERTMANAGER_URL})")
    made.add_argument("--json", action="store_true", help="print one JSON object or list")
    return made


def desk_of(session: Session) -> Silences:
    """Return the silences of the session's pipeline."""
    world = session.world
    ledger = lasting_ledger(session, _WHY, evidence=True)
    return Silences(ledger, session.pipeline, session.settings.calendar, world.clock_ms, world.new_token)


def server_of(arguments: argparse.Namespace, session: Session, problems: list[str]) -> AlertmanagerSilences | None:
    """Return the Alertmanager, None where none is named."""
    named = word(arguments, session.world, "alertmanager")
    env = {**session.world.env, **({ALERTMANAGER_URL: named} if named else {})}
    url, access = alertmanager_access(env, problems)
    if not access:
        return None
    server = AlertmanagerSilences(url, access, session.timing)
    session.world.closing.callback(server.close)
    return server


def acting(arguments: argparse.Namespace, world: World, act: Callable[[Session], int]) -> int:
    """Set or end silences; forks do neither, and in a job a service that is away only makes a warning."""
    session = session_of(arguments, world)
    if session.host.identity().trust is Trust.FORK:
        world.tell("the job is a fork's: it may not say which alerts are quiet, so nothing is changed")
        return 0
    try:
        return act(session)
    except RemoteError as fault:
        if not session.host.identity().in_job or session.settings.fail_on_error:
            raise
        session.host.notice("warning", "lumen silence", f"nothing was put on record: {fault}")
        return 0


def spread(session: Session, desk: Silences, server: AlertmanagerSilences | None) -> None:
    """Show a change at once where alerts are made and sent; the fact stands whatever becomes of that."""
    warnings: list[str] = []
    show_totals(session, desk.pipeline, warnings)
    if server:
        try:
            for line in brought(desk, server):
                telling(session.world)(line)
        except LumenError as fault:
            warnings.append(f"the Alertmanager was not told: {fault}; `lumen silence sync` tells it later")
    for warning in warnings:
        session.host.notice("warning", "lumen silence", warning)


def raise_problems(problems: list[str]) -> None:
    """Say everything that is wrong at once."""
    if problems:
        raise ConfigError(problems)


def plain(silence: Silence, now_ms: int) -> Mapping[str, Any]:
    """Return a silence for machines."""
    return {
        "name": silence.name,
        "pipeline": silence.pipeline,
        "state": silence.state(now_ms),
        "from": stamp(silence.from_ms),
        "until": stamp(silence.until_ms),
        "author": silence.author,
        "reason": silence.reason,
        "matchers": silence.matchers or None,
        "set_at": stamp(silence.set_ms),
        "ended_at": stamp_of(silence.ended_ms),
        "ended_by": silence.ended_by or None,
        "alertmanager": dict(silence.mirrors),
    }


def scope(silence: Silence) -> str:
    """Say which alerts a silence is for."""
    return silence.matchers or "all alerts of the pipeline"
