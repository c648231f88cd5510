"""Ledgers of which the truth is known, filled as life would fill them, and every number that comes of them.

The truth is worked out here from what happened, with nothing but whole numbers, and by nothing that is tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from math import comb
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from facts import fact
from promises import DAY_MS, HOUR_MS, calendar, counts_of, promise, rolling

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.measuring import Places, measure
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Schedule
from lumen_action.slo.evaluation import Evaluation, Judgement
from lumen_action.slo.objective import Budgeting, Events, Slo
from lumen_action.totals import Totals, put_on_record

BERLIN = ZoneInfo("Europe/Berlin")
CALENDAR = Calendar(BERLIN)
GRACE_MS = 6 * HOUR_MS
GOOD, BAD, GONE, SKIPPED = Outcome.SUCCESS, Outcome.FAILURE, Outcome.CANCELLED, Outcome.SKIPPED
SCHEDULE = Schedule(times=(time(2),), holidays=frozenset({"2026-03-25", "2026-10-21"}))
STAGES = ("build", "test")
IDLE = range(8, 13)
STARTS = (("nightly", "02:10"), ("release", "00:00"), ("release", "09:30"), ("release", "17:45"))
TARGETS = (0.8, 0.95)
BURN_WINDOWS = {"1h": HOUR_MS, "6h": 6 * HOUR_MS, "1d": DAY_MS, "3d": 3 * DAY_MS, "7d": 7 * DAY_MS}


@cache
def clock(day: str, at: str) -> int:
    return int(datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=BERLIN).timestamp() * 1000)


def days_from(first: str, count: int) -> list[str]:
    return [(date.fromisoformat(first) + timedelta(days=day)).isoformat() for day in range(count)]


@cache
def midnights(day: str) -> tuple[int, int]:
    return clock(day, "00:00"), clock(days_from(day, 2)[1], "00:00")


@dataclass(frozen=True)
class Attempt:
    """One attempt of a run in a region, the day its facts name, and how often its last stage was tried."""

    outcome: Outcome
    ended_ms: int
    named_day: str
    seconds: int | None = 60
    tries: int = 1
    trust: Trust = Trust.TRUSTED


@dataclass(frozen=True)
class Life:
    """All attempts of a run in a region, the first one first."""

    pipeline: str
    run: str
    region: str
    attempts: tuple[Attempt, ...]

    @property
    def day(self) -> str:
        return self.attempts[0].named_day

    def until(self, now_ms: int) -> list[tuple[int, Attempt]]:
        """Return the attempts that were reported and may count, with their numbers."""
        told = enumerate(self.attempts, 1)
        return [(n, each) for n, each in told if each.ended_ms <= now_ms and each.trust is Trust.TRUSTED]

    def within_day(self, at_ms: int) -> int:
        first, last = midnights(self.day)
        return max(first + 1, min(last, at_ms))

    def facts(self) -> Iterator[Fact]:
        for number, each in enumerate(self.attempts, 1):
            about = {
                "run": self.run,
                "region": self.region,
                "attempt": number,
                "day": each.named_day,
                "pipeline": self.pipeline,
                "trust": each.trust,
            }
            for place, stage in enumerate(STAGES):
                last = stage == STAGES[-1]
                outcome, tries = (each.outcome, each.tries) if last else (GOOD, 1)
                yield fact(stage, outcome, at=each.ended_ms - len(STAGES) + place, tries=tries, **about)
            took_ms = None if each.seconds is None else each.seconds * 1000
            yield fact("run", each.outcome, at=each.ended_ms, duration_ms=took_ms, **about)


def lives_of(first: str, chance: Random) -> list[Life]:
    """Three weeks with everything that happens, around the night in which clocks change."""
    lives: list[Life] = []
    for number, day in enumerate(days_from(first, 21)):
        if number not in IDLE:
            for pipeline, hour in STARTS:
                at_ms, name = clock(day, hour), f"{pipeline}-{day}-{hour}"
                lives += [life(pipeline, name, region, day, at_ms, chance) for region in ("eu", "us")]
    return lives


def life(pipeline: str, name: str, region: str, day: str, at_ms: int, chance: Random) -> Life:
    """Draw what becomes of a run."""
    late_ms = 23 * HOUR_MS if region == "us" and chance.random() < 0.2 else 5 * 60_000
    ended_ms, after = at_ms + late_ms, days_from(day, 3)
    outcome = chance.choice([GOOD, GOOD, GOOD, BAD, GONE, SKIPPED])
    first = Attempt(outcome, ended_ms, day, chance.choice([30, 60, 600, None]), chance.choice([1, 1, 2]))
    how = chance.randrange(8)
    attempts: tuple[Attempt, ...] = (first,)
    if how == 0:  # run again at once
        attempts = (first, Attempt(chance.choice([GOOD, BAD, GONE]), ended_ms + HOUR_MS, day, 45))
    elif how == 1:  # run again two days later, and the facts name the day that it is then
        attempts = (first, Attempt(chance.choice([GOOD, BAD]), ended_ms + 2 * DAY_MS, after[2], 45))
    elif how == 2:  # again and again
        again = (Attempt(chance.choice([GOOD, BAD]), ended_ms + n * HOUR_MS, after[n % 2], 50) for n in (1, 2, 3))
        attempts = (first, *again)
    elif how == 4:  # run again two days later under the day on which it was created
        attempts = (first, Attempt(chance.choice([GOOD, BAD]), ended_ms + 2 * DAY_MS, day, 45))
    elif how == 3:
        return Life(pipeline, f"fork-{name}", region, (replace(first, trust=Trust.FORK),))
    return Life(pipeline, name, region, attempts)


@dataclass(frozen=True)
class World:
    """What happened by now, and the events that it amounts to."""

    lives: Sequence[Life]
    now_ms: int

    def seen(self, pipeline: str, region: str = "") -> list[tuple[Life, list[tuple[int, Attempt]]]]:
        chosen = (each for each in self.lives if pipeline in ("", each.pipeline) and region in ("", each.region))
        return [(each, told) for each in chosen if (told := each.until(self.now_ms))]

    def decided(self, pipeline: str, region: str = "") -> Iterator[tuple[int, list[Attempt], Attempt]]:
        """Yield the runs that count: when, the attempts that do, and the latest one whether it does or not."""
        for each, told in self.seen(pipeline, region):
            counted = [attempt for _, attempt in told if attempt.outcome in (GOOD, BAD)]
            if counted:
                yield each.within_day(counted[0].ended_ms), counted, told[-1][1]

    def runs(self, pipeline: str, region: str = "") -> list[tuple[int, bool]]:
        return [(at_ms, counted[-1].outcome is GOOD) for at_ms, counted, _ in self.decided(pipeline, region)]

    def durations(self, pipeline: str, most: int) -> list[tuple[int, bool]]:
        latest = [
            (at_ms, last if last.outcome in (GOOD, BAD) else counted[0])
            for at_ms, counted, last in self.decided(pipeline)
        ]
        return [(at_ms, each.seconds <= most) for at_ms, each in latest if each.seconds is not None]

    def stages(self, pipeline: str, *names: str, first_try: bool = False) -> list[tuple[int, bool]]:
        events = []
        for each, told in self.seen(pipeline):
            for number, attempt in told:
                for place, stage in enumerate(STAGES):
                    last = stage == STAGES[-1]
                    outcome = attempt.outcome if last else GOOD
                    if stage in names and outcome in (GOOD, BAD):
                        at_once = number == 1 and (not last or attempt.tries == 1)
                        at_ms = each.within_day(attempt.ended_ms - len(STAGES) + place)
                        events.append((at_ms, outcome is GOOD and (at_once or not first_try)))
        return events

    def days(self, pipeline: str) -> list[tuple[int, bool]]:
        events = []
        seen = self.seen(pipeline)
        first = min((each.day for each, _ in seen), default="9")
        for day in days_from("2026-03-01", 300):
            begin_ms, end_ms = midnights(day)
            of_day = [attempt for each, told in seen if each.day == day for _, attempt in told]
            won = any(attempt.outcome is GOOD and attempt.ended_ms <= end_ms + GRACE_MS for attempt in of_day)
            counted = any(attempt.outcome in (GOOD, BAD) for attempt in of_day)
            missing = not of_day and first <= day and day not in SCHEDULE.holidays
            if won or (end_ms + GRACE_MS <= self.now_ms and (counted or missing)):
                events.append((begin_ms + 1, won))
        return events

    def freshness(self, pipeline: str, most_ms: int) -> list[tuple[int, bool]]:
        won: list[int] = []
        for _, told in self.seen(pipeline):
            won += [attempt.ended_ms for _, attempt in told if attempt.outcome is GOOD][:1]
        hours = range(0, self.now_ms + 1, HOUR_MS)[-24 * 40 :]
        return [(at, at - max(m for m in won if m <= at) <= most_ms) for at in hours if any(m <= at for m in won)]

    def newest(self, pipeline: str, region: str = "") -> int:
        return max(told[-1][1].ended_ms for _, told in self.seen(pipeline, region))


def chance_of(bad: int, total: int, share: Fraction) -> Fraction:
    """Return how likely at most so many are bad in a pipeline that only just misses its target."""
    return sum((comb(total, n) * (1 - share) ** n * share ** (total - n) for n in range(bad + 1)), Fraction(0))


def told_of(
    events: Sequence[tuple[int, bool]], window: tuple[int, int, int], target: float, width_ms: int
) -> dict[str, Any]:
    """Return what an evaluation has to say of events that take so long, of which all has to be in the window."""
    begin_ms, now_ms, closes_ms = window
    share = Fraction(str(target))
    inside = [(at_ms, good) for at_ms, good in events if begin_ms <= at_ms - width_ms and at_ms <= now_ms]
    total, bad = len(inside), sum(not good for _, good in inside)
    allowed = (1 - share) * total
    status = "exhausted" if bad and bad >= allowed else "warning" if (allowed - bad) * 5 <= allowed else "healthy"
    burn = {}
    for name, length in BURN_WINDOWS.items():
        if length < closes_ms - begin_ms:
            some = [good for at_ms, good in inside if at_ms > now_ms - length]
            burn[name] = some.count(False) / len(some) / (1 - target) if some else None
    recovers_ms = None
    if total and status == "exhausted":
        gone = sorted(at_ms for at_ms, good in inside if not good)
        # So many of the oldest have to leave that fewer than allowed remain.
        leaving = next(n for n in range(bad + 1) if bad - n < allowed)
        leaves_ms = gone[leaving - 1] - width_ms + 1 + now_ms - begin_ms
        recovers_ms = leaves_ms if closes_ms == now_ms else closes_ms
    shown = total > bad and bad <= allowed and chance_of(bad, total, share) <= Fraction(1, 20)
    return {
        "window": window,
        "total": total,
        "bad": bad,
        "allowed": allowed,
        "status": status if total else "no_data",
        "burn": burn,
        "recovers": recovers_ms,
        "met": shown,
        "violated": bad > allowed and (allowed >= 1 or surely_over(bad, total, target)),
    }


def surely_over(bad: int, total: int, target: float) -> bool:
    """Tell whether a ratio is over what is allowed even where luck was bad, by the test that Wilson's bound inverts."""
    miss = 1 - target
    return (bad / total - miss) ** 2 > 1.6449**2 * miss * (1 - miss) / total


