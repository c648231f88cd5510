"""Why the jobs of an attempt failed: first what the jobs said themselves, then their logs and annotations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lumen_action.automaton import AutomatonScreen
from lumen_action.ciapi.faults import ApiError, NotPermittedError, RateLimitedError, VanishedError
from lumen_action.ciapi.reruns import Reruns
from lumen_action.ciapi.seen import SeenJob
from lumen_action.companion.jobs import (
    FailedJob,
    cancelled_jobs,
    circumstances_of,
    failed_jobs,
    gated,
    lost_by_cancelling,
)
from lumen_action.failure import Catalogue, classify
from lumen_action.failure.circumstances import Annotation, adjusted
from lumen_action.model import ErrorClass, Fact, Failure, Kind, Scope, Source, Trust, Verdict
from lumen_action.sli.reconciling.ciruns import Attempt, Run
from lumen_action.sli.reconciling.habits import WorkflowHabits
from lumen_action.sli.reconciling.hearing import listen
from lumen_action.sli.reconciling.runfacts import facts_of_attempt

MOST_LOGS = 10
# Of a cancelled run, one annotation tells that the runners are gone as well as a hundred would.
_MOST_CANCELLED = 3
_LEDGER = "ledger"
_NOT_READ = f"only {MOST_LOGS} logs of an attempt are read"


@dataclass
class Reader:
    """Reads what the failed jobs of one attempt left."""

    reruns: Reruns
    catalogue: Catalogue
    tell: Callable[[str], None]
    secrets: Sequence[str] = ()
    _notes_forbidden: bool = field(default=False, init=False)

    def read(
        self, run: Run, jobs: Sequence[SeenJob], facts: Sequence[Fact], most_failed_jobs: int = MOST_LOGS
    ) -> list[FailedJob]:
        """Return every job that failed, and why as far as can be known."""
        attempt = Attempt(run, tuple(seen.job for seen in jobs))
        heard = listen(attempt, facts_of_attempt(attempt, facts), WorkflowHabits()).of_job
        failed = {seen.job.id: seen for seen in failed_jobs(jobs)}
        found: list[FailedJob] = []
        for seen in failed.values():
            told = _told(heard.get(seen.job.id, ()))
            logs = sum(job.source != _LEDGER for job in found)
            if told:
                found.append(_failed(seen, gated(told, seen), _LEDGER))
            else:
                found.append(_failed(seen, None, unread=_NOT_READ) if logs >= MOST_LOGS else self._by_log(seen))
        if not found:
            return self._lost(jobs)
        # Only where nothing else forbids a rerun does it matter what the CI pinned to a job that tells of itself.
        vetoed = len(found) > most_failed_jobs or any(_permanent(job) for job in found)
        return [
            self._annotated(job, failed[job.id])
            if job.source != _LEDGER and job.unread != _NOT_READ and (job.verdict is None or not vetoed)
            else job
            for job in found
        ]

    def _by_log(self, seen: SeenJob) -> FailedJob:
        log, unread = self._log(seen)
        verdict = self._classified(seen, log)
        if verdict.error_class is ErrorClass.UNKNOWN and (unread or verdict.subclass == "no_log"):
            return _failed(seen, None, unread=unread or "its log is empty")
        return _failed(seen, gated(verdict, seen), "structure" if unread else "log")

    def _annotated(self, job: FailedJob, seen: SeenJob) -> FailedJob:
        """Let the annotations of a job have their say beside its log."""
        annotations = self._annotations(seen)
        if not annotations:
            return job
        noted = self._classified(seen, b"", annotations)
        verdict = adjusted(job.verdict, noted, circumstances_of(seen, annotations)) if job.verdict else noted
        if verdict.error_class is ErrorClass.UNKNOWN and job.verdict is None:
            return job
        return replace(job, verdict=gated(verdict, seen), source=job.source or "annotation", unread="")

    def _log(self, seen: SeenJob) -> tuple[bytes, str]:
        """Return the log of a job, or why there is none."""
        try:
            return self.reruns.log(seen.job.id), ""
        except VanishedError:
            return b"", "GitHub has no log of it (404)"
        except RateLimitedError:
            raise
        except ApiError as fault:
            return b"", f"its log cannot be read: {fault}"

    def _annotations(self, seen: SeenJob) -> tuple[Annotation, ...]:
        if self._notes_forbidden:
            return ()
        try:
            return self.reruns.annotations(seen.job.id)
        except NotPermittedError as fault:
            self._notes_forbidden = True
            self.tell(f"annotations are not read: the token lacks `checks: read` ({fault.said})")
        except RateLimitedError:
            raise
        except ApiError as fault:
            self.tell(f"the annotations of `{seen.job.name}` cannot be read: {fault}")
        return ()

    def _lost(self, jobs: Sequence[SeenJob]) -> list[FailedJob]:
        """Return the cancelled jobs that were in truth given up: a killed runner may end as `cancelled`."""
        found = []
        for seen in cancelled_jobs(jobs)[:_MOST_CANCELLED]:
            annotations = self._annotations(seen)
            verdict = self._classified(seen, b"", annotations) if annotations else None
            if verdict and lost_by_cancelling(verdict):
                found.append(_failed(seen, verdict, "annotation"))
        return found

    def _classified(self, seen: SeenJob, log: bytes, annotations: Sequence[Annotation] = ()) -> Verdict:
        # A person who cancels leaves steps without a conclusion, too; what is pinned says more than they do.
        known = circumstances_of(seen, annotations)
        known = replace(known, runner_lost=known.runner_lost and not annotations)
        return classify(
            [log], self.catalogue, secrets=self.secrets, faster=AutomatonScreen, circumstances=known
        ).verdict


def _told(facts: Sequence[Fact]) -> Verdict | None:
    """Return why a job failed by its own word; where it failed more than once, what no rerun mends comes first."""
    failures = [
        fact.failure
        for fact in sorted(facts, key=lambda fact: fact.order)
        if fact.failure and fact.outcome.bad and (fact.source, fact.trust) == (Source.JOB, Trust.TRUSTED)
        if fact.key.kind in (Kind.STAGE, Kind.RUN) and fact.failure.error_class is not ErrorClass.UNKNOWN
    ]
    failures.sort(key=lambda failure: failure.scope is not Scope.NONE)
    return _verdict(failures[0]) if failures else None


def _permanent(job: FailedJob) -> bool:
    verdict = job.verdict
    return verdict is not None and verdict.scope is Scope.NONE and verdict.error_class is not ErrorClass.UNKNOWN


def _verdict(failure: Failure) -> Verdict:
    named = failure.delay_seconds if failure.scope is Scope.DELAYED else None
    return replace(failure.verdict, retry_after_seconds=named)


def _failed(seen: SeenJob, verdict: Verdict | None, source: str = "", unread: str = "") -> FailedJob:
    return FailedJob(seen.job.id, seen.job.name, verdict, source, unread, seen.url)
