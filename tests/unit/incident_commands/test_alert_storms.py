"""A storm of alerts is one incident, whatever comes twice, late or in another order; only a person ends it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from alertpayloads import alert, payload
from brokenteam import MINUTE, BrokenTeam
from facts import HOUR, NOON
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.failure.redaction import redact
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.ledger import Put
from lumen_action.model import Fact
from lumen_action.response import storms
from lumen_action.response.alerts import alerts_of
from lumen_action.response.silences import Asked, Silences, known_silences
from lumen_action.response.storms import MOST_AT_ONCE, MOST_FLAPS, MOST_NOTED, Taken, take_alerts
from lumen_action.sli.days import Calendar


def take(team: BrokenTeam, *told: dict[str, Any]) -> tuple[Taken, ...]:
    alerts = alerts_of(payload(*told), team.now_ms, redact)
    return take_alerts(
        lambda pipeline: replace(team.desk, pipeline=pipeline or "nightly"),
        alerts,
        lambda pipeline: known_silences(team.ledger, pipeline or "nightly"),
    )


def events(incident: Incident) -> list[str]:
    return [each.event.value for each in incident.moments]


def test_many_alerts_of_a_pipeline_are_one_incident_detected_with_the_first(team: BrokenTeam) -> None:
    team.now_ms = NOON + 10 * MINUTE
    told = [alert(f"A{n}", starts=NOON + n * MINUTE, labels={"region": "eu", "stage": f"s{n}"}) for n in range(5)]
    (taken,) = take(team, *told)
    incident = taken.incident
    assert (taken.created, incident.opened_by, incident.severity, incident.region) == (
        True,
        "alertmanager",
        Severity.SEV3,
        "eu",
    )
    assert (incident.title, incident.detected_ms, incident.seen) == ("A0 of nightly", NOON, 5)
    assert (len(incident.firing), len(incident.links), incident.components) == (5, 5, ("s0", "s1", "s2", "s3", "s4"))


def test_what_is_told_again_is_noted_once(team: BrokenTeam) -> None:
    told = [alert("A"), alert("B")]
    (first,) = take(team, *told)
    for _ in range(3):
        team.now_ms += 4 * HOUR
        (again,) = take(team, *told)
    assert (again.created, again.escalated, again.incident) == (False, False, first.incident)
    assert len(team.desk._facts()) == 3


def test_a_page_escalates_what_tickets_opened_and_a_person_may_lower_it_for_good(team: BrokenTeam) -> None:
    take(team, alert("A", severity="ticket"))
    team.now_ms += 10 * MINUTE
    (taken,) = take(team, alert("A"), alert("B", severity="page", starts=team.now_ms))
    assert (taken.escalated, taken.incident.severity) == (True, Severity.SEV2)
    assert taken.incident.ack_due_ms == NOON + 40 * MINUTE
    team.met(taken.incident, Event.SEVERITY, team.now_ms + MINUTE, severity="sev4")
    (again,) = take(team, alert("C", severity="page", starts=team.now_ms))
    assert (again.escalated, again.incident.severity, len(again.incident.firing)) == (False, Severity.SEV4, 3)


def test_when_all_alerts_have_ended_it_says_so_and_goes_on(team: BrokenTeam) -> None:
    take(team, alert("A"), alert("B"))
    team.now_ms += HOUR
    (taken,) = take(team, alert("A", ends=NOON + 20 * MINUTE), alert("B"))
    assert (taken.ended, len(taken.incident.firing)) == (False, 1)
    (taken,) = take(team, alert("A", ends=NOON + 20 * MINUTE), alert("B", ends=NOON + 30 * MINUTE))
    assert (taken.ended, taken.incident.firing, taken.incident.state) == (True, (), State.DETECTED)
    assert [each.at_ms for each in taken.incident.moments if each.event is Event.RECOVERED] == [
        NOON + 20 * MINUTE,
        NOON + 30 * MINUTE,
    ]
    (again,) = take(team, alert("A", ends=NOON + 20 * MINUTE), alert("B", ends=NOON + 30 * MINUTE))
    assert (again.ended, again.incident) == (False, taken.incident)


def test_an_alert_that_ended_before_anybody_heard_of_it_did_fire(team: BrokenTeam) -> None:
    team.now_ms += HOUR
    (taken,) = take(team, alert("A", ends=NOON + MINUTE))
    assert (taken.created, taken.incident.detected_ms, taken.incident.firing) == (True, NOON, ())
    assert events(taken.incident) == ["opened", "seen", "recovered"]
    (late,) = take(team, alert("A"))
    assert (late.created, late.incident.firing) == (False, ())


def test_what_fires_after_it_was_resolved_brings_it_back(team: BrokenTeam) -> None:
    (taken,) = take(team, alert("A"))
    for event in (Event.ACKNOWLEDGED, Event.RESOLVED):
        team.met(taken.incident, event, team.now_ms + 10 * MINUTE)
    (late,) = take(team, alert("B", starts=NOON + MINUTE))
    assert (late.reopened, late.incident.state) == (False, State.RESOLVED)
    (again,) = take(team, alert("A", starts=team.now_ms + 1))
    assert (again.reopened, again.incident.state) == (False, State.RESOLVED)  # it has not begun yet by our clock
    team.now_ms += 10 * MINUTE
    (again,) = take(team, alert("A", starts=team.now_ms))
    assert (again.reopened, again.incident.state, again.incident.name) == (
        True,
        State.INVESTIGATING,
        taken.incident.name,
    )


def test_after_it_was_closed_what_goes_on_is_no_news_and_what_begins_is_another(team: BrokenTeam) -> None:
    (taken,) = take(team, alert("A"))
    closed = team.closed(taken.incident)
    assert take(team, alert("A")) == ()
    (ended,) = take(team, alert("A", ends=team.now_ms))
    assert (ended.incident.name, ended.incident.state, ended.ended) == (closed.name, State.CLOSED, False)
    team.now_ms += MINUTE
    (new,) = take(team, alert("A", starts=team.now_ms))
    assert (new.created, new.incident.name != closed.name) == (True, True)


def test_what_was_merged_goes_on_there(team: BrokenTeam) -> None:
    (taken,) = take(team, alert("A"))
    other = team.opened("the disk is full")
    team.desk.merge(taken.incident, other)
    (ended, *_) = take(team, alert("A", ends=NOON + MINUTE), alert("B"))
    assert (ended.created, ended.incident.name) == (False, other.name)
    assert ended.incident.firing == ("b0000",)


def test_pipelines_are_apart_and_without_one_the_alert_and_its_cause_are_the_same(team: BrokenTeam) -> None:
    told = [
        alert("A"),
        alert("B", pipeline="weekly"),
        alert("C", pipeline="", labels={"cause": "disk"}, fingerprint="c1"),
        alert("C", pipeline="", labels={"cause": "disk", "host": "2"}, fingerprint="c2"),
        alert("C", pipeline="", labels={"cause": "net"}, fingerprint="c3"),
    ]
    found = take(team, *told)
    assert [(each.incident.pipeline, len(each.incident.firing)) for each in found] == [
        ("nightly", 1),
        ("weekly", 1),
        ("nightly", 2),
        ("nightly", 1),
    ]


def test_a_new_route_changes_the_group_but_not_the_incident(team: BrokenTeam) -> None:
    (taken,) = take(team, alert("A"))
    body = payload(alert("A"), alert("B"), groupKey="{}/{team=b}:{}", receiver="other")
    (again,) = take_alerts(lambda _: team.desk, alerts_of(body, team.now_ms, redact), lambda _: ())
    assert again.incident.name == taken.incident.name


def silence(team: BrokenTeam, matchers: str = "") -> None:
    silences = Silences(team.ledger, "nightly", Calendar(), lambda: team.now_ms, lambda: "t")
    silences.set(Asked("alice", "maintenance", team.now_ms, team.now_ms + HOUR, matchers))


def test_what_is_silenced_opens_nothing_unless_it_is_of_the_worst(team: BrokenTeam) -> None:
    silence(team)
    assert take(team, alert("A", severity="page"), alert("B", severity="ticket")) == ()
    (taken,) = take(team, alert("C", severity="critical"))
    assert (taken.created, taken.incident.severity) == (True, Severity.SEV1)
    team.now_ms += 2 * HOUR
    (after,) = take(team, alert("A", severity="page"))
    assert (after.created, len(after.incident.firing)) == (False, 2)


@pytest.mark.parametrize(("matchers", "starts"), [("", NOON + MINUTE), ("", NOON - MINUTE), ('alertname="A"', NOON)])
def test_nobody_is_late_for_what_a_silence_kept_from_people(team: BrokenTeam, matchers: str, starts: int) -> None:
    silence(team, matchers)
    assert take(team, alert("A", severity="page", starts=starts)) == ()
    team.now_ms += HOUR + 5 * MINUTE
    (taken,) = take(team, alert("A", severity="page", starts=starts))
    assert (taken.incident.detected_ms, taken.incident.ack_due_ms) == (NOON + HOUR, NOON + HOUR + 30 * MINUTE)


def test_a_silence_of_something_else_takes_no_time_away(team: BrokenTeam) -> None:
    silence(team, 'alertname="B"')
    team.now_ms += HOUR + 5 * MINUTE
    (taken,) = take(team, alert("A", severity="page"))
    assert taken.incident.detected_ms == NOON


def test_what_began_earlier_and_is_told_later_moves_the_detection_until_somebody_has_it(team: BrokenTeam) -> None:
    team.now_ms = NOON + 10 * MINUTE
    (taken,) = take(team, alert("B", severity="page", starts=NOON + 8 * MINUTE))
    assert taken.incident.ack_due_ms == NOON + 38 * MINUTE
    (taken,) = take(team, alert("A", starts=NOON + 3 * MINUTE), alert("C", starts=NOON + 5 * MINUTE))
    assert (taken.incident.detected_ms, taken.incident.ack_due_ms) == (NOON + 3 * MINUTE, NOON + 33 * MINUTE)
    team.met(taken.incident, Event.ACKNOWLEDGED, NOON + 32 * MINUTE)
    (taken,) = take(team, alert("D", starts=NOON))
    assert taken.incident.detected_ms == NOON + 3 * MINUTE
    assert not taken.incident.breached(team.now_ms)


def test_an_end_is_noted_although_it_is_silenced(team: BrokenTeam) -> None:
    take(team, alert("A"))
    silence(team, 'alertname="A"')
    (taken,) = take(team, alert("A", ends=NOON), alert("A", starts=NOON - MINUTE, fingerprint="other"))
    assert (taken.ended, taken.incident.seen) == (True, 1)


def test_an_alert_that_flaps_leaves_few_events_and_counts_as_firing(team: BrokenTeam) -> None:
    for n in range(30):
        team.now_ms = NOON + n * HOUR
        (taken,) = take(team, alert("A", starts=team.now_ms))
        (taken,) = take(team, alert("A", starts=team.now_ms, ends=team.now_ms + MINUTE))
    assert (events(taken.incident).count("seen"), events(taken.incident).count("recovered")) == (
        MOST_FLAPS + 1,
        MOST_FLAPS,
    )
    assert (taken.incident.firing, taken.ended) == (("a0000",), False)


def test_a_storm_of_many_alerts_leaves_few_events_and_never_seems_over(team: BrokenTeam) -> None:
    told = [alert(f"A{n}", fingerprint=f"f{n}") for n in range(MOST_NOTED + 20)]
    (taken,) = take(team, *told)
    (again,) = take(team, *told)
    assert (len(taken.fresh), again.fresh) == (MOST_NOTED, ())
    assert len(again.incident.firing) == MOST_NOTED + 1
    assert len(again.incident.moments) == MOST_NOTED + 2
    over = [alert(f"A{n}", fingerprint=f"f{n}", ends=NOON) for n in range(MOST_NOTED + 20)]
    (ended,) = take(team, *over)
    assert (ended.ended, ended.incident.firing) == (False, ("more",))
    team.closed(taken.incident)
    assert take(team, *told) == ()


def test_when_everything_is_down_it_is_one_incident(team: BrokenTeam) -> None:
    (known,) = take(team, alert("A", pipeline="p0"))
    told = [alert("A", pipeline=f"p{n}", fingerprint=f"f{n}") for n in range(MOST_AT_ONCE + 5)]
    first, everywhere = take(team, *told)
    assert (first.incident.name, first.created) == (known.incident.name, False)
    assert (everywhere.incident.title, everywhere.incident.pipeline) == ("24 alerts of 24 pipelines at once", "nightly")
    hostile = [alert("A", pipeline=f"q{n}", fingerprint=f"g{n}") for n in range(storms._MOST_ASKED + 5)]
    (again,) = take(team, *hostile)
    assert (again.created, again.incident.name) == (False, everywhere.incident.name)


def test_a_delivery_that_broke_off_is_made_whole_by_the_next(team: BrokenTeam) -> None:
    told = [alert("A", severity="page"), alert("B", ends=NOON + MINUTE)]
    team.now_ms += HOUR

    class BrokenError(Exception): ...

    class Dying:
        """A ledger of which the connection breaks after a put, as one that takes facts one by one."""

        def __init__(self, left: int) -> None:
            self.left = left

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            if name == "put_all":
                raise AttributeError
            return getattr(team.ledger, name)

        def put(self, fact: Fact) -> Put:
            if not self.left:
                raise BrokenError
            self.left -= 1
            kept: Put = team.ledger.put(fact)
            return kept

    alerts = alerts_of(payload(*told), team.now_ms, redact)
    for _ in range(3):
        broken = replace(team.desk, ledger=Dying(1))
        with pytest.raises(BrokenError):
            take_alerts({"nightly": broken}.__getitem__, alerts, lambda _: ())
    (taken,) = take(team, *told)
    assert (len(team.desk.all()), taken.incident.severity, taken.incident.firing) == (1, Severity.SEV2, ("a0000",))
    assert taken.incident.seen == 2


ALERTS = st.lists(
    st.tuples(
        st.sampled_from("ABCD"),
        st.integers(0, 5),
        st.integers(1, 50),
        st.booleans(),
        st.sampled_from(["ticket", "page", "info", "critical"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda each: (each[0], each[1]),
)


@settings(max_examples=8)
@given(ALERTS, st.data())
def test_deliveries_in_any_order_and_twice_give_the_same_incident(
    told: Sequence[tuple[str, int, int, bool, str]], data: st.DataObject
) -> None:
    """Each alert is delivered as it fires, and perhaps as it ends; an alert that ended began again later."""
    deliveries: list[dict[str, Any]] = []
    last = {name: max(start for other, start, *_ in told if other == name) for name, *_ in told}
    for name, start, minutes, over, severity in told:
        starts = NOON + start * HOUR
        fires = alert(name, starts=starts, severity=severity)
        ends = {**alert(name, starts=starts, ends=starts + minutes * MINUTE, severity=severity)}
        deliveries += [fires, ends] if over or start < last[name] else [fires]
    orders = [deliveries, data.draw(st.permutations([*deliveries, *deliveries]))]
    assert story(orders[0]) == story(orders[1])


def story(deliveries: Sequence[dict[str, Any]]) -> object:
    """Return what does not depend on which delivery came first: when it was opened does."""
    with TemporaryDirectory() as folder:
        team = BrokenTeam(Path(folder), now_ms=NOON + 10 * HOUR)
        for each in deliveries:
            team.now_ms += 1
            take(team, each)
        (incident,) = team.desk.all()
        team.ledger.close()
    noted = sorted(
        json.dumps([each.at_ms, each.event.value, dict(each.told).get("mark")])
        for each in incident.moments
        if each.event in (Event.SEEN, Event.RECOVERED)
    )
    told = (incident.state, incident.severity, sorted(incident.firing), incident.seen, set(incident.links), noted)
    return (*told, incident.detected_ms)
