"""Going through a runbook without changing anything: what only reads is done, all else is planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lumen_action.response.runbooks.doing import do_step
from lumen_action.response.runbooks.means import Means, Result
from lumen_action.runbooks.facts import Execution
from lumen_action.runbooks.planning import Known, Planned, planned
from lumen_action.runbooks.preparing import Values
from lumen_action.runbooks.runbook import OnFailure, Runbook, Step, StepKind
from lumen_action.running.process import NOT_EXECUTABLE, NOT_FOUND

NAME = "dry-run"
"""The name of a run that leaves nothing in the ledger."""
_NOT_STARTED = ("", str(NOT_FOUND), str(NOT_EXECUTABLE))
_ASKED_SECONDS = 30.0


@dataclass(frozen=True)
class Rehearsed:
    """One step as it was planned, and what came of it where it only reads."""

    plan: Planned
    result: Result | None = None

    @property
    def why(self) -> str:
        """Return why a run would end here, nothing where it would go on.

        What waits, or comes after a change, need not hold yet; that it could not even be asked is a fault all the same.
        """
        if self.plan.fault:
            return self.plan.fault
        step, result = self.plan.step, self.result
        if result is None or result.good or step.on_failure is OnFailure.CONTINUE:
            return ""
        may_come = self.plan.before_changes or step.deed.kind is StepKind.WAIT
        answered = result.told.get("status") or result.told.get("rc", "") not in _NOT_STARTED
        return "" if may_come and answered else result.why


def rehearse(
    runbook: Runbook,
    inputs: Mapping[str, str],
    means: Means,
    *,
    pipeline: str,
    actor: str,
    show: Callable[[Rehearsed], None],
) -> tuple[Rehearsed, ...]:
    """Go through all steps; `means` must be harmless, since steps are handed to it that only read."""
    execution = Execution(NAME, runbook.name, pipeline, "")
    found: list[Rehearsed] = []
    kept: dict[str, str] = {}
    missing: dict[str, str] = {}
    changing: list[str] = []
    for number, step in enumerate(runbook.steps, 1):
        values = Values(inputs, kept)
        plan = planned(runbook, number, Known(values, missing, tuple(changing)))
        result = None
        if plan.runs:
            result = do_step(_once(step), values, execution, means, actor=actor, incident="")
        elif not plan.skipped:
            changing += [] if step.reads_only else [step.name]
        if result and "kept" in result.told:
            kept[step.keep] = result.told["kept"]
        elif step.keep and not plan.skipped:
            missing[step.keep] = step.name
        found.append(Rehearsed(plan, result))
        show(found[-1])
        if means.signals.heard:
            break
    return tuple(found)


def _once(step: Step) -> Step:
    """Return a step that asks once and waits for nothing."""
    if step.deed.kind is not StepKind.WAIT:
        return step
    kind = StepKind.HTTP if step.deed.request else StepKind.COMMAND
    return replace(step, deed=replace(step.deed, kind=kind), timeout_seconds=min(step.timeout_seconds, _ASKED_SECONDS))
