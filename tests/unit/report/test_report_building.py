"""What the numbers of a report mean, on ledgers whose truth is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from facts import fact
from hypothesis import given
from hypothesis import strategies as st
from reportfacts import HOUR, LATER_MS, MINUTE, F, S, asked, at, because, of_kind, report_of, run, stage

from lumen_action.model import ErrorClass, Fact, Kind, Outcome, Trust, details
from lumen_action.report.building.stages import percentile
from lumen_action.report.building.taking import take
from lumen_action.report.model import Counted, PeriodKind
from lumen_action.sli.schedule import Cron, Schedule

MON, TUE, WED, THU, FRI, SAT, SUN = (f"2026-03-0{number}" for number in range(2, 9))
BEFORE = "2026-02-26"
DAILY = Schedule((Cron.parse("0 2 * * *"),))


def test_a_late_region_counts_on_the_day_of_its_run() -> None:
    late = replace(run(1, SUN, region="us"), observed_at_ms=at("2026-03-11"), ended_at_ms=at("2026-03-11"))
    found = report_of([run(1, SUN), late])
    assert found.days[-1].regions == {"eu": Counted(1), "us": Counted(1)}
    assert found.completeness.late == 1


def test_a_run_that_was_run_again_counts_once_as_it_stands() -> None:
    found = report_of([run(1, TUE, F), run(1, TUE, S, attempt=2, hour=5), run(2, WED, S), run(2, WED, F, attempt=2)])
    assert found.runs == Counted(1, 1)
    assert [cause.count for cause in found.classes] == [1]
    assert found.days[1].outcome is Outcome.SUCCESS


def test_a_run_belongs_to_the_day_that_its_first_fact_names() -> None:
    again = replace(run(1, "2026-03-10", S, attempt=2))
    found = report_of([run(1, SUN, F), again])
    week = asked()
    whole = take([run(1, SUN, F), again], week.plan.calendar)
    assert found.runs == Counted(0, 1), "of the next week's fact nothing was read"
    assert [each.day for each in whole.runs] == [SUN]
    assert [each.outcome for each in whole.runs] == [S]


def test_cancelled_and_open_runs_stand_apart() -> None:
    found = report_of([run(1, MON, Outcome.CANCELLED), run(2, MON, Outcome.SKIPPED), stage("build", 3, MON)])
    assert found.runs == Counted(0, 0, 2, 1)
    assert found.runs.ratio is None
    assert found.completeness.runs_open == 1


def test_what_forks_say_counts_for_nothing() -> None:
    assert report_of([replace(run(1, MON), trust=Trust.FORK)]).runs == Counted()


def test_each_failed_run_counts_once_by_its_first_cause() -> None:
    found = report_of(
        [
            because(stage("fetch", 1, MON, F, hour=1), ErrorClass.NETWORK, "dns", "curl-dns", "no host"),
            because(stage("build", 1, MON, F, hour=2), ErrorClass.BUILD),
            replace(run(1, MON, F), failure=None),
            because(stage("fetch", 2, TUE, F), ErrorClass.NETWORK, "dns", "curl-dns"),
            run(2, TUE, S),
        ]
    )
    assert [(each.name, each.count) for each in found.classes] == [("network", 1)]
    [dns] = found.signatures
    assert (dns.name, dns.signature, dns.evidence, dns.line) == ("network/dns", "curl-dns", "no host", 7)
    assert (dns.runs[0].stage, dns.runs[0].url, dns.lost_ms) == ("fetch", "https://ci.example/1", 10 * MINUTE)


def test_a_failure_without_a_cause_is_unknown() -> None:
    [cause] = report_of([replace(run(1, MON, F), failure=None)]).classes
    assert (cause.error_class, cause.count) == (ErrorClass.UNKNOWN, 1)


def test_causes_are_held_against_the_period_before() -> None:
    found = report_of(
        [
            because(run(1, MON, F), ErrorClass.BUILD),
            because(run(2, BEFORE, F), ErrorClass.BUILD),
            because(run(3, BEFORE, F), ErrorClass.NETWORK),
            because(run(4, BEFORE, F), ErrorClass.NETWORK),
        ]
    )
    assert [(each.name, each.count, each.before) for each in found.classes] == [("build", 1, 1), ("network", 0, 2)]
    assert found.runs_before == Counted(0, 3)


def test_the_newest_runs_of_a_cause_come_first() -> None:
    days = [MON, TUE, WED, THU, FRI, SAT, SUN]
    found = report_of([run(number, day, F) for number, day in enumerate(days)])
    assert [link.day for link in found.classes[0].runs] == days[:1:-1]


def test_stages_are_timed_and_held_against_the_period_before() -> None:
    found = report_of(
        [
            *(stage("build", number, TUE, minutes=number) for number in range(1, 21)),
            stage("build", 30, BEFORE, minutes=5),
            replace(stage("lint", 31, TUE), duration_ms=None),
        ]
    )
    [build] = found.slowest
    assert (build.total, build.median_ms, build.p95_ms) == (20, 10 * MINUTE, 19 * MINUTE)
    assert build.before_median_ms == 5 * MINUTE


def test_a_stage_is_flaky_where_it_was_tried_again_or_failed_and_passed_on_one_commit() -> None:
    def of(name: str, number: int, outcome: Outcome, hour: int, sha: str, tries: int = 1) -> Fact:
        return replace(stage(name, number, TUE, outcome, hour=hour), sha=sha, tries=tries)

    found = report_of(
        [
            of("retried", 1, S, 1, "a", tries=2),
            *(of("rerun", 2, F, 1, "b"), of("rerun", 3, S, 2, "b"), of("rerun", 4, S, 3, "b")),
            *(of("mended", 5, F, 1, "c"), of("mended", 6, S, 2, "d")),
            *(of("broken", 7, S, 1, "e"), of("broken", 8, F, 2, "e")),
        ]
    )
    assert [(row.stage, row.again) for row in found.flakiest] == [("retried", 1), ("rerun", 1)]


def test_days_without_a_fact_are_there_too() -> None:
    found = report_of([run(1, WED)])
    assert [row.day for row in found.days] == [MON, TUE, WED, THU, FRI, SAT, SUN]
    assert [row.outcome for row in found.days] == [None, None, S, None, None, None, None]
    assert (found.completeness.days_heard, found.completeness.days_expected) == (1, None)


def test_an_idle_week_is_a_report_too() -> None:
    found = report_of([])
    assert (found.runs, found.days_by, found.classes, found.completeness.newest_ms) == (Counted(), {}, (), None)
    assert len(found.days) == 7


def test_expected_days_of_which_nothing_was_heard_are_missing() -> None:
    found = report_of([run(1, TUE), run(2, WED)], asked(schedule=DAILY, first_day=TUE))
    assert found.completeness.days_missing == (THU, FRI, SAT, SUN)
    assert found.days[0].expected is False, "nothing is missed before the first run of all"
    assert (found.completeness.days_heard, found.completeness.days_expected) == (2, 6)
    assert found.days_by == {S: 2, Outcome.MISSING: 4}


def test_a_day_that_is_not_closed_is_not_missing_yet() -> None:
    of = asked(now_ms=at(THU, 5), schedule=DAILY)
    found = report_of([run(1, MON), run(2, TUE)], of)
    assert [row.day for row in found.days] == [MON, TUE, WED, THU]
    assert found.completeness.days_missing == ()
    assert not found.finished
    assert found.as_of_ms == at(THU, 5)


@pytest.mark.parametrize(("hour", "missed"), [(4.99, 0), (5.01, 1), (1.5, 1)])
def test_a_deadline_is_missed_where_no_run_reports_after_the_start_within_the_patience(
    hour: float, missed: int
) -> None:
    schedule = Schedule((Cron.parse("0 2 * * *"),), patience_minutes=180)
    others = [run(number, day) for number, day in enumerate([MON, TUE, WED, THU, FRI, SAT])]
    found = report_of([*others, run(9, SUN, hour=hour)], asked(schedule=schedule))
    assert found.completeness.deadlines_missed == (at(SUN, 2),) * missed


@pytest.mark.parametrize("late", ["a-region", "z-region"])
def test_a_region_that_comes_late_does_not_undo_the_report_of_another(late: str) -> None:
    schedule = Schedule((Cron.parse("0 2 * * 0"),), patience_minutes=180)
    found = report_of([run(1, SUN, region="m-region"), run(1, SUN, hour=33, region=late)], asked(schedule=schedule))
    assert found.completeness.deadlines_missed == ()


def test_a_run_that_reports_after_midnight_keeps_the_deadline_of_the_evening() -> None:
    schedule = Schedule((Cron.parse("30 23 * * 0"),), patience_minutes=180)
    late = replace(run(1, "2026-03-09", hour=1))
    assert report_of([late], asked(schedule=schedule)).completeness.deadlines_missed == ()
    assert report_of([], asked(schedule=schedule)).completeness.deadlines_missed == (at(SUN, 23.5),)


def test_one_run_keeps_one_of_two_deadlines() -> None:
    schedule = Schedule((Cron.parse("0 2,3 * * 3"),), patience_minutes=180)
    found = report_of([run(1, WED, hour=3.5)], asked(schedule=schedule))
    assert found.completeness.deadlines_missed == (at(WED, 3),)


def test_a_lost_day_is_counted_and_a_day_with_one_good_region_is_good() -> None:
    found = report_of([run(1, MON, F), run(2, TUE, F), run(2, TUE, S, region="us")])
    assert found.days_by == {Outcome.FAILURE: 1, S: 1}
    assert found.regions == {"eu": Counted(0, 2), "us": Counted(1)}


def test_facts_of_the_gate_and_of_incidents_are_told_in_the_order_of_time() -> None:
    told = {"decision": "block", "change": "feature", "reason": "no budget"}
    override = {"override": "given", "author": "dana", "reason": "CVE"}
    found = report_of(
        [
            of_kind(Kind.GATE, WED, stage="gate.override", hour=9, details=details(override)),
            of_kind(Kind.GATE, WED, stage="gate", hour=8, details=details(told)),
            of_kind(Kind.GATE, BEFORE, stage="gate", details=details(told)),
            of_kind(Kind.INCIDENT, TUE, stage="f1", details=details({"title": "No answer", "severity": "sev2"})),
        ]
    )
    assert [(row.decision, row.kind, row.override_by) for row in found.gates] == [
        ("block", "feature", ""),
        ("override", "", "dana"),
    ]
    assert [(row.title, row.severity, row.opened_ms) for row in found.incidents] == [("No answer", "sev2", at(TUE, 4))]


def test_an_incident_is_told_once_where_it_opened_and_as_it_stands() -> None:
    def told(day: str, state: str, incident: str) -> Fact:
        said = details({"incident": incident, "state": state})
        return of_kind(Kind.INCIDENT, day, stage=f"{incident}.{state}", details=said)

    found = report_of(
        [told(BEFORE, "open", "1"), told(MON, "resolved", "1"), told(MON, "open", "2"), told(TUE, "resolved", "2")]
    )
    assert [(row.name, row.state, row.opened_ms) for row in found.incidents] == [("2", "resolved", at(MON, 4))]


def test_retries_of_the_period_say_whether_they_helped() -> None:
    tried = replace(fact("upload", F, run="1", day=TUE, at=at(TUE, 1), kind=Kind.RERUN), tries=1)
    ended = replace(stage("upload", 1, TUE), tries=2, key=replace(stage("upload", 1, TUE).key))
    before = replace(tried, day=BEFORE, key=replace(tried.key, run="2"))
    found = report_of([tried, ended, before, run(1, TUE), run(2, BEFORE, F)]).reruns
    assert (found.tried, found.helped, found.undecided) == (1, 1, 0)
    assert found.by_signature == (("network.any", 1, 1),)


def test_conflicts_are_counted() -> None:
    assert report_of([run(1, MON), of_kind(Kind.CONFLICT, MON)]).completeness.conflicts == 1


@pytest.mark.parametrize(("zone", "sunday"), [("Europe/Berlin", "2026-03-29"), ("America/New_York", "2026-11-01")])
def test_a_week_in_which_clocks_change_has_all_its_days(zone: str, sunday: str) -> None:
    where = ZoneInfo(zone)
    days = [(date.fromisoformat(sunday) - timedelta(days=back)).isoformat() for back in range(7)]
    facts = [run(number, day) for number, day in enumerate(days)]
    found = report_of(facts, asked(sunday, zone=where, schedule=DAILY, now_ms=LATER_MS))
    assert [row.runs for row in found.days] == [Counted(1)] * 7
    assert found.completeness.days_missing == ()


def test_a_finished_period_does_not_know_when_it_is_asked_about() -> None:
    facts = [run(1, MON), run(2, SUN, F), because(run(3, SAT, F), ErrorClass.NETWORK)]
    settled = at("2026-03-09", 6)
    first = report_of(facts, asked(now_ms=settled, schedule=DAILY))
    assert first == report_of(facts, asked(now_ms=settled + 400 * 24 * HOUR, schedule=DAILY))
    assert first.finished
    assert not report_of(facts, asked(now_ms=settled - 1, schedule=DAILY)).finished


@given(st.lists(st.integers(0, 10**6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values: list[int], percent: int) -> None:
    found = percentile(sorted(values), percent)
    assert found is not None
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    smaller = [value for value in values if value < found]
    assert len(smaller) * 100 < percent * len(values)


_DAYS = [(date(2026, 2, 23) + timedelta(days=ahead)).isoformat() for ahead in range(14)]
_CAUSES = list(ErrorClass)


@st.composite
def worlds(draw: st.DrawFn) -> list[Fact]:
    """Return runs in up to two regions, with stages, some of them run again."""
    facts = []
    for number in range(draw(st.integers(0, 12))):
        day = draw(st.sampled_from(_DAYS))
        for region in draw(st.sampled_from([["eu"], ["us"], ["eu", "us"]])):
            for attempt in range(1, draw(st.integers(1, 3)) + 1):
                outcome = draw(st.sampled_from([*Outcome]))
                made = run(number, day, outcome, region=region, attempt=attempt, hour=3 + attempt)
                if outcome.bad:
                    made = because(made, draw(st.sampled_from(_CAUSES)))
                facts.append(made)
    return facts


@given(worlds())
def test_the_numbers_are_those_of_counting_by_hand(facts: list[Fact]) -> None:
    found = report_of(facts)
    latest: dict[tuple[str, str], Fact] = {}
    for each in facts:
        place = (each.key.run, each.key.region)
        if place not in latest or each.key.attempt > latest[place].key.attempt:
            latest[place] = each

    def count(first: str, last: str) -> Counted:
        of = [each for each in latest.values() if first <= each.day <= last]
        good, bad = sum(each.outcome.good for each in of), sum(each.outcome.bad for each in of)
        return Counted(good, bad, len(of) - good - bad)

    assert found.runs == count(MON, SUN)
    assert found.runs_before == count(_DAYS[0], "2026-03-01")
    assert [row.runs for row in found.days] == [count(day, day) for day in _DAYS[7:]]
    failed = [each for each in latest.values() if each.outcome.bad and each.day >= MON]
    by_class = Counter(each.failure.error_class for each in failed if each.failure)
    assert {cause.error_class: cause.count for cause in found.classes if cause.count} == by_class
    assert sum(cause.count for cause in found.signatures) == len(failed)
    assert sum(cause.lost_ms for cause in found.classes) == len(failed) * 10 * MINUTE


@given(worlds(), st.randoms())
def test_the_order_of_facts_does_not_matter(facts: list[Fact], chance: object) -> None:
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert report_of(shuffled) == report_of(facts)


def test_a_day_and_a_month_are_periods_too() -> None:
    facts = [run(1, MON), run(2, "2026-03-31"), run(3, "2026-02-28", F)]
    assert report_of(facts, asked(MON, PeriodKind.DAY)).runs == Counted(1)
    month = report_of(facts, asked(MON, PeriodKind.MONTH))
    assert (month.runs, month.runs_before, len(month.days)) == (Counted(2), Counted(0, 1), 31)
