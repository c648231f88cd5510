"""A runner killed at each of its writes in turn, and another that goes on: nothing is done twice, nothing is lost."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from facts import HOUR
from runbookteam import PIPELINE, ROLL_BACK, Crew, command, manual, runbook_with

from lumen_action.errors import ConfigError
from lumen_action.ledger import Ledger, Put
from lumen_action.model import Fact
from lumen_action.response.runbooks.deciding import Decision, Said
from lumen_action.runbooks.runbook import Deed, Runbook, Step, StepKind
from lumen_action.runbooks.standing import Standing, StepState

FORWARD = ["one", "hand", "two", "three"]
BACK = ["undo-three", "undo-hand", "undo-one"]


class Killed(BaseException):
    """The end of a process: nothing of ours catches it."""


@dataclass
class Mortal:
    """A ledger whose writer is killed at its n-th write, just before it or just after."""

    ledger: Ledger
    left: int
    after: bool

    def put(self, fact: Fact) -> Put:
        self.left -= 1
        if not self.left and not self.after:
            raise Killed
        answer = self.ledger.put(fact)
        if not self.left:
            raise Killed
        return answer

    def __getattr__(self, name: str) -> object:
        return getattr(self.ledger, name)


@dataclass
class Place:
    """What steps and a person have done, in order."""

    log: Path

    def deeds(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []

    def does(self, name: str) -> tuple[str, ...]:
        return ("sh", "-c", f"echo {name} >> {self.log}")

    def by_hand(self, name: str) -> None:
        if name not in self.deeds():
            self.log.write_text("\n".join([*self.deeds(), name, ""]))

    def answer(self, standing: Standing) -> Said | None:
        """Say what a person says who does what is asked for, and looks at what was done."""
        name = standing.waiting
        state = standing.step(name).state
        if state is StepState.UNCERTAIN:
            return Said(Decision.DONE if name in self.deeds() else Decision.REDO, name)
        if state is StepState.WAITING:
            self.by_hand(name)
        elif state is StepState.UNDO_WAITING:
            self.by_hand(f"undo-{name}")
        else:
            return None
        return Said(Decision.CONFIRM, name)


def book_of(place: Place, last: str) -> Runbook:
    def changing(name: str) -> Step:
        return command(name, *place.does(name), undo=place.does(f"undo-{name}"))

    return runbook_with(
        command("look", "echo", "seen", reads_only=True, keep="seen"),
        changing("one"),
        manual("hand", undo=Deed(StepKind.MANUAL, instructions="Take it back by hand.")),
        command("never", "false", when='seen == "other"'),
        command("two", *place.does("two")),
        changing("three"),
        command("last", last, on_failure=ROLL_BACK),
    )


def killed(crew: Crew, book: Runbook, place: Place, mortal: Mortal) -> bool:
    """Run it to its end as one who is killed on the way; tell whether that was so."""
    runner = crew.runner()
    runner = replace(runner, records=replace(runner.records, ledger=mortal))  # type: ignore[arg-type]
    try:
        standing = runner.start(book, PIPELINE, {})
        while standing and not standing.ended:
            standing = runner.resume(book, standing, place.answer(standing))
    except Killed:
        return True
    return False


def gone_on_with(crew: Crew, book: Runbook, place: Place, execution: str) -> Standing:
    standing = crew.records.standing(execution)
    for _ in range(20):
        if standing.ended:
            break
        standing = crew.runner("bob").resume(book, standing, place.answer(standing), take_over=True)
    # Whoever looks at it once more mends what is shown of it.
    with contextlib.suppress(ConfigError):
        crew.runner().resume(book, standing)
    return standing


@pytest.mark.parametrize(
    ("last", "state", "deeds", "after"),
    [
        ("true", "finished", FORWARD, True),
        pytest.param("true", "finished", FORWARD, False, marks=pytest.mark.slow),
        pytest.param("false", "rolled_back", [*FORWARD, *BACK], True, marks=pytest.mark.slow),
        pytest.param("false", "rolled_back", [*FORWARD, *BACK], False, marks=pytest.mark.slow),
    ],
    ids=["after each write", "before each write", "undoing, after each write", "undoing, before each write"],
)
def test_each_step_is_done_once_and_none_is_lost(
    crew: Crew, tmp_path: Path, last: str, state: str, deeds: list[str], *, after: bool
) -> None:
    place = Place(tmp_path / "log")
    book, writes = book_of(place, last), 0
    dies = True
    while dies:
        writes += 1
        crew.now_ms += HOUR
        place.log.unlink(missing_ok=True)
        dies = killed(crew, book, place, Mortal(crew.ledger, writes, after))
        execution = next((row.execution for row in reversed(crew.records.rows(PIPELINE))), "")
        if not crew.facts(execution):
            assert place.deeds() == []
            continue
        standing = gone_on_with(crew, book, place, execution)
        assert (writes, standing.state, place.deeds()) == (writes, state, deeds)
        assert standing.step("never").state is StepState.SKIPPED
        assert next(row for row in crew.records.rows(PIPELINE) if row.execution == execution).over
    assert writes > 15
