"""What Prometheus is shown of incidents, silences, components and drills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from facts import HOUR, NOON, fact

from lumen_action.incidents.facts import event_fact, opening_fact
from lumen_action.incidents.silences import Silence, ending_fact, setting_fact
from lumen_action.incidents.words import Event, Severity
from lumen_action.model import Fact, Kind, Outcome
from lumen_action.model.fact import details
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold

DAY = 24 * HOUR
TOLD = {"actor": "alice", "text": "mended", "cause": "a full disk", "resolution": "emptied"}
Shown = Mapping[tuple[str, ...], float]


def shown(facts: Iterable[Fact], metric: str, *labels: str, at: int = NOON + HOUR, **more: object) -> Shown:
    """Return a metric's samples by some of their labels."""
    state = fold(collect([fact(), *facts]), now_ms=at, calendar=Calendar())
    found = {}
    for group in families(state, PublishFacts("1", 1, **more)):  # type: ignore[arg-type]
        for family in group.families:
            for sample in family.samples if family.name == metric else ():
                every = {**group.labels, **sample.labels}
                found[tuple(every.get(label, "") for label in labels)] = sample.value
    return found


def opened(name: str, severity: Severity) -> Fact:
    return opening_fact(
        "nightly", name, day="2026-01-02", at_ms=NOON, severity=severity, sameness=name, generation=0, told={}
    )


def happened(name: str, *events: Event) -> list[Fact]:
    return [
        event_fact("nightly", name, event, day="2026-01-02", at_ms=NOON + place, mark="", told=TOLD)
        for place, event in enumerate(events, 1)
    ]


CLOSING = (Event.ACKNOWLEDGED, Event.RESOLVED, Event.CLOSED)
FOUR = (opened("INC-1", Severity.SEV1), opened("INC-2", Severity.SEV2), *happened("INC-2", Event.ACKNOWLEDGED))
CLOSED = (opened("INC-3", Severity.SEV2), *happened("INC-3", *CLOSING))


def test_open_incidents_are_counted_by_every_severity() -> None:
    none = {(each.value,): 0 for each in Severity}

    assert shown([], "lumen_incidents_open", "severity") == none
    assert shown([*FOUR, *CLOSED], "lumen_incidents_open", "severity") == {**none, ("sev1",): 1, ("sev2",): 1}


def test_an_incident_shows_its_deadline_until_it_is_taken_and_ends_with_it() -> None:
    deadline = "lumen_incident_ack_deadline_timestamp_seconds"

    assert shown([*FOUR, *CLOSED], deadline, "incident", "severity") == {
        ("INC-1", "sev1"): NOON / 1000 + 15 * 60,
        ("INC-2", "sev2"): 0,
    }
    assert shown([*FOUR, *happened("INC-1", Event.FALSE_ALARM)], deadline, "incident") == {("INC-2",): 0}


def test_what_was_not_taken_in_time_counts_as_long_as_it_goes_on() -> None:
    breached = "lumen_incident_ack_breached"

    assert shown(FOUR, breached, "severity", at=NOON + 60_000)[("sev1",)] == 0
    assert shown(FOUR, breached, "severity")[("sev1",)] == 1
    assert shown([*FOUR, *happened("INC-1", *CLOSING)], breached, "severity")[("sev1",)] == 0


def test_a_postmortem_is_due_until_it_is_written() -> None:
    def due(*facts: Fact) -> Shown:
        return shown(facts, "lumen_postmortem_due_timestamp_seconds", "incident", postmortem_due=lambda _: NOON + DAY)

    assert due(*CLOSED) == {("INC-3",): (NOON + DAY) / 1000}
    assert due(*CLOSED, *happened("INC-3", *CLOSING, Event.POSTMORTEM)[-1:]) == {}
    assert due(opened("INC-4", Severity.SEV3), *happened("INC-4", *CLOSING)) == {}


def silence(name: str, start: int, end: int, matchers: str = "") -> Silence:
    return Silence(name, "nightly", "alice", "move", NOON, NOON + start, NOON + end, "2026-01-02", matchers)


