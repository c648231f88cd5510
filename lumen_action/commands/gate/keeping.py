"""Decisions and overrides on their way into the ledger."""

from __future__ import annotations

from dataclasses import replace

from lumen_action.commands.gate.asking import GateAsked
from lumen_action.commands.gate.looking import Recent
from lumen_action.gate.deciding import GateDecision
from lumen_action.gate.facts import decision_fact, override_fact, overrides_in, revocation_fact, said_last
from lumen_action.gate.overriding import Overrides, ended_now
from lumen_action.jobmemory import JobMemory
from lumen_action.model import Fact, Kind, Outcome
from lumen_action.record import DEFAULT_REGION
from lumen_action.record.keeping import Keeper
from lumen_action.record.moment import Moment


def standing(asked: GateAsked, known: Recent, warnings: list[str]) -> Overrides:
    """Return which override holds, after what was asked about it is kept."""
    found, wish = overrides_in(known.facts, asked.at_ms), asked.wish
    if (wish.override or wish.revoke) and asked.of_fork:
        warnings.append("a fork's job may neither override the gate nor end an override: what it asked is left alone")
        return found
    if wish.override:
        _keep(asked, override_fact(_after_all(asked, known), wish.override), warnings)
        return Overrides(wish.override)
    if wish.revoke and found.active:
        _keep(asked, revocation_fact(_after_all(asked, known), wish.author, found.active), warnings)
        return ended_now(found)
    if wish.revoke:
        warnings.append("revoke-override: no override holds now, so there is none to end")
    return found


def keep_decision(asked: GateAsked, known: Recent, decision: GateDecision, warnings: list[str]) -> None:
    """Keep what was decided, unless there is nowhere to keep it or it is a fork's."""
    if known.kept and not asked.of_fork:
        _keep(asked, decision_fact(_like(asked), decision), warnings)


def _keep(asked: GateAsked, fact: Fact, warnings: list[str]) -> None:
    if asked.wish.dry_run:
        return
    session = asked.session
    keeper = Keeper(session.spool, session.ledger, session.world.clock_ms)
    keeper.keep([fact], "; give each gate of a job its own `name`", warnings)


def _after_all(asked: GateAsked, known: Recent) -> Fact:
    """Return who speaks of an override now, and so after all who spoke of one, whatever their clocks say."""
    like = _like(asked)
    said_ms = said_last(known.facts, like.observed_at_ms)
    return replace(like, ended_at_ms=said_ms) if said_ms > like.observed_at_ms else like


def _like(asked: GateAsked) -> Fact:
    """Return who decides, where and when; the day is today's, where the next gate looks for it."""
    session = asked.session
    settings, now_ms = replace(session.settings, stage=asked.name), session.world.clock_ms()
    region, day = settings.region or DEFAULT_REGION, settings.calendar.day_of(now_ms)
    identity = session.host.identity()
    if not identity.in_job and not settings.run_id:
        # On a terminal each question is an event of its own.
        identity = replace(identity, run=f"{identity.run}-{now_ms}")
    moment = Moment(identity, asked.pipeline, region, now_ms, day, JobMemory())
    return replace(moment.fact(settings, Kind.GATE, Outcome.SUCCESS, None), duration_ms=None)
