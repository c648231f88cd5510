"""Trying a stage again: which endings are worth it, how often, and until when. Time and the world are arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from lumen_action.model import Action, Decision, Outcome, Scope, Verdict
from lumen_action.rerun import Attempt, Policy, decide


class Ended(Protocol):
    """How a try ended."""

    @property
    def good(self) -> bool:
        """Tell whether it did what it was to do."""

    @property
    def code(self) -> int:
        """Return its exit code."""

    @property
    def seconds(self) -> float:
        """Return how long it took."""

    @property
    def timed_out(self) -> bool:
        """Tell whether it took too long."""

    @property
    def interrupted(self) -> int:
        """Return the signal that was to end it."""


@dataclass(frozen=True)
class Wishes:
    """Which endings somebody wants tried again whatever the log says."""

    errors: bool = False
    timeouts: bool = False
    codes: frozenset[int] = frozenset()

    def fit(self, ending: Ended) -> bool:
        """Tell whether this ending is one of them; the code of what we have stopped ourselves says nothing."""
        return self.timeouts if ending.timed_out else self.errors or ending.code in self.codes


@dataclass(frozen=True)
class Limits:
    """Until when: of one try and of all together, waiting included."""

    timeout_seconds: float | None = None
    deadline_seconds: float | None = None

    def left(self, spent_seconds: float) -> float | None:
        """Return how long all may still go on."""
        return None if self.deadline_seconds is None else self.deadline_seconds - spent_seconds

    def of_try(self, spent_seconds: float) -> float | None:
        """Return how long the next try may take."""
        limits = [each for each in (self.timeout_seconds, self.left(spent_seconds)) if each is not None]
        return min(limits, default=None)


@dataclass(frozen=True)
class Tried:
    """One try: how it ended, why, and what follows."""

    number: int
    ending: Ended
    verdict: Verdict | None = None
    decision: Decision | None = None

    @property
    def again(self) -> bool:
        """Tell whether another try follows."""
        return self.decision is not None and self.decision.action is Action.RETRY_NOW


def outcome_of(ending: Ended) -> Outcome:
    """Return how a stage ends that ends like this."""
    if ending.interrupted:
        return Outcome.CANCELLED
    if ending.timed_out:
        return Outcome.TIMEOUT
    return Outcome.SUCCESS if ending.good else Outcome.FAILURE


class Stage(Protocol):
    """What is tried, and the world around it."""

    def attempt(self, number: int, seconds: float | None) -> Ended:
        """Run it once, for at most so long."""

    def explain(self, ending: Ended) -> Verdict:
        """Say why it failed."""

    def take_retry(self, most: int) -> bool:
        """Take one of the retries that the pipeline has today in all of its jobs; tell whether one was left."""

    def demoted(self, signature: str) -> str:
        """Return why a signature has lost its retries, nothing when it has not."""

    def announce(self, tried: Tried) -> None:
        """Keep and say that it failed and will be tried again."""

    def rest(self, seconds: float) -> bool:
        """Wait; tell whether a signal wants us to end instead."""

    def clean_up(self, seconds: float | None) -> None:
        """Make the next try possible, for at most so long."""


@dataclass(frozen=True)
class Rules:
    """What decides about another try."""

    policy: Policy
    limits: Limits
    wishes: Wishes
    several_legs: bool
    random: Callable[[], float]


def pursue(stage: Stage, rules: Rules, clock: Callable[[], float]) -> Tried:
    """Try until it is good, not worth another try, or not allowed one; return the last try."""
    began = clock()
    number = 1
    while True:
        ending = stage.attempt(number, rules.limits.of_try(clock() - began))
        tried = _judged(stage, rules, number, ending, rules.limits.left(clock() - began))
        if not tried.again or tried.decision is None:
            return tried
        stage.announce(tried)
        if stage.rest(tried.decision.delay_seconds):
            return _given_up(tried, "not retried: a signal came while waiting")
        stage.clean_up(rules.limits.of_try(clock() - began))
        if stage.rest(0):
            return _given_up(tried, "not retried: a signal came while cleaning up")
        left = rules.limits.left(clock() - began)
        if left is not None and left <= 0:
            return _given_up(tried, "not retried: waiting and clean-up have used the time until the deadline")
        number += 1


def _judged(stage: Stage, rules: Rules, number: int, ending: Ended, left: float | None) -> Tried:
    if ending.good:
        return Tried(number, ending)
    verdict = stage.explain(ending)
    if ending.interrupted:
        nothing = Decision(Action.NOTHING, Scope.NONE, "not retried: a signal has ended it")
        return Tried(number, ending, verdict, nothing)
    wished = rules.wishes.fit(ending)
    attempt = Attempt(number, several_legs=rules.several_legs, seconds_left=left, wished=wished)
    decision = decide(verdict, attempt, rules.policy, rules.random)
    if decision.rerun:
        # Asking the ledger takes time, so only where the answer matters.
        attempt = replace(attempt, demoted=stage.demoted(verdict.signature))
        decision = decide(verdict, attempt, rules.policy, rules.random)
    most = rules.policy.retries_per_day
    if most is not None and decision.action is Action.RETRY_NOW and not stage.take_retry(most):
        decision = decide(verdict, replace(attempt, retries_today=most), rules.policy, rules.random)
    return Tried(number, ending, verdict, decision)


def _given_up(tried: Tried, reason: str) -> Tried:
    scope = tried.decision.scope if tried.decision else Scope.NONE
    return replace(tried, decision=Decision(Action.TICKET, scope, reason))
