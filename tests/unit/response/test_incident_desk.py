"""Incidents over a real ledger: what people do at the same time, twice, too late, and with wrong clocks."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from facts import NOON
from happenings import MINUTE, opened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumen_action.errors import ConfigError
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.incident import Incident, Link, LinkKind
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.ledger import Ledger, Put
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact
from lumen_action.response.incidents import Incidents, Opening
from lumen_action.sli.days import Calendar

E = Event
UPLOADS = Opening("uploads fail", Severity.SEV2, "alert uploads", actor="ann")
CLOSING = {"cause": "a full disk", "resolution": "it was emptied"}


@dataclass
class Clock:
    """Shows what a test says."""

    now_ms: int = NOON

    def __call__(self) -> int:
        return self.now_ms

    def on(self, minutes: float) -> None:
        self.now_ms += int(minutes * MINUTE)


@dataclass
class Desk:
    """One person's view of the incidents of a pipeline, by a clock of their own."""

    ledger: Ledger
    clock: Clock = field(default_factory=Clock)
    tokens: Iterator[int] = field(default_factory=itertools.count)
    pipeline: str = "nightly"

    @property
    def incidents(self) -> Incidents:
        return Incidents(self.ledger, self.pipeline, Calendar(), self.clock, lambda: f"{id(self)} {next(self.tokens)}")

    def open(self, same: str = "uploads", severity: Severity = Severity.SEV2, **told: str) -> Incident:
        return self.incidents.report(Opening(f"{same} fail", severity, same, told=told)).incident

    def do(self, incident: Incident, *events: Event, **told: str) -> Incident:
        for event in events:
            said = {"actor": "ann", **told, **(CLOSING if event is E.CLOSED else {})}
            incident = self.incidents.happened(incident, event, said)
        return incident


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    made = SqliteLedger(tmp_path / "ledger.db", durable=True)
    yield made
    made.close()


@pytest.fixture
def desk(ledger: SqliteLedger) -> Desk:
    return Desk(ledger)


class TestReporting:
    def test_the_same_is_one_incident_until_that_is_over(self, desk: Desk) -> None:
        first = desk.incidents.report(UPLOADS)
        again = desk.incidents.report(replace(UPLOADS, components=("db",)))
        assert (first.created, again.created) == (True, False)
        assert (again.incident.name, again.incident.seen, again.incident.components) == (
            first.incident.name,
            2,
            ("db",),
        )
        desk.do(first.incident, E.FALSE_ALARM)
        desk.clock.on(1)
        third = desk.incidents.report(UPLOADS)
        assert (third.created, third.incident.seen) == (True, 1)
        assert [each.state for each in desk.incidents.all()] == [State.FALSE_ALARM, State.DETECTED]

    def test_a_report_with_a_mark_counts_once_however_often_it_is_told(self, desk: Desk) -> None:
        desk.open()
        assert {desk.open(mark="delivery 7").seen for _ in range(3)} == {2}
        assert desk.open(mark="delivery 8").seen == 3

    def test_it_was_detected_before_it_was_opened_and_never_after(self, desk: Desk) -> None:
        early = desk.incidents.report(replace(UPLOADS, detected_ms=NOON - MINUTE)).incident
        late = desk.incidents.report(Opening("b", Severity.SEV1, "b", detected_ms=NOON + MINUTE)).incident
        assert (early.detected_ms, late.detected_ms, early.opened_ms) == (NOON - MINUTE, NOON, NOON)

    def test_a_very_long_sameness_is_the_same_again(self, desk: Desk) -> None:
        opening = replace(UPLOADS, sameness="한" * 5000, title="t" * 5000, text="\\" * 5000)
        assert [desk.incidents.report(opening).created for _ in range(2)] == [True, False]

    def test_once_is_once_also_when_it_is_over(self, desk: Desk) -> None:
        first = desk.incidents.open_once(UPLOADS)
        desk.do(first.incident, E.FALSE_ALARM)
        again = desk.incidents.open_once(UPLOADS)
        assert (first.created, again.created, again.incident.seen) == (True, False, 1)

    def test_what_was_merged_goes_on_in_the_other(self, desk: Desk) -> None:
        part, whole, last = desk.open("a"), desk.open("b"), desk.open("c")
        desk.incidents.merge(part, whole)
        desk.incidents.merge(whole, last)
        assert desk.open("a").name == last.name
        same = desk.incidents.same_as("a")
        assert same is not None
        assert same.name == last.name
        desk.do(last, E.FALSE_ALARM)
        assert desk.open("a").name not in {part.name, whole.name, last.name}
        assert desk.incidents.same_as("nobody ever saw it") is None


