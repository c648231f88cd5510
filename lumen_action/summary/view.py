"""What the summary of one call is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timezone, tzinfo

from lumen_action.model import Decision, ErrorClass, Outcome, Scope, Verdict
from lumen_action.sli.state import DayState, RunResult
from lumen_action.summary.words import RUN_STAGE


@dataclass(frozen=True)
class SummaryView:
    """One recorded stage, or the whole run when `stage` is `run`, with everything around it.

    `run` is this run in this region, `others` are its other regions. `already_explained` says that an earlier step
    of this job has written why it failed. `published` is the line about the counters; times are told in `zone`.
    """

    pipeline: str
    region: str
    stage: str
    outcome: Outcome
    run: RunResult
    verdict: Verdict | None = None
    decision: Decision | None = None
    others: tuple[RunResult, ...] = ()
    day: DayState | None = None
    already_explained: bool = False
    links: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    published: str = ""
    zone: tzinfo = timezone.utc

    @property
    def whole_run(self) -> bool:
        """Tell whether the pipeline itself has ended."""
        return self.stage == RUN_STAGE

    @property
    def subject(self) -> str:
        """Return what ended: the pipeline or the stage."""
        return self.pipeline if self.whole_run else self.stage

    @property
    def continues(self) -> bool:
        """Tell whether the cause of this failure has been told already."""
        return self.already_explained and self.whole_run and self.outcome.bad

    @property
    def cause(self) -> Verdict | None:
        """Return why it failed: the verdict of this call, else what the facts kept."""
        if not self.outcome.bad:
            return None
        kept = self.run.failure if self.whole_run else None
        return self.verdict or (kept.verdict if kept else None)

    @property
    def next(self) -> Decision | None:
        """Return what was decided: by this call, else what the facts kept."""
        if not self.outcome.bad:
            return None
        kept = self.run.failure if self.whole_run else None
        return self.decision or (kept.decided if kept else None)

    @property
    def permanent(self) -> bool:
        """Tell whether the cause is known and no repetition can cure it."""
        known = self.cause is not None and self.cause.error_class is not ErrorClass.UNKNOWN
        return known and self.next is not None and not self.next.rerun and self.next.scope is Scope.NONE
