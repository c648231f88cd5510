"""What a team hears: windows, escalation, ends, quiet hours and digests, in any order of events and of facts."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from facts import NOON
from hypothesis import given, settings
from hypothesis import strategies as st
from notified import MINUTE, Post, Team

from lumen_action.ops.notify import Receipt, State
from lumen_action.ops.notify.message import Message, Severity
from lumen_action.ops.notify.policy import Rules, rank, rules_of
from lumen_action.ops.notify.quiet import Quiet, hours_of
from lumen_action.ops.notify.threads import thread_of
from lumen_action.ops.notify.turns import whom_of

HOUR = 60 * MINUTE
SEOUL = ZoneInfo("Asia/Seoul")
NIGHT = Rules(window_ms=HOUR, quiet=Quiet(*hours_of("22:00-07:00")), zone=SEOUL)
EVENING = NOON + 2 * HOUR  # 23:00 in Seoul
MANY = Rules(window_ms=HOUR, digest_ms=10 * MINUTE, digest_after=2)
CRITICAL, ERROR, WARNING = Severity.CRITICAL, Severity.ERROR, Severity.WARNING
SENT, COUNTED, HELD, UNTOLD = State.SENT, State.COUNTED, State.HELD, State.UNTOLD
ALREADY, FAILED = State.ALREADY, State.FAILED


def test_the_same_thing_is_told_once_in_the_window_and_the_next_message_says_how_often() -> None:
    team = Team()
    assert [*team.tell("a"), *team.tell("b"), *team.tell("c", WARNING)] == [SENT, COUNTED, COUNTED]
    team.now += HOUR
    assert team.tell("d") == [SENT]
    (post,) = team.posts
    assert [message.sentence for message in post.sent] == ["it broke", "it broke. 2 more since."]
    assert post.sent[1].details["more_since"] == 2


def test_another_thing_and_what_is_worse_go_at_once() -> None:
    team = Team()
    told = [team.tell("a", WARNING), team.tell("b", ERROR), team.tell("c", CRITICAL), team.tell("d", ERROR)]
    assert told == [[SENT], [SENT], [SENT], [COUNTED]]
    assert team.tell("e", thread="other") == [SENT]


def test_the_end_is_told_with_how_long_and_how_often_and_then_it_begins_anew() -> None:
    team = Team()
    for key, severity in (("a", ERROR), ("b", CRITICAL), ("c", ERROR)):
        team.tell(key, severity)
        team.now += 10 * MINUTE
    assert team.over("over 1") == [SENT]
    end = team.posts[0].sent[-1]
    assert end.sentence == "It is over. It lasted 30 m and was seen 3 times."
    assert (end.severity, end.resolves, end.details["times"], end.details["lasted_seconds"]) == (
        CRITICAL,
        True,
        3,
        1800,
    )
    assert (team.over("over 2"), team.tell("d", WARNING), team.over("over 3")) == ([UNTOLD], [SENT], [SENT])
    assert team.posts[0].sent[-1].sentence == "It is over. It lasted 0 ms and was seen once."


def test_only_who_was_told_hears_the_end() -> None:
    team = Team(posts=(Post("slack"), Post("mail", states=[FAILED])))
    assert team.tell("a") == [SENT, FAILED]
    assert team.over() == [SENT, UNTOLD]
    assert [post.subjects for post in team.posts] == [["a", "over"], ["a"]]


def test_what_failed_is_not_told_and_so_the_next_one_goes() -> None:
    team = Team(posts=(Post(states=[FAILED, FAILED]),))
    assert [*team.tell("a"), *team.tell("a"), *team.tell("b"), *team.tell("a")] == [FAILED, FAILED, SENT, COUNTED]


def test_an_end_that_failed_is_told_by_the_next_call() -> None:
    team = Team(posts=(Post(states=[SENT, FAILED]),))
    team.tell("a")
    assert [*team.over("over 1"), *team.over("over 2"), *team.over("over 3")] == [FAILED, SENT, UNTOLD]


def test_at_night_only_what_may_wake_people_goes() -> None:
    team = Team(NIGHT, now=EVENING)
    assert [*team.tell("a"), *team.tell("b"), *team.tell("c", CRITICAL)] == [HELD, COUNTED, SENT]
    assert team.flush() == []
    team.now += 9 * HOUR
    assert team.flush() == [SENT]
    assert team.posts[0].subjects == ["c", "a"]
    assert team.flush() == []
    # By day nothing of it is held back any more.
    team.now += 2 * HOUR
    assert team.tell("d") == [SENT]


def test_the_first_message_of_the_morning_brings_what_was_held_back() -> None:
    team = Team(NIGHT, now=EVENING)
    for key in ("a", "b"):
        team.tell(key, thread=key)
    team.now += 9 * HOUR
    assert team.tell("c", thread="c") == [SENT, SENT]
    held = team.posts[0].sent[1]
    assert held.subject == "nightly: 2 messages"
    assert held.sentence == "2 messages were held back: 2 error. The worst: it broke"


def test_what_was_over_before_the_morning_is_never_told() -> None:
    team = Team(NIGHT, now=EVENING)
    assert (team.tell("a"), team.over()) == ([HELD], [UNTOLD])
    assert team.sender.waiting(team.subject()) == {"slack": 0}
    team.now += 9 * HOUR
    assert (team.flush(), team.tell("b"), team.posts[0].subjects) == ([], [SENT], ["b"])


def test_the_end_of_what_was_told_is_told_at_night_too() -> None:
    team = Team(NIGHT, now=EVENING - 2 * HOUR)
    team.tell("a")
    team.now = EVENING
    assert team.over() == [SENT]


def test_now_goes_at_night_and_in_the_window() -> None:
    team = Team(NIGHT, now=EVENING)
    told = [team.tell("a"), team.tell("a", at_once=True), team.tell("b"), team.tell("c", at_once=True)]
    assert told == [[HELD], [SENT], [COUNTED], [SENT]]
    assert team.sender.waiting(team.subject()) == {"slack": 1}
    team.now += 9 * HOUR
    assert team.flush() == []
    assert team.sender.waiting(team.subject()) == {"slack": 0}


def test_of_many_things_at_once_those_after_the_first_become_one_message() -> None:
    team = Team(MANY)
    severities = [ERROR, WARNING, WARNING, ERROR, CRITICAL, WARNING]
    told = [team.tell(f"{n}", severity, thread=f"{n}") for n, severity in enumerate(severities)]
    assert told == [[SENT], [SENT], [HELD], [HELD], [SENT], [HELD]]
    assert team.flush() == [SENT]
    (*_, one) = team.posts[0].sent
    assert one.details["counts"] == {"error": 1, "warning": 2}
    assert [row.name for row in one.rows] == ["[error] 3", "[warning] 2", "[warning] 5"]
    assert one.severity is ERROR
    # Each of them still has an end of its own.
    assert [*team.over("over 3", "3"), *team.over("over 9", "9")] == [SENT, UNTOLD]


def test_what_was_told_and_becomes_worse_is_no_more_one_of_many() -> None:
    team = Team(Rules(digest_ms=10 * MINUTE, digest_after=1))
    told = [team.tell("a", WARNING), team.tell("b", WARNING), team.tell("c", ERROR), team.tell("d", ERROR)]
    assert told == [[SENT], [HELD], [SENT], [HELD]]


def test_a_digest_leaves_with_the_first_message_after_its_time() -> None:
    team = Team(MANY)
    for n in range(4):
        team.tell(f"{n}", thread=f"{n}")
    team.now += 11 * MINUTE
    assert team.tell("late", thread="late") == [SENT, SENT]
    assert team.posts[0].subjects == ["0", "1", "late", "nightly: 2 messages"]


def test_a_digest_of_a_run_leaves_when_it_is_over_or_with_the_next_run() -> None:
    team = Team(Rules(window_ms=HOUR, digest_run=True, digest_after=1))
    assert [team.tell(f"{n}", thread=f"{n}") for n in range(3)] == [[SENT], [HELD], [HELD]]
    team.now += 5 * HOUR
    assert team.tell("3", thread="3") == [HELD]
    assert team.tell("4", thread="4", run="2") == [SENT, SENT]
    assert team.posts[0].subjects == ["0", "4", "nightly: 3 messages"]


def test_machines_get_each_by_itself_and_by_day_what_was_held_back_at_night() -> None:
    team = Team(MANY, posts=(Post("pagerduty", knows_repeats=True),))
    assert [team.tell(f"{n}", thread=f"{n}") for n in range(4)] == [[SENT]] * 4
    night = Team(NIGHT, posts=(Post("pagerduty", knows_repeats=True),), now=EVENING)
    for n in range(3):
        night.tell(f"{n}", thread=f"{n}")
    night.now += 9 * HOUR
    assert (night.flush(), night.posts[0].subjects) == ([SENT] * 3, ["0", "1", "2"])


def test_what_could_not_leave_waits_on() -> None:
    team = Team(NIGHT, posts=(Post(states=[FAILED]),), now=EVENING)
    for n in range(2):
        team.tell(f"{n}", thread=f"{n}")
    team.now += 9 * HOUR
    assert (team.flush(), team.flush(), team.flush()) == ([FAILED], [SENT], [])


def test_one_channel_with_a_fault_of_its_own_stops_no_other() -> None:
    class Broken(Post):
        def send(self, message: object) -> object:  # type: ignore[override]
            raise UnicodeEncodeError("ascii", "é", 0, 1, f"{message}")

    team = Team(posts=(Broken("mail"), Post("slack")))  # type: ignore[arg-type]
    assert team.tell("a") == [FAILED, SENT]


def test_without_a_ledger_each_is_sent_and_the_end_only_to_machines() -> None:
    team = Team(NIGHT, ledger=None, posts=(Post("slack"), Post("pagerduty", knows_repeats=True)), now=EVENING)
    assert [team.tell("a"), team.tell("a"), team.over()] == [[SENT, SENT], [SENT, SENT], [UNTOLD, SENT]]
    assert team.flush() == []


def test_what_a_file_says_becomes_rules() -> None:
    said = {"window": "off", "quiet-hours": hours_of("22:00-07:00"), "quiet-through": "error", "digest": 600_000}
    assert rules_of(said, SEOUL) == Rules(0, NIGHT.quiet, ERROR, digest_ms=600_000, zone=SEOUL)
    assert rules_of({"digest": "run", "digest-after": 5}, SEOUL) == Rules(
        HOUR, digest_run=True, digest_after=5, zone=SEOUL
    )
    assert not rules_of({}, SEOUL).digests


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("alert"), st.sampled_from(list(Severity)), st.integers(0, 12)),
        st.tuples(st.just("over"), st.integers(0, 6), st.just(0)),
        st.tuples(st.just("wait"), st.sampled_from([1, 20, 59, 61, 240, 700]), st.just(0)),
        st.tuples(st.just("flush"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


def played(team: Team, events: list[tuple[str, object, int]]) -> Iterator[tuple[str, str, Severity, list[State]]]:
    for what, value, number in events:
        if what == "wait":
            team.now += int(str(value)) * MINUTE
        elif what == "alert" and isinstance(value, Severity):
            yield "alert", f"{value.value}{number}", value, team.tell(f"{value.value}{number}", value)
        elif what == "over":
            yield "over", f"over{value}", ERROR, team.over(f"over{value}")
        elif what == "flush":
            yield "flush", "", ERROR, team.flush()


@given(EVENTS)
@settings(max_examples=100, deadline=None)
def test_a_window_and_an_end_are_what_these_few_lines_say(events: list[tuple[str, object, int]]) -> None:
    team = Team()
    told: list[tuple[int, Severity]] = []
    before: set[str] = set()
    for what, key, severity, states in played(team, events):
        if what == "flush":
            assert states == []
        elif key in before:
            assert states == [ALREADY]
        elif what == "over":
            assert states == [SENT if told else UNTOLD]
            before |= {key} if told else set()
            told = []
        else:
            before.add(key)
            loud = any(rank(each) >= rank(severity) for at, each in told if team.now - at < HOUR)
            assert states == [COUNTED if loud else SENT]
            told += [] if loud else [(team.now, severity)]


@given(EVENTS, st.sampled_from([NIGHT, MANY, Rules()]))
@settings(max_examples=100, deadline=None)
def test_whatever_the_rules_each_is_told_once_and_the_end_only_to_who_was_told(
    events: list[tuple[str, object, int]], rules: Rules
) -> None:
    team = Team(rules)
    (post,) = team.posts
    worst_told: list[Severity] = []
    heard = 0
    asleep: list[int] = []
    for what, _, _, states in played(team, events):
        new, heard = post.sent[heard:], len(post.sent)
        quiet = rules.quiet_until_ms(team.now) is not None
        overslept = any((rules.quiet_until_ms(at) or at) <= team.now for at in asleep)
        asleep += [team.now] if HELD in states else []
        for each in new:
            assert each.severity
            assert each.resolves is (what == "over")
            if each.resolves:
                assert each.severity is max(worst_told, key=rank)
                worst_told = []
            else:
                assert each.severity is CRITICAL or not quiet or overslept
                worst_told.append(each.severity)
    keys = [each.key for each in post.sent]
    assert len(keys) == len(set(keys))


@given(EVENTS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_facts_in_any_order_and_with_repeats_tell_the_same(
    events: list[tuple[str, object, int]], chance: random.Random
) -> None:
    team = Team(NIGHT)
    list(played(team, events))
    assert team.ledger
    facts = list(team.ledger.scan(run="thread t"))
    mixed = facts * 2
    chance.shuffle(mixed)
    whom = whom_of(team.posts[0])  # type: ignore[arg-type]
    one, other = thread_of(facts, whom), thread_of(mixed, whom)
    assert one.entries == tuple(dict.fromkeys(other.entries))
    assert (one.more, one.times, one.since_ms, one.ended_at) == (
        other.more,
        other.times,
        other.since_ms,
        other.ended_at,
    )


@pytest.mark.parametrize("state", [State.PARTLY, State.UNKNOWN])
def test_what_may_have_arrived_has_an_end(state: State) -> None:
    team = Team(posts=(Post(states=[state]),))
    # What may have been lost holds no other message back; what is known to have arrived does.
    other = SENT if state is State.UNKNOWN else COUNTED
    assert [*team.tell("a"), *team.tell("b"), *team.over()] == [state, other, SENT]


def test_who_died_while_sending_holds_nothing_back_for_long() -> None:
    class Dying(Post):
        def send(self, message: Message) -> Receipt:
            raise KeyboardInterrupt(message.key)

    team = Team(Rules(window_ms=24 * HOUR), posts=(Dying(),))
    with pytest.raises(KeyboardInterrupt):
        team.tell("a")
    team.posts = (Post(),)
    assert team.tell("b") == [COUNTED]
    team.now += 11 * MINUTE
    assert team.tell("c") == [SENT]


def test_what_nobody_fetched_by_day_leaves_in_the_next_quiet_hours_with_a_warning() -> None:
    team = Team(NIGHT, now=EVENING)
    assert team.tell("a") == [HELD]
    team.now += 2 * HOUR
    assert (team.tell("b", thread="other"), team.flush()) == ([HELD], [])
    team.now += 22 * HOUR
    assert team.tell("c") == [COUNTED, SENT]
    assert team.posts[0].subjects == ["nightly: 2 messages"]
    assert "run `lumen notify flush` when they end" in "".join(team.told)


def test_a_channel_that_hangs_holds_up_no_other() -> None:
    other_was_told = threading.Event()

    class Hanging(Post):
        def send(self, message: Message) -> Receipt:
            assert other_was_told.wait(30)
            return super().send(message)

    class Quick(Post):
        def send(self, message: Message) -> Receipt:
            other_was_told.set()
            return super().send(message)

    team = Team(posts=(Hanging("mail"), Quick("slack")))
    assert team.tell("a") == [SENT, SENT]
    assert [len(post.sent) for post in team.posts] == [1, 1]


def test_two_held_messages_reach_a_machine_each_by_itself_beside_the_digest_of_people() -> None:
    team = Team(NIGHT, posts=(Post("pagerduty", knows_repeats=True), Post("slack")), now=EVENING)
    for n in range(2):
        assert team.tell(f"{n}", thread=f"{n}") == [HELD, HELD]
    team.now += 9 * HOUR
    assert team.tell("c", thread="c") == [SENT] * 5
    assert [post.subjects for post in team.posts] == [["c", "0", "1"], ["c", "nightly: 2 messages"]]
