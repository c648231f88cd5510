from __future__ import annotations

import random
from dataclasses import replace

import pytest
from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import Action, ErrorClass, Fact, Kind, Outcome, Trust
from lumen_action.model.fact import details
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.state import Examined, PipelineState, RegionState, State

S, F = Outcome.SUCCESS, Outcome.FAILURE
LONG_AFTER = NOON + 100 * 24 * HOUR


def state_of(*facts: Fact, now_ms: int = LONG_AFTER) -> State:
    return fold(collect(facts), now_ms=now_ms, calendar=Calendar())


def pipeline_of(*facts: Fact, now_ms: int = LONG_AFTER) -> PipelineState:
    return state_of(*facts, now_ms=now_ms).pipelines["nightly"]


def region_of(*facts: Fact) -> RegionState:
    return pipeline_of(*facts).regions["eu"]


def test_a_success_and_a_failure_are_counted_once_each_by_class() -> None:
    region = region_of(fact(run="1"), fact(run="2", outcome=F, cause=ErrorClass.BUILD))
    assert (region.runs, region.success, dict(region.failed)) == (2, 1, {ErrorClass.BUILD: 1})


def test_cancelled_and_skipped_runs_are_outside_the_sli_but_shown_as_attempts() -> None:
    region = region_of(fact(run="1", outcome=Outcome.CANCELLED), fact(run="2", outcome=Outcome.SKIPPED))
    assert region.runs == 0
    assert dict(region.attempts) == {Outcome.CANCELLED: 1, Outcome.SKIPPED: 1}


def test_a_recovered_run_keeps_its_failure_and_gains_a_correction() -> None:
    region = region_of(fact(outcome=F), fact(attempt=2, at=NOON + HOUR))
    assert (region.runs, region.success, region.failed_total) == (1, 0, 1)
    assert dict(region.corrected) == {(F, S): 1}
    assert region.success_now == 1
    assert region.consecutive_failures == 0


def test_a_rerun_that_fails_otherwise_is_no_correction() -> None:
    region = region_of(fact(outcome=F), fact(outcome=F, attempt=2, at=NOON + HOUR, cause=ErrorClass.BUILD))
    assert dict(region.failed) == {ErrorClass.NETWORK: 1}
    assert not region.corrected


def test_an_attempt_reported_late_does_not_overrule_a_newer_one() -> None:
    pipeline = pipeline_of(fact(attempt=2, at=NOON), fact(outcome=F, attempt=1, at=NOON + HOUR))
    assert pipeline.runs[0].outcome is S
    assert not pipeline.regions["eu"].corrected


def test_an_attempt_reported_late_counts_where_the_newer_one_was_cancelled() -> None:
    cancelled, late = fact(outcome=Outcome.CANCELLED, attempt=2), fact(outcome=F, at=NOON + HOUR)
    pipeline = pipeline_of(cancelled, late)
    assert (pipeline.regions["eu"].failed_total, pipeline.runs[0].outcome) == (1, Outcome.CANCELLED)
    recovered = pipeline_of(cancelled, late, fact(attempt=3, at=NOON + 2 * HOUR)).regions["eu"]
    assert (recovered.runs, dict(recovered.corrected)) == (1, {(F, S): 1})


def test_a_run_of_several_legs_is_as_good_as_its_worst_leg() -> None:
    region = region_of(fact(leg="linux"), fact(leg="mac", outcome=F, at=NOON + 1))
    assert (region.runs, region.success) == (1, 1)
    assert dict(region.corrected) == {(S, F): 1}
    assert region.consecutive_failures == 1


def test_only_the_failed_leg_is_run_again_and_the_run_recovers() -> None:
    run = pipeline_of(
        fact(leg="linux"), fact(leg="mac", outcome=F, at=NOON - 1), fact(leg="mac", attempt=2, at=NOON + HOUR)
    ).runs[0]
    assert (run.outcome, run.counted, run.corrections) == (S, F, ((F, S),))


