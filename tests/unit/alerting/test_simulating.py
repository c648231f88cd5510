"""The simulation agrees with looking at every second, and keeps what the rules promise."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.alerting.plotting import svg
from lumen_action.alerting.simulating import RULES, Pipeline, Simulation, alarms, detections, spread
from lumen_action.alerting.spans import Span, intersection, not_within, union
from lumen_action.alerting.watching import Fired, watch, watch_usually
from lumen_action.alerting.windows import LADDER, USUAL, threshold_in_a_row
from lumen_action.alerting.worlds import CALENDARS, DAY, Chance, World, in_outages, one_by_one
from lumen_action.slo.evidence import wilson_low

# Frequency and target of the table that the project answers for.
CELLS = [(1, 0.95), (4, 0.95), (24, 0.95), (24, 0.99), (100, 0.99), (500, 0.99), (24, 0.995), (500, 0.995)]
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda each: (each[0], sum(each))), max_size=8)


def chances(count: int) -> Iterator[Chance]:
    return (random.Random(seed).random for seed in range(count))


def seconds_of(spans: list[Span]) -> set[int]:
    return {second for start, end in spans for second in range(start, end)}


@given(SPANS, SPANS)
def test_spans_are_sets_of_seconds(these: list[Span], those: list[Span]) -> None:
    one, other = union(these), union(those)
    assert seconds_of(one) == seconds_of(these)
    assert all(before[1] < after[0] for before, after in pairwise(one))
    assert seconds_of(intersection(one, other)) == seconds_of(one) & seconds_of(other)
    kept = not_within(one, other)
    assert kept == [span for span in one if not seconds_of([span]) <= seconds_of(other)]


@pytest.mark.parametrize(
    ("runs_per_day", "target", "in_a_row"),
    [(1, 0.95, 2), (4, 0.95, 2), (24, 0.95, 3), (24, 0.99, 2), (100, 0.99, 2), (500, 0.99, 3), (500, 0.5, 5)],
)
def test_a_row_of_failures_is_no_chance_at_this_length(runs_per_day: int, target: float, in_a_row: int) -> None:
    assert threshold_in_a_row(runs_per_day, target) == in_a_row


def looked_at(world: World, target: float, in_a_row: int, now: int) -> tuple[bool, bool, bool, bool]:
    """Say whether our page, our ticket, the usual page and the usual ticket fire, counting everything anew."""

    def counted(seconds: int) -> tuple[int, int]:
        held = [position for position, time in enumerate(world.times) if now - seconds < time <= now]
        failed = sum(position in failures for failures in world.failed for position in held)
        return failed, len(held) * len(world.failed)

    rows = []
    ended = sum(time <= now for time in world.times)
    for failures in world.failed:
        row = 0
        while ended - row - 1 >= 0 and ended - row - 1 in failures:
            row += 1
        rows.append(row)
    ours, usual = {"page": False, "ticket": False}, {"page": False, "ticket": False}
    bad = 1 - target
    for rung in LADDER:
        failed, runs = counted(rung.long_seconds)
        proven = failed >= rung.failures and failed / runs > rung.factor * bad and wilson_low(failed, runs) > bad
        ours[rung.severity] |= proven and (counted(rung.short_seconds)[0] > 0 or max(rows) > 0)
    for rung in USUAL:
        (failed, runs), (now_failed, now_runs) = counted(rung.long_seconds), counted(rung.short_seconds)
        usual[rung.severity] |= bool(
            runs and now_runs and failed / runs > rung.factor * bad and now_failed / now_runs > rung.factor * bad
        )
    everywhere, anywhere = min(rows) >= in_a_row, max(rows) >= in_a_row
    return ours["page"] or everywhere, ours["ticket"] or anywhere, usual["page"], usual["ticket"]


def fires_at(fired: Fired, now: int) -> tuple[bool, bool]:
    page, ticket = (any(start <= now < end for start, end in spans) for spans in (fired.pages, fired.tickets))
    return page, ticket


@given(
    runs_per_day=st.sampled_from([1, 4, 24, 50]),
    target=st.sampled_from([0.9, 0.95, 0.99]),
    rate=st.sampled_from([0.05, 0.3, 1]),
    regions=st.integers(1, 2),
    calendar=st.sampled_from(sorted(CALENDARS)),
    seed=st.integers(0, 10**6),
)
def test_it_fires_exactly_when_a_look_at_that_second_says_so(
    runs_per_day: int, target: float, rate: float, regions: int, calendar: str, seed: int
) -> None:
    chance = random.Random(seed)
    times = CALENDARS[calendar].times(runs_per_day, 9)[: 8 * runs_per_day]
    world = World(times, [one_by_one(len(times), rate, chance.random) for _ in range(regions)])
    fired = {"ours": watch(world, target, 2), "usual": watch_usually(world, target)}
    spans = [span for each in fired.values() for span in (*each.pages, *each.tickets)]
    edges = {edge + side for span in spans for edge in span for side in (-1, 0)}
    for now in [*chance.sample(sorted(edges), min(12, len(edges))), *(chance.randrange(times[-1]) for _ in range(4))]:
        if not times[0] <= now < times[-1]:
            continue
        our_page, our_ticket, usual_page, usual_ticket = looked_at(world, target, 2, now)
        for rules, page, ticket in (("ours", our_page, our_ticket), ("usual", usual_page, usual_ticket)):
            paged, ticketed = fires_at(fired[rules], now)
            assert paged == page
            # A ticket that a page tells from its first to its last second is silent.
            assert ticket or not ticketed
            assert ticketed or page or not ticket


def test_an_alert_ends_between_two_runs_when_a_failure_leaves_its_window() -> None:
    times = [day * DAY for day in range(10)]
    assert watch_usually(World(times, [[4]]), 0.95).pages == [(4 * DAY, 4 * DAY + 1800)]
    # Three failures in seven days, not two in a row: a ticket for as long as the last run failed or is a day old.
    assert watch(World(times, [[2, 4, 6]]), 0.95, 2) == Fired([], [(6 * DAY, 7 * DAY)])


def test_one_region_failing_is_a_ticket_and_all_of_them_a_page() -> None:
    times = CALENDARS["always"].times(1, 60)
    one = World(times, [[40, 41], []])
    assert watch(one, 0.95, 2) == Fired([], [(41 * DAY, 42 * DAY)])
    both = World(times, [[40, 41], [40, 41]])
    assert watch(both, 0.95, 2).pages == [(41 * DAY, 42 * DAY)]


def test_a_silent_week_fires_nothing() -> None:
    assert watch(World([], [[]]), 0.99, 2) == Fired([], [])
    assert watch_usually(World([0, DAY], [[]]), 0.99) == Fired([], [])


def test_office_hours_are_five_days_from_eight_to_eighteen() -> None:
    times = CALENDARS["office"].times(4, 14)
    assert len(times) == 40
    assert {time // DAY % 7 for time in times} == {0, 1, 2, 3, 4}
    assert all(8 * 3600 <= time % DAY < 18 * 3600 for time in times)


@pytest.mark.parametrize("rate", [0.005, 0.05, 0.5])
def test_runs_fail_as_often_as_they_are_told_to(rate: float) -> None:
    runs = 200_000
    assert len(one_by_one(runs, rate, random.Random(1).random)) / runs == pytest.approx(rate, rel=0.1)
    times = CALENDARS["always"].times(500, 2000)
    failed = in_outages(times, rate, 3600, random.Random(1).random)
    assert failed == sorted(set(failed))
    assert len(failed) / len(times) == pytest.approx(rate, rel=0.1)
    assert one_by_one(3, 1, random.random) == in_outages(range(3), 1, 60, random.random) == [0, 1, 2]
    assert one_by_one(3, 0, random.random) == in_outages(range(3), 0, 60, random.random) == []


def test_outages_are_stretches_of_runs() -> None:
    times = CALENDARS["always"].times(24, 365)
    failed = in_outages(times, 0.05, 5 * 3600, random.Random(4).random)
    rows = "".join("x" if position in set(failed) else " " for position in range(len(times))).split()
    assert {len(row) for row in rows} == {5}


@pytest.mark.parametrize(("runs_per_day", "target"), CELLS)
def test_a_healthy_pipeline_is_hardly_paged_and_an_outage_is_within_three_runs(
    runs_per_day: int, target: float
) -> None:
    pipeline = Pipeline(runs_per_day, target)
    told = alarms(pipeline, pipeline.healthy_rate, 365, chances(5))
    assert told["ours"].page.mean < 0.2
    outage = detections(pipeline, 1, chances(20))["ours"].page
    assert outage.runs is not None
    assert outage.runs.high <= 3
    assert outage.share_within(3) == 1


def test_the_usual_windows_page_a_healthy_pipeline_every_other_day() -> None:
    pipeline = Pipeline(24, 0.95)
    assert alarms(pipeline, pipeline.healthy_rate, 365, chances(2))["usual"].page.mean > 15


def test_what_cannot_be_told_from_luck_is_not_told() -> None:
    told = detections(Pipeline(1, 0.5), 0.501, chances(3))
    assert told["usual"].page.runs is None
    assert told["usual"].page.share == 0
    assert told["usual"].page.share_within(10**6) == 0


def test_a_spread_is_the_mean_and_what_95_of_100_lie_between() -> None:
    values = spread(range(101))
    assert (values.mean, values.low, values.high) == (50, 2, 98)
    assert spread([7]).low == spread([7]).high == 7


def test_the_same_chance_gives_the_same_world() -> None:
    pipeline = Pipeline(24, 0.95, regions=2, calendar="office", outage_seconds=7200)
    once, again = (alarms(pipeline, 0.1, 60, chances(3)) for _ in range(2))
    assert once == again
    assert once["ours"].page.mean > 0


@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_the_drawing_is_xml_that_says_in_words_what_it_shows(rate: float) -> None:
    pipeline = Pipeline(4, 0.95)
    healthy = alarms(pipeline, pipeline.healthy_rate, 60, chances(2))
    outage = detections(pipeline, 1, chances(4))
    burn = detections(pipeline, rate, chances(4)) if rate > 0.05 else None
    drawn = svg(Simulation(pipeline, rate, 60, 60, 2, 4, healthy, healthy, outage, burn), {1: healthy, 500: healthy})
    root = ET.fromstring(drawn)  # noqa: S314 - made here
    named = {element.attrib["id"]: element.text or "" for element in root if "id" in element.attrib}
    assert root.attrib["aria-labelledby"].split() == list(named) == ["title", "what"]
    assert "4 runs a day, target 95 %" in named["title"]
    assert "Lumen after 2.0 runs, usual windows after 1.0 runs" in named["what"]
    lines = [element.attrib["class"] for element in root.iter() if element.attrib.get("class", "").startswith("line")]
    assert lines.count("line ours burn") == (2 if burn else 0)
    assert all(f"line {rules}" in lines for rules in RULES)
    assert not re.search(r"\b(nan|inf)\b|href|<script", drawn)
