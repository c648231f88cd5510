"""A decision in words for a terminal and a job summary, as outputs and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from fractions import Fraction

from lumen_action.gate.conditions import Condition, State
from lumen_action.gate.deciding import GateDecision
from lumen_action.gate.overriding import Override
from lumen_action.gate.policy import NEVER_BLOCKED, Change, Policy, Ruling
from lumen_action.model.instants import stamp, stamp_of
from lumen_action.slo.evaluation import Evaluation
from lumen_action.slo.phrases import amount, faithful, left_percent
from lumen_action.slo.plain import plain_evaluation
from lumen_action.summary.document import Block, fit, instead
from lumen_action.summary.markdown import cell, plain, prose, visible
from lumen_action.summary.objectives import as_lines, as_markdown
from lumen_action.summary.table import Row, Table
from lumen_action.summary.words import moment

_SIGNS: Mapping[Ruling, str] = {
    Ruling.ALLOW: "✅",
    Ruling.WARN: "⚠️",
    Ruling.INCONCLUSIVE: "❔",
    Ruling.BLOCK: "⛔",
}
_STATE_SIGNS: Mapping[State, str] = {State.OK: "✅", State.FAILED: "❌", State.UNKNOWN: "❔"}
_MOST_REASON = 1000
_DIGITS = 9


def headline(decision: GateDecision) -> str:
    """Return the answer in a line."""
    return f"{decision.ruling.value}: {visible(decision.reason)}"


def as_text(decision: GateDecision, policy: Policy, zone: tzinfo) -> str:
    """Return everything for a terminal, the answer first."""
    lines = [f"gate for a {decision.change.noun}: {headline(decision)}"]
    lines += [f"  {each.ruling.value}: {visible(each.text)}" for each in decision.reasons[1:]]
    if decision.evaluations:
        lines += ["", *as_lines(decision.evaluations)]
    if decision.conditions:
        width = max(len(each.state.value) for each in decision.conditions)
        lines += [
            "",
            *(f"{each.state.value:<{width}}  {each.name}: {visible(each.found)}" for each in decision.conditions),
        ]
    further = [visible(line) for line in _further(decision, policy, zone)]
    return "\n".join([*lines, *(["", *further] if further else [])])


def summary(decision: GateDecision, policy: Policy, zone: tzinfo, room: int) -> str:
    """Return the section of a job summary, at most `room` bytes of it."""
    rows = [
        Row(
            (cell(each.name), f"{_STATE_SIGNS[each.state]} {each.state.value}", cell(each.found)),
            each.state is not State.OK,
        )
        for each in decision.conditions
    ]
    others = [f"- {each.ruling.value}: {prose(each.text, _MOST_REASON)}" for each in decision.reasons[1:]]
    objectives = as_markdown(decision.evaluations, decision.at_ms, zone) if decision.evaluations else ""
    blocks = [
        Block(f"## {_SIGNS[decision.ruling]} Gate: {decision.ruling.value} ({decision.change.noun})"),
        Block(f"**{prose(decision.reason, _MOST_REASON)}**"),
        Block("\n".join(others), (instead(2, "", "further reasons"),)),
        Block(Table(("Condition", "State", "Found"), tuple(rows), "condition").full(), (instead(3, "", "conditions"),)),
        Block("\n".join(f"- {plain(line, _MOST_REASON)}" for line in _further(decision, policy, zone))),
        Block(objectives.rstrip(), (instead(1, "", "objectives"),)),
    ]
    return fit(blocks, room)


def outputs(decision: GateDecision) -> Mapping[str, str]:
    """Return what later steps and jobs are told; what is not known is empty."""
    worst, recovers_ms, burn = decision.worst, decision.recovers_ms, decision.burn
    measured = worst if worst and worst.total else None
    return {
        "decision": decision.ruling.value,
        "allowed": _word(yes=decision.allowed),
        "reason": visible(decision.reason),
        "change": decision.change.value,
        "overridden": _word(yes=decision.overridden),
        "budget-left-percent": left_percent(measured).removesuffix(" %").replace(",", "") if measured else "",
        "budget-remaining": amount(_left(measured)).replace(",", "") if measured else "",
        "burn": "" if burn is None else faithful(burn, Fraction(1)).replace(",", ""),
        "recover-at": stamp_of(recovers_ms) or "",
    }


def as_json(decision: GateDecision, pipeline: str, warnings: Sequence[str], *, dry_run: bool) -> dict[str, object]:
    """Return everything as a JSON object; what is not known is null."""
    worst, recovers_ms = decision.worst, decision.recovers_ms
    plain_worst = plain_evaluation(worst, decision.at_ms) if worst else {}
    return {
        "decision": decision.ruling.value,
        "allowed": decision.allowed,
        "reason": decision.reason,
        "change": decision.change.value,
        "pipeline": pipeline,
        "decided_at": stamp(decision.at_ms),
        "overridden": decision.overridden,
        "failed_closed": decision.closed,
        "reasons": [
            {
                "decision": each.ruling.value,
                "text": each.text,
                "objective": each.evaluation.name if each.evaluation else None,
                "for_feature": each.otherwise.value if each.otherwise else None,
            }
            for each in decision.reasons
        ],
        "objectives": [plain_evaluation(each, decision.at_ms) for each in decision.evaluations],
        "conditions": [_plain_condition(each) for each in decision.conditions],
        "worst_objective": worst.name if worst else None,
        "budget_left_percent": plain_worst.get("budget_left_percent"),
        "budget_left_events": plain_worst.get("budget_left_events"),
        "burn": None if decision.burn is None else round(decision.burn, _DIGITS),
        "recovers_at": stamp_of(recovers_ms),
        "override": _plain_override(decision.override),
        "ended_override": _plain_override(decision.ended),
        "dry_run": dry_run,
        "warnings": list(warnings),
    }


def _further(decision: GateDecision, policy: Policy, zone: tzinfo) -> Iterator[str]:
    """Yield what a person has to know beside the numbers, and may do next."""
    override, ended, recovers_ms = decision.override, decision.ended, decision.recovers_ms
    if override:
        used = "overridden" if decision.overridden else "an override holds, and nothing needs it: given"
        yield f"{used} by {override.author} until {moment(override.until_ms, zone)}: {override.reason}"
    if ended:
        verb = "was revoked; it would have ended" if decision.revoked else "ended"
        yield f"the override by {ended.author} {verb} on {moment(ended.until_ms, zone)}"
    if recovers_ms is not None:
        yield f"the budget is back on {moment(recovers_ms, zone)} if nothing more fails"
    if not decision.allowed:
        kinds = " or ".join(f"a {each.noun}" for each in _passing(decision, policy))
        yield f"may pass meanwhile: {kinds}"
        yield "to go past it give override-reason, override-author and override-until; the ledger keeps that"


def _passing(decision: GateDecision, policy: Policy) -> list[Change]:
    """Return the kinds of change that this would not block."""
    unsaid = policy.fails_closed and any(each.ruling is Ruling.INCONCLUSIVE for each in decision.reasons)
    budgets = not unsaid and all(each.evaluation for each in decision.reasons if each.ruling is Ruling.BLOCK)
    return [each for each in Change if each in NEVER_BLOCKED or (budgets and policy.spent(each) is not Ruling.BLOCK)]


def _left(evaluation: Evaluation) -> Fraction:
    return evaluation.budget.allowed - evaluation.budget.used


def _plain_condition(condition: Condition) -> dict[str, str]:
    return {"name": condition.name, "state": condition.state.value, "found": condition.found}


def _plain_override(override: Override | None) -> dict[str, str] | None:
    if override is None:
        return None
    return {"author": override.author, "reason": override.reason, "until": override.until}


def _word(*, yes: bool) -> str:
    return "true" if yes else "false"
