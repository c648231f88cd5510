"""Which series a state becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lumen_action.archive.verdicts import Verdict
from lumen_action.model import Action, ErrorClass, Outcome
from lumen_action.sinks import Group
from lumen_action.sinks.series import CATALOGUE, VERDICTS, PublishFacts, families
from lumen_action.sli.state import DayState, Examined, PipelineState, RegionState, StageResult, State

FACTS = PublishFacts(version="1.2.3", head=41)
CLASSES = {cause.value for cause in ErrorClass}

REGION = RegionState(
    region="eu",
    runs=5,
    success=3,
    failed={ErrorClass.NETWORK: 2},
    corrected={(Outcome.TIMEOUT, Outcome.SUCCESS): 1},
    stage_success={"build": 4},
    stage_failed={("test", ErrorClass.BUILD): 1},
    attempts={Outcome.SUCCESS: 4, Outcome.FAILURE: 2},
    reruns={Action.RETRY_NOW: 1},
    consecutive_failures=2,
    last_run_ms=1_700_000_000_500,
    first_seen_ms=1_600_000_000_000,
    last_stages={
        "build": StageResult("build", Outcome.SUCCESS, 1, 0, duration_ms=1500),
        "test": StageResult("test", Outcome.FAILURE, 1, 0),
        "deploy": StageResult("deploy", Outcome.CANCELLED, 1, 0),
    },
)


def state_of(
    *regions: RegionState, days: tuple[DayState, ...] = (), checks: Mapping[str, Outcome] | None = None
) -> State:
    by_name = {region.region: region for region in regions}
    return State(pipelines={"nightly": PipelineState("nightly", regions=by_name, days=days, checks=checks or {})})


def values(group: Group) -> dict[tuple[str, ...], float]:
    """Index a group's numbers by series name and label values."""
    return {
        (family.name, *sample.labels.values()): sample.value for family in group.families for sample in family.samples
    }


def test_a_region_is_a_group_and_its_pipeline_closes_them() -> None:
    groups = families(state_of(RegionState("us"), RegionState("eu")), FACTS)
    assert [dict(group.labels) for group in groups] == [
        {"pipeline": "nightly", "region": "eu"},
        {"pipeline": "nightly", "region": "us"},
        {"pipeline": "nightly"},
    ]


def test_nothing_known_is_nothing_published() -> None:
    assert families(State(), FACTS) == []


def test_every_outcome_class_and_decision_starts_at_zero() -> None:
    shown = values(families(state_of(RegionState("eu")), FACTS)[0])
    assert set(shown) == {
        ("lumen_runs_total",),
        ("lumen_runs_success_total",),
        *(("lumen_runs_failed_total", cause) for cause in CLASSES),
        *(("lumen_attempts_total", outcome.value) for outcome in Outcome),
        *(("lumen_reruns_total", action.value) for action in Action),
        ("lumen_runs_corrected_total", "success", "failure"),
        ("lumen_runs_corrected_total", "failure", "success"),
        ("lumen_consecutive_failures",),
    }
    assert set(shown.values()) == {0}


def test_a_region_shows_its_counters() -> None:
    shown = values(families(state_of(REGION), FACTS)[0])
    expected = {
        ("lumen_runs_total",): 5,
        ("lumen_runs_success_total",): 3,
        ("lumen_runs_failed_total", "network"): 2,
        ("lumen_runs_failed_total", "build"): 0,
        ("lumen_runs_corrected_total", "timeout", "success"): 1,
        ("lumen_stage_success_total", "build"): 4,
        ("lumen_stage_success_total", "test"): 0,
        ("lumen_stage_failed_total", "test", "build"): 1,
        ("lumen_stage_failed_total", "build", "network"): 0,
        ("lumen_attempts_total", "failure"): 2,
        ("lumen_reruns_total", "retry_now"): 1,
        ("lumen_consecutive_failures",): 2,
    }
    assert expected.items() <= shown.items()


def test_every_stage_ever_seen_has_all_its_classes() -> None:
    shown = values(families(state_of(REGION), FACTS)[0])
    stages = {"build", "test", "deploy"}
    assert {key[1:] for key in shown if key[0] == "lumen_stage_failed_total"} == {
        (stage, cause) for stage in stages for cause in CLASSES
    }
    assert {key[1] for key in shown if key[0] == "lumen_stage_success_total"} == stages


def test_the_latest_stages_are_gauges_and_a_cancelled_one_is_neither_good_nor_bad() -> None:
    shown = values(families(state_of(REGION), FACTS)[0])
    assert {key[1]: value for key, value in shown.items() if key[0] == "lumen_pipeline_success"} == {
        "build": 1,
        "test": 0,
    }
    assert {key: value for key, value in shown.items() if key[0] == "lumen_pipeline_duration_seconds"} == {
        ("lumen_pipeline_duration_seconds", "build"): 1.5
    }


def test_times_are_seconds() -> None:
    shown = values(families(state_of(REGION), FACTS)[0])
    assert shown["lumen_pipeline_last_run_timestamp",] == 1_700_000_000.5
    assert shown["lumen_series_start_timestamp_seconds",] == 1_600_000_000


