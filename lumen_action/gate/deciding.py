"""From what objectives came to, and what else has to hold, to one answer with its reasons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lumen_action.gate.conditions import Condition, State
from lumen_action.gate.overriding import Override, Overrides
from lumen_action.gate.policy import NEVER_BLOCKED, Change, Policy, Ruling, age
from lumen_action.slo.evaluation import Evaluation, Judgement, Status
from lumen_action.slo.evidence import fewest_runs
from lumen_action.slo.phrases import amount, counted, left_percent, noun, used_percent

_SHORT_WINDOWS = ("1h", "6h")
_PARTICIPLES: Mapping[Ruling, str] = {Ruling.WARN: "warned about", Ruling.BLOCK: "blocked"}


@dataclass(frozen=True)
class Reason:
    """What one finding means for the change; `otherwise` is what it means for a feature, where that is worse."""

    ruling: Ruling
    text: str
    evaluation: Evaluation | None = None
    otherwise: Ruling | None = None


@dataclass(frozen=True)
class Unmeasured:
    """An objective whose source did not answer, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class GateDecision:
    """The answer of a gate and all that it rests on; the reasons stand in order, the worst first."""

    ruling: Ruling
    change: Change
    reasons: tuple[Reason, ...]
    evaluations: tuple[Evaluation, ...]
    conditions: tuple[Condition, ...]
    at_ms: int
    override: Override | None = None
    """The override that holds now, needed or not."""
    ended: Override | None = None
    revoked: bool = False
    overridden: bool = False
    closed: bool = False
    """Whether only the data is the cause: what cannot be said holds a change back here."""

    @property
    def allowed(self) -> bool:
        """Tell whether the change may go on."""
        return self.ruling is not Ruling.BLOCK

    @property
    def reason(self) -> str:
        """Return the worst reason in one sentence."""
        text = self.reasons[0].text
        if self.closed:
            text = f"nothing can be said, and that blocks here (on-inconclusive: fail-closed): {text}"
        if self.overridden and self.override:
            return f"overridden by {self.override.author} until {self.override.until} ({self.override.reason}): {text}"
        if self.ended and self.ruling is Ruling.BLOCK:
            verb = "was revoked" if self.revoked else f"ended at {self.ended.until}"
            return f"{text}; the override by {self.ended.author} {verb}"
        return text

    @property
    def worst(self) -> Evaluation | None:
        """Return the objective that decided, or that has the least left."""
        found = next((each.evaluation for each in self.reasons if each.evaluation), None)
        return found or next(iter(self.evaluations), None)

    @property
    def recovers_ms(self) -> int | None:
        """Return when the last of the spent budgets is back, None where one never is or none is spent."""
        times = [each.outlook.recovers_ms for each in self.evaluations if each.status is Status.EXHAUSTED]
        known = [each for each in times if each is not None]
        return max(known, default=None) if len(known) == len(times) else None

    @property
    def burn(self) -> float | None:
        """Return the highest burn rate of the last hour or six of any objective, None where nothing happened."""
        rates = (each.burn.get(window) for each in self.evaluations for window in _SHORT_WINDOWS)
        return max((rate for rate in rates if rate is not None), default=None)


def decide(
    evaluations: Sequence[Evaluation],
    conditions: Sequence[Condition],
    policy: Policy,
    overrides: Overrides,
    now_ms: int,
    *,
    change: Change = Change.FEATURE,
    unmeasured: Sequence[Unmeasured] = (),
) -> GateDecision:
    """Judge everything, take the worst, and let an override pass what it would block."""
    reasons = [reason for each in evaluations for reason in _of_objective(each, policy, change, now_ms)]
    reasons += [Reason(Ruling.INCONCLUSIVE, f"{each.name} could not be measured: {each.why}") for each in unmeasured]
    reasons += [reason for each in conditions for reason in _of_condition(each, change)]
    if not reasons:
        reasons = [
            Reason(Ruling.ALLOW, f"{counted(len(conditions), 'condition')} asked for, and nothing stands against it")
        ]
    reasons.sort(key=_worst_first)
    ruling = reasons[0].ruling
    closed = ruling is Ruling.INCONCLUSIVE and policy.fails_closed and change not in NEVER_BLOCKED
    blocked = closed or ruling is Ruling.BLOCK
    overridden = blocked and overrides.active is not None
    return GateDecision(
        ruling=Ruling.WARN if overridden else Ruling.BLOCK if blocked else ruling,
        change=change,
        reasons=tuple(reasons),
        evaluations=tuple(evaluations),
        conditions=tuple(conditions),
        at_ms=now_ms,
        override=overrides.active,
        ended=None if overrides.active else overrides.ended,
        revoked=overrides.revoked,
        overridden=overridden,
        closed=closed,
    )