def test_suppression_is_shown_as_it_is_and_as_it_will_be() -> None:
    names = ("suppressed_until", "suppression_planned_start", "suppression_planned_end")

    def said(*facts: Fact, at: int) -> list[float]:
        series = ("lumen_alert_suppressed", *(f"lumen_{name}_timestamp_seconds" for name in names))
        return [shown(facts, name, at=at)[()] for name in series]

    whole = silence("SIL-1", HOUR, 2 * HOUR)
    facts = [setting_fact(whole), setting_fact(silence("SIL-2", 0, 9 * HOUR, 'region="eu"'))]
    begins, ends = (NOON + HOUR) / 1000, (NOON + 2 * HOUR) / 1000
    assert said(*facts, at=NOON) == [0, 0, begins, ends]
    assert said(*facts, at=NOON + HOUR) == [1, ends, 0, 0]
    assert said(*facts, at=NOON + 2 * HOUR) == [0, 0, 0, 0]
    assert said(*facts, ending_fact(whole, "bob", NOON + HOUR), at=NOON + HOUR + 1) == [0, 0, 0, 0]


def check(stage: str, at: int, region: str = "eu", outcome: Outcome = Outcome.SUCCESS, **told: str) -> Fact:
    found = fact(stage, outcome, at=at, run=f"check {at}", region=region, kind=Kind.CHECK)
    return replace(found, failure=None, details=details(told))


def test_a_component_is_shown_where_it_was_looked_at_as_it_was_found_last() -> None:
    facts = [
        check("health.store", NOON, verdict="fail", outcome=Outcome.FAILURE),
        check("health.store", NOON + 1, verdict="warn", latency_ms="250", expires_at_ms=str(NOON + DAY)),
        check("health.store", NOON + 2, region="ap", verdict="fail", outcome=Outcome.FAILURE),
        check("health.store", NOON + 3, region="", outcome=Outcome.FAILURE),
    ]
    where = ("region", "component")

    status = shown(facts, "lumen_health_status", *where, "status")
    assert {key for key, value in status.items() if value} == {
        *(("eu", "store", "warn"), ("ap", "store", "fail"), ("", "store", "fail"))
    }
    assert len(status) == 9
    assert shown(facts, "lumen_health_latency_seconds", *where) == {("eu", "store"): 0.25}
    assert shown(facts, "lumen_credential_expiry_timestamp_seconds", *where) == {("eu", "store"): (NOON + DAY) / 1000}
    assert shown(facts, "lumen_health_checked_timestamp_seconds", *where)["eu", "store"] == (NOON + 1) / 1000


def test_a_region_in_which_nothing_ran_leaves_no_group_behind_when_its_components_are_taken_out() -> None:
    """A Pushgateway shows a group until another is put in its place, so that its alert would never end."""
    seen = check("health.store", NOON, region="ap", outcome=Outcome.FAILURE, verdict="fail")

    def keys(at: int) -> list[Mapping[str, str]]:
        state = fold(collect([fact(), seen]), now_ms=at, calendar=Calendar())
        return [group.labels for group in families(state, PublishFacts("1", 1))]

    assert shown([seen], "lumen_health_status", "region", "status")["ap", "fail"] == 1
    assert keys(NOON + HOUR) == keys(NOON + 31 * DAY)


def test_what_was_not_looked_at_for_a_month_was_taken_out() -> None:
    facts = [check("health.store", NOON, verdict="fail", outcome=Outcome.FAILURE)]

    assert shown(facts, "lumen_health_status", "status", at=NOON + 30 * DAY - 1)
    assert not shown(facts, "lumen_health_status", "status", at=NOON + 30 * DAY)


def test_a_runbook_whose_last_drill_failed_is_as_one_that_was_never_drilled() -> None:
    drilled = "lumen_runbook_last_drill_timestamp_seconds"
    facts = [
        check("drill.token-expired", NOON),
        check("drill.token-expired", NOON + DAY, region="ap", outcome=Outcome.FAILURE),
        check("drill.stalled", NOON),
    ]

    assert shown(facts, drilled, "runbook", at=NOON + 2 * DAY) == {
        ("token-expired",): 0,
        ("stalled",): NOON / 1000,
    }
    assert not shown(facts, drilled, "runbook", at=NOON + 181 * DAY)