class TestNames:
    def test_in_one_second_every_incident_has_its_own(self, desk: Desk) -> None:
        names = {desk.open(f"same {number}").name for number in range(20)}
        assert len(names) == 20

    def test_a_token_that_gives_a_taken_name_is_drawn_again(self, ledger: SqliteLedger) -> None:
        tokens = iter(["1", "1", "2"])
        incidents = Incidents(ledger, "nightly", Calendar(), Clock(), lambda: next(tokens))
        first = incidents.report(UPLOADS).incident
        ledger.put(opened(first.name, same="elsewhere", at=1))
        incidents.happened(first, E.FALSE_ALARM, {}, mark="over")
        assert incidents.report(UPLOADS).incident.name != first.name

    def test_of_two_that_take_one_name_at_the_same_moment_each_is_an_incident(self, ledger: SqliteLedger) -> None:
        class Crowded:
            """Somebody else opens something of the same name just before we do."""

            before = 1

            def put(self, fact: Fact) -> Put:
                if self.before:
                    self.before = 0
                    ledger.put(opened(fact.told["incident"], same="theirs", at=-1))
                return ledger.put(fact)

            def get(self, digest: str) -> Fact | None:
                return ledger.get(digest)

            def scan(self, **where: str) -> Iterator[Fact]:
                return ledger.scan(**where)

        ours = Desk(Crowded()).incidents.report(UPLOADS)  # type: ignore[arg-type]
        assert (ours.created, ours.incident.seen) == (True, 1)
        again = Desk(ledger).incidents.report(UPLOADS)
        assert (again.created, again.incident.name, again.incident.seen) == (False, ours.incident.name, 2)
        assert {each.sameness for each in Desk(ledger).incidents.all()} == {"theirs", UPLOADS.sameness}

    def test_the_form_without_letters_is_enough_where_it_fits_one(self, desk: Desk) -> None:
        first = desk.open("a")
        assert desk.incidents.find("inc-20260102-120000 ") == first
        second = desk.open("b")
        with pytest.raises(ConfigError, match=f"fits .*{min(first.name, second.name)}.*; write one of them whole"):
            desk.incidents.find("INC-20260102-120000")

    def test_who_is_not_known_is_told_who_is(self, desk: Desk) -> None:
        with pytest.raises(ConfigError, match="none is known"):
            desk.incidents.find("INC-1")
        name = desk.open().name
        with pytest.raises(ConfigError, match=f"write one of {name}"):
            desk.incidents.find(name[:-1] + "x")


class TestIllegalMoves:
    def test_the_legal_ones_are_named_as_commands_and_who_was_before(self, desk: Desk) -> None:
        taken = desk.do(desk.open(), E.ACKNOWLEDGED)
        with pytest.raises(ConfigError) as told:
            desk.incidents.happened(taken, E.ACKNOWLEDGED, {"actor": "ben"})
        assert str(told.value) == (
            f"incident: {taken.name} is acknowledged (ann, 2026-01-02T12:00:00Z), so it cannot be acknowledged; "
            f"what can happen now: `lumen incident update {taken.name}`, `lumen incident mitigate {taken.name}`, "
            f"`lumen incident resolve {taken.name}`, `lumen incident merge {taken.name}`, "
            f"`lumen incident false-alarm {taken.name}`"
        )

    @pytest.mark.parametrize(
        ("told", "wanting"),
        [({}, "a cause and a resolution"), ({"cause": "x"}, "a resolution"), ({"resolution": "x"}, "a cause")],
    )
    def test_closing_needs_a_cause_and_a_resolution(self, desk: Desk, told: dict[str, str], wanting: str) -> None:
        over = desk.do(desk.open(), E.ACKNOWLEDGED, E.RESOLVED)
        with pytest.raises(ConfigError, match=f"has not {wanting};") as fault:
            desk.incidents.happened(over, E.CLOSED, told)
        for command in ("close", "cause", "resolve"):
            assert f"`lumen incident {command} {over.name}`" in str(fault.value)
        assert desk.incidents.happened(over, E.CLOSED, CLOSING).state is State.CLOSED

    def test_what_was_said_before_is_enough(self, desk: Desk) -> None:
        over = desk.do(desk.open(), E.ACKNOWLEDGED, E.CAUSE, E.RESOLVED, text="words")
        assert desk.incidents.happened(over, E.CLOSED, {}).state is State.CLOSED

    def test_by_a_clock_that_is_behind_it_happens_after_what_is_known(self, desk: Desk) -> None:
        desk.clock.on(60)
        taken = desk.do(desk.open(), E.ACKNOWLEDGED)
        behind = replace(desk, clock=Clock(NOON))
        assert [moment.event for moment in behind.do(taken, E.UPDATED, E.MITIGATED).moments] == [
            E.OPENED,
            E.ACKNOWLEDGED,
            E.UPDATED,
            E.MITIGATED,
        ]

    @pytest.mark.parametrize("behind", [0, 60])
    def test_what_is_said_last_is_what_stands_also_in_the_same_moment(self, desk: Desk, behind: int) -> None:
        desk.clock.on(60)
        other = replace(desk, clock=Clock(desk.clock.now_ms - behind * MINUTE))
        felt_again = other.do(desk.do(desk.open(), E.ACKNOWLEDGED, E.MITIGATED), E.INVESTIGATING)
        assert felt_again.state is State.INVESTIGATING
        for severity in ("sev4", "sev1", "sev3"):
            assert other.do(felt_again, E.SEVERITY, severity=severity).severity.value == severity
        solved = other.do(felt_again, E.RESOLVED)
        for done in ("true", "false", "true", "false"):
            acted = other.do(solved, E.ACTION, action="a", done=done)
            assert acted.actions[0].done is (done == "true")

    def test_what_lies_before_the_step_it_needs_is_refused(self, desk: Desk) -> None:
        desk.clock.on(10)
        taken = desk.do(desk.open(), E.ACKNOWLEDGED)
        desk.clock.on(10)
        settled = desk.do(taken, E.MITIGATED)
        with pytest.raises(ConfigError, match="cannot have been resolved at 2026-01-02T12:05:00Z"):
            desk.incidents.happened(settled, E.RESOLVED, {}, at_ms=NOON + 5 * MINUTE)
        noted = desk.incidents.happened(settled, E.UPDATED, {"text": "earlier"}, at_ms=NOON + 15 * MINUTE)
        assert [moment.event for moment in noted.moments] == [E.OPENED, E.ACKNOWLEDGED, E.UPDATED, E.MITIGATED]


