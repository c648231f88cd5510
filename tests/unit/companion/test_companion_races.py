"""Whatever happens in whatever order, no run is run again more often than its team allows.

Real companions in threads of which one moves at a time: at every question, write and call another may go on, time may
pass, a companion die, or a person run the run again. All of it is drawn by hypothesis, and so repeats.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from facts import NOON
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.ciapi.faults import RefusedError, UncertainError
from lumen_action.ciapi.seen import Head, SeenJob, SeenRun
from lumen_action.companion.acting import Companion, Team
from lumen_action.companion.claims import HOLD_MS, LAPSE_MS
from lumen_action.companion.jobs import FailedJob
from lumen_action.ledger import Put
from lumen_action.model import ErrorClass, Fact, Scope, Verdict
from lumen_action.rerun import Policy
from lumen_action.sli.days import Calendar
from lumen_action.sli.reconciling.ciruns import Job, Run

MINUTE = 60_000
FLAKE = Verdict(ErrorClass.NETWORK, "reset", "r", Scope.STEP, 0.95, fingerprint="f")
JOB = Job(1, "build", "completed", "failure", NOON, NOON)
RUN = Run("github.com", "org/app", 100, 1, "ci", "ci.yml", "push", "completed", "failure", NOON, NOON, NOON, "org/app")
# What a process may stand still for between its last look at the clock and its call, less what clocks may differ.
FREEZE_MS = LAPSE_MS - HOLD_MS - 2 * MINUTE


class DeadError(BaseException):
    """The machine of a companion is gone; nothing may catch that."""


@dataclass
class GitHub:
    """A run that takes a while and always fails again."""

    attempt: int = 1
    busy_until_ms: int = 0
    now_ms: int = NOON + MINUTE
    calls: list[tuple[int, int]] = field(default_factory=list)
    by_people: int = 0
    lasts_ms: int = 5 * MINUTE

    @property
    def run(self) -> Run:
        over = self.now_ms >= self.busy_until_ms
        status, conclusion = ("completed", "failure") if over else ("in_progress", "")
        return replace(RUN, attempt=self.attempt, status=status, conclusion=conclusion)

    def begin(self) -> None:
        if self.now_ms < self.busy_until_ms:
            raise RefusedError("403", 403, "This workflow is already running")
        self.attempt += 1
        self.busy_until_ms = self.now_ms + self.lasts_ms


@dataclass
class Ledger:
    """Keeps the first writer of a key, as every ledger does."""

    kept: dict[str, Fact] = field(default_factory=dict)
    url: str = "memory:"
    durable: bool = True

    def put(self, fact: Fact) -> Put:
        if fact.key.digest in self.kept:
            return Put.SAME
        self.kept[fact.key.digest] = fact
        return Put.CREATED

    def scan(self, **_where: str) -> Iterator[Fact]:
        return iter(tuple(self.kept.values()))


@dataclass
class Turns:
    """Lets one thread go on at a time, from one of its steps to the next."""

    free: threading.Condition = field(default_factory=threading.Condition)
    moving: int | None = None
    over: set[int] = field(default_factory=set)

    def wait(self, me: int) -> None:
        with self.free:
            self.moving = None
            self.free.notify_all()
            self.free.wait_for(lambda: self.moving == me)

    def leave(self, me: int) -> None:
        with self.free:
            self.over.add(me)
            self.moving = None
            self.free.notify_all()

    def move(self, who: int) -> None:
        with self.free:
            if who in self.over:
                return
            self.moving = who
            self.free.notify_all()
            self.free.wait_for(lambda: self.moving is None)


@dataclass
class Machine:
    """One companion's view: every access waits for its turn, and at one of them it may die."""

    me: int
    github: GitHub
    ledger_: Ledger
    turns: Turns
    dies_at: int
    loses_answer: bool
    skew_ms: int
    steps: int = 0
    attends: int = 1
    client: Any = field(default_factory=lambda: SimpleNamespace(at_most=lambda _calls: nullcontext(), calls=0))
    url: str = "memory:"
    durable: bool = True

    def _step(self) -> None:
        self.turns.wait(self.me)
        self.steps += 1
        if self.steps == self.dies_at:
            raise DeadError

    def run(self, _id: int) -> SeenRun:
        self._step()
        return SeenRun(self.github.run, Head("main", 5))

    def jobs(self, _id: int, number: int) -> list[SeenJob]:
        self.attends = number
        return [SeenJob(JOB)]

    def read(self, *_seen: object) -> list[FailedJob]:
        return [FailedJob(1, "build", FLAKE, "log")]

    def newer(self, _seen: SeenRun) -> list[Run]:
        return []

    def put(self, fact: Fact) -> Put:
        self._step()
        return self.ledger_.put(fact)

    def scan(self, **where: str) -> Iterator[Fact]:
        return self.ledger_.scan(**where)

    def rerun_failed_jobs(self, _id: int) -> None:
        self._step()
        before = self.github.attempt
        self.github.begin()
        self.github.calls.append((self.attends, before))
        if self.loses_answer:
            raise UncertainError("502")

    def clock_ms(self) -> int:
        return self.github.now_ms + self.skew_ms

    def attend(self, max_retries: int) -> None:
        self.turns.wait(self.me)
        team = Team(Policy(max_retries=max_retries, backoff_seconds=(0,)), 5, (), Calendar())
        companion = Companion(
            self,
            self,
            self,
            team,
            self.clock_ms,
            lambda _: None,
            lambda: 0.5,
            lambda _: None,
            lambda: "token",  # type: ignore[arg-type]
        )
        try:
            companion.attend(100)
        except DeadError:
            pass
        finally:
            self.turns.leave(self.me)


