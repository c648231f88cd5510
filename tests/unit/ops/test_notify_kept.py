"""What is held back fits into a fact and comes out of it; many messages make one that says what they said."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from notified import Memory, Post, Team

from lumen_action.model import Fact
from lumen_action.ops.notify.board import board_of
from lumen_action.ops.notify.combining import digest_of, with_end, with_more
from lumen_action.ops.notify.message import Link, Message, Row, Severity
from lumen_action.ops.notify.threads import Thread
from lumen_action.ops.notify.turns import Subject, Turn, whom_of

MESSAGE = Message(
    subject="nightly: build failed",
    sentence="build failed in eu, network/dns: no such host",
    rows=(Row("Stage", "build"), Row("Region", "eu")),
    text="build failed in eu, network/dns: no such host\n\nStage: build",
    key="k1",
    thread="t1",
    at_ms=1_772_500_000_000,
    links=(Link("Open the run", "https://ci.example/run/1"),),
    kind="alert",
    details={"pipeline": "nightly", "region": "eu", "stage": "build", "run": "7", "error_class": "network"},
    severity=Severity.ERROR,
)


def kept(message: Message) -> tuple[Fact, Message]:
    """Return the fact of a message that is held back, and the message that is read from its bytes."""
    post = Post()
    turn = Turn(post, message, Subject("nightly", "2026-03-03", message.subject, "7/1"))  # type: ignore[arg-type]
    ledger = Memory()
    for fact in turn.held(Thread(), 5, message.at_ms):
        ledger.put(fact)
    (fact,) = ledger.scan(run="notify nightly")
    (found,) = board_of([fact]).waiting(whom_of(post))  # type: ignore[arg-type]
    return fact, found.message


def test_what_is_held_back_comes_out_as_it_was_but_for_what_nobody_needs() -> None:
    labels = {name: MESSAGE.label(name) for name in ("pipeline", "region", "stage", "error_class")}
    assert kept(MESSAGE)[1] == replace(MESSAGE, details=labels)


TEXTS = st.text() | st.sampled_from(['"', "\\", "\x00", "한", "😀", "\ud800", "'\"\\\n"]).map(lambda each: each * 3000)


@given(TEXTS, TEXTS, TEXTS, st.integers(0, 12))
def test_whatever_it_says_it_fits_and_can_be_read(subject: str, sentence: str, text: str, rows: int) -> None:
    long = replace(
        MESSAGE,
        subject=subject,
        sentence=sentence,
        text=text,
        rows=tuple(Row(subject, text) for _ in range(rows)),
        links=tuple(Link(text, f"https://ci.example/{'a' * 400}") for _ in range(rows)),
    )
    fact, found = kept(long)
    assert len(fact.encode()) <= 4096
    assert (found.key, found.thread, found.severity, found.at_ms) == ("k1", "t1", Severity.ERROR, MESSAGE.at_ms)
    start = found.subject.removesuffix("…")
    assert subject.encode(errors="replace").decode().startswith(start)
    assert start or not subject


def test_more_of_the_same_is_said_after_the_sentence_in_every_form() -> None:
    said = with_more(MESSAGE, 3)
    assert said.sentence == f"{MESSAGE.sentence}. 3 more since."
    assert said.text == f"{MESSAGE.sentence}. 3 more since.\n\nStage: build"
    assert said.rows[-1] == Row("Since the last message", "3 more")
    assert with_more(MESSAGE, 0) is MESSAGE


def test_an_end_never_lasts_less_than_nothing() -> None:
    # Another machine's clock may be ahead of ours.
    assert with_end(MESSAGE, None, -5, 1).details["lasted_seconds"] == 0


@given(st.lists(st.sampled_from(Severity), min_size=2, max_size=60))
def test_many_are_counted_and_the_worst_stands_first(severities: list[Severity]) -> None:
    many = [replace(MESSAGE, subject=f"{n}", key=f"{n}", severity=each) for n, each in enumerate(severities)]
    one = digest_of(many, "nightly", MESSAGE.at_ms)
    order = list(Severity)
    assert one.severity is min(severities, key=order.index)
    counts = one.details["counts"]
    assert isinstance(counts, dict)
    assert sum(counts.values()) == len(many)
    shown = [row.name for row in one.rows]
    assert shown == sorted(shown, key=lambda name: order.index(Severity(name[1 : name.index("]")])))
    assert len(shown) == min(20, len(many))
    assert (f"and {len(many) - 20} more" in one.text) is (len(many) > 20)
    assert digest_of(many[::-1], "nightly", 0).key == one.key


def test_what_was_held_back_is_told_whatever_else_became_of_its_facts() -> None:
    team = Team(posts=(Post(),))
    assert team.ledger
    for fact in Turn(team.posts[0], MESSAGE, team.subject()).held(Thread(), 1, MESSAGE.at_ms):  # type: ignore[arg-type]
        if fact.key.run.startswith("notify"):
            # Whoever held it back died before the thread heard of it.
            team.ledger.put(fact)
    assert [each.value for each in team.flush()] == ["sent"]
    assert team.flush() == []