class TestMerging:
    def test_the_other_gets_what_it_has_and_nothing_counts_twice(self, desk: Desk) -> None:
        part = desk.open(
            "a", Severity.SEV1, alert="f1", link_kind="run", link_name="77", link_url="https://ci.example/77"
        )
        desk.open("a", alert="f2", components="api")
        desk.clock.on(1)
        desk.incidents.happened(part, E.SEEN, {"components": "db"})
        whole = desk.open("b", Severity.SEV3, alert="f1")
        for _ in range(2):
            found = desk.incidents.merge(part, whole, {"actor": "ann"})
            assert (found.name, found.seen, found.severity) == (whole.name, 4, Severity.SEV1)
            assert (set(found.firing), found.components) == ({"f1", "f2"}, ("api", "db"))
            assert set(found.links) == {
                Link(LinkKind.OTHER, part.name),
                Link(LinkKind.RUN, "77", "https://ci.example/77"),
            }
        merged = desk.incidents.find(part.name)
        assert (merged.state, merged.merged_into) == (State.MERGED, whole.name)

    def test_it_cannot_be_its_own_part_nor_that_of_what_is_over(self, desk: Desk) -> None:
        one, two, three = (desk.open(same) for same in "abc")
        with pytest.raises(ConfigError, match="cannot be merged into itself"):
            desk.incidents.merge(one, one)
        desk.incidents.merge(two, three)
        with pytest.raises(ConfigError, match=f"is merged, .*; merge it into {three.name}"):
            desk.incidents.merge(one, two)
        with pytest.raises(ConfigError, match=f"is merged, .*; merge it into {three.name}"):
            desk.incidents.merge(three, two)
        with pytest.raises(ConfigError, match=f"is part of {three.name} .*nothing any more"):
            desk.incidents.merge(two, one)
        desk.do(three, E.FALSE_ALARM)
        with pytest.raises(ConfigError, match=f"is false_alarm, .*first `lumen incident reopen {three.name}`"):
            desk.incidents.merge(one, three)

    def test_one_that_nobody_knows_is_refused_before_anything_happens(self, desk: Desk) -> None:
        one = desk.open()
        with pytest.raises(ConfigError, match="is not known"):
            desk.incidents.happened(one, E.MERGED, {"into": "INC-9"})
        assert desk.incidents.find(one.name) == one


class TestBreaches:
    def test_each_is_told_once_and_at_the_time_it_was_due(self, desk: Desk) -> None:
        late, taken = desk.open("a"), desk.open("b")
        desk.do(taken, E.ACKNOWLEDGED)
        desk.clock.on(30)
        assert desk.incidents.tell_breaches() == ()
        desk.clock.on(1)
        (told,) = desk.incidents.tell_breaches()
        assert (told.name, told.moments[-1].event, told.moments[-1].at_ms) == (late.name, E.BREACHED, late.ack_due_ms)
        assert desk.incidents.tell_breaches() == ()

    def test_whoever_looks_at_the_same_time_does_not_tell_it_too(self, desk: Desk) -> None:
        desk.open()
        desk.clock.on(60)

        class Slow:
            """Answers what was there before somebody else told it."""

            before = tuple(desk.ledger.scan())

            def put(self, fact: Fact) -> Put:
                return desk.ledger.put(fact)

            def scan(self, **_: str) -> Iterator[Fact]:
                return iter(self.before)

        other = replace(desk, ledger=Slow())  # type: ignore[arg-type]
        assert len(desk.incidents.tell_breaches()) == 1
        assert other.incidents.tell_breaches() == ()