def said_by(found: Evaluation) -> dict[str, Any]:
    span = found.span
    return {
        "window": (span.begin_ms, span.end_ms, span.closes_ms),
        "total": found.total,
        "bad": found.bad,
        "allowed": found.budget.allowed,
        "status": found.status.value,
        "burn": {each.window: each.rate and pytest.approx(each.rate) for each in found.burns[:-1]},
        "recovers": found.outlook.recovers_ms,
        "met": found.judgement is Judgement.MET,
        "violated": found.judgement is Judgement.VIOLATED,
    }


@dataclass
class Filling:
    """A ledger that is filled up to a moment, as facts come in."""

    ledger: SqliteLedger
    waiting: list[Fact]

    def up_to(self, now_ms: int) -> None:
        self.waiting.sort(key=lambda each: -each.observed_at_ms)
        while self.waiting and self.waiting[-1].observed_at_ms <= now_ms:
            self.ledger.put(self.waiting.pop())


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = SqliteLedger(tmp_path / "ledger.db", durable=True)
    yield opened
    opened.close()


def places(ledger: SqliteLedger) -> Places:
    def nowhere(_: object) -> Any:  # noqa: ANN401 - nothing comes of it
        raise AssertionError("no Prometheus is part of this")

    return Places(lambda: ledger, CALENDAR, lambda *_: None, Path(), nowhere, nowhere, SCHEDULE)


