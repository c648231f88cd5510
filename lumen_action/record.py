"""`record`: what a stage's end becomes, from the log to the ledger."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.explaining import Log, catalogue_of, explain
from lumen_action.host import Host, Identity
from lumen_action.jobmemory import JobMemory, memory_file, recall, remember
from lumen_action.ledger import Ledger, Put
from lumen_action.ledger.deliver import deliver, hand_over
from lumen_action.ledger.spool import Spool
from lumen_action.model import Decision, Fact, FactKey, Failure, Kind, Outcome, Source, Verdict
from lumen_action.rerun import Attempt, decide, without_failure
from lumen_action.settings import Settings

if TYPE_CHECKING:
    pass

RUN_STAGE = "run"
DEFAULT_REGION = "default"
# A ledger that does not answer, or whose answer is damaged, may not turn a green job red.
_LEDGER_AWAY = (LedgerError, IntegrityError)


@dataclass(frozen=True)
class Recorded:
    """What was recorded, and what the ledger said; `answer` is None while the fact waits in the spool.

    `errors` are wrong inputs that only made the answer poorer: the fact is kept all the same.
    """

    fact: Fact
    verdict: Verdict | None
    decision: Decision
    answer: Put | None
    explained_before: bool
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What a command that has run the stage itself knows of it, so that nobody has to find out."""

    outcome: Outcome
    duration_ms: int
    tries: int = 1
    verdict: Verdict | None = None
    decision: Decision | None = None
    errors: tuple[str, ...] = ()
    fails_job: bool = True

    @property
    def failure(self) -> Failure | None:
        """Return what a fact keeps of why it failed."""
        return Failure.of(self.verdict, self.decision) if self.verdict and self.decision else None


@dataclass(frozen=True)
class _Moment:
    """Where and when we stand."""

    identity: Identity
    region: str
    now_ms: int
    day: str
    memory: JobMemory


