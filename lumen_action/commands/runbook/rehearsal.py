"""Going through a runbook without changing anything, and saying what was found and what nobody can know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lumen_action.commands.runbook.crew import harmless_means, hearing, teller
from lumen_action.commands.session import Session
from lumen_action.response.runbooks.means import excerpt
from lumen_action.response.runbooks.rehearsing import Rehearsed, rehearse
from lumen_action.runbooks.runbook import Runbook, StepKind


def rehearsed(session: Session, runbook: Runbook, values: Mapping[str, str], actor: str) -> tuple[Rehearsed, ...]:
    """Go through it, telling each step as it comes."""
    tell, total = teller(session.world), len(runbook.steps)
    with hearing() as signals:
        means = harmless_means(session, signals)

        def show(found: Rehearsed) -> None:
            for line in _lines(found, total):
                tell(means.clean(line))

        return rehearse(runbook, values, means, pipeline=session.pipeline, actor=actor, show=show)


def faults(found: Sequence[Rehearsed]) -> list[str]:
    """Return where a run would end before its end, and why."""
    return [f"{each.plan.step.name}: {each.why}" for each in found if each.why]


def rehearsal_plain(runbook: Runbook, values: Mapping[str, str], found: Sequence[Rehearsed]) -> dict[str, Any]:
    """Return it for machines."""
    return {
        "runbook": runbook.name,
        "dry_run": True,
        "good": not faults(found),
        "inputs": dict(values),
        "steps": [
            {
                "step": each.plan.step.name,
                "kind": each.plan.step.deed.kind.value,
                "what": each.plan.what,
                "undo": each.plan.undo,
                "done": each.result is not None,
                "skipped": each.plan.skipped,
                "unknown": list(each.plan.notes),
                "why": each.why,
                "answer": each.result.told.get("last", "") if each.result else "",
            }
            for each in found
        ],
    }


def _lines(found: Rehearsed, total: int) -> Iterator[str]:
    plan = found.plan
    yield f"step {plan.number} of {total}, {plan.step.name}: {plan.step.title}"
    would = "a person would be asked" if plan.step.deed.kind is StepKind.MANUAL else "would do"
    if plan.what:
        yield f"  {'does' if found.result else would}: {plan.what}"
    if plan.undo:
        yield f"  would be undone by: {plan.undo}"
    yield from (f"  {note}" for note in plan.notes)
    if found.result and found.result.good and found.plan.step.deed.argv:
        yield "  holds:"
        yield from excerpt(found.result.printed)
    elif found.result and found.result.good:
        yield f"  holds: {found.result.told.get('last', '')}"
    elif found.result:
        yield f"  does not hold{'' if found.why else ' yet'}: {found.result.why}"
    if found.why:
        yield f"  a run would end here: {found.why}"