def test_every_stage_execution_is_counted() -> None:
    region = region_of(
        fact("build"), fact("test", F, cause=ErrorClass.BUILD), fact("test", S, attempt=2, at=NOON + HOUR)
    )
    assert dict(region.stage_success) == {"build": 1, "test": 1}
    assert dict(region.stage_failed) == {("test", ErrorClass.BUILD): 1}


def test_a_job_attempt_has_one_decision_that_of_its_first_failed_stage() -> None:
    region = region_of(fact("build", F), fact("run", F, at=NOON + 1))
    assert dict(region.reruns) == {Action.RETRY_NOW: 1}


def test_consecutive_failures_ignore_cancelled_runs_and_end_with_a_success() -> None:
    history = [fact(run=str(n), outcome=o, at=NOON + n) for n, o in enumerate([S, F, Outcome.CANCELLED, F])]
    assert region_of(*history).consecutive_failures == 2
    assert region_of(*history, fact(run="9", at=NOON + 9)).consecutive_failures == 0


def test_the_day_is_won_by_the_first_region_that_succeeds() -> None:
    day = pipeline_of(fact(region="eu", outcome=F), fact(region="ap", at=NOON + 2), fact(region="us", at=NOON + 1))
    assert (day.days[0].outcome, day.days[0].winner) == (S, "us")
    assert day.days_by(S) == 1


def test_a_day_is_lost_only_when_it_is_closed() -> None:
    lost = fact(outcome=F)
    assert pipeline_of(lost, now_ms=NOON + HOUR).days[0].outcome is None
    assert pipeline_of(lost, now_ms=NOON + 18 * HOUR).days[0].outcome is F


def test_a_success_after_closing_does_not_turn_a_lost_day() -> None:
    pipeline = pipeline_of(fact(outcome=F), fact(attempt=2, at=NOON + 48 * HOUR))
    assert pipeline.days[0].outcome is F
    assert pipeline.runs[0].outcome is S


def test_a_run_belongs_to_the_day_its_first_fact_names_in_all_regions() -> None:
    first = fact("build", day="2026-01-02")
    others = [fact("run", day="2026-01-03", at=NOON + 13 * HOUR), fact(region="ap", day="2026-01-01", at=NOON + 1)]
    assert {run.day for run in pipeline_of(first, *others).runs} == {"2026-01-02"}


def test_a_fork_and_a_conflict_stay_outside() -> None:
    state = state_of(fact(trust=Trust.FORK), replace(fact(run="2"), key=replace(fact().key, kind=Kind.CONFLICT)))
    assert (state.pipelines, state.facts, state.conflicts) == ({}, 2, 1)


def test_the_newest_check_speaks() -> None:
    checks = [
        fact("integrity", F, kind=Kind.CHECK, run="1"),
        fact("integrity", S, kind=Kind.CHECK, run="2", at=NOON + 1),
    ]
    pipeline = pipeline_of(*checks)
    assert pipeline.checks == {"integrity": S}
    assert not pipeline.regions
    assert pipeline.examined == {}


def checked(at: int, **told: str) -> Fact:
    return replace(fact("integrity", kind=Kind.CHECK, run=str(at), at=NOON + at), details=details(told))


@pytest.mark.parametrize(
    ("told", "level"), [({"level": "2"}, 2), ({"level": "-1"}, -1), ({}, None), ({"level": "all"}, None)]
)
def test_a_check_tells_what_it_found_and_how_thoroughly(told: dict[str, str], level: int | None) -> None:
    pipeline = pipeline_of(checked(1, verdict="missing", level="0"), checked(2, verdict="ok", **told))
    assert pipeline.examined == {"integrity": Examined(NOON + 2, "ok", level)}


