from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.model import Action, ErrorClass, Outcome, Scope, Verdict
from lumen_action.rerun import Policy
from lumen_action.running.attempts import Ended, Limits, Rules, Tried, Wishes, outcome_of, pursue
from lumen_action.running.process import Ending

RESET = Verdict(ErrorClass.NETWORK, "reset", "curl.reset", Scope.STEP, 0.9)
COMPILE = Verdict(ErrorClass.BUILD, "compile", "cc.error", Scope.NONE, 0.9)
LOST = Verdict(ErrorClass.ENVIRONMENT, "runner_lost", "gh.lost", Scope.JOB, 0.9)


@dataclass(frozen=True)
class Turn:
    """What one try will do, if nobody stops it."""

    code: int = 1
    takes: float = 1.0
    verdict: Verdict = RESET


@dataclass
class World:
    """A stage of which every try is known beforehand, on a clock that only moves by what happens."""

    turns: list[Turn]
    clean_up_takes: float = 0.0
    signal_after: float | None = None
    used_today: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    now: float = 1000.0
    done: list[str] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def attempt(self, number: int, seconds: float | None) -> Ended:
        turn = self.turns[min(number, len(self.turns)) - 1]
        self.done.append("attempt")
        late = seconds is not None and turn.takes > seconds
        took = seconds if seconds is not None and late else turn.takes
        self.now += took
        return Ending(turn.code, took, timed_out=late)

    def explain(self, ending: Ended) -> Verdict:  # noqa: ARG002 - what it will say is known beforehand
        return self.turns[min(self.done.count("attempt"), len(self.turns)) - 1].verdict

    def take_retry(self, most: int) -> bool:
        return self.used_today + self.done.count("announce") < most

    def demoted(self, signature: str) -> str:
        return self.lost.get(signature, "")

    def announce(self, tried: Tried) -> None:  # noqa: ARG002 - that it is said is enough
        self.done.append("announce")

    def rest(self, seconds: float) -> bool:
        if seconds:
            self.done.append("rest")
        self.now += seconds
        return self.signal_after is not None and self.now - 1000.0 >= self.signal_after

    def clean_up(self, seconds: float | None) -> None:
        self.done.append("clean up")
        self.now += self.clean_up_takes if seconds is None else min(seconds, self.clean_up_takes)


def rules(
    policy: Policy | None = None,
    limits: Limits | None = None,
    wishes: Wishes | None = None,
    random: Callable[[], float] = lambda: 1.0,
    *,
    several_legs: bool = False,
) -> Rules:
    return Rules(policy or Policy(), limits or Limits(), wishes or Wishes(), several_legs=several_legs, random=random)


LEGS = 0.9


def played(turns: list[Turn], by: Rules) -> Tried:
    world = World(turns)
    return pursue(world, by, world.clock)


_turns = st.lists(
    st.builds(
        Turn,
        code=st.sampled_from([0, 1, 1, 56, 137]),
        takes=st.floats(0.01, 50),
        verdict=st.sampled_from([RESET, RESET, COMPILE, LOST]),
    ),
    min_size=1,
    max_size=12,
)
_policies = st.builds(
    Policy,
    max_retries=st.integers(0, 10),
    backoff_seconds=st.lists(st.integers(0, 60), min_size=1, max_size=4).map(tuple),
    retries_per_day=st.none() | st.integers(0, 6),
)
_limits = st.builds(
    Limits, timeout_seconds=st.none() | st.floats(0.5, 60), deadline_seconds=st.none() | st.floats(1, 120)
)
_wishes = st.builds(Wishes, st.booleans(), st.booleans(), st.frozensets(st.sampled_from([1, 56])))


@given(_turns, _policies, _limits, _wishes, st.floats(0, 1), st.floats(0, 40))
def test_never_more_tries_than_allowed_never_a_rest_after_the_last_and_never_past_the_deadline(
    turns: list[Turn],
    policy: Policy,
    limits: Limits,
    wishes: Wishes,
    chance: float,
    clean_up_takes: float,
) -> None:
    world = World(turns, clean_up_takes=clean_up_takes)
    last = pursue(world, rules(policy, limits, wishes, lambda: chance, several_legs=chance < LEGS), world.clock)
    tries = world.done.count("attempt")
    assert last.number == tries <= 1 + policy.max_retries
    assert policy.retries_per_day is None or world.done.count("announce") <= policy.retries_per_day
    if limits.deadline_seconds is not None:
        assert world.now - 1000 <= limits.deadline_seconds + 1e-6
        if world.done[-1] == "clean up":  # only a clean-up that used up the time may come last
            assert last.decision is not None
            assert "have used the time until the deadline" in last.decision.reason
    else:
        assert world.done[-1] == "attempt"
    assert not last.again


