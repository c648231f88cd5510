"""Runs a runbook from where the ledger says that it stands, until it is over or somebody else has to act."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from lumen_action.errors import ConfigError, LedgerError
from lumen_action.model.instants import stamp
from lumen_action.response.runbooks.calling import (
    call_off,
    call_person,
    end_alarms,
    half_undone,
    link_incident,
    tell_end,
    uncertain,
)
from lumen_action.response.runbooks.deciding import Decision, Said, decide
from lumen_action.response.runbooks.doing import do_step, longest_seconds
from lumen_action.response.runbooks.means import Means, Result, excerpt
from lumen_action.response.runbooks.records import Records, StoppedError, execution_of
from lumen_action.runbooks.facts import Execution, Place, definition_of
from lumen_action.runbooks.moving import Do, Move, next_move, repeatable, undo_of
from lumen_action.runbooks.preparing import Values
from lumen_action.runbooks.runbook import Runbook, Step, StepKind
from lumen_action.runbooks.standing import WAITING_STATES, Event, Slot, Standing, StepState

NOBODY = ("", 0)
Asker = Callable[[Step, str], bool | None]
"""Asks whoever sits at the terminal; None where nobody does, or nobody answers."""


@dataclass(frozen=True)
class Runner:
    """Runs runbooks by facts: what is not on record is not done, what is done is on record."""

    records: Records
    means: Means
    actor: str
    tell: Callable[[str], None]
    ask: Asker = lambda _step, _text: None
    """CI has nobody."""

    def start(
        self,
        runbook: Runbook,
        pipeline: str,
        values: Mapping[str, str],
        *,
        incident: str = "",
        trigger: str = "",
        generation: int = 0,
    ) -> Standing | None:
        """Begin a run and go on with it; None when somebody else has just begun it for the same trigger."""
        if any(self.means.clean(text) != text for text in values.values()):
            raise ConfigError(
                "input: one looks like a secret, and inputs are kept in the ledger; put it into a variable of the "
                "environment, and `$NAME` into the `env` or the headers of the step that needs it"
            )
        told = {"actor": self.actor, "incident": incident, "trigger": trigger}
        execution = self.records.begin(runbook, pipeline, values, told, generation)
        if execution is None:
            return None
        self.tell(f"{execution.name}: {runbook.title}")
        return self._go(runbook, execution, NOBODY)

    def resume(
        self, runbook: Runbook, standing: Standing, said: Said | None = None, *, take_over: bool = False
    ) -> Standing:
        """Go on with a run; `take_over` says that the runner which was at it is dead."""
        self.records.mend_board(standing)
        if standing.ended:
            raise ConfigError(f"execution: {standing.execution} is over ({standing.ended.value}); start another")
        if definition_of(runbook) != standing.definition:
            raise ConfigError(
                f"execution: {standing.execution} began with other steps than {runbook.name} has now; go back to them, "
                f"or give it up with `lumen runbook resume {standing.execution} --abandon` and start another"
            )
        execution = execution_of(standing)
        dead = _taken_over(standing) if take_over else NOBODY
        if said:
            self._decide(standing, said, dead)
        self.tell(f"{execution.name}: {runbook.title}")
        return self._go(runbook, execution, dead)

    def abandon(self, standing: Standing, note: str) -> Standing:
        """Give a run up."""
        if standing.ended:
            raise ConfigError(f"execution: {standing.execution} is over ({standing.ended.value}) already")
        told = {"why": self.means.clean(note), "actor": self.actor}
        self.records.end(execution_of(standing), Event.ABANDONED, told)
        self._warn(call_off(standing, standing.waiting, self.means))
        self._warn(end_alarms(standing, self.means))
        return self.records.standing(standing.execution)

    def _decide(self, standing: Standing, said: Said, dead: tuple[str, int] = NOBODY) -> None:
        if not decide(self.records, standing, said, self.actor, self.means.clean, dead):
            self.tell(f"somebody else has spoken about {said.step} already; the run goes on by that")
        self._warn(call_off(standing, said.step, self.means))

    def _go(self, runbook: Runbook, execution: Execution, dead: tuple[str, int]) -> Standing:
        """Move as long as there is something to do for this runner."""
        doing = ""
        try:
            while True:
                doing = "before the next step"
                standing = self.records.standing(execution.name)
                if not standing.steps:
                    self._warn(link_incident(standing, self.means, self.actor))
                move = next_move(runbook, standing, self.records.clock_ms(), dead)
                if move.step:
                    doing = f"at {move.step.name}"
                if not self._moved(runbook, execution, standing, move) or self.means.signals.heard:
                    return self.records.standing(execution.name)
        except LedgerError as fault:
            raise StoppedError(
                f"{fault}; {execution.name} stopped {doing} and nothing was done since, go on with "
                f"`lumen runbook resume {execution.name}` when the ledger answers"
            ) from fault

    def _moved(self, runbook: Runbook, execution: Execution, standing: Standing, move: Move) -> bool:
        """Make a move; tell whether another may follow."""
        step = move.step
        if step is None:
            if not standing.ended:
                self.records.end(execution, move.event, {"why": self.means.clean(move.why)})
                self._warn(tell_end(self.records.standing(execution.name), self.means, self.actor))
                if move.event is not Event.FAILED:
                    self._warn(end_alarms(standing, self.means))
            return False
        where = f"step {runbook.steps.index(step) + 1} of {len(runbook.steps)}, {step.name}"
        place = Place(step.name, move.attempt, Slot.BEGUN)
        if move.do is Do.RUN:
            return self._run(step, standing, place, where)
        if move.do is Do.UNDO:
            return self._undo(step, standing, replace(place, slot=Slot.UNDOING), where)
        if move.do not in _SAID:
            return self._left(step, standing, move, where)
        slot, event, why = _SAID[move.do]
        self.tell(f"{where}: {event.value.replace('_', ' ')}, {why.format(when=step.when)}")
        # Nobody's name: whoever else comes to the same says the same.
        told = {"why": why.format(when=step.when)}
        if event is Event.INTERRUPTED:
            told["ask"] = "true"
        if event is Event.WAITING:
            told["instructions"] = half_undone(step)
        self.records.step(execution, replace(place, slot=slot), event, told)
        return True

    def _run(self, step: Step, standing: Standing, place: Place, where: str) -> bool:
        execution = execution_of(standing)
        self.tell(f"{where}: {step.title}")
        if not self._claimed(execution, place, step):
            return True
        result, seconds = self._done(step, standing)
        ended = replace(place, slot=Slot.ENDED)
        told = self._told(result, seconds)
        if result.event is Event.INTERRUPTED and not repeatable(step):
            told["ask"] = "true"
        self._keep(execution, ended, result.event, told)
        if result.event is Event.WAITING:
            return self._asked(step, standing.execution, result.told.get("instructions", ""), where)
        why = f": {self.means.clean(result.why)}" if result.why else ""
        self.tell(f"{where}: {result.event.value} after {seconds:.1f} s{why}")
        if step.deed.kind is StepKind.COMMAND:
            for line in excerpt(result.printed):
                self.tell(line)
        return result.event is not Event.INTERRUPTED

    def _undo(self, step: Step, standing: Standing, place: Place, where: str) -> bool:
        execution, undo = execution_of(standing), undo_of(step)
        self.tell(f"{where}: undoing it")
        if not self._claimed(execution, place, undo):
            return True
        result, seconds = self._done(undo, standing)
        event = _UNDONE_AS.get(result.event, Event.UNDO_FAILED)
        told = self._told(result, seconds)
        if event is Event.WAITING:
            told.setdefault("instructions", half_undone(step))
        self._keep(execution, replace(place, slot=Slot.UNDONE), event, told)
        if event is Event.WAITING:
            return self._asked(undo, standing.execution, told["instructions"], where)
        why = f": {self.means.clean(result.why)}" if result.why else ""
        self.tell(f"{where}: {event.value.replace('_', ' ')} after {seconds:.1f} s{why}")
        return True

    def _claimed(self, execution: Execution, place: Place, step: Step) -> bool:
        until_ms = self.records.clock_ms() + round(1000 * longest_seconds(step))
        return self.records.claim(execution, place, {"actor": self.actor, "until_ms": str(until_ms)})

    def _done(self, step: Step, standing: Standing) -> tuple[Result, float]:
        values = Values(standing.inputs, standing.kept)
        began = self.means.timing.clock()
        execution, incident = execution_of(standing), standing.incident
        result = do_step(step, values, execution, self.means, actor=self.actor, incident=incident)
        return result, self.means.timing.clock() - began

    def _told(self, result: Result, seconds: float) -> dict[str, str]:
        why = self.means.clean(result.why)
        return {"why": why, **result.told, "actor": self.actor, "duration_ms": str(round(1000 * seconds))}

    def _keep(self, execution: Execution, place: Place, event: Event, told: Mapping[str, str]) -> None:
        """Put on record how a step ended; where that cannot be, say what a person has to tell later."""
        try:
            if not self.records.step(execution, place, event, told):
                self.tell(
                    f"{place.step} ended here as {event.value}; somebody else has put on record what became of it"
                )
        except LedgerError as fault:
            again = f"lumen runbook resume {execution.name} --take-over"
            known = f" --done {place.step}" if event is Event.DONE else ""
            raise StoppedError(
                f"{fault}; {place.step} of {execution.name} has ended as {event.value}, which is not on record: when "
                f"the ledger answers, go on with `{again}{known}`"
            ) from fault

    def _asked(self, step: Step, execution: str, text: str, where: str) -> bool:
        """Ask whoever sits here; else tell everybody who may do it, and stop."""
        standing = self.records.standing(execution)
        self.tell(f"{where}: waits for a person:\n{text}")
        if self._answered(step, standing, text):
            return True
        self._warn(call_person(standing, step, text, self.means, self.actor))
        return False

    def _warn(self, faults: Iterator[str]) -> None:
        for fault in faults:
            self.tell(f"warning: {fault}")

    def _answered(self, step: Step, standing: Standing, text: str) -> bool:
        answer = None if self.means.signals.heard else self.ask(step, text)
        if answer is None:
            return False
        self._decide(standing, Said(Decision.CONFIRM if answer else Decision.DECLINE, step.name))
        return True

    def _left(self, step: Step, standing: Standing, move: Move, where: str) -> bool:
        """Say who has to do something now."""
        at = standing.step(step.name)
        if move.do is Do.LEAVE:
            self.tell(
                f"{where}: {at.told('actor') or 'somebody'} is at it until {stamp(at.until_ms)}; when that runner is "
                f"dead: lumen runbook resume {standing.execution} --take-over"
            )
            return False
        if at.state in WAITING_STATES:
            asked = undo_of(step) if at.state is StepState.UNDO_WAITING else step
            # Whoever left it waiting may have died before anybody was told; a message leaves once.
            return self._asked(asked, standing.execution, at.told("instructions"), where)
        self.tell(f"{where}: {uncertain(step.name)}")
        self._warn(call_person(standing, step, "", self.means, self.actor))
        return False


_SAID: Mapping[Do, tuple[Slot, Event, str]] = {
    Do.SKIP: (Slot.ENDED, Event.SKIPPED, "since not {when}"),
    Do.DOUBT: (Slot.ENDED, Event.INTERRUPTED, "its runner died"),
    Do.DOUBT_UNDO: (Slot.UNDONE, Event.WAITING, "its runner died"),
}
"""Moves that are only words: where they stand, what happened, and why."""
_UNDONE_AS = {
    Event.DONE: Event.UNDONE,
    Event.SKIPPED: Event.UNDONE,
    Event.WAITING: Event.WAITING,
    Event.INTERRUPTED: Event.WAITING,
}
"""What an undoing that ended so has come to; any other has failed."""


def _taken_over(standing: Standing) -> tuple[str, int]:
    busy = (StepState.RUNNING, StepState.UNDOING)
    return next(((name, each.attempt) for name, each in standing.steps.items() if each.state in busy), NOBODY)
