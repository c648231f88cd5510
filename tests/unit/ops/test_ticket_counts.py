"""What tickets count: a run once in a region, whatever happens in whatever order."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise
from random import Random
from typing import Any

from facts import HOUR, fact
from hypothesis import given, settings
from hypothesis import strategies as st
from ticketworld import DAY, FINGERPRINT, MINUTE, DiedError, World, count_in, failed, permanent

from lumen_action.model import ErrorClass, Fact, Kind, Outcome
from lumen_action.ops.tickets import UnsureError
from lumen_action.ops.tickets.cases import Casebook, identity
from lumen_action.ops.tickets.deciding import GRACE_MS
from lumen_action.ops.tickets.options import TicketOptions
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.state import State


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
    def test_the_order_and_the_copies_of_facts_do_not_matter(
        self, said: list[tuple[int, str, str, int]], random: Random
    ) -> None:
        facts: list[Fact] = [failed(str(run), at, pipeline=name, region=region) for run, name, region, at in said]
        facts += [fact("build", Outcome.SUCCESS, run="9", at=5, pipeline="a")]
        shuffled = facts * 2
        random.shuffle(shuffled)
        assert Casebook(shuffled).cases() == Casebook(facts).cases()
        assert Casebook(facts).cases()[0].count == len({(run, region) for run, _, region, _ in said})


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


Step = tuple[tuple[str, Any], tuple[str, Any]]
"""What happens, and how the companion comes afterwards."""
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
def test_never_two_tickets_never_flapping_and_the_count_is_that_of_the_facts(steps: list[Step]) -> None:
    world = World(options=TicketOptions(quiet_days=1))
    for event, (sync, how) in steps:
        world.wait(1)
        _happens(world, *event)
        world.wait(1)
        if sync == "race":
            world.interleave(how)
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


def _happens(world: World, word: str, what: str | int) -> None:
    if isinstance(what, str):
        (world.fails if word == "fails" else world.succeeds)(what)
        return
    world.wait(what)
    for name in ("nightly", "release") if word == "calms" else ():
        world.succeeds(name)
