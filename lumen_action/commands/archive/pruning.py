"""`lumen archive prune`: remove the archives that no rule keeps; says first which."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lumen_action.archive.facts import Event, event_fact
from lumen_action.archive.holdings import held_in
from lumen_action.archive.removing import Removal, remove, with_lock
from lumen_action.archive.retention import Planned, Rule, planned
from lumen_action.archive.stores import LockedError, Store
from lumen_action.commands import World
from lumen_action.commands.archive.common import Speaker, annotate, said_by, stores_asked, subcommand_parser
from lumen_action.commands.asked import telling, word
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, LumenError
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.slo.phrases import counted
from lumen_action.summary.markdown import plain, visible

_PERIODS = ("daily", "weekly", "monthly")
_MOST = 100_000


@dataclass(frozen=True)
class Pruned:
    """What became of one store."""

    url: str
    removals: Sequence[Removal] = ()
    foreign: Sequence[str] = ()
    fault: LumenError | None = None


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "prune",
        "Keep the newest archive of each of the last days, weeks and months that have one, of every region by itself\n"
        "and in every store by itself; all others go. Only says so, until `--yes` is written. What a store keeps\n"
        "under a lock stays until that ends, and what is none of ours is never touched.",
        "--keep-daily 14 --keep-weekly 8 --keep-monthly 24 --yes",
    )
    for period in _PERIODS:
        what = f"so many {'days' if period == 'daily' else period.removesuffix('ly') + 's'} keep their newest archive"
        made.add_argument(f"--keep-{period}", metavar="N", help=what)
    made.add_argument("--yes", action="store_true", help="remove them now")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Prune, or say what would go."""
    session = session_of(arguments, world)
    problems: list[str] = []
    rule = _rule(arguments, session, problems)
    stores: list[Store] = []
    try:
        stores = stores_asked(arguments, session)
    except ConfigError as fault:
        problems += fault.problems
    if problems:
        raise ConfigError(problems)
    warnings: list[str] = []
    pruned = [_pruned(session, store, rule, warnings, yes=arguments.yes) for store in stores]
    _answer(arguments, session, pruned, warnings)
    faults = [each.fault for each in pruned] + [gone.fault for each in pruned for gone in each.removals]
    codes = {fault.exit_code for fault in faults if fault and not isinstance(fault, LockedError)}
    # What somebody has to act on comes before what may pass by itself.
    return min(codes, default=0)


def _rule(arguments: argparse.Namespace, session: Session, problems: list[str]) -> Rule:
    """Read the rule; one that keeps nothing is refused, for it would remove everything."""
    numbers: dict[str, int] = {}
    for period in _PERIODS:
        name = f"keep-{period}"
        said = word(arguments, session.world, name) or str(session.settings.archive.get(name, 0))
        if said.isdecimal() and said.isascii() and int(said[:9]) <= _MOST:
            numbers[period] = int(said[:9])
        else:
            problems.append(f"{name}: `{said[:40]}` is no number of archives; write `--{name} 14`")
    rule = Rule(**numbers)
    if not rule and not problems:
        problems.append(
            "keep-daily: nothing says what is kept, and all archives would go; write `--keep-daily 14 --keep-weekly 8 "
            "--keep-monthly 24`, or `archive: {keep-daily: 14}` in lumen.yml"
        )
    return rule


def _pruned(session: Session, store: Store, rule: Rule, warnings: list[str], *, yes: bool) -> Pruned:
    tell = telling(session.world)
    try:
        holdings = held_in(store, session.pipeline, region=session.settings.region)
        now_ms = session.world.clock_ms()
        plans = [with_lock(each, store, now_ms) for each in planned(list(holdings.archives.values()), rule)]
    except LumenError as fault:
        return Pruned(store.url, fault=fault)
    removals = []
    for each in plans:
        if yes and each.goes:
            removals.append(remove(each, store, partial(_keep, session, store, each, warnings)))
            tell(f"{store.url}: {_told(removals[-1])}")
        else:
            removals.append(Removal(each))
    return Pruned(store.url, removals, holdings.foreign)


def _keep(session: Session, store: Store, gone: Planned, warnings: list[str]) -> None:
    speaker = Speaker(session)
    size = str(gone.held.sealed.size) if gone.held.sealed else ""
    speaker.keep([event_fact(speaker.like(), Event.PRUNE, gone.id, {"store": store.url, "size": size})], warnings)


def _told(removal: Removal) -> str:
    each = removal.planned
    part = "" if each.held.whole else f" ({each.held.lacks})"
    if removal.removed:
        return f"removed {each.id}{part}"
    if removal.fault:
        return f"kept {each.id}: {removal.fault}{part}"
    if each.kept_as:
        return f"kept {each.id}: {', '.join(each.kept_as)}{part}"
    if each.locked_until_ms is not None:
        return f"kept {each.id}: the store keeps it until {stamp(each.locked_until_ms)}{part}"
    return f"would go: {each.id}{part}"


def _headline(pipeline: str, pruned: Sequence[Pruned], *, yes: bool) -> str:
    going = [(store.url, each) for store in pruned for each in store.removals if each.planned.goes]
    if not going:
        nothing = "nothing is removed" if yes else "nothing would go"
        there = any(store.removals for store in pruned)
        return f"{nothing}: {'every archive is kept' if there else f'no archive of {pipeline} was found'}"
    archives = counted(len({each.planned.id for _, each in going}), "archive")
    stores = counted(len({url for url, _ in going}), "store")
    if yes:
        gone = sum(each.removed for _, each in going)
        return f"{gone} of {len(going)} removed ({archives} in {stores})"
    return f"{archives} would go from {stores}; write `--yes` to remove {'it' if len(going) == 1 else 'them'}"


def _answer(arguments: argparse.Namespace, session: Session, pruned: Sequence[Pruned], warnings: Sequence[str]) -> None:
    host, world = session.host, session.world
    headline = _headline(session.pipeline, pruned, yes=arguments.yes)
    lines = [headline]
    for store in pruned:
        lines += [f"{store.url}: {said_by(store.url, store.fault)}"] if store.fault else []
        lines += [f"{store.url}: {_told(each)}" for each in store.removals]
        lines += [f"{store.url}: left {name}: it is none of ours" for name in store.foreign]
        for fault in (store.fault, *(each.fault for each in store.removals)):
            if fault and not isinstance(fault, LockedError):
                annotate(session, "warning", visible(str(fault)))
    for warning in warnings:
        host.notice("warning", "lumen", warning)
    if arguments.json:
        world.answer_json({"removed": arguments.yes, "stores": [_plain(each) for each in pruned]})
    else:
        world.answer("\n".join(map(visible, lines)))
    summary = f"### Archives pruned\n\n{plain(headline)}\n"
    if len(summary.encode()) <= host.summary_room():
        host.write_summary(summary)


def _plain(pruned: Pruned) -> Mapping[str, Any]:
    return {
        "store": pruned.url,
        "fault": str(pruned.fault) if pruned.fault else None,
        "archives": [
            {
                "archive": each.planned.id.name,
                "day": each.planned.id.day,
                "region": each.planned.id.region,
                "version": each.planned.id.version,
                "whole": each.planned.held.whole,
                "kept_as": list(each.planned.kept_as),
                "locked_until": stamp_of(each.planned.locked_until_ms),
                "goes": each.planned.goes,
                "removed": each.removed,
                "fault": str(each.fault) if each.fault else None,
            }
            for each in pruned.removals
        ],
        "foreign": list(pruned.foreign),
    }
