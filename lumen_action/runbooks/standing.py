"""Where a run of a runbook stands, folded from its facts, in whatever order they arrived.

Every word about a step has a place of its own in the ledger, so the first one there holds: whoever puts `begun` for an
attempt runs it, whoever decides first has decided. Facts that arrive late add to this and take nothing back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from lumen_action.model import Fact, Kind, Trust


class Event(str, Enum):
    """What happens to a run of a runbook, or to one of its steps."""

    STARTED = "started"
    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    """Of a step, and of the whole run."""
    SKIPPED = "skipped"
    WAITING = "waiting"
    INTERRUPTED = "interrupted"
    """Its runner was told to end, so nobody knows whether it was done."""
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    REDO = "redo"
    """A person says that it can be done once more."""
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"
    FINISHED = "finished"
    ROLLED_BACK = "rolled_back"
    ABANDONED = "abandoned"


class Slot(str, Enum):
    """The places that one attempt of a step has in the ledger."""

    BEGUN = "begun"
    ENDED = "ended"
    DECIDED = "decided"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_DECIDED = "undo_decided"


FITTING: Mapping[Slot, frozenset[Event]] = {
    Slot.BEGUN: frozenset({Event.BEGUN}),
    Slot.ENDED: frozenset({Event.DONE, Event.FAILED, Event.SKIPPED, Event.WAITING, Event.INTERRUPTED}),
    Slot.DECIDED: frozenset({Event.CONFIRMED, Event.DECLINED, Event.REDO, Event.SKIPPED, Event.DONE}),
    Slot.UNDOING: frozenset({Event.UNDOING}),
    Slot.UNDONE: frozenset({Event.UNDONE, Event.UNDO_FAILED, Event.WAITING}),
    Slot.UNDO_DECIDED: frozenset({Event.CONFIRMED, Event.DECLINED}),
}
"""What may stand in which place."""
ENDINGS = frozenset({Event.FINISHED, Event.FAILED, Event.ROLLED_BACK, Event.ABANDONED})


class StepState(str, Enum):
    """Where a step stands."""

    OPEN = "open"
    """Still to come, or to be done once more."""
    RUNNING = "running"
    WAITING = "waiting"
    UNCERTAIN = "uncertain"
    """It was begun and never ended."""
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNDOING = "undoing"
    UNDO_WAITING = "undo_waiting"
    """A person is to undo it."""
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"


WAITING_STATES = frozenset({StepState.WAITING, StepState.UNDO_WAITING})
"""Where somebody has to do something, and to say so."""
_AFTER: Mapping[tuple[Slot, Event], StepState] = {
    (Slot.BEGUN, Event.BEGUN): StepState.RUNNING,
    (Slot.ENDED, Event.DONE): StepState.DONE,
    (Slot.ENDED, Event.FAILED): StepState.FAILED,
    (Slot.ENDED, Event.SKIPPED): StepState.SKIPPED,
    (Slot.ENDED, Event.WAITING): StepState.WAITING,
    (Slot.ENDED, Event.INTERRUPTED): StepState.UNCERTAIN,
    (Slot.DECIDED, Event.CONFIRMED): StepState.DONE,
    (Slot.DECIDED, Event.DECLINED): StepState.FAILED,
    (Slot.DECIDED, Event.REDO): StepState.OPEN,
    (Slot.DECIDED, Event.SKIPPED): StepState.SKIPPED,
    (Slot.DECIDED, Event.DONE): StepState.DONE,
    (Slot.UNDOING, Event.UNDOING): StepState.UNDOING,
    (Slot.UNDONE, Event.UNDONE): StepState.UNDONE,
    (Slot.UNDONE, Event.UNDO_FAILED): StepState.UNDO_FAILED,
    (Slot.UNDONE, Event.WAITING): StepState.UNDO_WAITING,
    (Slot.UNDO_DECIDED, Event.CONFIRMED): StepState.UNDONE,
    (Slot.UNDO_DECIDED, Event.DECLINED): StepState.UNDO_FAILED,
}
# How an attempt that ended for good ended: what a person guessed of it meanwhile does not count.
_FOR_GOOD = frozenset({Event.DONE, Event.FAILED, Event.SKIPPED})


@dataclass(frozen=True)
class Word:
    """One fact about a step."""

    event: Event
    at_ms: int
    told: Mapping[str, str]

    @property
    def actor(self) -> str:
        """Return who did or said it."""
        return self.told.get("actor", "")


@dataclass(frozen=True)
class StepStanding:
    """Where a step stands, and the last word about it."""

    state: StepState = StepState.OPEN
    attempt: int = 0
    """The number of the last attempt; 0 before the first."""
    last: Word | None = None
    begun_ms: int = 0

    def told(self, name: str) -> str:
        """Return what the last word says of something, nothing where it says nothing."""
        return self.last.told.get(name, "") if self.last else ""

    @property
    def needs_person(self) -> bool:
        """Tell whether it goes on only when a person has spoken."""
        return self.state in WAITING_STATES or (self.state is StepState.UNCERTAIN and bool(self.told("ask")))

    @property
    def until_ms(self) -> int:
        """Return until when its runner may still be at work."""
        until = self.told("until_ms")
        return int(until) if until.isdecimal() else 0


@dataclass(frozen=True)
class Standing:
    """Where a run of a runbook stands."""

    execution: str
    runbook: str = ""
    definition: str = ""
    """What the runbook was when it was started, as a digest."""
    pipeline: str = ""
    day: str = ""
    started_ms: int = 0
    actor: str = ""
    trigger: str = ""
    incident: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, StepStanding] = field(default_factory=dict)
    ended: Event | None = None
    ended_ms: int = 0
    why: str = ""
    """Why it ended so."""

    def step(self, name: str) -> StepStanding:
        """Return where a step stands."""
        return self.steps.get(name, StepStanding())

    @property
    def waiting(self) -> str:
        """Return the step that waits for a person, nothing where none does."""
        return next((name for name, step in self.steps.items() if step.needs_person), "") if not self.ended else ""

    @property
    def state(self) -> str:
        """Return where all of it stands in one word."""
        if self.ended:
            return self.ended.value
        return "waiting" if self.waiting else "running"

    @property
    def kept(self) -> Mapping[str, str]:
        """Return what steps have left for later ones, by name."""
        words = [step.last.told for step in self.steps.values() if step.last and "kept" in step.last.told]
        return {told["keep"]: told["kept"] for told in words if "keep" in told}


def runbook_run(execution: str) -> str:
    """Return under which run the ledger finds a run of a runbook."""
    return f"runbook {execution}"


def standing_of(execution: str, facts: Iterable[Fact]) -> Standing | None:
    """Return where a run stands, None where nothing is known of it; what forks say counts for nothing."""
    chosen: dict[str, Fact] = {}
    for fact in facts:
        if _about(fact, execution):
            there = chosen.get(fact.key.stage)
            chosen[fact.key.stage] = fact if there is None else min(fact, there, key=_first)
    started = next((fact for fact in chosen.values() if fact.told.get("event") == Event.STARTED.value), None)
    if started is None:
        return None
    told = started.told
    ended = next((fact for fact in chosen.values() if "step" not in fact.told and _event(fact) in ENDINGS), None)
    return Standing(
        execution=execution,
        runbook=told.get("runbook", ""),
        definition=told.get("definition", ""),
        pipeline=started.pipeline,
        day=started.day,
        started_ms=started.observed_at_ms,
        actor=told.get("actor", ""),
        trigger=told.get("trigger", ""),
        incident=told.get("incident", ""),
        inputs={
            **dict.fromkeys(told.get(EMPTY, "").split(), ""),
            **{name.removeprefix(INPUT): text for name, text in told.items() if name.startswith(INPUT)},
        },
        steps=_steps(chosen.values()),
        ended=_event(ended) if ended else None,
        ended_ms=ended.observed_at_ms if ended else 0,
        why=ended.told.get("why", "") if ended else "",
    )


INPUT = "input."
"""Begins the names under which the inputs stand in the fact of the start."""
EMPTY = "inputs_empty"
"""Under which stand the names of those that were not given."""


def _about(fact: Fact, execution: str) -> bool:
    run = runbook_run(execution)
    return fact.key.kind is Kind.RUNBOOK and fact.key.run == run and fact.trust is Trust.TRUSTED


def _first(fact: Fact) -> tuple[int, bytes]:
    return (fact.observed_at_ms, fact.statement)


def _event(fact: Fact) -> Event | None:
    try:
        return Event(fact.told.get("event", ""))
    except ValueError:
        return None  # of a later version


def _steps(facts: Iterable[Fact]) -> Mapping[str, StepStanding]:
    """Return where each step stands, in the order in which they were begun."""
    attempts: dict[str, dict[int, dict[Slot, Word]]] = {}
    for fact in facts:
        told, event = fact.told, _event(fact)
        number = told.get("attempt", "")
        slot = next((each for each in Slot if each.value == told.get("slot")), None)
        if event and slot and event in FITTING[slot] and "step" in told and number.isdecimal():
            word = Word(event, fact.observed_at_ms, told)
            attempts.setdefault(told["step"], {}).setdefault(int(number), {})[slot] = word
    found = {name: _step(each) for name, each in attempts.items()}
    return dict(sorted(found.items(), key=lambda item: (item[1].begun_ms, item[0])))


def _step(attempts: Mapping[int, Mapping[Slot, Word]]) -> StepStanding:
    """Return where a step stands: what was done once is done, else the last attempt counts."""
    read = {number: _attempt(slots) for number, slots in attempts.items()}
    begun_ms = min(word.at_ms for slots in attempts.values() for word in slots.values())
    undone = next((number for number, slots in sorted(attempts.items()) if Slot.UNDONE in slots), None)
    undoing = next((number for number, slots in sorted(attempts.items()) if Slot.UNDOING in slots), None)
    done = next((number for number, (state, _) in sorted(read.items()) if state is StepState.DONE), None)
    chosen = next((number for number in (undone, undoing, done) if number is not None), max(read))
    state, word = read[chosen]
    return StepStanding(state, max(read), word, begun_ms)


def _attempt(slots: Mapping[Slot, Word]) -> tuple[StepState, Word]:
    order = [Slot.UNDO_DECIDED, Slot.UNDONE, Slot.UNDOING, Slot.DECIDED, Slot.ENDED, Slot.BEGUN]
    ended = slots.get(Slot.ENDED)
    if ended and ended.event in _FOR_GOOD:
        order.remove(Slot.DECIDED)
    slot = next(each for each in order if each in slots)
    return _AFTER[slot, slots[slot].event], slots[slot]