def windows_at(now_ms: int) -> list[tuple[Any, int, int]]:
    """Return windows with their begin and end, the calendar's ones by other means than dates."""
    day = datetime.fromtimestamp(now_ms / 1000, BERLIN).date()
    monday = (day - timedelta(days=day.weekday())).isoformat()
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return [
        (rolling("30d"), now_ms - 30 * DAY_MS, now_ms),
        (rolling("4d"), now_ms - 4 * DAY_MS, now_ms),
        (calendar("1d", "2026-01-01", "Europe/Berlin"), *midnights(day.isoformat())),
        (
            calendar("1w", "2026-01-05", "Europe/Berlin"),
            clock(monday, "00:00"),
            clock(days_from(monday, 8)[-1], "00:00"),
        ),
        (
            calendar("1M", "2026-01-01", "Europe/Berlin"),
            clock(first.isoformat(), "00:00"),
            clock(following.isoformat(), "00:00"),
        ),
    ]


def questions(world: World) -> list[tuple[Slo, list[tuple[int, bool]], int]]:
    """Return objectives of every kind with their events and what was last heard."""
    asked = []

    def ask(events: list[tuple[int, bool]], pipeline: str, region: str = "", **more: Any) -> None:  # noqa: ANN401 - passed on
        kind = more.pop("kind")
        sliced = more.pop("sliced", {})
        source = counts_of(kind, pipeline, region=region, **more)
        name = f"{kind.value} {pipeline} {region} {more}"
        slo = promise(*TARGETS, name=name, source=source, **sliced)
        asked.append((slo, events, world.newest(pipeline, region)))

    for pipeline in ("nightly", "release", ""):
        ask(world.runs(pipeline), pipeline, kind=Events.RUN)
        ask(world.runs(pipeline, "us"), pipeline, "us", kind=Events.RUN)
        ask(world.stages(pipeline, *STAGES), pipeline, kind=Events.STAGE)
        ask(world.stages(pipeline, "test"), pipeline, kind=Events.STAGE, stage="test")
        ask(world.stages(pipeline, *STAGES, first_try=True), pipeline, kind=Events.FIRST_TRY)
        ask(world.durations(pipeline, 60), pipeline, kind=Events.DURATION, at_most_seconds=60)
        hours = {"budgeting": Budgeting.TIMESLICES, "slice_target": 1, "slice_window": "1h"}
        fresh = world.freshness(pipeline, 30 * HOUR_MS)
        ask(fresh, pipeline, kind=Events.FRESHNESS, at_most_seconds=30 * 3600, sliced=hours)
    ask(world.days("nightly"), "nightly", kind=Events.DAY)
    return asked


