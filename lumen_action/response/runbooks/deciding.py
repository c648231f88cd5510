"""What a person says of a step: that it is done, is not to be done, or can be done once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from lumen_action.errors import ConfigError
from lumen_action.model.instants import stamp
from lumen_action.response.runbooks.records import Records, execution_of
from lumen_action.runbooks.facts import Place
from lumen_action.runbooks.moving import at_work
from lumen_action.runbooks.standing import Event, Slot, Standing, StepState


class Decision(str, Enum):
    """What a person says of a step."""

    CONFIRM = "confirm"
    DECLINE = "decline"
    REDO = "redo"
    SKIP = "skip"
    DONE = "done"


_EVENTS: Mapping[Decision, Event] = {
    Decision.CONFIRM: Event.CONFIRMED,
    Decision.DECLINE: Event.DECLINED,
    Decision.REDO: Event.REDO,
    Decision.SKIP: Event.SKIPPED,
    Decision.DONE: Event.DONE,
}
ABLE: Mapping[StepState, tuple[Decision, ...]] = {
    StepState.WAITING: (Decision.CONFIRM, Decision.DECLINE),
    StepState.UNDO_WAITING: (Decision.CONFIRM, Decision.DECLINE),
    StepState.UNCERTAIN: (Decision.REDO, Decision.SKIP, Decision.DONE),
    StepState.RUNNING: (Decision.REDO, Decision.SKIP, Decision.DONE),
}
"""What a person can say of a step in which state."""


@dataclass(frozen=True)
class Said:
    """What a person says of a step, and why."""

    decision: Decision
    step: str
    note: str = ""


def decide(
    records: Records, standing: Standing, said: Said, actor: str, clean: Callable[[str], str], dead: tuple[str, int]
) -> bool:
    """Put on record what a person says; False when somebody else has spoken first, a ConfigError says what can be said.

    `dead` names the attempt whose runner is dead.
    """
    at, word = standing.step(said.step), said.decision.value
    if at.state is StepState.RUNNING and at_work(at, records.clock_ms(), dead, said.step):
        raise ConfigError(
            f"{word}: {at.told('actor') or 'somebody'} is at {said.step} until {stamp(at.until_ms)}; when that runner "
            "is dead, say so with `--take-over`"
        )
    able = ABLE.get(at.state, ())
    if said.decision not in able:
        words = " or ".join(f"--{each.value}" for each in able) or "nothing"
        raise ConfigError(
            f"{word}: the step {said.step[:60]} of {standing.execution} is {at.state.value.replace('_', ' ')}; "
            f"what can be said of it: {words}"
        )
    note = clean(said.note)
    told = {"actor": actor, "note": note}
    if said.decision is Decision.DECLINE:
        told["why"] = f"declined by {actor}{f': {note}' if note else ''}"
    slot = Slot.UNDO_DECIDED if at.state is StepState.UNDO_WAITING else Slot.DECIDED
    place = Place(said.step, at.attempt, slot)
    return records.step(execution_of(standing), place, _EVENTS[said.decision], told)
