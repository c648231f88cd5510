"""What becomes of a ticket while failures, successes and people come and go."""

from __future__ import annotations

from facts import HOUR
from ticketworld import DAY, FINGERPRINT, MINUTE, World, count_in, failed, lived_and_closed, permanent

from lumen_action.model import Action, Kind, Trust
from lumen_action.ops.tickets import Draft
from lumen_action.ops.tickets.deciding import Move
from lumen_action.ops.tickets.options import TicketOptions


class TestOneLife:
    def test_a_permanent_failure_opens_one_ticket(self, world: World) -> None:
        world.fails()
        assert world.moves() == [Move.OPEN]
        assert world.moves() == []
        assert world.board.open == {FINGERPRINT: 1}

    def test_what_is_worth_a_retry_opens_none(self, world: World) -> None:
        world.fails(cause=permanent(decision=Action.RETRY_NOW))
        assert world.moves() == []

    def test_what_the_team_ignores_opens_none(self, world: World) -> None:
        world.fails()
        for name in ("build", "build/test"):
            world.options = TicketOptions(ignore=(name,))
            assert world.moves() == []
        world.options = TicketOptions(ignore=("network", "build/lint"))
        assert world.moves() == [Move.OPEN]

    def test_what_failed_before_the_window_opens_none(self, world: World) -> None:
        world.fails()
        world.since_ms = world.now_ms + 1
        assert world.moves() == []

    def test_what_a_fork_reports_opens_none(self, world: World) -> None:
        world.book.put(failed("1", world.now_ms, trust=Trust.FORK))  # type: ignore[arg-type]
        assert world.moves() == []

    def test_a_second_failure_updates_the_text_without_a_comment(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(HOUR)
        world.fails()
        assert world.moves() == [Move.REWRITE]
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
        assert world.moves() == []
        world.succeeds()
        assert world.moves() == [Move.CLOSE]
        assert world.moves() == []
        assert world.board.open == {}

    def test_a_success_alone_does_not_close_it(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(7 * DAY - 1)
        world.succeeds()
        assert world.moves() == [Move.REWRITE]
        assert world.board.open == {FINGERPRINT: 1}

    def test_every_pipeline_has_to_succeed(self, world: World) -> None:
        world.fails("nightly")
        world.fails("release")
        world.sync()
        world.wait(8 * DAY)
        world.succeeds("nightly")
        world.succeeds("release", stage="deploy")
        assert Move.CLOSE not in world.moves()
        world.succeeds("release", stage="run")
        assert Move.CLOSE in world.moves()

    def test_a_run_that_repeats_its_stage_needs_no_success_of_its_own(self, world: World) -> None:
        for stage in ("build", "run"):
            world.book.put(failed("a", world.now_ms, stage=stage))
        world.book.put(failed("b", world.now_ms, stage="run", pipeline="release"))
        world.sync()
        world.wait(8 * DAY)
        world.succeeds()
        assert Move.CLOSE not in world.moves()
        world.succeeds("release", stage="run")
        assert Move.CLOSE in world.moves()

    def test_it_is_opened_again_when_the_cause_comes_back(self, world: World) -> None:
        lived_and_closed(world)
        world.wait(2 * HOUR)
        world.fails()
        assert world.moves() == [Move.REOPEN]
        assert world.board.open == {FINGERPRINT: 1}
        assert len(world.board.known) == 1

    def test_soon_after_closing_it_waits_for_its_rest_and_then_opens(self, world: World) -> None:
        lived_and_closed(world)
        world.wait(MINUTE)
        world.fails()
        assert world.moves() == [Move.REWRITE]
        world.wait(HOUR)
        assert world.moves() == [Move.REOPEN]

    def test_the_quiet_days_are_the_teams(self, world: World) -> None:
        world.options = TicketOptions(quiet_days=1)
        world.fails()
        world.sync()
        world.wait(DAY)
        world.succeeds()
        assert world.moves() == [Move.CLOSE]


class TestPeople:
    def test_what_a_person_closes_stays_closed_until_it_comes_back(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(HOUR)
        world.board.by_hand("1", open_=False)
        world.moves()
        assert world.board.open == {}
        world.wait(2 * HOUR)
        world.fails()
        assert Move.REOPEN in world.moves()

    def test_what_a_person_rejects_stays_closed(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(HOUR)
        world.board.by_hand("1", open_=False, rejected=True)
        world.sync()
        world.wait(2 * DAY)
        world.fails()
        assert world.moves() == [Move.REWRITE]
        assert world.board.open == {}

    def test_what_a_person_opens_again_gets_a_whole_quiet_time(self, world: World) -> None:
        lived_and_closed(world)
        world.wait(DAY)
        world.board.by_hand("1", open_=True)
        world.sync()
        world.wait(6 * DAY)
        world.sync()
        assert world.board.open == {FINGERPRINT: 1}
        world.wait(DAY)
        assert world.moves() == [Move.CLOSE]

    def test_what_a_person_deletes_comes_back_with_the_cause_only(self, world: World) -> None:
        world.fails()
        world.sync()
        world.wait(2 * HOUR)
        world.board.known.clear()
        assert world.moves() == []
        world.fails()
        assert world.moves() == [Move.OPEN]

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
        world.board.create(Draft(FINGERPRINT, "twin", first.body))
        world.sync()
        assert [ticket.open for ticket in world.board.known.values()] == [True, False]
        assert "https://x.example/1" in world.board.known["2"].body.splitlines()[0]
        assert world.moves() == []

    def test_a_ticket_older_than_the_ledger_is_taken_over(self, world: World) -> None:
        world.fails()
        world.sync()
        for digest in [key for key, each in world.book.facts.items() if each.key.kind is Kind.NOTICE]:
            del world.book.facts[digest]
        assert world.moves() == []
        assert len(world.board.known) == 1


class TestATrackerThatIsOnlyTold:
    def test_the_ledger_remembers_for_it(self, world: World) -> None:
        world.board.remembers = False
        world.fails()
        assert world.moves() == [Move.OPEN]
        assert world.moves() == []
        world.wait(DAY)
        world.fails()
        assert world.moves() == [Move.COMMENT]
        world.wait(7 * DAY)
        world.succeeds()
        assert world.moves() == [Move.CLOSE]
        assert world.moves() == []