def at_once(count: int, path: Path, act: Callable[[Desk, int], object]) -> list[object]:
    """Let so many people with a connection of their own act at the same time; what they are refused is their answer."""
    begin = threading.Barrier(count)
    answers: list[object] = [None] * count

    def person(number: int) -> None:
        ledger = SqliteLedger(path, durable=True)
        desk = Desk(ledger, Clock(NOON + number % 3))
        begin.wait()
        try:
            answers[number] = act(desk, number)
        except ConfigError as fault:
            answers[number] = str(fault)
        finally:
            ledger.close()

    people = [threading.Thread(target=person, args=(number,)) for number in range(count)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    return answers


class TestAtTheSameTime:
    def test_all_who_report_the_same_have_one_incident(self, ledger: SqliteLedger) -> None:
        found = at_once(6, ledger.path, lambda desk, _: desk.incidents.report(UPLOADS))
        assert sum(each.created for each in found) == 1  # type: ignore[attr-defined]
        (incident,) = Desk(ledger).incidents.all()
        assert incident.seen == 6

    def test_one_has_it_and_the_others_are_told_who(self, ledger: SqliteLedger) -> None:
        incident = Desk(ledger).open()
        answers = at_once(
            6,
            ledger.path,
            lambda desk, number: desk.incidents.happened(incident, E.ACKNOWLEDGED, {"actor": f"person {number}"}),
        )
        (winner,) = [each for each in answers if isinstance(each, Incident)]
        refused = [each for each in answers if isinstance(each, str)]
        assert len(winner.responders) == 1
        assert len(refused) == 5
        assert all(f"is acknowledged ({winner.responders[0]}, " in each for each in refused)
        assert sum(moment.event is E.ACKNOWLEDGED for moment in Desk(ledger).incidents.find(incident.name).moments) == 1

    def test_of_different_ends_one_is_kept(self, ledger: SqliteLedger) -> None:
        incident = Desk(ledger).do(Desk(ledger).open(), E.ACKNOWLEDGED)
        ends = (E.RESOLVED, E.FALSE_ALARM, E.RESOLVED, E.FALSE_ALARM)
        answers = at_once(4, ledger.path, lambda desk, number: desk.do(incident, ends[number]))
        final = Desk(ledger).incidents.find(incident.name)
        assert all(moment.counted for moment in final.moments)
        # Whoever was refused was refused by what stands; a false alarm may follow a resolution.
        assert 1 <= sum(isinstance(each, Incident) for each in answers) <= 2
        assert final.state in (State.RESOLVED, State.FALSE_ALARM)

    def test_two_who_merge_crosswise_lose_neither(self, ledger: SqliteLedger) -> None:
        pair = [Desk(ledger).open(same) for same in "ab"]
        at_once(2, ledger.path, lambda desk, number: desk.incidents.merge(pair[number], pair[1 - number]))
        assert sorted(each.state for each in Desk(ledger).incidents.all()) == [State.DETECTED, State.MERGED]


people = st.lists(
    st.tuples(st.sampled_from(sorted(set(Event) - {E.OPENED, E.MERGED})), st.booleans(), st.integers(0, 20)),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people, st.integers(-90, 90), st.randoms(use_true_random=False))
def test_what_was_accepted_counts_whatever_the_clocks_say(
    tmp_path: Path, steps: list[tuple[Event, bool, int]], skew: int, random: object
) -> None:
    """Two people whose clocks differ by an hour take turns; nobody is told that something counts which does not."""
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.db"
    ledger = SqliteLedger(path, durable=True)
    ann, ben = Desk(ledger), Desk(ledger, Clock(NOON + skew * MINUTE))
    incident = ann.open()
    accepted: list[Event] = []
    for event, bens, minutes in steps:
        ann.clock.on(minutes)
        ben.clock.on(minutes)
        told = {"actor": "x", "text": "t", "severity": "sev1", "link_kind": "run", "link_name": "7", "action": "a"}
        try:
            (ben if bens else ann).incidents.happened(incident, event, {**told, **CLOSING})
        except ConfigError:
            continue
        accepted.append(event)
    facts = list(ledger.scan())
    found = ann.incidents.find(incident.name)
    ledger.close()
    assert sorted(moment.event for moment in found.moments[1:] if moment.counted) == sorted(accepted)
    assert all(moment.counted for moment in found.moments)
    random.shuffle(facts)  # type: ignore[attr-defined]
    assert incidents_in(facts) == (found,)