def test_two_retries_after_5_and_30_seconds() -> None:
    world = World([Turn(56), Turn(56), Turn(0)])
    last = pursue(world, rules(), world.clock)
    assert (last.number, last.ending.good, world.now) == (3, True, 1000 + 3 + 5 + 30)


def test_a_signature_that_has_lost_its_retries_is_not_tried_again_unless_that_is_wished() -> None:
    world = World([Turn(56), Turn(0)], lost={RESET.signature: "its retries helped 0 of 12 times"})
    last = pursue(world, rules(), world.clock)
    assert (last.number, last.again) == (1, False)
    assert last.decision is not None
    assert last.decision.reason.endswith("is transient, but its retries helped 0 of 12 times")
    assert pursue(replace(world, done=[]), rules(wishes=Wishes(errors=True)), world.clock).number == 2


@pytest.mark.parametrize("verdict", [COMPILE, LOST])
def test_what_is_permanent_or_only_helped_elsewhere_is_not_tried_again_here(verdict: Verdict) -> None:
    world = World([Turn(1, verdict=verdict), Turn(0)])
    last = pursue(world, rules(), world.clock)
    assert (last.number, world.done) == (1, ["attempt"])


def test_a_wish_tries_again_whatever_the_log_says() -> None:
    turns = [Turn(75, verdict=COMPILE), Turn(1, verdict=COMPILE), Turn(0)]
    assert played(turns, rules(wishes=Wishes(codes=frozenset({75})))).number == 2
    assert played(turns, rules(wishes=Wishes(errors=True))).number == 3


def test_codes_and_timeouts_are_wished_for_apart_and_together() -> None:
    hanging = [Turn(1, takes=99, verdict=COMPILE), Turn(75, verdict=COMPILE), Turn(0)]
    codes, limits = frozenset({75}), Limits(timeout_seconds=10)
    for wishes, tries in (
        (Wishes(timeouts=True, codes=codes), 3),
        (Wishes(timeouts=True), 2),
        (Wishes(codes=codes), 1),
        (Wishes(errors=True), 1),
    ):
        assert played(hanging, rules(limits=limits, wishes=wishes)).number == tries


def test_the_time_a_service_names_counts_against_the_deadline() -> None:
    slow = Verdict(ErrorClass.NETWORK, "reset", "x", Scope.STEP, 0.9, retry_after_seconds=90)
    world = World([Turn(1, verdict=slow), Turn(0)])
    last = pursue(world, rules(limits=Limits(None, 60)), world.clock)
    assert (last.number, world.now) == (1, 1001)
    assert last.decision is not None
    assert "59 s are left until the deadline, and the next try is due in 90 s" in last.decision.reason


def test_a_budget_that_is_used_up_forbids_the_retry() -> None:
    world = World([Turn(), Turn(), Turn(0)], used_today=4)
    last = pursue(world, rules(Policy(retries_per_day=5)), world.clock)
    assert last.number == 2
    assert last.decision is not None
    assert last.decision.action is Action.TICKET
    assert "has used its 5 retries of the day" in last.decision.reason


def test_a_signal_while_waiting_ends_it() -> None:
    world = World([Turn(), Turn(0)], signal_after=3)
    last = pursue(world, rules(), world.clock)
    assert (last.number, last.ending.code, world.done) == (1, 1, ["attempt", "announce", "rest"])


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending(0, 1), Outcome.SUCCESS),
        (Ending(3, 1), Outcome.FAILURE),
        (Ending(0, 1, timed_out=True), Outcome.TIMEOUT),
        (Ending(130, 1, interrupted=2), Outcome.CANCELLED),
    ],
)
def test_how_a_stage_ends(ending: Ending, outcome: Outcome) -> None:
    assert outcome_of(ending) is outcome