def _worst_first(reason: Reason) -> tuple[int, float]:
    left = reason.evaluation.budget.left_percent if reason.evaluation else None
    return (-reason.ruling.weight, math.inf if left is None else left)


def _of_objective(evaluation: Evaluation, policy: Policy, change: Change, now_ms: int) -> Iterator[Reason]:
    name = evaluation.name
    if evaluation.status is Status.NO_DATA:
        newest_ms = evaluation.newest_ms
        last = "" if newest_ms is None else f"; the last was heard of {age(now_ms - newest_ms)} ago"
        yield Reason(Ruling.INCONCLUSIVE, f"{name} has no data in its window{last}", evaluation)
        return
    if evaluation.status is Status.EXHAUSTED:
        yield _of_spent(evaluation, policy, change)
    else:
        only, ruling = ("only ", Ruling.WARN) if evaluation.status is Status.WARNING else ("", Ruling.ALLOW)
        yield Reason(ruling, f"{name} has {only}{left_percent(evaluation)} of its error budget left", evaluation)
        if few := _too_few(evaluation, policy):
            yield Reason(Ruling.INCONCLUSIVE, few, evaluation)
    if fault := policy.freshness.fault(evaluation, now_ms):
        yield Reason(Ruling.INCONCLUSIVE, f"{name}: {fault}", evaluation)


def _of_spent(evaluation: Evaluation, policy: Policy, change: Change) -> Reason:
    """Judge a budget of which nothing is left; one of under an event is not spent but broken, perhaps by chance."""
    what, bad = noun(evaluation.slo, evaluation.objective), evaluation.bad
    if evaluation.budget.allowed < 1 and evaluation.judgement is not Judgement.VIOLATED:
        had = f"had {amount(bad)} of {evaluation.total}: that may be chance"
        text = f"{evaluation.name} allows under one bad {what} and {had}"
        return Reason(Ruling.INCONCLUSIVE, text, evaluation)
    count, _, things = counted(bad, what).partition(" ")
    text = (
        f"the error budget of {evaluation.name} is used up: {count} bad {things} where "
        f"{amount(evaluation.budget.allowed)} may be, {used_percent(evaluation)} of it"
    )
    return _softened(Reason(policy.spent(change), text, evaluation), policy.spent(Change.FEATURE), change)


def _too_few(evaluation: Evaluation, policy: Policy) -> str:
    """Return why there are too few events to trust a budget that is not spent."""
    events = evaluation.weighed
    fewest = fewest_runs(evaluation.objective.target) if policy.min_events is None else policy.min_events
    if events >= fewest:
        return ""
    why = "below that a single failure breaks its promise" if policy.min_events is None else "as gate.min-events says"
    what = noun(evaluation.slo, evaluation.objective)
    return f"{evaluation.name} has {counted(events, what)} where it takes {amount(fewest)}: {why}"


def _of_condition(condition: Condition, change: Change) -> Iterator[Reason]:
    text = f"{condition.name}: {condition.found}"
    if condition.state is State.UNKNOWN:
        yield Reason(Ruling.INCONCLUSIVE, text)
    elif condition.state is State.FAILED:
        ruling = Ruling.WARN if change in NEVER_BLOCKED else Ruling.BLOCK
        yield _softened(Reason(ruling, text), Ruling.BLOCK, change)


def _softened(reason: Reason, for_feature: Ruling, change: Change) -> Reason:
    """Say what the finding would mean for a feature, where that is worse."""
    if reason.ruling.weight >= for_feature.weight:
        return reason
    may = "is never held back by it" if change in NEVER_BLOCKED else "may pass"
    text = f"{reason.text}; a {change.noun} {may}, a feature would be {_PARTICIPLES[for_feature]}"
    return Reason(reason.ruling, text, reason.evaluation, for_feature)
