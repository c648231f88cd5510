"""What became of retries in a step, and what did without them."""

from __future__ import annotations

from facts import HOUR, NOON, fact

from lumen_action.model import Fact, Kind, Outcome
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.state import RegionState, State


def folded(*facts: Fact) -> State:
    return fold(collect(facts), now_ms=NOON + HOUR, calendar=Calendar())


def region(*facts: Fact) -> RegionState:
    return folded(*facts).pipelines["nightly"].regions["eu"]


def test_only_the_first_try_of_the_first_attempt_is_a_first_try() -> None:
    state = region(
        fact("build", run="1"),
        fact("build", run="2", tries=2),
        fact("build", run="3", attempt=2),
        fact("build", Outcome.FAILURE, run="4"),
    )
    assert state.first_try == {"build": 1}
    assert state.stage_success == {"build": 3}


def test_the_last_retry_ends_as_its_stage_and_those_before_it_failed() -> None:
    state = region(
        fact("build", run="1", tries=3),
        fact("build", Outcome.FAILURE, run="2", tries=3),
        fact("build", Outcome.TIMEOUT, run="3", tries=2),
        fact("build", run="4"),
    )
    assert state.retries == {
        ("build", Outcome.SUCCESS): 1,
        ("build", Outcome.FAILURE): 3,
        ("build", Outcome.TIMEOUT): 1,
    }


def test_the_facts_of_failed_tries_are_evidence_and_count_nothing() -> None:
    stage = fact("build", tries=2)
    assert region(stage, fact("build.1", Outcome.FAILURE, kind=Kind.RERUN)) == region(stage)


def test_a_stage_that_was_never_tried_again_has_its_series_at_0() -> None:
    first, _ = families(folded(fact("build")), PublishFacts("1.2.3", 1))
    (retries,) = [family for family in first.families if family.name == "lumen_stage_retries_total"]
    assert [(sample.labels["outcome"], sample.value) for sample in retries.samples] == [
        ("success", 0),
        ("failure", 0),
        ("timeout", 0),
        ("cancelled", 0),
    ]
