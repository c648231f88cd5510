"""Facts come to the same incident in whatever order, and however often, they are told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import NOON
from happenings import MINUTE, met, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.incident import Incident, Link, LinkKind
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.model import Fact, Trust

E = Event
CLOSING = {"cause": "a full disk", "resolution": "it was emptied"}

told_texts = st.fixed_dictionaries(
    {},
    optional={
        "actor": st.sampled_from(["ann", "ben", ""]),
        "severity": st.sampled_from(["sev1", "sev2", "sev3", "sev4", "sev9", ""]),
        "text": st.sampled_from(["words", ""]),
        "cause": st.sampled_from(["a cause", " "]),
        "resolution": st.just("a resolution"),
        "into": st.sampled_from(["INC-1", "INC-2", "INC-3", ""]),
        "alert": st.sampled_from(["a", "b"]),
        "times": st.sampled_from(["0", "2", "-1", "many", "9" * 40]),
        "link_kind": st.sampled_from(["run", "other", "nonsense"]),
        "link_name": st.sampled_from(["77", ""]),
        "components": st.sampled_from(["db", "db,api", ",,"]),
        "action": st.sampled_from(["fix it", ""]),
        "done": st.sampled_from(["true", "no"]),
        "url": st.just("https://wiki.example/1"),
    },
)
# Before the opening, at it and after it, and many at the same time.
minutes = st.integers(-2, 6)
events = st.sampled_from(list(Event))
names = st.sampled_from(["INC-1", "INC-2", "INC-3"])


@st.composite
def a_fact(draw: st.DrawFn) -> Fact:
    mark = str(draw(st.integers(0, 10**6)))
    return met(draw(events), draw(minutes), draw(names), mark=mark, **draw(told_texts))


openings = st.tuples(*(st.tuples(st.sampled_from(list(Severity)), minutes) for _ in range(3))).map(
    lambda drawn: [opened(f"INC-{number}", severity, at=at) for number, (severity, at) in enumerate(drawn, 1)]
)
histories = st.tuples(openings, st.lists(a_fact(), max_size=25)).map(lambda parts: [*parts[0], *parts[1]])


def fold(*facts: Fact) -> Incident:
    (incident,) = incidents_in(facts)
    return incident


@given(histories, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(facts: list[Fact], random: object) -> None:
    told = [*facts, *random.choices(facts, k=5)]  # type: ignore[attr-defined]
    random.shuffle(told)  # type: ignore[attr-defined]
    assert incidents_in(told) == incidents_in(facts)


@settings(max_examples=50)
@given(histories)
def test_what_does_not_count_changes_nothing(facts: list[Fact]) -> None:
    """The same incidents come of what counts alone, but for the lines of the timeline."""
    found = incidents_in(facts)
    counting = {(each.name, moment.event, moment.mark) for each in found for moment in each.moments if moment.counted}
    kept = [
        fact
        for fact in facts
        if (fact.told["incident"], Event(fact.told["event"]), fact.told.get("mark", "")) in counting
    ]
    assert [replace(each, moments=()) for each in incidents_in(kept)] == [replace(each, moments=()) for each in found]


@settings(max_examples=50)
@given(histories)
def test_no_time_is_negative_and_the_timeline_goes_forward(facts: list[Fact]) -> None:
    for each in incidents_in(facts):
        at = [moment.at_ms for moment in each.moments]
        assert at == sorted(at)
        assert 0 <= each.detected_ms <= each.opened_ms == at[0]
        known = (each.acked_ms, each.mitigated_ms, each.resolved_ms, each.closed_ms, each.postmortem_ms)
        assert all(ms is None or ms >= each.opened_ms for ms in known)
        assert each.state is [moment.state for moment in each.moments if moment.counted][-1]


@settings(max_examples=50)
@given(histories)
def test_merges_lead_to_an_incident_that_was_not_merged(facts: list[Fact]) -> None:
    found = {each.name: each for each in incidents_in(facts)}
    for each in found.values():
        seen = set()
        while each.state is State.MERGED:
            assert each.name not in seen
            seen.add(each.name)
            each = found[each.merged_into]  # noqa: PLW2901 - follows where it leads


@settings(max_examples=50)
@given(histories, st.integers(0, 10**9))
def test_a_time_in_the_past_of_all_clocks_is_taken_as_the_beginning(facts: list[Fact], earlier: int) -> None:
    skewed = [replace(fact, observed_at_ms=fact.observed_at_ms - NOON - earlier) for fact in facts]
    assert all(each.opened_ms >= 0 and each.detected_ms >= 0 for each in incidents_in(skewed))


def test_a_whole_life() -> None:
    found = fold(
        opened(detected_ms=str(NOON - 10 * MINUTE), title="uploads fail", components="db, api"),
        met(E.ACKNOWLEDGED, 5, actor="ann"),
        met(E.INVESTIGATING, 6, actor="ann"),
        met(E.JOINED, 7, responder="ben"),
        met(E.CAUSE, 8, text="a full disk"),
        met(E.MITIGATED, 9),
        met(E.RESOLVED, 10, text="it was emptied"),
        met(E.CLOSED, 11),
        met(E.ACTION, 12, action="1", text="watch the disk", owner="ann"),
        met(E.ACTION, 13, action="1", done="true"),
        met(E.POSTMORTEM, 14, url="https://wiki.example/1"),
    )
    assert (found.state, found.responders, found.components) == (State.POSTMORTEM, ("ann", "ben"), ("db", "api"))
    assert (found.cause, found.resolution) == ("a full disk", "it was emptied")
    assert [(each.what, each.owner, each.done) for each in found.actions] == [("watch the disk", "ann", True)]
    assert (found.detected_ms, found.acked_ms) == (NOON - 10 * MINUTE, NOON + 5 * MINUTE)
    assert (found.resolved_ms, found.closed_ms) == (NOON + 10 * MINUTE, NOON + 11 * MINUTE)
    assert all(moment.counted for moment in found.moments)


def test_of_two_acknowledgements_the_first_counts_and_both_are_shown() -> None:
    found = fold(opened(), met(E.ACKNOWLEDGED, 4, actor="ben"), met(E.ACKNOWLEDGED, 3, actor="ann"))
    assert (found.responders, found.acked_ms) == (("ann",), NOON + 3 * MINUTE)
    assert [(moment.actor, moment.counted) for moment in found.moments[1:]] == [("ann", True), ("ben", False)]


@pytest.mark.parametrize(
    "wrong",
    [
        met(E.SEVERITY, 2, severity="worst"),
        met(E.SEVERITY, 2),
        met(E.LINKED, 2, link_kind="run"),
        met(E.LINKED, 2, link_name="77"),
        met(E.MERGED, 2),
        met(E.MERGED, 2, into="INC-1"),
        met(E.CLOSED, 2, cause="a cause"),
        met(E.ACTION, 2, text="nameless"),
        met(E.OPENED, 2, severity="sev1"),
    ],
    ids=lambda fact: f"{fact.told['event']}",
)
def test_what_does_not_say_what_it_has_to_stays_in_the_timeline_uncounted(wrong: Fact) -> None:
    facts = [opened(), met(E.ACKNOWLEDGED, 1), met(E.RESOLVED, 1)]
    before, after = fold(*facts), fold(*facts, wrong)
    assert [moment.counted for moment in after.moments] == [True, True, True, False]
    assert replace(after, moments=before.moments) == before


def test_an_event_that_nobody_knows_is_passed_over() -> None:
    unknown = replace(met(E.UPDATED, 1), details=(("event", "exploded"), ("incident", "INC-1")))
    assert fold(opened(), unknown) == fold(opened())


def test_an_opening_that_says_nothing_hides_no_other() -> None:
    empty = replace(opened(at=-1), details=(("event", "opened"), ("incident", "INC-1")), key=met(E.SEEN).key)
    assert (fold(empty, opened()).opened_ms, incidents_in([empty])) == (NOON, ())


def test_forks_say_nothing() -> None:
    assert incidents_in([opened(trust=Trust.FORK)]) == ()


def test_two_pipelines_may_have_incidents_of_one_name() -> None:
    found = incidents_in([opened(), opened(pipeline="deploy"), met(E.ACKNOWLEDGED, 1, pipeline="deploy")])
    assert [(each.pipeline, each.state) for each in found] == [
        ("deploy", State.ACKNOWLEDGED),
        ("nightly", State.DETECTED),
    ]


class TestTheTimeToTakeIt:
    """15, 30, 60 and 240 minutes from the detection to the first acknowledgement."""

    @pytest.mark.parametrize(
        ("severity", "minutes_left"),
        [(Severity.SEV1, 15), (Severity.SEV2, 30), (Severity.SEV3, 60), (Severity.SEV4, 240)],
    )
    def test_it_ends_with_the_last_millisecond(self, severity: Severity, minutes_left: int) -> None:
        incident = fold(opened(severity=severity))
        assert incident.ack_due_ms == NOON + minutes_left * MINUTE
        assert [incident.breached(incident.ack_due_ms + more) for more in (0, 1)] == [False, True]

    @pytest.mark.parametrize(
        ("first", "changes", "due"),
        [
            (Severity.SEV3, [(10, "sev1")], 25),
            (Severity.SEV3, [(55, "sev1")], 60),
            (Severity.SEV3, [(70, "sev1")], 60),
            (Severity.SEV1, [(10, "sev3")], 60),
            (Severity.SEV1, [(15, "sev3")], 60),
            (Severity.SEV1, [(16, "sev3")], 15),
            (Severity.SEV3, [(10, "sev1"), (20, "sev3")], 60),
            (Severity.SEV3, [(10, "sev1"), (26, "sev4")], 25),
            (Severity.SEV2, [(10, "sev2")], 30),
        ],
    )
    def test_another_severity_moves_it_but_undoes_no_breach(
        self, first: Severity, changes: list[tuple[int, str]], due: int
    ) -> None:
        incident = fold(opened(severity=first), *(met(E.SEVERITY, at, severity=word) for at, word in changes))
        assert incident.ack_due_ms == NOON + due * MINUTE

    def test_whoever_took_it_in_time_did(self) -> None:
        taken = [opened(severity=Severity.SEV3), met(E.ACKNOWLEDGED, 50)]
        assert not fold(*taken, met(E.SEVERITY, 55, severity="sev1")).breached(NOON + 9999 * MINUTE)

    @pytest.mark.parametrize("end", [met(E.FALSE_ALARM, 31), met(E.MERGED, 31, into="INC-2")])
    def test_what_ends_late_without_anybody_is_a_breach_whether_or_not_anybody_looked(self, end: Fact) -> None:
        told = met(E.BREACHED, 30)
        assert fold(opened(), end).breached(NOON) is fold(opened(), end, told).breached(NOON) is True
        early = replace(end, observed_at_ms=NOON)
        assert not fold(opened(), early).breached(NOON + 9999 * MINUTE)


class TestReopening:
    def test_what_was_to_end_it_did_not(self) -> None:
        closed = [
            opened(),
            met(E.ACKNOWLEDGED, 1, actor="ann"),
            met(E.MITIGATED, 2),
            met(E.RESOLVED, 3),
            met(E.CLOSED, 4, **CLOSING),
            met(E.POSTMORTEM, 5),
        ]
        again = fold(*closed, met(E.REOPENED, 6))
        assert (again.state, again.resolution, again.cause) == (State.INVESTIGATING, "", CLOSING["cause"])
        assert {again.mitigated_ms, again.resolved_ms, again.closed_ms, again.postmortem_ms} == {None}
        assert again.acked_ms == NOON + MINUTE
        ended = fold(*closed, met(E.REOPENED, 6), met(E.RESOLVED, 7), met(E.CLOSED, 8, resolution="a new disk"))
        assert (ended.postmortem_owed, ended.resolution, ended.closed_ms) == (True, "a new disk", NOON + 8 * MINUTE)

    def test_a_false_alarm_that_is_none_was_looked_at_when_it_was_called_so(self) -> None:
        again = fold(opened(), met(E.FALSE_ALARM, 2, actor="ben"), met(E.REOPENED, 99, actor="ann"))
        assert not again.breached(NOON + 9999 * MINUTE)
        assert (again.state, again.acked_ms, again.responders) == (
            State.INVESTIGATING,
            NOON + 2 * MINUTE,
            ("ann",),
        )


class TestMerging:
    def test_of_merges_in_a_circle_the_last_does_not_count(self) -> None:
        facts = [opened(f"INC-{number}", at=number) for number in (1, 2, 3)]
        circle = [met(E.MERGED, 10 + number, f"INC-{number}", into=f"INC-{number % 3 + 1}") for number in (1, 2, 3)]
        found = {each.name: each for each in incidents_in([*circle, *facts])}
        assert [found[f"INC-{number}"].state for number in (1, 2, 3)] == [State.MERGED, State.MERGED, State.DETECTED]
        assert found["INC-3"].moments[-1].counted is False

    def test_reports_are_added_and_links_are_one(self) -> None:
        found = fold(
            opened(alert="a"),
            met(E.SEEN, 1, times="3", alert="b", link_kind="other", link_name="INC-2"),
            met(E.SEEN, 2, times="0", alert="c", link_kind="other", link_name="INC-2"),
            met(E.RECOVERED, 3, alert="b"),
        )
        assert (found.seen, found.firing) == (4, ("a", "c"))
        assert found.links == (Link(LinkKind.OTHER, "INC-2"),)