def looked_at(region: str, outcome: Outcome, at: int, regions: str = "", day: str = "2026-01-02") -> Fact:
    told = details({"verdict": {S: "ok", F: "mismatch"}.get(outcome, "unverifiable"), "regions": regions or region})
    made = fact("integrity", outcome, kind=Kind.CHECK, region=region, run=f"{region}{at}", at=NOON + at, day=day)
    return replace(made, details=told)


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ([looked_at("eu", F, 1), looked_at("us", S, 2)], "mismatch"),
        ([looked_at("eu", Outcome.ERROR, 1), looked_at("us", S, 2)], "unverifiable"),
        ([looked_at("eu", Outcome.ERROR, 2), looked_at("us", F, 1)], "mismatch"),
        ([looked_at("eu", F, 1), looked_at("us", S, 2), looked_at("eu", S, 3)], "ok"),
        ([looked_at("eu", F, 1), looked_at("default", S, 2, regions="all")], "ok"),
        ([looked_at("default", S, 1, regions="all"), looked_at("eu", F, 2), looked_at("us", S, 3)], "mismatch"),
        ([looked_at("eu", F, 1), looked_at("us", S, 2, day="2026-01-03")], "ok"),
    ],
)
def test_what_is_wrong_in_one_region_is_not_hidden_by_another(checks: list[Fact], verdict: str) -> None:
    for order in (checks, checks[::-1]):
        pipeline = pipeline_of(*order)
        assert pipeline.examined["integrity"].verdict == verdict
        assert pipeline.checks["integrity"].good is (verdict == "ok")


def test_a_newer_check_that_found_nothing_out_takes_its_place() -> None:
    assert pipeline_of(checked(1, verdict="ok", level="0"), checked(2)).examined == {}


_facts = st.lists(
    st.builds(
        fact,
        stage=st.sampled_from(["build", "test", "run"]),
        outcome=st.sampled_from(list(Outcome)),
        run=st.sampled_from("1234"),
        region=st.sampled_from(["eu", "ap"]),
        attempt=st.integers(1, 3),
        leg=st.sampled_from(["", "a", "b"]),
        at=st.integers(NOON, NOON + 60 * HOUR),
        day=st.sampled_from(["2026-01-02", "2026-01-03"]),
        pipeline=st.sampled_from(["nightly", "release"]),
        cause=st.sampled_from(list(ErrorClass)),
        trust=st.sampled_from(list(Trust)),
    ),
    max_size=30,
)


@given(_facts, st.randoms(use_true_random=False), st.integers(0, 30), st.integers(NOON, NOON + 90 * HOUR))
def test_order_copies_and_batches_do_not_matter(facts: list[Fact], rng: random.Random, cut: int, now: int) -> None:
    expected = fold(collect(facts), now_ms=now, calendar=Calendar())
    shuffled = [*facts, *rng.choices(facts, k=len(facts))] if facts else []
    rng.shuffle(shuffled)
    batches = collect(shuffled[cut:], collect(shuffled[:cut]))
    assert fold(batches, now_ms=now, calendar=Calendar()) == expected


@given(_facts, st.integers(0, 30))
def test_counters_only_go_up_as_observations_come_in(facts: list[Fact], cut: int) -> None:
    facts = sorted(collect(facts).values(), key=lambda item: item.order)
    before, after = state_of(*facts[:cut]), state_of(*facts)
    for name, pipeline in before.pipelines.items():
        for region_name, old in pipeline.regions.items():
            new = after.pipelines[name].regions[region_name]
            assert new.runs >= old.runs
            assert new.success >= old.success
            for grown, was in ((new.failed, old.failed), (new.corrected, old.corrected), (new.attempts, old.attempts)):
                assert all(grown[key] >= count for key, count in was.items())


@given(_facts)
def test_success_and_failure_add_up_to_the_runs(facts: list[Fact]) -> None:
    for pipeline in state_of(*facts).pipelines.values():
        for region in pipeline.regions.values():
            assert region.success + region.failed_total == region.runs


@pytest.mark.parametrize("copies", [1, 2])
def test_two_bodies_under_one_key_fold_to_the_earlier_one(copies: int) -> None:
    first, second = fact(outcome=F), fact(outcome=S, at=NOON + 1)
    assert region_of(*[second, first] * copies).failed_total == 1
