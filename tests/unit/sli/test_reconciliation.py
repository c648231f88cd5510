"""Which facts are missing: whatever comes first, the job's own word or the API's, each job counts once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pytest
from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import Fact, FactKey, Kind, Outcome, Source
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.reconciling.ciruns import Attempt, Job, Run, Step
from lumen_action.sli.reconciling.habits import JobHabit, WorkflowHabits
from lumen_action.sli.reconciling.hearing import listen
from lumen_action.sli.reconciling.missing import Known, Rules, missing_facts
from lumen_action.sli.reconciling.progress import Done, Progress

MINUTE = HOUR // 60
REGIONS = ("eu", "us")
TAUGHT = WorkflowHabits(
    "nightly",
    {f"Deploy ({region})": JobHabit(f"deploy-{region}", (region,), speaks_for_run=True) for region in REGIONS},
)
WORDS = {
    "success": Outcome.SUCCESS,
    "failure": Outcome.FAILURE,
    "cancelled": Outcome.CANCELLED,
    "timed_out": Outcome.TIMEOUT,
    "skipped": Outcome.SKIPPED,
}


def run_of(id_: int = 100, attempt: int = 1, conclusion: str = "failure", **other: object) -> Run:
    made = Run(
        host="github.com",
        repo="org/app",
        id=id_,
        attempt=attempt,
        workflow="nightly",
        path=".github/workflows/nightly.yml",
        event="schedule",
        status="completed",
        conclusion=conclusion,
        created_ms=NOON,
        began_ms=NOON + attempt * HOUR,
        changed_ms=NOON + attempt * HOUR + MINUTE,
        head_repo="org/app",
        url="https://github.com/org/app/actions/runs/100",
    )
    return replace(made, **other)  # type: ignore[arg-type]


def job_of(id_: int, name: str, conclusion: str, attempt: int = 1, **other: object) -> Job:
    began = NOON + attempt * HOUR
    steps = (Step(1, "Set up job", "completed", "success"), Step(2, "deploy", "completed", conclusion))
    made = Job(id_, name, "completed", conclusion, began, began + MINUTE, "machine", steps)
    return replace(made, **other)  # type: ignore[arg-type]


def said(job: Job, region: str, outcome: Outcome, attempt: int = 1, run: int = 100, leg: str = "") -> Fact:
    """Return the word of a job itself."""
    leg = leg or f"deploy-{region}"
    made = fact(outcome=outcome, run=str(run), region=region, attempt=attempt, leg=leg, at=job.ended_ms or NOON)
    return replace(made, key=replace(made.key, job=str(job.id)))


def known(facts: Sequence[Fact] = (), habits: WorkflowHabits = TAUGHT, **other: object) -> Known:
    made = Known(facts, habits, Rules(), Calendar(), NOON + 9 * HOUR, pipeline="nightly")
    return replace(made, **other)  # type: ignore[arg-type]


def found(attempt: Attempt, facts: Sequence[Fact] = (), **other: object) -> list[tuple[str, str, str, Outcome]]:
    missing = missing_facts(attempt, known(facts, **other))
    return [(each.key.job, each.leg, each.key.region, each.outcome) for each in missing]


@dataclass(frozen=True)
class Spoken:
    fact: Fact


Event = Spoken | Attempt


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """Return what jobs said and the API tells of some runs, and the same in another order and partly twice."""
    events: list[Event] = []
    for run in range(1, draw(st.integers(1, 3)) + 1):
        for attempt in range(1, draw(st.integers(1, 2)) + 1):
            jobs = []
            for place, region in enumerate(REGIONS):
                conclusion = draw(st.sampled_from(sorted(WORDS)))
                job = job_of(run * 100 + attempt * 10 + place, f"Deploy ({region})", conclusion, attempt)
                jobs.append(job)
                if conclusion not in ("timed_out", "skipped") and draw(st.booleans()):
                    events.append(Spoken(said(job, region, WORDS[conclusion], attempt, run)))
            events.append(Attempt(run_of(run, attempt), tuple(jobs)))
    ticks = [event for event in events if isinstance(event, Attempt)]
    return events, draw(st.permutations([*events, *draw(st.lists(st.sampled_from(ticks), max_size=3))]))


def ledger_after(events: Iterable[Event]) -> dict[FactKey, Fact]:
    """Play the events on a ledger where the first account of a key stays, as all of ours do."""
    held: dict[FactKey, Fact] = {}
    for event in events:
        if isinstance(event, Spoken):
            held.setdefault(event.fact.key, event.fact)
        else:
            of_run = [each for each in held.values() if each.key.run == str(event.run.id)]
            for each in missing_facts(event, known(of_run)):
                held.setdefault(each.key, each)
    return held


def totals(held: dict[FactKey, Fact]) -> object:
    """Return what may not depend on the order of reports; which attempt counts first does, when there are several."""
    nightly = fold(collect(held.values()), now_ms=NOON + 99 * HOUR, calendar=Calendar()).pipelines["nightly"]
    outcomes = {(run.ref.run, run.region): run.outcome for run in nightly.runs}
    attempts = {name: dict(region.attempts) for name, region in nightly.regions.items()}
    if any(key.attempt > 1 for key in held):
        return outcomes, attempts
    return outcomes, attempts, {name: (each.runs, each.success_now) for name, each in nightly.regions.items()}


@given(histories())
def test_in_whatever_order_jobs_and_ticks_come_each_job_counts_once(case: tuple[list[Event], list[Event]]) -> None:
    in_order, shuffled = case
    plain, mixed = ledger_after(in_order), ledger_after(shuffled)
    jobs = {str(job.id) for event in in_order if isinstance(event, Attempt) for job in event.jobs}
    assert {key.job for key in mixed} == jobs
    assert len(mixed) == len(jobs)
    assert totals(plain) == totals(mixed)


@given(histories())
def test_what_a_job_said_in_time_stands_whatever_the_api_shows(case: tuple[list[Event], list[Event]]) -> None:
    events, _ = case
    spoken = [event.fact for event in events if isinstance(event, Spoken)]
    # What `continue-on-error` hides: the job says failure, the API success, or the other way round.
    others = [
        replace(each, outcome=Outcome.FAILURE if each.outcome.good else Outcome.SUCCESS, failure=None)
        for each in spoken
    ]
    held = ledger_after([*map(Spoken, others), *(event for event in events if isinstance(event, Attempt))])
    assert all(held[each.key] == each for each in others)
    assert all(each.source is Source.API for key, each in held.items() if key not in {other.key for other in others})


def test_a_silent_job_gets_the_key_day_and_trace_it_would_have_written() -> None:
    job = job_of(7, "Deploy (eu)", "cancelled")
    (missing,) = missing_facts(Attempt(run_of(), (job,)), known())
    assert missing.key == FactKey("github", "github.com", "org/app", "100", 1, "7", "eu", Kind.RUN, "run")
    assert (missing.pipeline, missing.day, missing.leg) == ("nightly", "2026-01-02", "deploy-eu")
    assert (missing.source, missing.url) == (Source.API, "https://github.com/org/app/actions/runs/100/attempts/1")
    # What the receiver of the OpenTelemetry Collector makes of run 100, attempt 1, and so does the job's own step.
    assert missing.trace_id == "b43b0ba74c6c68c53b9e95fee8bfc8f6"
    assert (missing.observed_at_ms, missing.ended_at_ms) == (NOON + 9 * HOUR, job.ended_ms)
    assert missing.duration_ms == MINUTE


def test_jobs_that_never_speak_for_the_run_are_not_asked_to() -> None:
    jobs = (job_of(1, "Build", "failure"), job_of(2, "Deploy (eu)", "cancelled"), job_of(3, "Lint", "success"))
    assert found(Attempt(run_of(), jobs)) == [("2", "deploy-eu", "eu", Outcome.CANCELLED)]


def test_while_nobody_is_known_to_speak_everybody_is_asked() -> None:
    jobs = (job_of(1, "Build", "success"), job_of(2, "Deploy", "failure"))
    assert found(Attempt(run_of(), jobs), habits=WorkflowHabits(), region="eu") == [
        ("1", "Build", "eu", Outcome.SUCCESS),
        ("2", "Deploy", "eu", Outcome.FAILURE),
    ]


def test_who_spoke_for_an_earlier_attempt_goes_on() -> None:
    first = job_of(1, "Build", "failure")
    before = missing_facts(Attempt(run_of(), (first,)), known(habits=WorkflowHabits(), region="eu"))
    second = (job_of(3, "Build", "success", 2), job_of(4, "Deploy (eu)", "success", 2))
    own = said(second[1], "eu", Outcome.SUCCESS, 2)
    assert found(Attempt(run_of(attempt=2), second), [*before, own]) == [("3", "Build", "eu", Outcome.SUCCESS)]


@pytest.mark.parametrize(
    ("build", "deploy", "outcome"),
    [
        ("failure", "skipped", Outcome.FAILURE),
        ("timed_out", "skipped", Outcome.TIMEOUT),
        ("cancelled", "skipped", Outcome.CANCELLED),
        ("success", "skipped", Outcome.SKIPPED),
        ("failure", "success", Outcome.SUCCESS),
    ],
)
def test_a_job_that_was_skipped_tells_how_what_it_needs_ended(build: str, deploy: str, outcome: Outcome) -> None:
    jobs = (job_of(1, "Build", build), job_of(2, "Deploy (eu)", deploy))
    assert found(Attempt(run_of(), jobs)) == [("2", "deploy-eu", "eu", outcome)]


def test_a_leg_that_never_spoke_has_its_region_where_its_sisters_have_theirs() -> None:
    habits = WorkflowHabits("nightly", {"Deploy (blue, eu)": JobHabit("deploy-1", ("eu",), speaks_for_run=True)})
    jobs = (job_of(1, "Deploy (blue, us)", "cancelled"),)
    assert found(Attempt(run_of(), jobs), habits=habits) == [("1", "Deploy (blue, us)", "us", Outcome.CANCELLED)]


def test_a_job_that_speaks_in_several_regions_and_stopped_after_one_lacks_the_others() -> None:
    habits = WorkflowHabits("nightly", {"Deploy": JobHabit("deploy", ("eu", "us"), speaks_for_run=True)})
    job = job_of(1, "Deploy", "cancelled")
    own = said(job, "eu", Outcome.SUCCESS, leg="deploy")
    assert found(Attempt(run_of(), (job,)), [own], habits=habits) == [("1", "deploy", "us", Outcome.CANCELLED)]


def test_a_job_that_spoke_for_the_run_owes_nothing_to_the_regions_of_its_stages() -> None:
    job = job_of(1, "Deploy", "success")
    stage = fact("build", region="us", run="100", leg="deploy")
    stage = replace(stage, key=replace(stage.key, job="1"))
    assert found(Attempt(run_of(), (job,)), [said(job, "eu", Outcome.SUCCESS, leg="deploy"), stage]) == []


def test_a_run_without_jobs_failed_where_it_would_have_spoken() -> None:
    attempt = Attempt(run_of(conclusion="startup_failure"), ())
    missing = found(attempt)
    assert missing == [("deploy-eu", "deploy-eu", "eu", Outcome.ERROR), ("deploy-us", "deploy-us", "us", Outcome.ERROR)]
    again = missing_facts(attempt, known())
    assert found(attempt, again) == []


@pytest.mark.parametrize("conclusion", ["cancelled", "skipped"])
def test_a_run_without_jobs_that_nobody_wanted_is_no_failure(conclusion: str) -> None:
    attempt = Attempt(run_of(conclusion=conclusion), ())
    assert {outcome for *_, outcome in found(attempt)} == {WORDS[conclusion]}


def test_a_conclusion_that_is_new_is_an_error_and_not_overlooked() -> None:
    jobs = (job_of(1, "Deploy (eu)", "evaporated"),)
    assert found(Attempt(run_of(), jobs)) == [("1", "deploy-eu", "eu", Outcome.ERROR)]


class TestWithoutIdsOfJobs:
    """A server that does not tell a job its id: facts carry the name and a digest of the matrix."""

    def named(self, job: Job, region: str, leg: str, runner: str) -> Fact:
        made = said(job, region, Outcome.SUCCESS, leg=leg)
        return replace(made, key=replace(made.key, job=leg), runner=runner)

    def test_two_jobs_that_may_both_have_said_it_are_left_alone(self) -> None:
        jobs = (job_of(1, "Deploy (blue)", "success"), job_of(2, "Deploy (green)", "success"))
        own = self.named(jobs[0], "eu", "something-else", "machine")
        heard = listen(Attempt(run_of(), jobs), [own], WorkflowHabits())
        assert heard.perhaps == {1, 2}
        assert found(Attempt(run_of(), jobs), [own], habits=WorkflowHabits()) == []

    def test_the_name_tells_where_the_machine_does_not(self) -> None:
        jobs = (job_of(1, "deploy (eu)", "success", runner="a"), job_of(2, "deploy (us)", "cancelled", runner="b"))
        own = self.named(jobs[0], "eu", "deploy-0123abcd", "")
        heard = listen(Attempt(run_of(), jobs), [own], WorkflowHabits())
        assert (list(heard.of_job), heard.perhaps) == ([1], frozenset())

    def test_the_leg_that_was_learned_is_the_key(self) -> None:
        habits = WorkflowHabits("nightly", {"Deploy (eu)": JobHabit("deploy-eu", ("eu",), True, by_id=False)})  # noqa: FBT003
        jobs = (job_of(1, "Deploy (eu)", "cancelled"),)
        assert found(Attempt(run_of(), jobs), habits=habits) == [("deploy-eu", "deploy-eu", "eu", Outcome.CANCELLED)]


@given(
    st.none() | st.integers(0, 2**41),
    st.dictionaries(st.integers(1), st.builds(Done, st.integers(1, 99), st.integers(0, 2**41))),
    st.dictionaries(
        st.text(),
        st.builds(
            WorkflowHabits,
            st.text(),
            st.dictionaries(
                st.text(),
                st.builds(JobHabit, st.text(), st.lists(st.text()).map(tuple), st.booleans(), st.booleans()),
            ),
        ),
    ),
)
def test_progress_survives_its_note(
    watermark: int | None, done: dict[int, Done], habits: dict[str, WorkflowHabits]
) -> None:
    progress = Progress(watermark, done, habits)
    assert Progress.decode(progress.encode()) == progress


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"v": 9}', b'{"v": 1}', b"\xff", b'{"v":1,"watermark_ms":1}'])
def test_a_note_of_another_kind_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"note|Expecting|utf-8"):
        Progress.decode(body)
