"""What becomes of a ticket, whatever fails, succeeds, dies or is done by hand, in any order."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise

import pytest
from facts import HOUR, fact
from hypothesis import given, settings
from hypothesis import strategies as st
from ticketworld import DAY, FINGERPRINT, DiedError, World, failed, permanent

from lumen_action.model import Action, ErrorClass, Fact, Kind, Outcome, Trust
from lumen_action.ops.tickets import BusyError, DeclinedError, NotAllowedError, TrackerError, UnsureError
from lumen_action.ops.tickets.cases import Casebook, identity
from lumen_action.ops.tickets.deciding import GRACE_MS, Move
from lumen_action.ops.tickets.options import TicketOptions
from lumen_action.ops.tickets.pacing import Pace
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.state import State

MINUTE = HOUR // 60


@pytest.fixture
def world() -> World:
    return World()


def count_in(body: str) -> int:
    found = re.search(r"Seen in \*\*(\d+)\*\*", body)
    assert found
    return int(found[1])


def moves(world: World) -> list[Move]:
    return [entry.move for entry in world.sync().entries]


class TestOneLife:
    def test_a_permanent_failure_opens_one_ticket(self, world: World) -> None:
        world.fails()
        assert moves(world) == [Move.OPEN]
        assert moves(world) == []
        assert world.board.open == {FINGERPRINT: 1}

    def test_what_is_worth_a_retry_opens_none(self, world: World) -> None:
        world.fails(cause=permanent(decision=Action.RETRY_NOW))
        assert moves(world) == []

    def test_what_the_team_ignores_opens_none(self, world: World) -> None:
        world.fails()
        for name in ("build", "build/test"):
            world.options = TicketOptions(ignore=(name,))
            assert moves(world) == []
        world.options = TicketOptions(ignore=("network", "build/lint"))
        assert moves(world) == [Move.OPEN]

    def test_what_failed_before_the_window_opens_none(self, world: World) -> None:
        world.fails()
        world.since_ms = world.now_ms + 1
        assert moves(world) == []

    def test_what_a_fork_reports_opens_none(self, world: World) -> None:
        world.book.put(failed("1", world.now_ms, trust=Trust.FORK))  # type: ignore[arg-type]
        assert moves(world) == []

    def test_a_second_failure_updates_the_text_without_a_comment(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(HOUR)
        world.fails()
        assert moves(world) == [Move.REWRITE]
        assert count_in(world.board.known["1"].body) == 2
        assert world.board.comments == []

    def test_news_are_told_once_a_day(self, world: World) -> None:
        for _ in range(3 * 24):
            world.fails()
            world.sync()
            world.wait(HOUR)
        times = [at for _, at in world.board.comments]
        assert len(times) == 2
        assert times[1] - times[0] >= DAY
        assert count_in(world.board.known["1"].body) == world.failures == 72

    def test_it_is_closed_after_a_quiet_time_and_a_success(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(7 * DAY)
        assert moves(world) == []
        world.succeeds()
        assert moves(world) == [Move.CLOSE]
        assert moves(world) == []
        assert world.board.open == {}

    def test_a_success_alone_does_not_close_it(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(7 * DAY - 1)
        world.succeeds()
        assert moves(world) == [Move.REWRITE]
        assert world.board.open == {FINGERPRINT: 1}

    def test_every_pipeline_has_to_succeed(self, world: World) -> None:
        world.fails("nightly")
        world.fails("release")
        world.sync()
        world.wait(8 * DAY)
        world.succeeds("nightly")
        world.succeeds("release", stage="deploy")
        assert Move.CLOSE not in moves(world)
        world.succeeds("release", stage="run")
        assert Move.CLOSE in moves(world)

    def test_a_run_that_repeats_its_stage_needs_no_success_of_its_own(self, world: World) -> None:
        for stage in ("build", "run"):
            world.book.put(failed("a", world.now_ms, stage=stage))
        world.book.put(failed("b", world.now_ms, stage="run", pipeline="release"))
        world.sync()
        world.wait(8 * DAY)
        world.succeeds()
        assert Move.CLOSE not in moves(world)
        world.succeeds("release", stage="run")
        assert Move.CLOSE in moves(world)

    def test_it_is_opened_again_when_the_cause_comes_back(self, world: World) -> None:
        self._closed(world)
        world.wait(2 * HOUR)
        world.fails()
        assert moves(world) == [Move.REOPEN]
        assert world.board.open == {FINGERPRINT: 1}
        assert len(world.board.known) == 1

    def test_soon_after_closing_it_waits_for_its_rest_and_then_opens(self, world: World) -> None:
        self._closed(world)
        world.wait(MINUTE)
        world.fails()
        assert moves(world) == [Move.REWRITE]
        world.wait(HOUR)
        assert moves(world) == [Move.REOPEN]

    def test_the_quiet_days_are_the_teams(self, world: World) -> None:
        world.options = TicketOptions(quiet_days=1)
        world.fails()
        world.sync()
        world.wait(DAY)
        world.succeeds()
        assert moves(world) == [Move.CLOSE]

    def _closed(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(7 * DAY)
        world.succeeds()
        assert moves(world) == [Move.CLOSE]


class TestPeople:
    def test_what_a_person_closes_stays_closed_until_it_comes_back(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(HOUR)
        world.board.by_hand("1", open_=False)
        moves(world)
        assert world.board.open == {}
        world.wait(2 * HOUR)
        world.fails()
        assert Move.REOPEN in moves(world)

    def test_what_a_person_rejects_stays_closed(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(HOUR)
        world.board.by_hand("1", open_=False, rejected=True)
        world.sync()
        world.wait(2 * DAY)
        world.fails()
        assert moves(world) == [Move.REWRITE]
        assert world.board.open == {}

    def test_what_a_person_opens_again_gets_a_whole_quiet_time(self, world: World) -> None:
        TestOneLife()._closed(world)
        world.wait(DAY)
        world.board.by_hand("1", open_=True)
        world.sync()
        world.wait(6 * DAY)
        world.sync()
        assert world.board.open == {FINGERPRINT: 1}
        world.wait(DAY)
        assert moves(world) == [Move.CLOSE]

    def test_what_a_person_deletes_comes_back_with_the_cause_only(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(2 * HOUR)
        world.board.known.clear()
        assert moves(world) == []
        world.fails()
        assert moves(world) == [Move.OPEN]

    def test_words_around_ours_stay(self, world: World) -> None:
        world.fails()
        world.sync()
        ticket = world.board.known["1"]
        world.board.rewrite(ticket, f"Look at me first.\r\n\r\n{ticket.body}\r\n\r\nAlice: it is the cache.")
        world.fails()
        world.sync()
        body = world.board.known["1"].body
        assert body.startswith("Look at me first.\n\n<!-- lumen:fingerprint")
        assert body.endswith("<!-- lumen:end -->\n\nAlice: it is the cache.")
        assert count_in(body) == 2

    def test_a_younger_twin_is_closed_and_says_why(self, world: World) -> None:
        world.fails()
        world.sync()
        first = world.board.known["1"]
        world.wait(HOUR)
        world.board.create(_draft(first.body))
        world.sync()
        assert [ticket.open for ticket in world.board.known.values()] == [True, False]
        assert "https://x.example/1" in world.board.known["2"].body.splitlines()[0]
        assert moves(world) == []

    def test_a_ticket_older_than_the_ledger_is_taken_over(self, world: World) -> None:
        world.fails()
        world.sync()
        for digest in [key for key, each in world.book.facts.items() if each.key.kind is Kind.NOTICE]:
            del world.book.facts[digest]
        assert moves(world) == []
        assert len(world.board.known) == 1


def _draft(body: str):  # noqa: ANN202
    from lumen_action.ops.tickets import Draft

    return Draft(FINGERPRINT, "twin", body)


class TestWhatGoesWrong:
    def test_whoever_died_before_the_call_is_replaced_after_a_time(self, world: World) -> None:
        world.fails()
        world.lose(DiedError, done=False)
        with pytest.raises(DiedError):
            world.sync()
        assert moves(world) == [Move.WAIT]
        world.wait(GRACE_MS)
        assert moves(world) == [Move.OPEN]
        assert world.board.open == {FINGERPRINT: 1}

    @pytest.mark.parametrize("fault", [DiedError, UnsureError])
    def test_what_was_created_is_found_though_nobody_said_so(self, world: World, fault: type[BaseException]) -> None:
        world.fails()
        world.lose(fault, done=True)
        with contextlib.suppress(DiedError):
            assert "lost" in world.sync().problems[0]
        assert moves(world) == []
        world.wait(GRACE_MS)
        assert moves(world) == []
        assert len(world.board.known) == 1

    @pytest.mark.parametrize("fault", [DeclinedError, BusyError])
    def test_what_was_refused_may_be_tried_at_once(self, world: World, fault: type[TrackerError]) -> None:
        world.fails()
        world.lose(fault, done=False)
        assert world.sync().problems
        assert moves(world) == [Move.OPEN]

    def test_what_is_not_allowed_is_for_a_person_to_paste(self, world: World) -> None:
        world.fails()
        world.fails(cause=permanent("f" * 16))
        world.lose(NotAllowedError, done=False)
        report = world.sync()
        assert report.refused == "lost"
        assert sorted(draft.fingerprint for draft in report.to_paste) == sorted([FINGERPRINT, "f" * 16])
        assert moves(world) == [Move.OPEN, Move.OPEN]

    def test_what_came_back_and_may_not_be_opened_again_is_for_a_person_as_well(self, world: World) -> None:
        TestOneLife()._closed(world)
        world.wait(2 * HOUR)
        world.fails()
        world.lose(NotAllowedError, done=False)
        assert [draft.fingerprint for draft in world.sync().to_paste] == [FINGERPRINT]

    def test_a_tracker_that_fails_and_fails_is_left_alone(self, world: World) -> None:
        for number in range(5):
            world.fails(cause=permanent(f"{number}" * 16))
        world.board.before = _always(UnsureError)
        report = world.sync()
        assert len(report.problems) == 4
        assert "the rest is left" in report.problems[-1]

    def test_more_writes_than_a_call_may_make_are_for_the_next(self) -> None:
        pace = Pace(most=2)
        pace.writes = 2
        with pytest.raises(BusyError, match="2 writes are enough"):
            pace.wait()

    def test_a_dry_run_changes_nothing(self, world: World) -> None:
        world.fails()
        before = dict(world.book.facts)
        assert [entry.move for entry in world.sync(dry_run=True).entries] == [Move.OPEN]
        assert world.book.facts == before
        assert world.board.known == {}


def _always(fault: type[TrackerError]):  # noqa: ANN202
    def fail() -> None:
        raise fault("down")

    return fail


class TestTwoAtOnce:
    """The second companion does all of its work after the first has read the ledger."""

    @pytest.fixture
    def opened(self, world: World) -> World:
        world.fails()
        _interleave(world, "listed")
        assert moves(world) == [Move.WAIT]
        assert world.board.open == {FINGERPRINT: 1}
        return world

    def test_one_comments(self, opened: World) -> None:
        opened.wait(DAY)
        opened.fails()
        _interleave(opened, "listed")
        opened.sync()
        assert len(opened.board.comments) == 1

    def test_one_closes_and_one_opens_again(self, opened: World) -> None:
        opened.wait(7 * DAY)
        opened.succeeds()
        _interleave(opened, "listed")
        assert moves(opened) == [Move.WAIT]
        opened.wait(2 * HOUR)
        opened.fails()
        _interleave(opened, "listed")
        assert moves(opened) == [Move.WAIT]
        assert len(opened.board.turns) == 3


class TestATrackerThatIsOnlyTold:
    def test_the_ledger_remembers_for_it(self, world: World) -> None:
        world.board.remembers = False
        world.fails()
        assert moves(world) == [Move.OPEN]
        assert moves(world) == []
        world.wait(DAY)
        world.fails()
        assert moves(world) == [Move.COMMENT]
        world.wait(7 * DAY)
        world.succeeds()
        assert moves(world) == [Move.CLOSE]
        assert moves(world) == []


def test_notices_change_no_total(world: World) -> None:
    world.fails()
    world.succeeds("release")

    def totals() -> State:
        return fold(collect(world.book.scan()), now_ms=world.now_ms, calendar=Calendar())

    before = totals()
    world.sync()
    assert any(each.key.kind is Kind.NOTICE for each in world.book.scan())
    assert {name: state.regions for name, state in totals().pipelines.items()} == {
        name: state.regions for name, state in before.pipelines.items()
    }
    assert [state.days for state in totals().pipelines.values()] == [state.days for state in before.pipelines.values()]


class TestCases:
    def test_a_run_counts_once_in_a_region_whatever_was_tried(self) -> None:
        facts = [failed("1", 5, region=region, stage=stage) for region in ("eu", "us") for stage in ("build", "run")]
        facts += [failed("2", 9, attempt=attempt) for attempt in (1, 2)]  # type: ignore[arg-type]
        (case,) = Casebook(facts).cases()
        assert (case.count, case.pipelines, case.regions) == (3, (("nightly", 3),), ("eu", "us"))
        assert case.latest.key.stage == "build"

    def test_without_a_line_that_explains_it_the_pipeline_is_its_identity(self) -> None:
        unknown = permanent(error_class=ErrorClass.UNKNOWN, signature="", evidence="")
        one, other = (failed("1", 5, cause=unknown, pipeline=name) for name in ("a", "b"))
        assert identity(one) != identity(other)
        assert re.fullmatch("[0-9a-f]{16}", identity(one))

    @given(
        st.lists(
            st.tuples(st.integers(1, 4), st.sampled_from("ab"), st.sampled_from(["eu", "us"]), st.integers(0, 9)),
            min_size=1,
            max_size=12,
            unique_by=lambda each: (each[0], each[2]),
        ),
        st.randoms(use_true_random=False),
    )
    def test_the_order_and_the_copies_of_facts_do_not_matter(self, said, random) -> None:  # noqa: ANN001
        facts: list[Fact] = [failed(str(run), at, pipeline=name, region=region) for run, name, region, at in said]
        facts += [fact("build", Outcome.SUCCESS, run="9", at=5, pipeline="a")]
        shuffled = facts * 2
        random.shuffle(shuffled)
        assert Casebook(shuffled).cases() == Casebook(facts).cases()
        assert Casebook(facts).cases()[0].count == len({(run, region) for run, _, region, _ in said})


EVENTS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([MINUTE, 20 * MINUTE, 2 * HOUR, DAY, 4 * DAY])),
    st.tuples(st.just("calms"), st.sampled_from([DAY, DAY + MINUTE])),
    st.tuples(st.just("fails"), st.sampled_from(["nightly", "release"])),
    st.tuples(st.just("succeeds"), st.sampled_from(["nightly", "release"])),
)
SYNCS = st.one_of(
    st.tuples(st.sampled_from(["none", "plain", "plain", "plain"]), st.none()),
    st.tuples(st.just("race"), st.sampled_from(["listed", "before", "after"])),
    st.tuples(st.sampled_from(["dies", "unsure"]), st.booleans()),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(EVENTS, SYNCS), max_size=25))
def test_never_two_tickets_never_flapping_and_the_count_is_that_of_the_facts(steps) -> None:  # noqa: ANN001
    world = World(options=TicketOptions(quiet_days=1))
    for event, (sync, how) in steps:
        world.wait(1)
        _happens(world, *event)
        world.wait(1)
        if sync == "race":
            _interleave(world, how)
        elif sync in ("dies", "unsure"):
            world.lose(DiedError if sync == "dies" else UnsureError, done=how)
        if sync != "none":
            with contextlib.suppress(DiedError):
                world.sync()
        world.undisturbed()
        assert world.board.open[FINGERPRINT] <= 1
    world.wait(GRACE_MS)
    world.sync()
    world.wait(GRACE_MS)
    assert world.sync().problems == []
    assert len(world.board.known) == (1 if world.failures else 0)
    for ticket in world.board.known.values():
        assert count_in(ticket.body) == world.failures
    times = [at for _, _, at in world.board.turns]
    assert all(later - earlier >= HOUR for earlier, later in pairwise(times))
    assert all(later - earlier >= DAY for earlier, later in pairwise(at for _, at in world.board.comments))
    assert [to_open for _, to_open, _ in world.board.turns] == [i % 2 == 0 for i in range(len(times))]


def _happens(world: World, word: str, what) -> None:  # noqa: ANN001
    if word in ("fails", "succeeds"):
        getattr(world, word)(what)
        return
    world.wait(what)
    for name in ("nightly", "release") if word == "calms" else ():
        world.succeeds(name)


def _interleave(world: World, when: str) -> None:
    """Let a second companion do all of its work in the middle of a change of the first."""

    def meanwhile() -> None:
        world.undisturbed()
        world.sync()

    setattr(world.board, when, meanwhile)
