"""What an incident cost, exactly: runs, days and the part of each budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest
from brokenteam import MINUTE, BrokenTeam
from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.measuring import Places
from lumen_action.model import Outcome
from lumen_action.response.spending import Cost, Happened, Lost, costs_of, spent
from lumen_action.response.times import Time, times_of
from lumen_action.sli.days import Calendar
from lumen_action.slo.evaluation import Tick
from lumen_action.slo.objective import (
    About,
    Budgeting,
    CalendarWindow,
    Duration,
    Events,
    LedgerSource,
    Objective,
    RollingWindow,
    Slo,
)

DAY = 24 * HOUR
BAD, GOOD = Outcome.FAILURE, Outcome.SUCCESS
MIDNIGHT = NOON - 12 * HOUR


def slo(events: Events = Events.RUN, target: float = 0.9, pipeline: str = "nightly", **more: object) -> Slo:
    about = About(f"{pipeline}-{events.value}")
    window = RollingWindow(Duration(30, "d"))
    return Slo(about, pipeline, about, LedgerSource(events, pipeline), (Objective(target),), window, **more)  # type: ignore[arg-type]


def cost_of(team: BrokenTeam, *names: str, slos: Sequence[Slo] = (slo(),)) -> dict[str, Cost]:
    places = Places(
        ledger=lambda: team.ledger,
        calendar=Calendar(),
        planned=lambda _, __: None,
        folder=team.folder,
        prometheus=lambda _: pytest.fail("no Prometheus is asked"),
        tell=lambda _: None,
    )
    known = team.desk.all()
    return spent(known, names or [each.name for each in known], slos, places, team.now_ms)


@pytest.fixture
def team(tmp_path: Path) -> BrokenTeam:
    return BrokenTeam(tmp_path)


def test_runs_between_detection_and_resolution_are_lost(team: BrokenTeam) -> None:
    team.runs(GOOD, *(NOON - n * DAY for n in range(1, 17)))
    team.runs(BAD, NOON, NOON + HOUR, NOON + 2 * HOUR)
    team.runs(BAD, NOON + 6 * HOUR)
    team.runs(GOOD, NOON + 90 * MINUTE)
    team.now_ms = NOON + HOUR
    made = team.opened(detected_ms=NOON)
    team.met(made, Event.ACKNOWLEDGED)
    team.met(made, Event.RESOLVED, NOON + 2 * HOUR)
    team.now_ms = NOON + DAY

    cost = cost_of(team)[made.name]

    assert cost.runs == Lost(total=4, bad=3, own=3)
    # 20 runs of the 30 days up to the resolution: 16 before, and the 4 of its time.
    assert (cost.budgets[0].allowed, cost.budgets[0].share) == (Fraction(2), Fraction(3, 2))


def test_an_idle_span_costs_nothing(team: BrokenTeam) -> None:
    team.runs(GOOD, NOON - DAY)
    team.runs(BAD, NOON - HOUR, NOON + HOUR)
    made = team.closed(team.opened(), MINUTE)
    team.now_ms = NOON + 2 * HOUR

    cost = cost_of(team)[made.name]

    assert cost.runs == Lost()
    assert cost.budgets[0].share == 0


def test_one_that_goes_on_costs_up_to_now(team: BrokenTeam) -> None:
    made = team.opened()
    team.runs(BAD, NOON + HOUR, NOON + 2 * HOUR)
    team.now_ms = NOON + HOUR
    first = cost_of(team)[made.name].runs
    team.now_ms = NOON + 3 * HOUR

    assert (first.bad, cost_of(team)[made.name].runs.bad) == (1, 2)


def test_a_day_is_lost_by_what_went_on_in_any_hour_of_it_once_it_is_decided(team: BrokenTeam) -> None:
    team.runs(BAD, NOON - HOUR)
    made = team.closed(team.opened(), MINUTE)
    team.now_ms = NOON + 3 * HOUR
    before = cost_of(team)[made.name].days
    team.now_ms = NOON + 2 * DAY

    assert (before.bad, cost_of(team)[made.name].days.bad) == (0, 1)


def test_a_run_that_ended_after_midnight_is_lost_when_it_ended_whatever_day_it_counts_for(team: BrokenTeam) -> None:
    late = fact(outcome=BAD, run="late", at=MIDNIGHT + 20 * MINUTE, day="2026-01-01")
    team.ledger.put(late)
    team.now_ms = MIDNIGHT + HOUR
    made = team.opened(detected_ms=late.ended_ms)

    cost = cost_of(team)[made.name]

    assert (cost.runs, cost.budgets[0].lost, cost.failing_before) == (Lost(1, 1, 1), Lost(1, 1, 1), 1)


def test_midnight_is_of_the_day_that_begins(team: BrokenTeam) -> None:
    team.runs(BAD, MIDNIGHT - HOUR)
    team.now_ms = MIDNIGHT
    made = team.closed(team.opened(), MINUTE)
    team.now_ms = NOON + 2 * DAY

    assert cost_of(team)[made.name].days == Lost()


def test_one_that_a_rule_opened_for_a_lost_day_cost_that_day(team: BrokenTeam) -> None:
    team.runs(GOOD, NOON - DAY)
    team.runs(BAD, NOON, NOON + HOUR)
    team.now_ms = NOON + 30 * HOUR
    told = {"about": "2026-01-02"}
    made = team.opened("2026-01-02 was lost", by="rule:day-lost", told=told)
    odd = team.opened("odd", by="rule:day-lost", told={"about": "soon"})

    costs = cost_of(team, slos=[slo(Events.DAY)])

    assert (costs[made.name].runs, costs[made.name].days) == (Lost(2, 2, 2), Lost(1, 1, 1))
    assert costs[made.name].budgets[0].lost.bad == 1
    assert costs[odd.name].days == Lost()


def test_what_was_merged_over_another_gives_its_detection_too(team: BrokenTeam) -> None:
    team.runs(BAD, NOON + MINUTE)
    first = team.opened("first", detected_ms=NOON)
    team.now_ms = NOON + HOUR
    second, last = team.opened("second"), team.opened("last")
    team.met(first, Event.MERGED, into=second.name)
    team.met(second, Event.MERGED, into=last.name)

    assert cost_of(team)[last.name].runs.bad == 1


def test_slices_are_those_of_the_calendar_whichever_incidents_are_looked_at(team: BrokenTeam) -> None:
    week = CalendarWindow(Duration(1, "w"), datetime(2025, 12, 22), "UTC")  # noqa: DTZ001 - in the zone beside it
    sliced = slo(budgeting=Budgeting.TIMESLICES)
    objective = Objective(0.9, slice_target=0.9, slice_window=Duration(5, "h"))
    slos = [replace(sliced, window=week, objectives=(objective,))]
    # Of the week that begins at midnight on Monday the second slice begins at 05:00, and so do those of the next week.
    monday = MIDNIGHT - 4 * DAY
    team.runs(BAD, monday + 4 * HOUR, monday + 6 * HOUR, monday + 9 * HOUR, monday + 7 * DAY + 6 * HOUR)
    team.now_ms = monday + 4 * HOUR
    first = team.closed(team.opened("first"), HOUR)
    team.now_ms = monday + 7 * DAY + 6 * HOUR
    team.opened("a week later")
    team.now_ms += HOUR

    assert cost_of(team, slos=slos)[first.name].budgets[0].lost == Lost(total=2, bad=2, own=2)
    assert cost_of(team, first.name, slos=slos)[first.name].budgets[0].lost == Lost(total=2, bad=2, own=2)


def test_of_two_that_overlap_the_one_that_was_detected_first_owns_what_both_saw(team: BrokenTeam) -> None:
    team.runs(GOOD, *(NOON - n * HOUR for n in range(1, 9)))
    team.runs(BAD, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR)
    later = team.opened("later", detected_ms=NOON)
    team.now_ms = NOON + 30 * MINUTE
    earlier = team.opened("earlier", detected_ms=NOON - HOUR)
    for made in (earlier, later):
        team.met(made, Event.ACKNOWLEDGED)
    team.met(earlier, Event.RESOLVED, NOON + 2 * HOUR)
    team.met(later, Event.RESOLVED, NOON + 4 * HOUR)

    costs = cost_of(team)

    assert costs[earlier.name].runs == Lost(total=3, bad=2, own=2)
    assert costs[later.name].runs == Lost(total=3, bad=3, own=1)
    assert sum(each.budgets[0].lost.own for each in costs.values()) == 3
    assert cost_of(team, later.name)[later.name] == costs[later.name]


def test_a_duplicate_has_no_cost_and_gives_its_detection_to_the_one_that_stays(team: BrokenTeam) -> None:
    team.runs(BAD, NOON + MINUTE, NOON + HOUR)
    duplicate = team.opened("alert", detected_ms=NOON)
    team.now_ms = NOON + HOUR // 2
    stays = team.opened("outage")
    team.met(duplicate, Event.MERGED, into=stays.name)
    team.now_ms = NOON + 2 * HOUR

    costs = cost_of(team)

    assert duplicate.name not in costs
    assert costs[stays.name].runs.bad == 2


def test_a_false_alarm_costs_nothing(team: BrokenTeam) -> None:
    team.runs(BAD, NOON + MINUTE)
    made = team.opened()
    team.met(made, Event.FALSE_ALARM, NOON + HOUR)

    assert cost_of(team) == {}


def test_one_of_before_there_were_events_has_no_cost() -> None:
    assert times_of([replace(_incident(1), older=True)], ["nightly"], Calendar(), 1000) == []


def test_what_a_component_names_is_lost_too_and_another_pipeline_is_not(team: BrokenTeam) -> None:
    for name in ("nightly", "upload", "release"):
        team.runs(BAD, NOON + MINUTE, pipeline=name)
    made = team.opened(components=("upload", "disk of eu-west-1"))
    team.now_ms = NOON + HOUR

    cost = cost_of(team, slos=[slo(pipeline=name) for name in ("nightly", "upload", "release")])[made.name]

    assert cost.runs.bad == 2
    assert [each.name for each in cost.budgets] == ["nightly-run", "upload-run"]


def test_slices_of_time_are_counted_once_and_whole(team: BrokenTeam) -> None:
    team.runs(BAD, MIDNIGHT + 10 * MINUTE, MIDNIGHT + 20 * MINUTE, MIDNIGHT + 70 * MINUTE)
    team.now_ms = MIDNIGHT + 5 * MINUTE
    made = team.opened()
    team.now_ms = MIDNIGHT + 2 * HOUR

    (budget,) = cost_of(team, slos=[slo(budgeting=Budgeting.TIMESLICES)])[made.name].budgets

    assert budget.lost == Lost(total=2, bad=2, own=2)
    assert budget.allowed == Fraction(2, 10)


def test_runs_that_failed_in_a_row_before_the_opening_are_told(team: BrokenTeam) -> None:
    team.runs(BAD, NOON - 5 * HOUR, NOON - 3 * HOUR, NOON - 2 * HOUR, NOON + HOUR)
    team.runs(GOOD, NOON - 4 * HOUR)
    made = team.opened()

    assert cost_of(team)[made.name].failing_before == 2


TICKS = st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=40)
SPANS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), min_size=1, max_size=6)


@given(TICKS, SPANS)
def test_every_bad_event_in_any_span_is_owned_by_exactly_one(
    events: list[tuple[int, bool]], spans: list[tuple[int, int]]
) -> None:
    ticks = [Tick(at_ms, 1, int(bad)) for at_ms, bad in sorted(events)]
    times = sorted(
        (Time(_incident(n), begin, begin + long, frozenset({"nightly"})) for n, (begin, long) in enumerate(spans)),
        key=lambda time: (time.begin_ms, time.incident.name),
    )
    happened = Happened({(LedgerSource(Events.RUN, "nightly"), None): ticks}, Calendar(), lambda _, __: None)

    costs = costs_of(times, (), happened)

    bad = [tick.at_ms for tick in ticks if tick.bad]
    owners = {at: next((each for each in times if each.begin_ms <= at <= each.end_ms), None) for at in bad}
    for each in times:
        lost = costs[each.incident.name].runs
        assert lost.bad == sum(each.begin_ms <= at <= each.end_ms for at in bad)
        assert lost.own == sum(owners[at] is each for at in bad)
    assert sum(cost.runs.own for cost in costs.values()) == sum(owners[at] is not None for at in bad)


def test_time_runs_from_the_detection_to_the_last_resolution() -> None:
    (time,) = times_of([_incident(1, detected_ms=50, resolved_ms=90)], ["nightly"], Calendar(), 1000)

    assert (time.begin_ms, time.end_ms, time.pipelines) == (50, 90, {"nightly"})


def _incident(number: int, **more: int) -> Incident:
    times = {"opened_ms": 60, "detected_ms": 50, "ack_due_ms": 70, **more}
    return Incident(f"INC-{number}", "nightly", "late", Severity.SEV2, State.DETECTED, **times)  # type: ignore[arg-type]