@pytest.mark.parametrize("first", ["2026-03-16", "2026-10-12"])  # clocks change on day 13
@pytest.mark.parametrize("seed", [1, 2])
def test_every_number_is_the_truth_at_every_moment(ledger: SqliteLedger, first: str, seed: int) -> None:
    chance = Random(f"{first} {seed}")
    lives = lives_of(first, chance)
    facts = [each for life in lives for each in life.facts()]
    again = [each for each in facts if chance.random() < 0.1]
    filling = Filling(ledger, [*facts, *again, *disturbing(first)])
    for number, at in ((2, "03:00"), (7, "12:34"), (12, "23:59:59"), (13, "08:30"), (14, "00:00"), (22, "12:00")):
        now_ms = clock(days_from(first, 30)[number], at)
        filling.up_to(now_ms)
        world = World(lives, now_ms)
        known = questions(world)
        for window, begin_ms, closes_ms in windows_at(now_ms):
            asked = [(replace(slo, window=window), events, newest_ms) for slo, events, newest_ms in known]
            found = iter(measure([slo for slo, _, _ in asked], places(ledger), now_ms))
            for slo, events, newest_ms in asked:
                for target in TARGETS:
                    each = next(found)
                    width_ms = HOUR_MS if slo.budgeting is Budgeting.TIMESLICES else 1
                    truth = told_of(events, (begin_ms, now_ms, closes_ms), target, width_ms)
                    assert said_by(each) == truth, (slo.name, window, at)
                    assert each.newest_ms == newest_ms


