"""`lumen gate`: whether a change may be deployed."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.gate.asking import GateAsked, parser, read_gate
from lumen_action.commands.gate.keeping import keep_decision, standing
from lumen_action.commands.gate.looking import conditions, measured, recent
from lumen_action.commands.gate.marking import mark_commit
from lumen_action.commands.gate.telling import as_json, as_text, headline, outputs, summary
from lumen_action.gate.deciding import GateDecision, decide
from lumen_action.gate.policy import Ruling

__all__ = ["parser", "run"]

_BLOCKED_CODE = 1
# What a check run may hold, less than a job summary.
_MARK_BYTES = 60_000
_LEVELS = {Ruling.BLOCK: "error", Ruling.WARN: "warning", Ruling.INCONCLUSIVE: "warning"}


def run(arguments: argparse.Namespace, world: World) -> int:
    """Decide, keep the decision, tell it; 1 only where the change is blocked."""
    asked = read_gate(arguments, world)
    warnings: list[str] = []
    decision = _decided(asked, warnings)
    _told(asked, decision, warnings)
    if arguments.json:
        world.answer_json(as_json(decision, asked.pipeline, warnings, dry_run=asked.wish.dry_run))
    else:
        world.answer(as_text(decision, asked.policy, asked.objectives.zone))
    return 0 if decision.allowed else _BLOCKED_CODE


def _decided(asked: GateAsked, warnings: list[str]) -> GateDecision:
    known = recent(asked)
    overrides = standing(asked, known, warnings)
    evaluations, unmeasured = measured(asked, known)
    decision = decide(
        evaluations,
        list(conditions(asked, known)),
        asked.policy,
        overrides,
        asked.at_ms,
        change=asked.change,
        unmeasured=unmeasured,
    )
    keep_decision(asked, known, decision, warnings)
    return decision


def _told(asked: GateAsked, decision: GateDecision, warnings: list[str]) -> None:
    """Hand the decision to later steps, to the job summary, the commit and the page of the run."""
    host, zone = asked.session.host, asked.objectives.zone
    host.set_outputs(outputs(decision))
    host.write_summary(summary(decision, asked.policy, zone, host.summary_room()))
    mark_commit(asked, decision, summary(decision, asked.policy, zone, _MARK_BYTES), warnings)
    if host.identity().in_job and decision.ruling in _LEVELS:
        host.notice(_LEVELS[decision.ruling], "lumen gate", headline(decision))
    for warning in warnings:
        host.notice("warning", "lumen", warning)
