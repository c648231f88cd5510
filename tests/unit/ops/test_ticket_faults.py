"""What becomes of a ticket when a call dies, is refused, is lost, or meets another."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from facts import HOUR
from ticketworld import DAY, FINGERPRINT, DiedError, World, lived_and_closed, permanent

from lumen_action.ops.tickets import BusyError, DeclinedError, NotAllowedError, TrackerError, UnsureError
from lumen_action.ops.tickets.deciding import GRACE_MS, Move
from lumen_action.ops.tickets.pacing import Pace


class TestWhatGoesWrong:
    def test_whoever_died_before_the_call_is_replaced_after_a_time(self, world: World) -> None:
        world.fails()
        world.lose(DiedError, done=False)
        with pytest.raises(DiedError):
            world.sync()
        assert world.moves() == [Move.WAIT]
        world.wait(GRACE_MS)
        assert world.moves() == [Move.OPEN]
        assert world.board.open == {FINGERPRINT: 1}

    @pytest.mark.parametrize("fault", [DiedError, UnsureError])
    def test_what_was_created_is_found_though_nobody_said_so(self, world: World, fault: type[BaseException]) -> None:
        world.fails()
        world.lose(fault, done=True)
        with contextlib.suppress(DiedError):
            assert "lost" in world.sync().problems[0]
        assert world.moves() == []
        world.wait(GRACE_MS)
        assert world.moves() == []
        assert len(world.board.known) == 1

    @pytest.mark.parametrize("fault", [DeclinedError, BusyError])
    def test_what_was_refused_may_be_tried_at_once(self, world: World, fault: type[TrackerError]) -> None:
        world.fails()
        world.lose(fault, done=False)
        assert world.sync().problems
        assert world.moves() == [Move.OPEN]

    def test_what_is_not_allowed_is_for_a_person_to_paste(self, world: World) -> None:
        world.fails()
        world.fails(cause=permanent("f" * 16))
        world.lose(NotAllowedError, done=False)
        report = world.sync()
        assert report.refused == "lost"
        assert sorted(draft.fingerprint for draft in report.to_paste) == sorted([FINGERPRINT, "f" * 16])
        assert world.moves() == [Move.OPEN, Move.OPEN]

    def test_what_came_back_and_may_not_be_opened_again_is_for_a_person_as_well(self, world: World) -> None:
        lived_and_closed(world)
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


def _always(fault: type[TrackerError]) -> Callable[[], None]:
    def fail() -> None:
        raise fault("down")

    return fail


class TestTwoAtOnce:
    """The second companion does all of its work after the first has read the ledger."""

    @pytest.fixture
    def opened(self, world: World) -> World:
        world.fails()
        world.interleave("listed")
        assert world.moves() == [Move.WAIT]
        assert world.board.open == {FINGERPRINT: 1}
        return world

    def test_one_comments(self, opened: World) -> None:
        opened.wait(DAY)
        opened.fails()
        opened.interleave("listed")
        opened.sync()
        assert len(opened.board.comments) == 1

    def test_one_closes_and_one_opens_again(self, opened: World) -> None:
        opened.wait(7 * DAY)
        opened.succeeds()
        opened.interleave("listed")
        assert opened.moves() == [Move.WAIT]
        opened.wait(2 * HOUR)
        opened.fails()
        opened.interleave("listed")
        assert opened.moves() == [Move.WAIT]
        assert len(opened.board.turns) == 3
