"""Where and when a stage ended, and the fact that is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lumen_action.host import Identity
from lumen_action.jobmemory import JobMemory
from lumen_action.model import Fact, FactKey, Failure, Kind, Outcome, Source
from lumen_action.settings import Settings


@dataclass(frozen=True)
class Moment:
    """Where and when we stand."""

    identity: Identity
    pipeline: str
    region: str
    now_ms: int
    day: str
    memory: JobMemory

    def elapsed_ms(self, kind: Kind) -> int | None:
        """Return how long a stage took, since our last step or the job's begin; a run always since the begin."""
        began = self.identity.job_started_at_ms
        if kind is Kind.STAGE and self.memory.last_seen_ms is not None:
            began = self.memory.last_seen_ms
        return None if began is None else max(0, self.now_ms - began)

    def fact(self, settings: Settings, kind: Kind, outcome: Outcome, failure: Failure | None) -> Fact:
        """Return the fact that the stage has just ended so."""
        identity, day = self.identity, self.day
        return Fact(
            key=FactKey(
                provider=identity.provider,
                host=identity.host,
                repo=identity.repo,
                run=identity.run,
                attempt=identity.attempt,
                job=identity.job,
                region=self.region,
                kind=kind,
                stage=settings.stage,
            ),
            pipeline=self.pipeline,
            day=day,
            outcome=outcome,
            observed_at_ms=self.now_ms,
            leg=identity.leg,
            run_id=settings.run_id or f"{day.replace('-', '')}-{self.region}-{identity.sha[:7] or 'nosha'}",
            failure=failure,
            duration_ms=self.elapsed_ms(kind),
            source=Source.JOB if identity.in_job else Source.MANUAL,
            trust=identity.trust,
            sha=identity.sha,
            url=identity.url,
            trace_id=identity.trace_id,
            runner=identity.runner,
            pipeline_version=settings.pipeline_version,
        )


def checks_beside(fact: Fact, checks: Mapping[str, bool]) -> list[Fact]:
    """Return what was checked beside a stage, a fact each."""
    return [
        replace(
            fact,
            key=replace(fact.key, kind=Kind.CHECK, stage=name),
            outcome=Outcome.SUCCESS if good else Outcome.FAILURE,
            failure=None,
            duration_ms=None,
        )
        for name, good in checks.items()
    ]
