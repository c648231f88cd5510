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

    def scope_of(self, verdict: Verdict) -> Scope:
        """Return where trying again can help; a team's own row for the subclass or class comes first."""
        own = self.scopes.get(verdict.name, self.scopes.get(verdict.error_class.value))
        return verdict.scope if own is None else own


@dataclass(frozen=True)
class Attempt:
    """What has happened before: this attempt's number, and whether other legs may be retrying too."""

    number: int = 1
    several_legs: bool = False


def decide(verdict: Verdict, attempt: Attempt, policy: Policy, random: Callable[[], float]) -> Decision:
    """Decide about one failure; `random` returns a number from 0 to 1."""
    verdict = replace(verdict, scope=policy.scope_of(verdict))
    if verdict.scope is Scope.NONE:
        return _never(verdict)
    retries_done = max(0, attempt.number - 1)
    left = policy.max_retries - retries_done
    if left <= 0:
        return Decision(
            Action.TICKET,
            verdict.scope,
            f"not retried: `{verdict.name}` is transient, but all {policy.max_retries} retries are used",
        )
    delay = _delay(verdict, retries_done, attempt, policy, random)
    if delay > policy.longest_wait_seconds:
        return Decision(
            Action.TICKET,
            verdict.scope,
            f"not retried: `{verdict.name}` is worth it only after {delay} s, "
            f"longer than the longest wait of {policy.longest_wait_seconds} s",
        )
    return Decision(
        _ACTION[verdict.scope],
        verdict.scope,
        f"retry {retries_done + 1} of {policy.max_retries} {_WHERE[verdict.scope]} in {delay} s: "
        f"`{verdict.name}` is transient",
        delay_seconds=delay,
        attempts_left=left,
    )


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
