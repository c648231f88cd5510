"""From a verdict to a decision: run again now, later, open a ticket, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lumen_action.model import Action, Decision, Outcome, Scope, Verdict

# How long a rate limit is usually worth waiting for when the service named no time.
_DEFAULT_DELAY_SECONDS = 60

_ACTION = {Scope.STEP: Action.RETRY_NOW, Scope.JOB: Action.RERUN_LATER, Scope.DELAYED: Action.RERUN_LATER}
_WHERE = {Scope.STEP: "here", Scope.JOB: "on a fresh machine", Scope.DELAYED: "when the service allows it"}


@dataclass(frozen=True)
class Policy:
    """How often and after how long a transient failure is tried again."""

    max_retries: int = 2
    backoff_seconds: tuple[int, ...] = (5, 30)
    longest_wait_seconds: int = 3600
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    retries_per_day: int | None = None

    def scope_of(self, verdict: Verdict) -> Scope:
        """Return where trying again can help; a team's own row for the subclass or class comes first."""
        own = self.scopes.get(verdict.name, self.scopes.get(verdict.error_class.value))
        return verdict.scope if own is None else own


@dataclass(frozen=True)
class Attempt:
    """What has happened before: this attempt's number, and whether other legs may be retrying too.

    Whoever runs the stage itself also knows how long it may go on, and how many retries the pipeline has had today.
    """

    number: int = 1
    several_legs: bool = False
    seconds_left: float | None = None
    retries_today: int = 0
    wished: bool = False
    """Whether somebody wants this ending tried again here, whatever caused it."""
    demoted: str = ""
    """Why this signature has lost its retries, in words."""


def decide(verdict: Verdict, attempt: Attempt, policy: Policy, random: Callable[[], float]) -> Decision:
    """Decide about one failure; `random` returns a number from 0 to 1."""
    verdict = replace(verdict, scope=Scope.STEP if attempt.wished else policy.scope_of(verdict))
    why = "is to be tried again" if attempt.wished else "is transient"
    if verdict.scope is Scope.NONE:
        return _never(verdict)
    if attempt.demoted and not attempt.wished:
        return Decision(Action.TICKET, Scope.NONE, f"not retried: `{verdict.name}` {why}, but {attempt.demoted}")
    retries_done = max(0, attempt.number - 1)
    left = policy.max_retries - retries_done
    if left <= 0:
        return Decision(
            Action.TICKET,
            verdict.scope,
            f"not retried: `{verdict.name}` {why}, but all {policy.max_retries} retries are used",
        )
    delay = _delay(verdict, retries_done, attempt, policy, random)
    if delay > policy.longest_wait_seconds:
        return Decision(
            Action.TICKET,
            verdict.scope,
            f"not retried: `{verdict.name}` is worth it only after {delay} s, "
            f"longer than the longest wait of {policy.longest_wait_seconds} s",
        )
    held_back = _held_back(verdict, delay, attempt, policy)
    if held_back:
        return Decision(Action.TICKET, verdict.scope, f"not retried: `{verdict.name}` {why}, but {held_back}")
    return Decision(
        _ACTION[verdict.scope],
        verdict.scope,
        f"retry {retries_done + 1} of {policy.max_retries} {_WHERE[verdict.scope]} in {delay} s: "
        f"`{verdict.name}` {why}",
        delay_seconds=delay,
        attempts_left=left,
    )


def _held_back(verdict: Verdict, delay: int, attempt: Attempt, policy: Policy) -> str:
    """Say what else forbids a retry in the same step; one elsewhere has limits of its own."""
    if verdict.scope is not Scope.STEP:
        return ""
    if attempt.seconds_left is not None and delay >= attempt.seconds_left:
        return f"{max(0, attempt.seconds_left):.0f} s are left until the deadline, and the next try is due in {delay} s"
    if policy.retries_per_day is not None and attempt.retries_today >= policy.retries_per_day:
        return f"the pipeline has used its {policy.retries_per_day} retries of the day"
    return ""


def without_failure(outcome: Outcome) -> Decision:
    """Return the decision about an outcome that is no failure."""
    return Decision(Action.NOTHING, Scope.NONE, f"nothing to retry: the outcome is {outcome}")


def _never(verdict: Verdict) -> Decision:
    known = verdict.error_class.value != "unknown"
    why = "is permanent" if known else "says nothing about the cause, and retrying blindly hides bugs"
    cure = f"; {_continued(verdict.hint)}" if verdict.hint else ""
    return Decision(Action.TICKET, Scope.NONE, f"not retried: `{verdict.name}` {why}{cure}")


def _continued(sentence: str) -> str:
    """Let a sentence go on after a semicolon, leaving names in capitals as they are."""
    return sentence[0].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def _delay(verdict: Verdict, retries_done: int, attempt: Attempt, policy: Policy, random: Callable[[], float]) -> int:
    steps = policy.backoff_seconds
    base = steps[min(retries_done, len(steps) - 1)]
    if verdict.retry_after_seconds is not None:
        return max(base, verdict.retry_after_seconds)
    if verdict.scope is Scope.DELAYED:
        return max(base, _DEFAULT_DELAY_SECONDS)
    # Legs that failed together would come back together: full jitter spreads them.
    return max(1, round(base * random())) if attempt.several_legs else base
