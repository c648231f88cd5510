"""Whatever comes when: no counter of a later publish is below that of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from facts import HOUR, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import ErrorClass, Fact, Outcome
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.closing import closings
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import Collected, collect, fold
from lumen_action.sli.schedule import Cron, Schedule
from lumen_action.sli.tally import tally

DAY = 24 * HOUR
DAILY = Schedule((Cron.parse("0 3 * * *"),))
# A day of 23 hours, of 25, of 23.5 and 24.5, none at all, and a zone that never moves its clocks.
TURNS = {
    "Europe/Berlin in spring": ("Europe/Berlin", "2026-03-28"),
    "Europe/Berlin in autumn": ("Europe/Berlin", "2026-10-24"),
    "New York in spring": ("America/New_York", "2026-03-07"),
    "New York in autumn": ("America/New_York", "2026-10-31"),
    "Lord Howe in spring": ("Australia/Lord_Howe", "2026-10-03"),
    "Lord Howe in autumn": ("Australia/Lord_Howe", "2026-04-04"),
    "Apia without the 30th": ("Pacific/Apia", "2011-12-29"),
    "Seoul": ("Asia/Seoul", "2026-06-30"),
}

Series = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Arrival:
    """A fact and when the ledger gets it: later than it was observed when it waited in a spool."""

    fact: Fact
    at_ms: int


@dataclass(frozen=True)
class World:
    """A pipeline's zone, the instant at which its story begins, and what comes when."""

    calendar: Calendar
    arrivals: Sequence[Arrival]
    publishes: Sequence[int]

    def counters(self, schedule: Schedule | None = None) -> list[Mapping[Series, float]]:
        """Publish as the publisher does: what closed days say is put on record first."""
        facts: Collected = {}
        shown = []
        for now_ms in sorted(self.publishes):
            facts = collect((each.fact for each in self.arrivals if each.at_ms <= now_ms), facts)
            found = tally(facts.values())
            told = closings("nightly", found, schedule=schedule, calendar=self.calendar, now_ms=now_ms)
            facts = collect(told, facts)
            shown.append(_counters(facts, now_ms, self.calendar))
        return shown


def _counters(facts: Collected, now_ms: int, calendar: Calendar) -> Mapping[Series, float]:
    state = fold(facts, now_ms=now_ms, calendar=calendar)
    return {
        (family.name, tuple(sorted({**group.labels, **sample.labels}.items()))): sample.value
        for group in families(state, PublishFacts("1", len(facts)))
        for family in group.families
        if family.type == "counter"
        for sample in family.samples
    }


def _fallen(shown: Sequence[Mapping[Series, float]]) -> list[tuple[Series, float, float | None]]:
    """Return what was shown once and is less, or gone, in the next publish."""
    return [
        (series, was, now.get(series))
        for before, now in pairwise(shown)
        for series, was in before.items()
        if now.get(series, -1.0) < was
    ]


@st.composite
def worlds(draw: st.DrawFn, *, late: bool) -> World:
    """Draw runs that begin around a change of the clocks, with legs, regions and attempts up to 30 days later."""
    zone, day = TURNS[draw(st.sampled_from(sorted(TURNS)))]
    calendar = Calendar(ZoneInfo(zone))
    begin = int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    arrivals = []
    for run in range(draw(st.integers(1, 4))):
        created = begin + draw(st.integers(0, 4 * DAY))
        for _ in range(draw(st.integers(1, 4))):
            attempt = draw(st.integers(1, 3))
            ended = created + draw(st.integers(0, 30 * HOUR)) + (attempt - 1) * draw(st.integers(0, 15)) * DAY
            made = fact(
                draw(st.sampled_from(["run", "run", "build"])),
                draw(st.sampled_from(list(Outcome))),
                run=str(run),
                region=draw(st.sampled_from(["eu", "ap"])),
                attempt=attempt,
                leg=draw(st.sampled_from(["", "linux"])),
                at=ended,
                # A job that could not ask when its run was created names the day on which it ran.
                day=calendar.day_of(draw(st.sampled_from([created, ended]))),
                cause=draw(st.sampled_from([ErrorClass.NETWORK, ErrorClass.BUILD])),
            )
            arrivals.append(Arrival(made, ended + (draw(st.integers(0, 20 * DAY)) if late else 0)))
    # The second account of a job is a conflict, which is not in the fold.
    once = {each.fact.key: each for each in reversed(arrivals)}
    publishes = draw(st.lists(st.integers(begin, begin + 60 * DAY), min_size=2, max_size=5, unique=True))
    return World(calendar, list(once.values()), publishes)


@given(worlds(late=False), st.sampled_from([None, DAILY]))
def test_no_counter_falls_while_facts_come_in_the_order_of_their_observation(
    world: World, schedule: Schedule | None
) -> None:
    assert not _fallen(world.counters(schedule))


_OF_FACTS = ("lumen_runs_total", "lumen_stage_success_total", "lumen_stage_failed_total", "lumen_attempts_total")


@given(worlds(late=True))
def test_what_counts_facts_never_falls_whatever_comes_when(world: World) -> None:
    assert [series for series, *_ in _fallen(world.counters()) if series[0] in _OF_FACTS] == []


@pytest.mark.parametrize("turn", TURNS)
def test_a_late_region_turns_a_lost_day_by_a_correction(turn: str) -> None:
    zone, day = TURNS[turn]
    calendar = Calendar(ZoneInfo(zone))
    noon = int(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    lost = Arrival(fact(outcome=Outcome.FAILURE, region="eu", at=noon, day=day), noon)
    won = Arrival(fact(region="ap", at=noon + HOUR, day=day), noon + 20 * DAY)
    closed = calendar.closes_ms(day)
    world = World(calendar, [lost, won], [closed - 1, closed, noon + 30 * DAY])
    assert [_days(shown) for shown in world.counters()] == [
        {},
        {"failure": 1},
        {"failure": 1, "failure to success": 1},
    ]


def _days(shown: Mapping[Series, float]) -> Mapping[str, float]:
    found = {}
    for (name, labels), value in shown.items():
        said = dict(labels)
        if name == "lumen_days_total":
            found[said["outcome"]] = value
        elif name == "lumen_days_corrected_total":
            found[f"{said['from']} to {said['to']}"] = value
    return {name: value for name, value in found.items() if value}
