"""Which facts a ledger lacks of an attempt that is over: one `run` for each job that should have spoken and did not.

What a job said itself is never doubted. The facts found have the key that the job itself would have used, so a word of
its own that comes late meets ours and counts once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from lumen_action.model import Fact, Kind, Outcome, Source
from lumen_action.sli.days import Calendar
from lumen_action.sli.reconciling.ciruns import Attempt, Job, Run
from lumen_action.sli.reconciling.endings import Ending, ending_of, ending_without_jobs
from lumen_action.sli.reconciling.habits import JobHabit, WorkflowHabits, base_name, matrix_words
from lumen_action.sli.reconciling.hearing import Heard, listen
from lumen_action.sli.reconciling.runfacts import day_of, facts_of_attempt, facts_of_run, first_of, key_of

_DEFAULT_REGION = "default"
_WORST_FIRST = (Outcome.FAILURE, Outcome.ERROR, Outcome.TIMEOUT, Outcome.CANCELLED)


@dataclass(frozen=True)
class Rules:
    """What `lumen.yml` says: workflow to pipeline, patterns of job names to region, patterns of jobs to ignore."""

    workflows: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def pipeline(self, run: Run) -> str:
        """Return the pipeline of a run's workflow, found by name, path or file; empty when it is not told."""
        names = (run.workflow, run.path, run.path.rpartition("/")[2])
        return next((self.workflows[name] for name in names if name in self.workflows), "")

    def region(self, job: str) -> str:
        """Return the region of a job's name, empty when no pattern fits."""
        return next((region for pattern, region in self.regions.items() if fnmatchcase(job, pattern)), "")

    def ignores(self, job: str) -> bool:
        """Tell whether a job has nothing to say."""
        return any(fnmatchcase(job, pattern) for pattern in self.ignored)


@dataclass(frozen=True)
class Known:
    """What is known besides the API: the run's facts, earlier runs, the rules, the defaults, and the time.

    `regions` are those in which the pipeline's other runs spoke.
    """

    facts: Sequence[Fact]
    habits: WorkflowHabits
    rules: Rules
    calendar: Calendar
    now_ms: int
    pipeline: str = ""
    region: str = ""
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Place:
    """Under which job, leg and region something is said."""

    job: str
    leg: str
    region: str


def missing_facts(attempt: Attempt, known: Known) -> list[Fact]:
    """Return what the ledger lacks of an attempt that is over."""
    own = facts_of_attempt(attempt, known.facts)
    if not attempt.jobs:
        ending = ending_without_jobs(attempt.run.conclusion)
        spoken = {(fact.leg, fact.key.region) for fact in own if fact.key.kind is Kind.RUN}
        places = [place for place in _everywhere(known) if (place.leg, place.region) not in spoken]
        return [_fact(attempt, place, ending, attempt.run.changed_ms, known) for place in places]
    heard = listen(attempt, own, known.habits)
    speaking = _speaking(attempt, heard, known)
    return [
        _fact(attempt, place, _explained(place, ending, own), job.ended_ms or attempt.run.changed_ms, known, job)
        for job in speaking
        if job.id not in heard.perhaps
        for ending in [_ending(job, attempt, speaking)]
        for place in _places(job, attempt, heard, known)
    ]


def _speaking(attempt: Attempt, heard: Heard, known: Known) -> list[Job]:
    """Return the jobs that speak for the run: those that ever did, or all while none is known to."""
    jobs = [job for job in attempt.own_jobs if not known.rules.ignores(job.name)]
    spoke = {id_ for id_, facts in heard.of_job.items() if any(fact.key.kind is Kind.RUN for fact in facts)}
    speakers = {base_name(job.name) for job in jobs if job.id in spoke}
    speakers |= {base_name(name) for name, habit in known.habits.jobs.items() if habit.speaks_for_run}
    habitual = {job.id for job in jobs if base_name(job.name) in speakers}
    # Whoever spoke for an earlier attempt of this run has to go on: its old word would stand for ever.
    earlier = {fact.leg for fact in _earlier(attempt, known)}
    return [job for job in jobs if not habitual or job.id in habitual or _leg(job, known) in earlier]


def _ending(job: Job, attempt: Attempt, speaking: Sequence[Job]) -> Ending:
    """Return how a job ended; one that was kept from speaking by a job before it tells how that ended."""
    ending = ending_of(job)
    if ending[0] is not Outcome.SKIPPED:
        return ending
    names = {each.name for each in speaking}
    others = [ending_of(other) for other in attempt.own_jobs if other.name not in names]
    return next((other for word in _WORST_FIRST for other in others if other[0] is word), ending)


def _explained(place: _Place, ending: Ending, own: Sequence[Fact]) -> Ending:
    """Let a failed stage of the attempt say why: of this region first, of this job, the first to fail."""
    outcome, failure = ending
    if outcome is not Outcome.FAILURE:
        return ending
    failed = sorted(
        (fact for fact in own if fact.failure),
        key=lambda fact: (fact.key.region != place.region, fact.key.job != place.job, fact.observed_at_ms),
    )
    return outcome, failed[0].failure if failed else failure


