"""Nobody is told twice: receipts as facts, races, losses, and ledgers that do not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from facts import HOUR, NOON, fact

from lumen_action.errors import LedgerError
from lumen_action.ledger import Put
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Outcome
from lumen_action.ops.notify import Channel, Receipt, State
from lumen_action.ops.notify.message import Message, Severity
from lumen_action.ops.notify.policy import Rules
from lumen_action.ops.notify.receipts import Receipts, Subject
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold

MESSAGE = Message("s", "s", (), "s", "key", "thread", NOON)
SUBJECT = Subject("nightly", "2026-01-05", "nightly 2026-W01")


@dataclass
class Post:
    """A channel that answers what it is told to, and remembers the keys that it was sent."""

    states: list[State] = field(default_factory=list)
    name: str = "mail"
    place: str = "ops@team.example"
    address: str = "ops@team.example"
    knows_repeats: bool = False
    sent: list[str] = field(default_factory=list)

    def send(self, message: Message) -> Receipt:
        self.sent.append(message.key)
        state = self.states.pop(0) if self.states else State.SENT
        return Receipt(self.name, self.place, state, "told")

    def preview(self, message: Message) -> dict[str, object]:
        return {"key": message.key}


@dataclass
class Sending:
    """Sends through one channel and keeps what became of it, in the thread that asks."""

    receipts: Receipts

    def send(self, channel: Channel, message: Message, subject: Subject, **how: bool) -> Receipt:
        ready = self.receipts.claimed(channel, message, subject, **how)
        return ready if isinstance(ready, Receipt) else self.receipts.settled(ready, ready.delivered())


class Clock:
    def __init__(self) -> None:
        self.now = NOON
        self.told: list[str] = []

    def receipts(self, ledger: object) -> Sending:
        return Sending(Receipts(ledger, lambda: self.now, self.told.append))  # type: ignore[arg-type]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = SqliteLedger(tmp_path / "ledger.db", durable=True)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_was_sent_is_not_sent_again(ledger: SqliteLedger, clock: Clock) -> None:
    post: Channel = Post()
    states = [clock.receipts(ledger).send(post, MESSAGE, SUBJECT).state for _ in range(3)]
    assert (states, post.sent) == ([State.SENT, State.ALREADY, State.ALREADY], ["key"])  # type: ignore[attr-defined]


def test_who_partly_got_it_does_not_get_it_again(ledger: SqliteLedger, clock: Clock) -> None:
    post = Post([State.PARTLY])
    assert [clock.receipts(ledger).send(post, MESSAGE, SUBJECT).state for _ in range(2)] == [
        State.PARTLY,
        State.ALREADY,
    ]


def test_others_get_it_and_so_do_all_the_next_one(ledger: SqliteLedger, clock: Clock) -> None:
    receipts = clock.receipts(ledger)
    first, other = Post(), Post(address="lead@team.example")
    assert receipts.send(first, MESSAGE, SUBJECT).state is State.SENT
    assert receipts.send(other, MESSAGE, SUBJECT).state is State.SENT
    assert receipts.send(Post(name="slack"), MESSAGE, SUBJECT).state is State.SENT
    assert receipts.send(first, Message("s", "s", (), "s", "next", "t", NOON), SUBJECT).state is State.SENT


def test_again_sends_it_under_another_id(ledger: SqliteLedger, clock: Clock) -> None:
    post, receipts = Post(), clock.receipts(ledger)
    for _ in range(3):
        assert receipts.send(post, MESSAGE, SUBJECT, again=True).state is State.SENT
    assert post.sent[0] == "key"
    assert len(set(post.sent)) == 3


def test_what_failed_is_sent_by_the_next_call_under_the_same_id(ledger: SqliteLedger, clock: Clock) -> None:
    post = Post([State.FAILED, State.FAILED])
    states = [clock.receipts(ledger).send(post, MESSAGE, SUBJECT).state for _ in range(4)]
    assert states == [State.FAILED, State.FAILED, State.SENT, State.ALREADY]
    assert post.sent == ["key"] * 3


@pytest.mark.parametrize(("knows_repeats", "sent"), [(True, 2), (False, 1)])
def test_what_may_have_arrived_is_repeated_only_to_who_knows_it_by_its_id(
    ledger: SqliteLedger,
    clock: Clock,
    *,
    knows_repeats: bool,
    sent: int,
) -> None:
    post = Post([State.UNKNOWN], knows_repeats=knows_repeats)
    states = [clock.receipts(ledger).send(post, MESSAGE, SUBJECT).state for _ in range(2)]
    assert states == [State.UNKNOWN, State.SENT if knows_repeats else State.UNKNOWN]
    assert post.sent == ["key"] * sent


class DiedError(BaseException):
    pass


class Mortal(Post):
    def send(self, message: Message) -> Receipt:
        raise DiedError(message.key)


def test_who_died_while_sending_leaves_it_unknown(ledger: SqliteLedger, clock: Clock) -> None:
    with pytest.raises(DiedError):
        clock.receipts(ledger).send(Mortal(), MESSAGE, SUBJECT)
    post = Post()
    told = clock.receipts(ledger).send(post, MESSAGE, SUBJECT).told
    assert told.startswith("somebody else is sending it just now; if that call was cut off")
    clock.now += HOUR
    assert clock.receipts(ledger).send(post, MESSAGE, SUBJECT).state is State.UNKNOWN
    assert post.sent == []
    assert clock.receipts(ledger).send(post, MESSAGE, SUBJECT, again=True).state is State.SENT


def test_of_two_at_once_only_one_sends(ledger: SqliteLedger, clock: Clock) -> None:
    inner = Post()

    class Racing(Post):
        def send(self, message: Message) -> Receipt:
            raced = clock.receipts(ledger).send(inner, message, SUBJECT)
            assert raced.state is State.ALREADY
            assert "somebody else is sending it just now" in raced.told
            return super().send(message)

    assert clock.receipts(ledger).send(Racing(), MESSAGE, SUBJECT).state is State.SENT
    assert inner.sent == []


def test_what_is_counted_beside_one_that_is_on_its_way_does_not_say_that_it_was_told(
    ledger: SqliteLedger, clock: Clock
) -> None:
    rules, inner = Rules(window_ms=HOUR), Post()
    first, other = (replace(MESSAGE, key=key, severity=Severity.ERROR) for key in ("first", "other"))

    class Racing(Post):
        def send(self, message: Message) -> Receipt:
            raced = Sending(replace(clock.receipts(ledger).receipts, rules=rules)).send(inner, other, SUBJECT)
            assert (raced.state, raced.told.partition(";")[0]) == (
                State.COUNTED,
                "somebody else is telling it just now",
            )
            return super().send(message)

    assert clock.receipts(ledger).send(Racing(), first, SUBJECT).state is State.SENT


def test_a_dry_run_sends_and_keeps_nothing_and_says_what_was_sent(ledger: SqliteLedger, clock: Clock) -> None:
    post, receipts = Post(), clock.receipts(ledger)
    assert receipts.send(post, MESSAGE, SUBJECT, dry_run=True).state is State.DRY
    assert (post.sent, list(ledger.scan())) == ([], [])
    receipts.send(post, MESSAGE, SUBJECT)
    assert receipts.send(post, MESSAGE, SUBJECT, dry_run=True).state is State.ALREADY


def test_without_a_ledger_it_is_sent_each_time(clock: Clock) -> None:
    post = Post()
    assert [clock.receipts(None).send(post, MESSAGE, SUBJECT).state for _ in range(2)] == [State.SENT] * 2


class Away:
    """A ledger that answers no more after so many questions."""

    def __init__(self, ledger: SqliteLedger, answers: int) -> None:
        self.ledger, self.answers = ledger, answers

    @contextmanager
    def asked(self) -> Iterator[None]:
        self.answers -= 1
        if self.answers < 0:
            raise LedgerError("the ledger is away")
        yield

    def scan(self, **where: str) -> Iterator[Fact]:
        with self.asked():
            return self.ledger.scan(**where)  # type: ignore[arg-type]

    def put(self, made: Fact) -> Put:
        with self.asked():
            return self.ledger.put(made)


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_a_ledger_that_is_away_keeps_no_report_back(ledger: SqliteLedger, clock: Clock, answers: int) -> None:
    post = Post()
    assert clock.receipts(Away(ledger, answers)).send(post, MESSAGE, SUBJECT).state is State.SENT
    assert post.sent == ["key"]
    assert "the ledger is away" in "".join(clock.told)


def pipelines(ledger: SqliteLedger) -> object:
    return fold(collect(ledger.scan()), now_ms=NOON, calendar=Calendar()).pipelines


def test_receipts_are_notices_that_tell_who_and_what_and_change_no_count(ledger: SqliteLedger, clock: Clock) -> None:
    ledger.put(fact())
    before = pipelines(ledger)
    clock.receipts(ledger).send(Post(), MESSAGE, SUBJECT)
    notices = [each for each in ledger.scan() if each.key.kind is Kind.NOTICE]
    ended = next(each for each in notices if each.key.stage == "ended")
    assert (ended.pipeline, ended.outcome, ended.told["about"]) == ("nightly", Outcome.SUCCESS, "nightly 2026-W01")
    assert (ended.told["channel"], ended.told["state"]) == ("mail", "sent")
    assert "ops@team.example" not in str(notices)
    assert pipelines(ledger) == before
