"""Why something failed, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from lumen_action.model.words import Action, ErrorClass, Scope


@dataclass(frozen=True)
class Evidence:
    """The line that proves a verdict: redacted, clipped, numbered as in the original log from 1.

    `column` says where in that line stands what was recognised, from 1; 0 when that is not known.
    """

    line: int
    text: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    column: int = 0


@dataclass(frozen=True)
class Symptom:
    """A line that tells of what the cause led to."""

    line: int
    text: str
    name: str


@dataclass(frozen=True)
class Verdict:
    """Why something failed."""

    error_class: ErrorClass
    subclass: str
    signature: str
    scope: Scope
    confidence: float
    evidence: Evidence | None = None
    meaning: str = ""
    hint: str = ""
    runbook: str = ""
    fingerprint: str = ""
    retry_after_seconds: int | None = None
    symptoms: tuple[Symptom, ...] = ()
    """What the cause led to, in the order of the log."""

    @property
    def name(self) -> str:
        """Return class and subclass as people write them."""
        return f"{self.error_class}/{self.subclass}"


@dataclass(frozen=True)
class Decision:
    """What to do about a failure, and why in words."""

    action: Action
    scope: Scope
    reason: str
    delay_seconds: int = 0
    attempts_left: int = 0

    @property
    def rerun(self) -> bool:
        """Tell whether anything may run again; the only value a workflow should branch on."""
        return self.action in (Action.RETRY_NOW, Action.RERUN_LATER)


@dataclass(frozen=True)
class Failure:
    """The part of a verdict that a fact keeps."""

    error_class: ErrorClass
    subclass: str
    signature: str = ""
    fingerprint: str = ""
    line: int | None = None
    evidence: str = ""
    meaning: str = ""
    hint: str = ""
    runbook: str = ""
    decision: Action = Action.NOTHING
    scope: Scope = Scope.NONE
    reason: str = ""
    delay_seconds: int = 0
    attempts_left: int = 0

    @property
    def name(self) -> str:
        """Return class and subclass as people write them."""
        return f"{self.error_class}/{self.subclass}"

    @classmethod
    def of(cls, verdict: Verdict, decision: Decision) -> Failure:
        """Keep what a fact needs of a verdict and the decision it led to."""
        return cls(
            error_class=verdict.error_class,
            subclass=verdict.subclass,
            signature=verdict.signature,
            fingerprint=verdict.fingerprint,
            line=verdict.evidence.line if verdict.evidence else None,
            evidence=verdict.evidence.text if verdict.evidence else "",
            meaning=verdict.meaning,
            hint=verdict.hint,
            runbook=verdict.runbook,
            decision=decision.action,
            scope=decision.scope,
            reason=decision.reason,
            delay_seconds=decision.delay_seconds,
            attempts_left=decision.attempts_left,
        )

    @property
    def verdict(self) -> Verdict:
        """Return the verdict as far as the fact kept it."""
        return Verdict(
            error_class=self.error_class,
            subclass=self.subclass,
            signature=self.signature,
            scope=self.scope,
            confidence=1.0 if self.signature else 0.0,
            evidence=Evidence(self.line, self.evidence) if self.line is not None else None,
            meaning=self.meaning,
            hint=self.hint,
            runbook=self.runbook,
            fingerprint=self.fingerprint,
        )

    @property
    def decided(self) -> Decision:
        """Return the decision as it was taken."""
        return Decision(self.decision, self.scope, self.reason, self.delay_seconds, self.attempts_left)
