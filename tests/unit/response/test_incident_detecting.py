"""Incidents that rules open: each once, whoever looks and how often, and as of the fact that shows it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from evaluatedslo import DAY, HOUR, NOON, RUNS, evaluated
from facts import fact, failure, outage_of_old

from lumen_action.incidents.incident import Incident, LinkKind
from lumen_action.incidents.words import Event, Severity
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.response.detecting import LOOK_BACK_DAYS, RULES, Evidence, detect, open_spread, recent_facts
from lumen_action.response.incidents import Incidents, Opened
from lumen_action.settings import load_settings
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Schedule
from lumen_action.slo.evaluation import Evaluation, Tick

MINUTE = 60_000
CALENDAR = Calendar()
F = Outcome.FAILURE
TODAY = "2026-03-04"
AT_SIX = Schedule(times=(time(6),), patience_minutes=60)


class Watch:
    """A pipeline in a ledger that is looked at now and again."""

    def __init__(self, path: Path) -> None:
        self.ledger = SqliteLedger(path, durable=True)
        self.now_ms = NOON
        self.tokens = itertools.count()
        self.evaluations: tuple[Evaluation, ...] = ()
        self.schedule: Schedule | None = None

    def of(self, pipeline: str = "nightly") -> Incidents:
        return Incidents(self.ledger, pipeline, CALENDAR, lambda: self.now_ms, lambda: str(next(self.tokens)))

    def put(self, *facts: Fact) -> None:
        for each in facts:
            self.ledger.put(each)

    def look(self, *rules: str, pipeline: str = "nightly") -> list[Opened]:
        incidents = self.of(pipeline)
        evidence = Evidence(recent_facts(incidents), self.evaluations, self.schedule)
        return list(detect(incidents, rules or tuple(RULES), evidence))

    def opens(self, *rules: str) -> Incident:
        """Look until nothing is new; there is one incident, and looking again leaves it as it is."""
        (first,) = self.look(*rules)
        assert first.created
        assert self.look(*rules) == [Opened(first.incident, created=False)]
        end(self, first.incident)
        assert [each.created for each in self.look(*rules)] == [False]
        return first.incident


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    made = Watch(tmp_path / "ledger.db")
    yield made
    made.ledger.close()


def end(watch: Watch, incident: Incident) -> None:
    watch.of(incident.pipeline).happened(incident, Event.FALSE_ALARM, {"actor": "ann"})


def ran(number: int, at: int, outcome: Outcome = F, *, pipeline: str = "nightly") -> Fact:
    day = CALENDAR.day_of(at)
    return fact("run", outcome, run=str(number), at=at, day=day, pipeline=pipeline, kind=Kind.RUN)


def marked(facts: Iterable[Fact], mark: str = "f1") -> list[Fact]:
    return [replace(each, failure=replace(failure(), fingerprint=mark), url="https://ci.example/7") for each in facts]


def ended(day: str, kind: Kind = Kind.DAY) -> Fact:
    outcome = Outcome.MISSING if kind is Kind.MISSING else F
    return fact("nightly", outcome, run=day, day=day, at=CALENDAR.closes_ms(day), kind=kind)


def test_the_rules_are_those_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "lumen.yml").write_text(f"incidents:\n  open-on: [{', '.join(RULES)}]\n")
    assert load_settings({}, {}, tmp_path).incidents["open-on"] == tuple(RULES)


def test_nothing_is_opened_without_a_rule_or_without_a_reason(watch: Watch) -> None:
    watch.put(ended("2026-03-03"))
    assert watch.look("widespread") == []
    empty = Watch(watch.ledger.path.with_name("empty.db"))
    assert empty.look() == []
    empty.ledger.close()


class TestLostDays:
    @pytest.mark.parametrize(
        ("kind", "title"),
        [(Kind.DAY, "2026-03-03 was lost: no run succeeded"), (Kind.MISSING, "2026-03-03 was lost: no run reported")],
    )
    def test_a_day_that_closed_without_success(self, watch: Watch, kind: Kind, title: str) -> None:
        watch.put(ended("2026-03-03", kind))
        found = watch.opens("day-lost")
        assert (found.title, found.severity, found.opened_by) == (title, Severity.SEV3, "rule:day-lost")
        assert found.detected_ms == CALENDAR.closes_ms("2026-03-03") < found.opened_ms

    def test_it_leads_to_the_last_run_that_failed(self, watch: Watch) -> None:
        runs = marked([ran(1, NOON - DAY), ran(2, NOON - DAY + HOUR)])
        watch.put(*runs, ended("2026-03-03"))
        assert [(link.kind, link.url) for link in watch.opens("day-lost").links] == [
            (LinkKind.RUN, "https://ci.example/7")
        ]

    def test_each_day_is_one_and_what_is_long_past_is_left(self, watch: Watch) -> None:
        watch.put(*(ended(day) for day in ("2026-02-27", "2026-03-02", "2026-03-03")))
        found = detect(watch.of(), ["day-lost"], Evidence(watch.ledger.scan()))
        assert [each.incident.title[:10] for each in found] == ["2026-03-02", "2026-03-03"]

    def test_those_of_other_pipelines_and_of_forks_are_not_ours(self, watch: Watch) -> None:
        watch.put(replace(ended("2026-03-03"), trust=Trust.FORK), replace(ended("2026-03-02"), pipeline="deploy"))
        assert watch.look("day-lost") == []


class TestWidespread:
    def test_one_failure_in_many_runs(self, watch: Watch) -> None:
        watch.put(*marked(ran(number, NOON - (40 - number) * MINUTE) for number in range(1, 6)))
        found = watch.opens("widespread")
        assert (found.severity, found.opened_by) == (Severity.SEV2, "rule:widespread")
        assert found.detected_ms == NOON - 39 * MINUTE
        assert found.summary == "seen in 5 runs, 1 pipelines and 1 regions within an hour"

    def test_a_few_are_none_and_other_failures_are_others(self, watch: Watch) -> None:
        watch.put(*marked(ran(number, NOON - MINUTE) for number in range(4)), *marked([ran(9, NOON)], "f2"))
        assert watch.look("widespread") == []

    def test_in_three_pipelines_it_is_one_incident_of_the_first_that_met_it(self, watch: Watch) -> None:
        watch.put(*marked(ran(number, NOON - MINUTE, pipeline=f"p{number}") for number in range(3)))
        found = [watch.look("widespread", pipeline=f"p{number}")[0] for number in (1, 0, 2)]
        assert [(each.incident.name, each.created) for each in found] == [
            (found[0].incident.name, True),
            (found[0].incident.name, False),
            (found[0].incident.name, False),
        ]
        assert (found[2].incident.pipeline, found[2].incident.seen) == ("p1", 3)

    def test_all_who_look_at_once_have_one(self, watch: Watch) -> None:
        watch.put(*marked(ran(number, NOON - MINUTE, pipeline=f"p{number % 3}") for number in range(6)))
        begin = threading.Barrier(6)
        found: list[Opened] = []

        def companion(number: int) -> None:
            own = Watch(watch.ledger.path)
            own.tokens = itertools.count(1000 * number)
            begin.wait()
            found.extend(own.look("widespread", pipeline=f"p{number % 3}"))
            own.ledger.close()

        companions = [threading.Thread(target=companion, args=(number,)) for number in range(6)]
        for each in companions:
            each.start()
        for each in companions:
            each.join()
        assert len({each.incident.name for each in found}) == 1
        assert sum(each.created for each in found) == 1
        assert sum(len(watch.of(f"p{number}").all()) for number in range(3)) == 1

    def test_companions_of_one_run_report_it_once(self, watch: Watch) -> None:
        (met,) = marked([ran(1, NOON)])
        first, second = (open_spread(watch.of(), met, "f1", "many jobs failed", NOON) for _ in range(2))
        assert (first.created, second.created, second.incident) == (True, False, first.incident)
        (other,) = (replace(each, url="https://ci.example/8") for each in marked([ran(2, NOON)]))
        third, fourth = (open_spread(watch.of(), other, "f1", "many jobs failed", NOON).incident for _ in range(2))
        assert ([link.name for link in third.links], third.seen) == (["1", "2"], 2)
        assert fourth == third

    def test_around_midnight_the_day_is_that_of_the_last_failure(self, watch: Watch) -> None:
        watch.now_ms = NOON + 12 * HOUR - 2 * MINUTE
        watch.put(*marked(ran(number, watch.now_ms - number * MINUTE) for number in range(1, 6)))
        first = watch.look("widespread")
        watch.now_ms += 10 * MINUTE
        assert watch.look("widespread") == [Opened(first[0].incident, created=False)]


class TestBudgets:
    def test_a_budget_that_is_used_up(self, watch: Watch) -> None:
        runs = [ran(number, NOON - (10 - number) * HOUR) for number in range(8)]
        watch.put(*runs)
        watch.evaluations = (evaluated(100, 8, source=RUNS), evaluated(100, 4, name="fine", source=RUNS))
        found = watch.opens("budget-exhausted")
        assert (found.title, found.severity) == ("the error budget of shop is used up", Severity.SEV2)
        # Of eight failures, five were allowed: with the fifth the budget was gone.
        assert found.detected_ms == runs[4].ended_ms

    def test_one_of_before_there_were_events_is_in_nobodys_way(self, watch: Watch) -> None:
        watch.put(outage_of_old(day=TODAY, at=NOON), ran(1, NOON - HOUR))
        watch.evaluations = (evaluated(100, 8, source=RUNS),)

        assert watch.opens("budget-exhausted").title == "the error budget of shop is used up"

    def test_of_what_is_not_counted_here_the_last_word_is_when_it_was_detected(self, watch: Watch) -> None:
        watch.evaluations = (evaluated(100, 8, ago=3 * HOUR),)
        assert watch.opens("budget-exhausted").detected_ms == NOON - 3 * HOUR

    def test_once_it_was_back_it_can_be_used_up_again(self, watch: Watch) -> None:
        broken, mended = (evaluated(100, 8),), (evaluated(1000, 8),)
        watch.evaluations = broken
        first = watch.look("budget-exhausted")[0].incident
        end(watch, first)
        for watch.evaluations, news in [
            ((evaluated(),), []),
            (broken, [False]),
            (mended, []),
            (mended, []),
            (broken, [True]),
            (broken, [False]),
        ]:
            assert [each.created for each in watch.look("budget-exhausted")] == news
        recoveries = [moment for moment in watch.of().find(first.name).moments if moment.event is Event.RECOVERED]
        assert (len(recoveries), len(watch.of().all())) == (1, 2)

    def test_once_its_window_has_passed_it_is_another(self, watch: Watch) -> None:
        watch.evaluations = (evaluated(100, 8),)
        end(watch, watch.look("budget-exhausted")[0].incident)
        for days, news in ((29, False), (31, True)):
            watch.now_ms = NOON + days * DAY
            watch.evaluations = (evaluated(ticks=(Tick(watch.now_ms - HOUR, 100, 8),), now_ms=watch.now_ms),)
            assert [each.created for each in watch.look("budget-exhausted")] == [news]


class TestDeadlines:
    @pytest.fixture(autouse=True)
    def scheduled(self, watch: Watch) -> None:
        watch.schedule = AT_SIX
        watch.put(*(ran(back, NOON - back * DAY - 5 * HOUR - 30 * MINUTE, Outcome.SUCCESS) for back in (1, 2, 3)))

    def test_a_run_that_did_not_come(self, watch: Watch) -> None:
        found = watch.opens("sla-breach")
        assert (found.title, found.severity) == ("no run reported in time on 2026-03-04", Severity.SEV2)
        assert found.detected_ms == NOON - 5 * HOUR
        assert found.summary == "expected at 2026-03-04T06:00:00Z, at the latest by 2026-03-04T07:00:00Z"

    @pytest.mark.parametrize(
        ("minutes_late", "news"), [(-1, 0), (60, 0), (61, 1)], ids=["early is another", "just in time", "too late"]
    )
    def test_a_run_counts_that_reports_within_the_patience(self, watch: Watch, minutes_late: int, news: int) -> None:
        watch.now_ms = NOON - 6 * HOUR + 62 * MINUTE
        watch.put(ran(9, NOON - 6 * HOUR + minutes_late * MINUTE, Outcome.SUCCESS))
        assert len(watch.look("sla-breach")) == (news or minutes_late < 0)

    def test_nobody_is_late_before_the_deadline(self, watch: Watch) -> None:
        watch.now_ms = NOON - 5 * HOUR - 1
        assert watch.look("sla-breach") == []

    def test_of_a_day_without_a_run_there_is_one_incident(self, watch: Watch) -> None:
        (late,) = watch.look()
        watch.now_ms = CALENDAR.closes_ms(TODAY) - HOUR + 2 * HOUR
        watch.put(ended(TODAY, Kind.MISSING), ran(9, NOON + 18 * HOUR + 30 * MINUTE, Outcome.SUCCESS))
        assert [each.incident.name for each in watch.look()] == [late.incident.name]

    def test_nothing_is_missed_before_the_pipeline_was_heard_of(self, watch: Watch) -> None:
        watch.put(ran(99, NOON, pipeline="young"))
        assert watch.look("sla-breach", pipeline="young") == []
        assert watch.look("sla-breach", pipeline="unheard") == []


def test_the_days_that_are_read_hold_what_is_looked_for(watch: Watch) -> None:
    watch.put(*(ran(back, NOON - back * DAY) for back in range(LOOK_BACK_DAYS + 3)))
    assert len(recent_facts(watch.of())) == LOOK_BACK_DAYS + 1