def disturbing(first: str) -> list[Fact]:
    """Facts that count for nothing."""
    at, day = clock(first, "05:00"), first
    kinds = (Kind.CONFLICT, Kind.RERUN, Kind.NOTICE, Kind.CHECK, Kind.GATE)
    return [fact("run", BAD, run=f"none-{kind}", at=at, day=day, kind=kind) for kind in kinds]


def test_days_on_record_are_the_days_that_were_missed(ledger: SqliteLedger) -> None:
    lives = lives_of("2026-03-16", Random(3))
    filling = Filling(ledger, [each for life in lives for each in life.facts()])
    now_ms = clock("2026-04-06", "12:00")
    filling.up_to(now_ms)
    asked = [promise(0.8, source=counts_of(Events.DAY))]
    (before,) = measure(asked, places(ledger), now_ms)
    put_on_record(ledger, "nightly", Totals(ledger, "nightly").read().tallied, SCHEDULE, CALENDAR, now_ms)
    assert list(ledger.scan(pipeline="nightly", day="2026-03-26"))
    (after,) = measure(asked, places(ledger), now_ms)
    assert after == before
    assert before.bad >= 4


def test_a_pipeline_that_is_not_there_is_told_with_those_that_are(ledger: SqliteLedger) -> None:
    for name in ("release", "nightly"):
        ledger.put(fact(run=name, pipeline=name))
    (found,) = measure([promise(source=counts_of(pipeline="nightyl"))], places(ledger), clock("2026-01-03", "12:00"))
    assert (found.total, found.newest_ms) == (0, None)
    assert found.notes == ("the ledger has nothing of the pipeline `nightyl`; what it has: `nightly`, `release`",)


@pytest.mark.parametrize(("outcome", "status"), [(GOOD, "healthy"), (BAD, "exhausted")])
def test_one_run_in_total(ledger: SqliteLedger, outcome: Outcome, status: str) -> None:
    ledger.put(fact("run", outcome, day="2026-01-02"))
    (found,) = measure([promise(0.95)], places(ledger), clock("2026-01-03", "12:00"))
    assert (found.total, found.bad, found.status.value) == (1, int(outcome is BAD), status)


def test_a_run_that_was_begun_before_all_days_of_interest_is_found_by_its_name(ledger: SqliteLedger) -> None:
    begun, again = clock("2026-03-02", "12:00"), clock("2026-03-20", "12:00")
    ledger.put(fact("run", BAD, run="7", at=begun, day="2026-03-02"))
    ledger.put(fact("run", GOOD, run="8", at=begun, day="2026-03-19"))
    ledger.put(fact("run", GOOD, run="7", at=again, day="2026-03-20", attempt=2))
    (found,) = measure([promise(0.95, window=rolling("4d"))], places(ledger), clock("2026-03-20", "13:00"))
    assert (found.total, found.bad) == (1, 0)
    (whole,) = measure([promise(0.95)], places(ledger), clock("2026-03-20", "13:00"))
    assert (whole.total, whole.bad) == (2, 0)
