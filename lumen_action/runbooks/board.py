"""Which runs of a pipeline's runbooks go on, wait or are over: facts that one look-up finds together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lumen_action.model import Fact, Kind, Trust
from lumen_action.runbooks.facts import Execution, Place, ended_fact, started_fact, step_fact
from lumen_action.runbooks.standing import ENDINGS, Event, Slot


@dataclass(frozen=True)
class Row:
    """One run of a runbook."""

    execution: str
    runbook: str
    state: str
    """`running`, `waiting`, or how it ended."""
    started_ms: int
    changed_ms: int
    actor: str = ""
    trigger: str = ""
    """The alert or class of failure that started it; nothing where a person did."""
    step: str = ""
    """The step that waits."""

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        return self.state not in ("running", "waiting")


# Where a word that somebody is asked stands, and where the answer does.
_ANSWERED_BY = {Slot.ENDED.value: Slot.DECIDED.value, Slot.UNDONE.value: Slot.UNDO_DECIDED.value}


def board_run(pipeline: str) -> str:
    """Return under which run the ledger finds what goes on in a pipeline."""
    return f"runbooks {pipeline}"


def start_on_board(execution: Execution, at_ms: int, told: Mapping[str, str], generation: int = 0) -> Fact:
    """Return that a run starts.

    Of all that start a runbook for one trigger at the same time the first does: its key has no execution in it, and
    `generation` is how often this was started for it before.
    """
    trigger = told.get("trigger", "")
    mark = hashlib.sha256(f"{execution.runbook}\n{trigger}".encode()).hexdigest()[:16]
    stage = f"{mark}.{generation}.started" if trigger else f"{execution.name}.started"
    return _on_board(started_fact(execution, at_ms, told, {}), stage, execution)


def ending_on_board(execution: Execution, event: Event, at_ms: int) -> Fact:
    """Return that a run is over."""
    return _on_board(ended_fact(execution, event, at_ms, {}), f"{execution.name}.ended", execution)


def step_on_board(execution: Execution, place: Place, event: Event, at_ms: int) -> Fact:
    """Return that a step waits for a person, or does no longer."""
    fact = step_fact(execution, place, event, at_ms, {})
    return _on_board(fact, f"{execution.name}.{fact.key.stage}", execution)


def _on_board(fact: Fact, stage: str, execution: Execution) -> Fact:
    return replace(fact, key=replace(fact.key, run=board_run(execution.pipeline), stage=stage))


def rows_of(pipeline: str, facts: Iterable[Fact]) -> tuple[Row, ...]:
    """Return the runs in the order in which they were started."""
    run = board_run(pipeline)
    mine = [each for each in facts if each.key.run == run and each.key.kind is Kind.RUNBOOK]
    by_execution: dict[str, list[Fact]] = {}
    for fact in sorted((each for each in mine if each.trust is Trust.TRUSTED), key=lambda each: each.order):
        by_execution.setdefault(fact.told.get("execution", ""), []).append(fact)
    rows = [row for name, told in by_execution.items() if (row := _row(name, told))]
    return tuple(sorted(rows, key=lambda row: (row.started_ms, row.execution)))


def _row(execution: str, facts: list[Fact]) -> Row | None:
    started = next((each for each in facts if each.told.get("event") == Event.STARTED.value), None)
    if started is None:
        return None
    words = {event.value for event in ENDINGS}
    ended = next((each for each in facts if "step" not in each.told and each.told.get("event") in words), None)
    waiting = {(*_attempt(each), slot): each for each in facts if (slot := each.told.get("slot")) in _ANSWERED_BY}
    for asked, answered in _ANSWERED_BY.items():
        for each in facts:
            if each.told.get("slot") == answered:
                waiting.pop((*_attempt(each), asked), None)
    step = "" if ended or not waiting else next(reversed(waiting.values())).told["step"]
    state = ended.told["event"] if ended else "waiting" if step else "running"
    told = started.told
    return Row(
        execution,
        told.get("runbook", ""),
        state,
        started.observed_at_ms,
        max(each.observed_at_ms for each in facts),
        told.get("actor", ""),
        told.get("trigger", ""),
        step,
    )


def _attempt(fact: Fact) -> tuple[str, str]:
    return fact.told.get("step", ""), fact.told.get("attempt", "")