@dataclass(frozen=True)
class Recorder:
    """The collaborators of one call; `open_ledger` may fail, and then the fact waits in the spool."""

    settings: Settings
    workspace: Path
    host: Host
    spool: Spool
    open_ledger: Callable[[], Ledger]
    clock_ms: Callable[[], int]
    random: Callable[[], float]
    captured: Log | None = None
    """The log of a step that was captured, for a failure without a log of its own."""

    def record(self, told: Told | None = None) -> Recorded:
        """Classify, decide, keep and deliver the fact of one stage; what is `told` is not found out again."""
        moment = self._moment()
        memory = moment.memory
        outcome = told.outcome if told else self._outcome(memory)
        warnings: list[str] = []
        errors: list[str] = []
        failure, verdict = None, None
        if told:
            failure, verdict = told.failure, told.verdict
            errors.extend(told.errors)
        elif outcome.bad:
            failure, verdict = self._failure(moment, warnings, errors)
        fact = self._fact(moment, outcome, failure)
        if told:
            fact = replace(fact, tries=told.tries, duration_ms=told.duration_ms)
        answer = self._keep([fact, *self._checks(fact)], warnings)
        failed = (
            memory.job_had_failed
            or self.settings.job_status is Outcome.FAILURE
            or bool(told and told.fails_job and outcome.bad)
        )
        self._remember(moment, replace(memory, day=moment.day, last_seen_ms=moment.now_ms, job_had_failed=failed))
        return Recorded(
            fact=fact,
            verdict=verdict,
            decision=failure.decided if failure else without_failure(outcome),
            answer=answer,
            explained_before=memory.explained,
            warnings=tuple(warnings),
            errors=tuple(errors),
        )

    def tried(self, told: Told) -> tuple[str, ...]:
        """Keep the fact of a try that failed and is followed by another one; return what went wrong."""
        fact = self._fact(self._moment(), told.outcome, told.failure)
        key = replace(fact.key, kind=Kind.RERUN, stage=f"{fact.key.stage}.{told.tries}")
        warnings: list[str] = []
        self._keep([replace(fact, key=key, tries=told.tries, duration_ms=told.duration_ms)], warnings)
        return tuple(warnings)

    def retries_today(self) -> int:
        """Count the retries that this pipeline has had on this run's day, as far as the ledger answers."""
        moment = self._moment()
        pipeline = self.settings.pipeline or moment.identity.pipeline
        facts = [fact for _, fact in self.spool.pending()]
        with suppress(*_LEDGER_AWAY):
            facts.extend(self.open_ledger().scan(pipeline=pipeline, day=moment.day))
        return len(
            {
                fact.key
                for fact in facts
                # A rerun of the whole run, which no job of it makes, has limits of its own.
                if fact.key.job and (fact.key.kind, fact.pipeline, fact.day) == (Kind.RERUN, pipeline, moment.day)
            }
        )

    def demoted(self, signature: str) -> str:
        """Return why a signature has lost its retries in this ledger, nothing when it has not."""
        from lumen_action.demotions import demotions

        with suppress(*_LEDGER_AWAY):
            return demotions(self.open_ledger()).get(signature, "")
        return ""

    def explain(self, log: Log) -> tuple[Verdict, tuple[str, ...]]:
        """Say why a log's command failed, and what is wrong with the workspace's own rules."""
        errors: list[str] = []
        return explain(log, catalogue_of(self.workspace, errors), self.settings.secrets), tuple(errors)

    def explained(self) -> None:
        """Remember that this job's summary already says why it failed."""
        moment = self._moment()
        self._remember(moment, replace(moment.memory, explained=True))

    def _moment(self) -> _Moment:
        identity = self.host.identity()
        region = self.settings.region or DEFAULT_REGION
        memory = recall(memory_file(self.host.state_dir, identity, region)) if identity.in_job else JobMemory()
        now_ms = self.clock_ms()
        return _Moment(identity, region, now_ms, memory.day or self._day(identity, now_ms), memory)

    def _remember(self, moment: _Moment, memory: JobMemory) -> None:
        if moment.identity.in_job:
            remember(memory_file(self.host.state_dir, moment.identity, moment.region), memory)

    @property
    def _kind(self) -> Kind:
        return Kind.RUN if self.settings.stage == RUN_STAGE else Kind.STAGE

    def _outcome(self, memory: JobMemory) -> Outcome:
        """Return how the stage ended; the job's status speaks for a stage only until the job has failed."""
        if self.settings.outcome:
            return self.settings.outcome
        if self.settings.job_status is None:
            raise ConfigError(
                "outcome: is missing and the job's status is not known here; "
                "write `outcome: ${{ job.status }}`, or on a command line `--outcome success`"
            )
        never_ran = memory.job_had_failed and self._kind is Kind.STAGE and self.settings.job_status is Outcome.FAILURE
        return Outcome.SKIPPED if never_ran else self.settings.job_status

    def _day(self, identity: Identity, now_ms: int) -> str:
        created_ms = self.host.created_at_ms(identity)
        return self.settings.calendar.day_of(now_ms if created_ms is None else created_ms)

    def _failure(self, moment: _Moment, warnings: list[str], errors: list[str]) -> tuple[Failure, Verdict]:
        if self._kind is Kind.RUN and not self.settings.log_file and not self.settings.error_log:
            for known in self._known_failures(moment):
                return known, known.verdict
        verdict = self._verdict(warnings, errors)
        attempt = Attempt(moment.identity.attempt, several_legs=moment.identity.several_legs)
        decision = decide(verdict, attempt, self.settings.policy, self.random)
        if decision.rerun:
            attempt = replace(attempt, demoted=self.demoted(verdict.signature))
            decision = decide(verdict, attempt, self.settings.policy, self.random)
        return Failure.of(verdict, decision), verdict

    def _verdict(self, warnings: list[str], errors: list[str]) -> Verdict:
        from lumen_action.logs import log_chunks

        catalogue = catalogue_of(self.workspace, errors)
        settings = self.settings
        try:
            chunks = log_chunks(settings.log_file, settings.error_log)
            given = Log(chunks) if settings.log_file or settings.error_log else None
            log = given or self.captured or Log(self.host.job_log())
            return explain(log, catalogue, settings.secrets)
        except ConfigError as fault:
            warnings.extend(fault.problems)
            return explain(Log(()), catalogue, settings.secrets)

    def _known_failures(self, moment: _Moment) -> list[Failure]:
        """Return why stages of this attempt failed: those of this region first, of this job, the first to fail."""
        identity = moment.identity
        facts = [fact for _, fact in self.spool.pending()]
        with suppress(*_LEDGER_AWAY):
            facts.extend(self.open_ledger().scan(run=identity.run))
        here = (identity.provider, identity.host, identity.repo, identity.run, identity.attempt)
        # GitLab counts no attempts: a job that it tries again has the last word for its leg.
        last = {
            (fact.key.region, fact.leg, fact.key.stage): fact
            for fact in sorted(facts, key=lambda fact: fact.order)
            if fact.key.kind is Kind.STAGE
            and (fact.key.provider, fact.key.host, fact.key.repo, fact.key.run, fact.key.attempt) == here
        }
        failed = sorted(
            last.values(),
            key=lambda fact: (fact.key.region != moment.region, fact.key.job != identity.job, fact.observed_at_ms),
        )
        return [fact.failure for fact in failed if fact.failure]

    def _fact(self, moment: _Moment, outcome: Outcome, failure: Failure | None) -> Fact:
        identity, day = moment.identity, moment.day
        key = FactKey(
            provider=identity.provider,
            host=identity.host,
            repo=identity.repo,
            run=identity.run,
            attempt=identity.attempt,
            job=identity.job,
            region=moment.region,
            kind=self._kind,
            stage=self.settings.stage,
        )
        return Fact(
            key=key,
            pipeline=self.settings.pipeline or identity.pipeline,
            day=day,
            outcome=outcome,
            observed_at_ms=moment.now_ms,
            leg=identity.leg,
            run_id=self.settings.run_id or f"{day.replace('-', '')}-{moment.region}-{identity.sha[:7] or 'nosha'}",
            failure=failure,
            duration_ms=_elapsed_ms(moment, self._kind),
            source=Source.JOB if identity.in_job else Source.MANUAL,
            trust=identity.trust,
            sha=identity.sha,
            url=identity.url,
            trace_id=identity.trace_id,
            runner=identity.runner,
            pipeline_version=self.settings.pipeline_version,
        )

    def _checks(self, fact: Fact) -> list[Fact]:
        return [
            replace(
                fact,
                key=replace(fact.key, kind=Kind.CHECK, stage=name),
                outcome=Outcome.SUCCESS if good else Outcome.FAILURE,
                failure=None,
                duration_ms=None,
            )
            for name, good in self.settings.checks.items()
        ]

    def _keep(self, facts: list[Fact], warnings: list[str]) -> Put | None:
        """Bring the facts to the disk first and to the ledger then; return the ledger's word on the first."""
        homeless = [fact for fact in facts if not self._spooled(fact, warnings)]
        try:
            ledger = self.open_ledger()
            delivered = [*deliver(self.spool, ledger, self.clock_ms()), *(hand_over(fact, ledger) for fact in homeless)]
        except _LEDGER_AWAY as fault:
            waits = f"the fact waits in {self.spool.folder} and goes with the next call"
            warnings.append(f"{fault}; {'the fact is lost' if homeless else waits}")
            return None
        advice = "" if self.host.identity().in_job else "; a new try is another --run-id, or the next LUMEN_ATTEMPT"
        warnings.extend(
            f"{item.fact.key.stage} in {item.fact.key.region} was already recorded otherwise in this attempt; "
            f"the first account counts, this one is kept as a conflict{advice}"
            for item in delivered
            if item.answer is Put.CONFLICT
        )
        # Another process may have delivered our fact between the two steps: then the ledger has it.
        return next((item.answer for item in delivered if item.fact.key == facts[0].key), Put.SAME)

    def _spooled(self, fact: Fact, warnings: list[str]) -> bool:
        try:
            self.spool.add(fact)
        except LedgerError as fault:
            warnings.append(str(fault))
            return False
        return True


def _elapsed_ms(moment: _Moment, kind: Kind) -> int | None:
    """Return how long a stage took, since our last step or the job's begin; a run always since the begin."""
    began = moment.identity.job_started_at_ms
    if kind is Kind.STAGE and moment.memory.last_seen_ms is not None:
        began = moment.memory.last_seen_ms
    return None if began is None else max(0, moment.now_ms - began)
