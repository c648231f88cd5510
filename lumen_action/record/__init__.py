"""`record`: what a stage's end becomes, from the log to the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lumen_action.errors import ConfigError
from lumen_action.explaining import Log, catalogue_of, explain
from lumen_action.host import Host
from lumen_action.jobmemory import JobMemory, memory_file, recall, remember
from lumen_action.ledger import Put
from lumen_action.model import Decision, Fact, Failure, Kind, Outcome, Verdict
from lumen_action.record.keeping import Keeper
from lumen_action.record.moment import Moment, checks_beside
from lumen_action.rerun import Attempt, decide, without_failure
from lumen_action.settings import Settings

RUN_STAGE = "run"
DEFAULT_REGION = "default"


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
class Recorder:
    """The collaborators of one call."""

    settings: Settings
    workspace: Path
    host: Host
    keeper: Keeper
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
        fact = moment.fact(self.settings, self._kind, outcome, failure)
        if told:
            fact = replace(fact, tries=told.tries, duration_ms=told.duration_ms)
        answer = self._keep([fact, *checks_beside(fact, self.settings.checks)], warnings)
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
        fact = self._moment().fact(self.settings, self._kind, told.outcome, told.failure)
        key = replace(fact.key, kind=Kind.RERUN, stage=f"{fact.key.stage}.{told.tries}")
        warnings: list[str] = []
        self._keep([replace(fact, key=key, tries=told.tries, duration_ms=told.duration_ms)], warnings)
        return tuple(warnings)

    def take_retry(self, most: int, token: str) -> bool:
        """Take one of so many retries that this pipeline has on this run's day; tell whether one was left."""
        from lumen_action.record.earlier import retries_on
        from lumen_action.record.taking import retry_of_day

        moment = self._moment()
        made = retries_on(moment.day, moment.pipeline, self.keeper.of_day(moment.pipeline, moment.day))
        if made >= most:
            return False
        like = moment.fact(self.settings, self._kind, Outcome.FAILURE, None)
        return self.keeper.take_one(retry_of_day(like, number, token) for number in range(made + 1, most + 1))

    def explain(self, log: Log) -> tuple[Verdict, tuple[str, ...]]:
        """Say why a log's command failed, and what is wrong with the workspace's own rules."""
        errors: list[str] = []
        return explain(log, catalogue_of(self.workspace, errors), self.settings.secrets), tuple(errors)

    def explained(self) -> None:
        """Remember that this job's summary already says why it failed."""
        moment = self._moment()
        self._remember(moment, replace(moment.memory, explained=True))

    def _moment(self) -> Moment:
        identity = self.host.identity()
        region = self.settings.region or DEFAULT_REGION
        memory = recall(memory_file(self.host.state_dir, identity, region)) if identity.in_job else JobMemory()
        now_ms = self.clock_ms()
        day = memory.day
        if not day:
            created_ms = self.host.created_at_ms(identity)
            day = self.settings.calendar.day_of(now_ms if created_ms is None else created_ms)
        return Moment(identity, self.settings.pipeline or identity.pipeline, region, now_ms, day, memory)

    def _remember(self, moment: Moment, memory: JobMemory) -> None:
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

    def _failure(self, moment: Moment, warnings: list[str], errors: list[str]) -> tuple[Failure, Verdict]:
        if self._kind is Kind.RUN and not self.settings.log_file and not self.settings.error_log:
            from lumen_action.record.earlier import stage_failures

            for known in stage_failures(moment, self.keeper.of_run(moment.identity.run)):
                return known, known.verdict
        verdict = self._verdict(warnings, errors)
        attempt = Attempt(moment.identity.attempt, several_legs=moment.identity.several_legs)
        decision = decide(verdict, attempt, self.settings.policy, self.random)
        if decision.rerun:
            attempt = replace(attempt, demoted=self.keeper.demoted(verdict.signature))
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

    def _keep(self, facts: list[Fact], warnings: list[str]) -> Put | None:
        advice = "" if self.host.identity().in_job else "; a new try is another --run-id, or the next LUMEN_ATTEMPT"
        return self.keeper.keep(facts, advice, warnings)