machines = st.tuples(st.sampled_from([0, 0, 0, 2, 3, 4]), st.booleans(), st.integers(-MINUTE, MINUTE))
pauses = st.sampled_from([1000, MINUTE, 6 * MINUTE, FREEZE_MS])
moves = st.tuples(st.sampled_from([0, 1, 0, 1, 0, 1, 2, 3, 4]), pauses, st.sampled_from([False, False, False, True]))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    st.lists(machines, min_size=2, max_size=4),
    st.lists(moves, min_size=10, max_size=60),
    st.integers(0, 3),
    st.sampled_from([0, 0, 5 * MINUTE]),
)
def test_the_cap_holds(
    drawn: Sequence[tuple[int, bool, int]], schedule: Sequence[tuple[int, int, bool]], max_retries: int, lasts_ms: int
) -> None:
    github, ledger, turns = GitHub(lasts_ms=lasts_ms), Ledger(), Turns()
    fleet = [Machine(at, github, ledger, turns, *each) for at, each in enumerate(drawn)]
    threads = [threading.Thread(target=each.attend, args=(max_retries,), daemon=True) for each in fleet]
    for at, thread in enumerate(threads):
        with turns.free:
            turns.moving = at
        thread.start()
        with turns.free:
            turns.free.wait_for(lambda: turns.moving is None)
    endless = [(at, 0, False) for at in range(len(fleet))] * 12
    passed = dict.fromkeys(range(len(fleet)), 0)
    for who, pause_ms, by_hand in [*schedule, *endless]:
        if who >= len(fleet):
            # Nobody stands still longer than a process may between two of its steps.
            if all(spent + pause_ms <= FREEZE_MS for at, spent in passed.items() if at not in turns.over):
                github.now_ms += pause_ms
                passed = {at: spent + pause_ms for at, spent in passed.items()}
            if by_hand and github.run.over and not github.by_people:
                github.begin()
                github.by_people += 1
            continue
        turns.move(who)
        passed[who] = 0
    for thread in threads:
        thread.join(10)
    assert turns.over == set(range(len(fleet)))
    made = [before for attended, before in github.calls if attended == before]
    # Only after a person came between a companion's last look and its call can it reach another attempt; where runs end
    # in no time that call may come between the look and the call of the next companion.
    assert github.by_people or len(made) == len(github.calls)
    assert len(made) == len(set(made))
    assert all(before <= max_retries for before in made)
    assert github.attempt <= 1 + max_retries + github.by_people
