"""What runs of runbooks leave in the ledger, and what is read from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.ledger import Ledger, Put
from lumen_action.runbooks.board import Row, board_run, ending_on_board, rows_of, start_on_board, step_on_board
from lumen_action.runbooks.facts import (
    MOST_INPUT_BYTES,
    Execution,
    Place,
    definition_of,
    ended_fact,
    execution_name,
    started_fact,
    step_fact,
)
from lumen_action.runbooks.runbook import Runbook
from lumen_action.runbooks.standing import Event, Slot, Standing, StepState, runbook_run, standing_of
from lumen_action.sli.days import Calendar

# What a fact takes around the name and the value of an input.
_AROUND_INPUT = 20


@dataclass(frozen=True)
class Records:
    """The runs of runbooks in a ledger that outlives the job."""

    ledger: Ledger
    calendar: Calendar
    clock_ms: Callable[[], int]
    new_token: Callable[[], str]

    def standing(self, execution: str) -> Standing:
        """Return where a run stands; a ConfigError when nothing is known of it."""
        found = self._standing(execution)
        if found is None:
            raise ConfigError(
                f"execution: {execution[:60]} is not known, or died before it began; `lumen runbook list --running` "
                "shows those that go on, `--abandon` takes it from there, `lumen runbook run NAME` starts one"
            )
        return found

    def began(self, execution: str) -> bool:
        """Tell whether anything is known of a run but that it was to begin."""
        return self._standing(execution) is not None

    def _standing(self, execution: str) -> Standing | None:
        return standing_of(execution, self.ledger.scan(run=runbook_run(execution)))

    def rows(self, pipeline: str) -> tuple[Row, ...]:
        """Return the runs of a pipeline."""
        return rows_of(pipeline, self.ledger.scan(run=board_run(pipeline)))

    def begin(
        self,
        runbook: Runbook,
        pipeline: str,
        inputs: Mapping[str, str],
        told: Mapping[str, str],
        generation: int = 0,
    ) -> Execution | None:
        """Put on record that a run begins; None when somebody else has just begun it or one for the same trigger."""
        taken = sum(len(f"{name}{text}".encode()) + _AROUND_INPUT for name, text in inputs.items())
        if taken > MOST_INPUT_BYTES:
            raise ConfigError(f"input: all together take {taken} bytes, at most {MOST_INPUT_BYTES} can be kept")
        now_ms = self.clock_ms()
        name = execution_name(now_ms, runbook.name, self.new_token())
        execution = Execution(name, runbook.name, pipeline, self.calendar.day_of(now_ms))
        # The board first: what nobody can find there must not do anything.
        board = self.ledger.put(start_on_board(execution, now_ms, told, generation))
        # A ledger that was asked twice, since its first answer was lost, says `same` of our own words.
        if board is Put.CONFLICT:
            return None
        said = {**told, "definition": definition_of(runbook)}
        self.ledger.put(started_fact(execution, now_ms, said, inputs))
        return execution

    def claim(self, execution: Execution, place: Place, told: Mapping[str, str]) -> bool:
        """Take an attempt of a step; tell whether it is ours."""
        event = Event.BEGUN if place.slot is Slot.BEGUN else Event.UNDOING
        token = self.new_token()
        fact = step_fact(execution, place, event, self.clock_ms(), {**told, "token": token})
        # A ledger that was asked twice, since its first answer was lost, says `same` of our own token.
        return self.ledger.put(fact) is not Put.CONFLICT

    def step(self, execution: Execution, place: Place, event: Event, told: Mapping[str, str]) -> bool:
        """Put a word about a step on record, and on the board where a person has to know of it; tell if it is new."""
        now_ms = self.clock_ms()
        answer = self.ledger.put(step_fact(execution, place, event, now_ms, told))
        if place.slot in (Slot.DECIDED, Slot.UNDO_DECIDED) or event is Event.WAITING or "ask" in told:
            self.ledger.put(step_on_board(execution, place, event, now_ms))
        return answer is not Put.CONFLICT

    def end(self, execution: Execution, event: Event, told: Mapping[str, str]) -> None:
        """Put on record that a run is over, unless it is."""
        now_ms = self.clock_ms()
        self.ledger.put(ended_fact(execution, event, now_ms, told))
        self.ledger.put(ending_on_board(execution, event, now_ms))

    def forget(self, row: Row, pipeline: str) -> None:
        """Take a run off the board whose runner died before it began."""
        execution = Execution(row.execution, row.runbook, pipeline, self.calendar.day_of(row.started_ms))
        self.ledger.put(ending_on_board(execution, Event.ABANDONED, self.clock_ms()))

    def mend_board(self, standing: Standing) -> None:
        """Put on the board what a runner that died between two facts has left out."""
        execution, at = execution_of(standing), standing.step(standing.waiting)
        if standing.ended:
            self.ledger.put(ending_on_board(execution, standing.ended, standing.ended_ms))
        elif at.last:
            slot = Slot.UNDONE if at.state is StepState.UNDO_WAITING else Slot.ENDED
            place = Place(standing.waiting, at.attempt, slot)
            self.ledger.put(step_on_board(execution, place, at.last.event, at.last.at_ms))


def execution_of(standing: Standing) -> Execution:
    """Return of which run facts have to speak."""
    return Execution(standing.execution, standing.runbook, standing.pipeline, standing.day)


class StoppedError(RemoteError):
    """The ledger did not answer, so nothing more is done: facts first."""