def test_the_closer_counts_decided_days() -> None:
    days = tuple(
        DayState(f"2024-01-0{number}", outcome)
        for number, outcome in enumerate([Outcome.SUCCESS, Outcome.SUCCESS, Outcome.MISSING, None], start=1)
    )
    shown = values(families(state_of(days=days), FACTS)[-1])
    assert {key[1]: value for key, value in shown.items() if key[0] == "lumen_days_total"} == {
        "success": 2,
        "failure": 0,
        "missing": 1,
    }


def test_the_closer_says_who_published_from_which_head() -> None:
    shown = values(families(state_of(), FACTS)[-1])
    assert shown["lumen_ledger_seq",] == 41
    assert shown["lumen_build_info", "1.2.3"] == 1
    assert shown["lumen_consecutive_failures_threshold",] == 2


def test_a_check_is_shown_only_when_known() -> None:
    unknown = values(families(state_of(), FACTS)[-1])
    known = values(families(state_of(checks={"integrity": Outcome.FAILURE, "report": Outcome.SUCCESS}), FACTS)[-1])
    names = {("lumen_remote_integrity_ok",), ("lumen_report_generated",)}
    assert names.isdisjoint(unknown)
    assert {name: known[name] for name in names} == {("lumen_remote_integrity_ok",): 0, ("lumen_report_generated",): 1}


def test_a_verification_says_when_how_thoroughly_and_what_it_found() -> None:
    pipeline = PipelineState(
        "nightly",
        checks={"integrity": Outcome.ERROR, "restore": Outcome.SUCCESS},
        examined={
            "integrity": Examined(1_700_000_000_500, "unverifiable", 1),
            "restore": Examined(1_700_000_001_000, "ok", 3),
        },
    )
    shown = values(families(State(pipelines={"nightly": pipeline}), FACTS)[-1])
    assert {key: value for key, value in shown.items() if key[0].startswith(("lumen_remote_", "lumen_restore_"))} == {
        ("lumen_remote_integrity_ok",): 0,
        ("lumen_remote_integrity_verdict", "ok"): 0,
        ("lumen_remote_integrity_verdict", "mismatch"): 0,
        ("lumen_remote_integrity_verdict", "unverifiable"): 1,
        ("lumen_remote_integrity_verdict", "missing"): 0,
        ("lumen_remote_verify_level",): 1,
        ("lumen_remote_verify_timestamp_seconds",): 1_700_000_000.5,
        ("lumen_restore_ok",): 1,
        ("lumen_restore_drill_timestamp_seconds",): 1_700_000_001,
    }


def test_a_check_without_a_verdict_takes_back_the_verdict_of_the_one_before() -> None:
    shown = values(families(state_of(checks={"integrity": Outcome.FAILURE}), FACTS)[-1])
    assert {key: value for key, value in shown.items() if key[0].startswith("lumen_remote_")} == {
        ("lumen_remote_integrity_ok",): 0,
        **{("lumen_remote_integrity_verdict", verdict.value): 0 for verdict in Verdict},
    }


def test_the_verdicts_are_those_of_verifying() -> None:
    assert set(VERDICTS) == {verdict.value for verdict in Verdict}


def test_objectives_and_planned_runs_are_shown_only_when_configured() -> None:
    facts = replace(FACTS, objectives={"run": 0.99, "day": 0.95}, expected_runs_per_day=24)
    bare, configured = (values(families(state_of(), given_facts)[-1]) for given_facts in (FACTS, facts))
    assert configured.items() - bare.items() == {
        (("lumen_slo_objective_ratio", "run"), 0.99),
        (("lumen_slo_objective_ratio", "day"), 0.95),
        (("lumen_expected_runs_per_day",), 24),
    }


counts = st.integers(0, 10**6)
regions = st.builds(
    lambda success, failed: RegionState("eu", runs=success + sum(failed.values()), success=success, failed=failed),
    counts,
    st.dictionaries(st.sampled_from(ErrorClass), counts),
)


@given(regions)
def test_success_and_failures_of_all_classes_add_up_to_the_runs(region: RegionState) -> None:
    shown = values(families(state_of(region), FACTS)[0])
    failed = sum(value for key, value in shown.items() if key[0] == "lumen_runs_failed_total")
    assert shown["lumen_runs_success_total",] + failed == shown["lumen_runs_total",] == region.runs


def test_no_counter_carries_what_changes_with_every_run() -> None:
    allowed = {"error_class", "stage", "outcome", "decision", "from", "to"}
    for group in families(state_of(REGION), FACTS):
        for family in group.families:
            if family.type == "counter":
                assert {label for sample in family.samples for label in sample.labels} <= allowed


def test_counters_are_named_total_and_gauges_are_not() -> None:
    assert {name.endswith("_total") for name, (kind, _) in CATALOGUE.items() if kind == "counter"} == {True}
    assert {name.endswith("_total") for name, (kind, _) in CATALOGUE.items() if kind == "gauge"} == {False}
