"""The companion: reads an attempt, decides, and runs its failed jobs again when nothing forbids it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from lumen_action.ciapi.faults import ApiError, RefusedError, UncertainError, VanishedError
from lumen_action.ciapi.reruns import Reruns
from lumen_action.ciapi.runs import MOST_CALLS_AN_ATTEMPT
from lumen_action.ciapi.seen import SeenJob, SeenRun
from lumen_action.companion.claims import claim_of, next_claim, stages, still_held
from lumen_action.companion.deciding import Course, RunDecision, decide_run, judge
from lumen_action.companion.guards import Around, Forbidden, Scene, forbidden, forbidden_around, refused, settled
from lumen_action.companion.reading import Reader
from lumen_action.companion.spread import WINDOW_MS, incident_key, leading, mark_of, widespread
from lumen_action.demotions import renew_demotions
from lumen_action.errors import ConfigError
from lumen_action.ledger import Ledger, Put
from lumen_action.model import Fact, Failure, Kind, Outcome, Source, Trust
from lumen_action.rerun import Policy
from lumen_action.response.detecting import open_spread
from lumen_action.response.incidents import Incidents
from lumen_action.sli.days import Calendar
from lumen_action.sli.reconciling.habits import WorkflowHabits
from lumen_action.sli.reconciling.missing import Rules, pipeline_of
from lumen_action.sli.reconciling.runfacts import day_of, facts_of_run, first_of, key_of

# A job that only waits costs money: what is worth it later is for a later call.
LONGEST_WAIT_SECONDS = 300
_RIGHT = (
    "token: may not run jobs of {repo} again; a workflow needs `permissions: {{actions: write}}`, a fine-grained token "
    "the repository permission Actions: Read and write ({said})"
)


@dataclass(frozen=True)
class Team:
    """What a team allows, from its `lumen.yml`."""

    policy: Policy
    most_failed_jobs: int
    side_effects: Sequence[str]
    calendar: Calendar
    pipeline: str = ""
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True)
class Report:
    """What was decided about an attempt of a run, and what was done."""

    seen: SeenRun
    attempt: int
    decision: RunDecision
    calls: int = 0
    incident_key: str = ""
    incident: str = ""
    """The name of the incident, which no dry run has."""
    incident_opened: bool = False
    dry_run: bool = False

    @property
    def rerun(self) -> bool:
        """Tell whether the failed jobs run again because of us."""
        return self.decision.course is Course.RERUN and not self.dry_run


@dataclass(frozen=True)
class Companion:
    """The collaborators of one call."""

    reruns: Reruns
    reader: Reader
    ledger: Ledger
    team: Team
    clock_ms: Callable[[], int]
    sleep: Callable[[float], None]
    random: Callable[[], float]
    tell: Callable[[str], None]
    new_token: Callable[[], str]
    dry_run: bool = False

    def attend(self, run_id: int, attempt: int | None = None) -> Report:
        """Decide about an attempt of a run, the latest by default, and do it."""
        with self.reruns.client.at_most(MOST_CALLS_AN_ATTEMPT):
            seen = self.reruns.run(run_id)
            number = attempt or seen.run.attempt
            nothing = settled(self._scene(seen, number, ()))
            if nothing:
                return self._report(seen, number, _held_back(RunDecision(Course.NOTHING, ""), nothing))
            jobs = self.reruns.jobs(run_id, number)
            facts = facts_of_run(seen.run, self.ledger.scan(run=str(run_id)))
            failed = self.reader.read(seen.run, jobs, facts, self.team.most_failed_jobs)
        demoted = renew_demotions(self.ledger, self.clock_ms(), self.team.calendar, keep=not self.dry_run)
        judged = judge(failed, number, self.team.policy, self.random, demoted)
        decision = decide_run(judged, self.team.most_failed_jobs, len(failed))
        fact = self._fact(seen, facts, decision)
        if decision.course is Course.RERUN:
            decision = self._braked(decision, fact, self._scene(seen, number, jobs))
        if decision.course is Course.RERUN:
            decision = self._again(decision, fact, seen, jobs)
        if decision.course is Course.INCIDENT and fact.trust is not Trust.TRUSTED:
            why = f"{decision.reason}; what a fork reports opens no incident"
            decision = replace(decision, course=Course.NOTHING, reason=why, guard="fork")
        report = self._report(seen, number, decision)
        return self._opened(report, fact) if decision.course is Course.INCIDENT else report

    def _braked(self, decision: RunDecision, fact: Fact, scene: Scene) -> RunDecision:
        """Hold a rerun back for what is known without another call."""
        reason = forbidden(scene)
        if reason:
            return _held_back(decision, reason)
        own = [fact, *(replace(fact, failure=failure) for failure in _failures(decision))]
        wide = widespread(own, self._recent(), fact.observed_at_ms)
        if wide:
            mark, spread = wide
            why = f"not rerun: the same failure was seen in {spread} within {WINDOW_MS // 60_000} min"
            return replace(decision, course=Course.INCIDENT, reason=why, everywhere=mark, since_ms=spread.first_ms)
        return decision

    def _again(self, decision: RunDecision, fact: Fact, seen: SeenRun, jobs: Sequence[SeenJob]) -> RunDecision:
        """Wait, look again, claim the call and make it."""
        passed = (self.clock_ms() - seen.run.changed_ms) / 1000
        wait = max(0.0, decision.delay_seconds - passed)
        if wait > LONGEST_WAIT_SECONDS:
            why = f"{decision.reason}; worth it in {wait:.0f} s, longer than a job may wait: left for a later call"
            return replace(decision, course=Course.LATER, reason=why, delay_seconds=round(wait))
        if wait and not self.dry_run:
            self.tell(f"waiting {wait:.0f} s")
            self.sleep(wait)
        number = fact.key.attempt
        now = self.reruns.run(seen.run.id)
        scene = self._scene(now, number, jobs)
        reason = forbidden(scene) or forbidden_around(scene, self._around(now))
        if reason:
            return _held_back(decision, reason)
        return self._claimed(decision, fact)

    def _claimed(self, decision: RunDecision, fact: Fact) -> RunDecision:
        """Make the call only with our fact in the ledger before it."""
        made = {
            stage: known
            for known in self.ledger.scan(run=fact.key.run)
            for stage in stages()
            if known.key == claim_of(fact, stage).key
        }
        claimed_ms = self.clock_ms()
        claim = next_claim(made, claimed_ms)
        if not claim.stage:
            course = Course.LATER if claim.for_later else Course.NOTHING
            return replace(decision, course=course, reason=f"not rerun: {claim.reason}", guard="claim")
        if self.dry_run:
            return decision
        own = replace(claim_of(fact, claim.stage), observed_at_ms=claimed_ms)
        if self.ledger.put(own) is not Put.CREATED:
            return _held_back(decision, Forbidden("claim", "another companion was faster"))
        if not still_held(claimed_ms, self.clock_ms()):
            why = "not rerun: the ledger took too long to answer, so another companion may be about to do it"
            return replace(decision, course=Course.LATER, reason=why, guard="claim")
        return self._called(decision, fact)

    def _called(self, decision: RunDecision, fact: Fact) -> RunDecision:
        run_id = int(fact.key.run)
        try:
            self.reruns.rerun_failed_jobs(run_id)
        except RefusedError as fault:
            meant = refused(fault.said)
            if meant is None:
                raise ConfigError(_RIGHT.format(repo=fact.key.repo, said=fault)) from fault
            return _held_back(decision, meant)
        except VanishedError:
            return _held_back(decision, Forbidden("gone", "GitHub no longer knows the run (404)"))
        except UncertainError as fault:
            return self._looked_up(decision, fact, fault)
        except ApiError as fault:
            return replace(decision, course=Course.LATER, reason=f"not rerun, nothing was done: {fault}")
        return decision

    def _looked_up(self, decision: RunDecision, fact: Fact, fault: UncertainError) -> RunDecision:
        """See whether a call without a proper answer was made all the same."""
        try:
            now = self.reruns.run(int(fact.key.run)).run
        except ApiError:
            return replace(decision, course=Course.LATER, reason=str(fault))
        if now.attempt > fact.key.attempt or not now.over:
            return decision
        return replace(decision, course=Course.LATER, reason=f"{fault}; the run still stands as it was")

    def _around(self, seen: SeenRun) -> Around:
        on_pull = seen.run.event.startswith("pull_request")
        return Around(self.reruns.newer(seen), self.reruns.pull(seen) if on_pull else None)

    def _scene(self, seen: SeenRun, number: int, jobs: Sequence[SeenJob]) -> Scene:
        retries = self.team.policy.max_retries
        return Scene(seen, number, self.clock_ms(), retries, self.team.side_effects, jobs)

    def _recent(self) -> Iterable[Fact]:
        """Yield the facts of today and the day before: a fact stands under the day its run was created."""
        today = date.fromisoformat(self.team.calendar.day_of(self.clock_ms()))
        for day in (today - timedelta(days=1), today):
            yield from self.ledger.scan(day=day.isoformat())

    def _fact(self, seen: SeenRun, facts: Sequence[Fact], decision: RunDecision) -> Fact:
        """Return what is known of the failed attempt, from which claims and incidents are made."""
        run, now_ms = seen.run, self.clock_ms()
        first = first_of(facts)
        verdict = leading([each.job for each in decision.judged])
        judged = next((each.decision for each in decision.judged if each.job.verdict is verdict), None)
        return Fact(
            key=key_of(run, first, Kind.RERUN),
            pipeline=pipeline_of(run, facts, self.team.rules, WorkflowHabits(), self.team.pipeline),
            day=day_of(run, first, self.team.calendar),
            outcome=Outcome.FAILURE,
            observed_at_ms=now_ms,
            failure=Failure.of(verdict, judged) if verdict and judged else None,
            source=Source.API,
            trust=run.trust,
            sha=run.sha,
            url=run.attempt_url,
        )

    def _opened(self, report: Report, fact: Fact) -> Report:
        """Open the incident once a day and failure; whoever comes later finds it open."""
        decision = report.decision
        mark = decision.everywhere or mark_of([each.job for each in decision.judged], report.seen.run.path)
        failure = next((each for each in _failures(decision) if each.fingerprint == mark), fact.failure)
        today = replace(fact, day=self.team.calendar.day_of(fact.observed_at_ms), failure=failure)
        report = replace(report, incident_key=incident_key(mark, today.day))
        if self.dry_run:
            return report
        incidents = Incidents(self.ledger, fact.pipeline, self.team.calendar, self.clock_ms, self.new_token)
        detected_ms = decision.since_ms or report.seen.run.changed_ms
        opened = open_spread(incidents, today, mark, decision.reason, detected_ms)
        return replace(report, incident=opened.incident.name, incident_opened=opened.created)

    def _report(self, seen: SeenRun, number: int, decision: RunDecision) -> Report:
        return Report(seen, number, decision, self.reruns.client.calls, dry_run=self.dry_run)


def _failures(decision: RunDecision) -> list[Failure]:
    return [Failure.of(each.job.verdict, each.decision) for each in decision.judged if each.job.verdict]


def _held_back(decision: RunDecision, reason: Forbidden) -> RunDecision:
    return replace(decision, course=Course.NOTHING, reason=f"not rerun: {reason.reason}", guard=reason.guard)
