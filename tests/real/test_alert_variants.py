"""The same alerts from runs that are samples of their own, and from a Pushgateway that is the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lives import HOUR, Life
from ruletest import Given, samples, series
from scenarios import EVENTS, GATEWAY, LUMEN, Clock, Expectation, burn, fires, page, reads, ticket

STEP = 30
SAMPLES = Clock(minutes=36 * HOUR, step=STEP, rules=(EVENTS, LUMEN))
GROUPS = Clock(minutes=36 * HOUR, step=STEP, rules=(GATEWAY, LUMEN))


def outcomes(text: str) -> Iterator[tuple[int, str]]:
    """Return a run an hour."""
    for hour, sign in enumerate(text, start=1):
        yield hour * HOUR, "success" if sign == "." else "failure"


def as_samples(pipeline: str, text: str) -> Iterator[Given]:
    for outcome, error_class in (("success", ""), ("failure", "network")):
        at = {minute // STEP: 1 for minute, ended in outcomes(text) if ended == outcome}
        cause = {"error_class": error_class} if error_class else {}
        yield series("lumen_run_event", samples(at, 80), pipeline=pipeline, region="eu", outcome=outcome, **cause)


def as_groups(pipeline: str, text: str, region: str) -> Iterator[Given]:
    for minute, outcome in outcomes(text):
        labels = {"pipeline": pipeline, "region": region, "outcome": outcome, "attempt": "1", "day": "1"}
        yield series(
            "lumen_run_completed_timestamp_seconds",
            f"_x{minute // STEP} {minute * 60}x80",
            run=f"{minute}",
            **labels,
        )


@SAMPLES.story()
def samples_that_burn(p: Life) -> Iterator[Expectation]:
    p.beside(0, "lumen_slo_objective_ratio", 0.97, pipeline=p.pipeline, slo="run")
    p.beside(0, "lumen_expected_runs_per_day", 24, pipeline=p.pipeline)
    yield reads(26 * HOUR + 30, 'lumen:runs:count{window="1d"}', 24)
    yield reads(26 * HOUR + 30, 'lumen:runs_failed:count{window="1d"}', 2)
    yield reads(26 * HOUR + 30, "lumen:sli7d", 24 / 26)
    yield fires(26 * HOUR + 30)
    yield fires(27 * HOUR + 30, burn("1d"), burn("3d"), burn("7d"))
    yield fires(30 * HOUR + 30, burn("3d"), burn("7d"))


@SAMPLES.story()
def samples_without_an_objective(_: Life) -> Iterator[Expectation]:
    yield reads(27 * HOUR + 30, 'lumen:runs_failed:count{window="1d"}', 3)
    yield fires(27 * HOUR + 30)


def test_samples(promtool: str, tmp_path: Path) -> None:
    text = "." * 24 + "FFF" + "." * 3
    SAMPLES.agrees(
        promtool, tmp_path, [given for story in SAMPLES.stories for given in as_samples(story.life.pipeline, text)]
    )


@GROUPS.story()
def groups_that_fail_in_every_region(_: Life) -> Iterator[Expectation]:
    eu, us = (ticket("LumenRegionFailing", region=region) for region in ("eu", "us"))
    yield fires(11 * HOUR)
    yield fires(12 * HOUR, page("LumenPipelineFailing"), eu, us)
    yield fires(13 * HOUR, us)
    yield reads(12 * HOUR, 'lumen:runs:count{window="1d"}', 24)
    yield reads(12 * HOUR, 'lumen:runs_failed:count{window="1d"}', 4)
    yield reads(12 * HOUR, 'lumen:region_sli:ratio{window="7d"}', eu=10 / 12, us=10 / 12)


def test_groups(promtool: str, tmp_path: Path) -> None:
    name = GROUPS.stories[0].life.pipeline
    given = [*as_groups(name, "." * 10 + "FF.", "eu"), *as_groups(name, "." * 10 + "FFF", "us")]
    GROUPS.agrees(promtool, tmp_path, given)