def _places(job: Job, attempt: Attempt, heard: Heard, known: Known) -> list[_Place]:
    """Return where a job should have spoken for the run and did not."""
    facts = heard.of_job.get(job.id, ())
    habits = _habits(job, known)
    by_id = next((habit.by_id for habit in known.habits.jobs.values()), True)
    leg = next((fact.leg for fact in facts), "") or _leg(job, known)
    key = next((fact.key.job for fact in facts), str(job.id) if by_id else leg)
    spoken = {fact.key.region for fact in facts if fact.key.kind is Kind.RUN}
    regions = spoken or {fact.key.region for fact in facts} or _regions_of_leg(leg, attempt, known)
    if regions:
        habitual = {region for habit in habits if habit.speaks_for_run for region in habit.regions}
        lacking = regions | (habitual if len(habits) == 1 else set())
        return [_Place(key, leg, region) for region in sorted(lacking - spoken)]
    if known.rules.region(job.name) or not habits:
        return [_Place(key, leg, _region(job, known))]
    # A matrix that is skipped whole is one job to the API: it speaks once for each region.
    legs = {region: habit.leg for habit in reversed(habits) for region in habit.regions}
    return [_Place(key if by_id else legs[region], legs[region], region) for region in sorted(legs)]


def _regions_of_leg(leg: str, attempt: Attempt, known: Known) -> set[str]:
    """Return where a leg spoke for earlier attempts of the run."""
    return {fact.key.region for fact in _earlier(attempt, known) if fact.leg == leg}


def _earlier(attempt: Attempt, known: Known) -> list[Fact]:
    """Return the words for the run of its earlier attempts."""
    return [
        fact
        for fact in facts_of_run(attempt.run, known.facts)
        if fact.key.kind is Kind.RUN and fact.key.attempt < attempt.run.attempt
    ]


def _habits(job: Job, known: Known) -> list[JobHabit]:
    habit = known.habits.jobs.get(job.name)
    if habit:
        return [habit]
    whole = job.conclusion == "skipped" and not matrix_words(job.name)
    return known.habits.of_base(job.name) if whole else []


def _leg(job: Job, known: Known) -> str:
    habits = _habits(job, known)
    return habits[0].leg if habits else job.name


def _everywhere(known: Known) -> list[_Place]:
    """Return where a run that never had a job should have been spoken of."""
    speaking = [habit for habit in known.habits.jobs.values() if habit.speaks_for_run]
    places = {(habit.leg, region) for habit in speaking for region in habit.regions}
    return [_Place(leg, leg, region) for leg, region in sorted(places)] or [_Place("", "", _only_region(known))]


def _region(job: Job, known: Known) -> str:
    """Return where a job ran that never said so: by rule, by the words of its matrix, or the only place there is."""
    words = matrix_words(job.name)
    named = (region for region in _regions(known) if region in words)
    return known.rules.region(job.name) or next(named, "") or _likely_region(job, known) or _only_region(known)


def _likely_region(job: Job, known: Known) -> str:
    """Return the word that stands in the matrix where another leg of the job has its region."""
    words = matrix_words(job.name)
    for name, habit in known.habits.jobs.items():
        other = matrix_words(name)
        for place, word in enumerate(other):
            if base_name(name) == base_name(job.name) and len(other) == len(words) and word in habit.regions:
                return words[place]
    return ""


def _only_region(known: Known) -> str:
    regions = _regions(known)
    return regions[0] if len(regions) == 1 else known.region or _DEFAULT_REGION


def _regions(known: Known) -> list[str]:
    return sorted({*known.regions, *known.habits.regions, *(fact.key.region for fact in known.facts)})


def pipeline_of(run: Run, facts: Sequence[Fact], rules: Rules, habits: WorkflowHabits, default: str) -> str:
    """Return the pipeline of a run: as its facts say, as the rules, as earlier runs, or the name of its workflow."""
    said = facts[0].pipeline if facts else ""
    return said or rules.pipeline(run) or habits.pipeline or default or run.workflow


def _fact(attempt: Attempt, place: _Place, ending: Ending, ended_ms: int, known: Known, job: Job | None = None) -> Fact:
    run, (outcome, failure) = attempt.run, ending
    first = first_of(facts_of_run(run, known.facts))
    day = day_of(run, first, known.calendar)
    sha = first.sha if first else run.sha
    return Fact(
        key=key_of(run, first, Kind.RUN, job=place.job, region=place.region),
        pipeline=known.pipeline,
        day=day,
        outcome=outcome,
        observed_at_ms=max(known.now_ms, ended_ms),
        leg=place.leg,
        run_id=f"{day.replace('-', '')}-{place.region}-{sha[:7] or 'nosha'}",
        failure=failure if outcome.bad else None,
        duration_ms=max(0, ended_ms - job.began_ms) if job and job.began_ms is not None else None,
        source=Source.API,
        trust=first.trust if first else run.trust,
        sha=sha,
        url=run.attempt_url,
        # The receiver of the OpenTelemetry Collector makes it so, and so does a job itself.
        trace_id=hashlib.sha256(f"{run.id}{run.attempt}t".encode()).hexdigest()[:32],
        runner=job.runner if job else "",
        ended_at_ms=ended_ms,
    )
