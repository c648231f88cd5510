"""What an S3 ledger tells after a mark, what it knows of closed days, and that it fetches nothing twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from facts import fact
from hypothesis import given
from hypothesis import strategies as st
from shelf import Shelf, Store, ledger_of

from lumen_action.errors import IntegrityError
from lumen_action.ledger.recalled import Recalled
from lumen_action.ledger.s3closed import Closed
from lumen_action.model import Fact

DAYS = ("2026-01-02", "2026-01-03", "2026-01-04")
PIPELINES = ("nightly", "release")


def written(shelf: Shelf, *, closed_before: str = "") -> list[Fact]:
    """Put one fact for each pipeline and day, and close the days before one."""
    rows = [fact("build", run=f"{day} {name}", day=day, pipeline=name) for day in DAYS for name in PIPELINES]
    ledger = ledger_of(Store(shelf))
    for row in rows:
        ledger.put(row)
    if closed_before:
        ledger.compact(closed_before)
    return rows


def keys(found: Iterator[Fact]) -> set[str]:
    return {item.key.digest for item in found}


# --- marks


def test_after_a_mark_come_the_open_facts_and_what_was_closed_since() -> None:
    shelf = Shelf()
    rows = written(shelf, closed_before=DAYS[1])
    store = Store(shelf)
    ledger = ledger_of(store)
    mark = ledger.mark()
    ledger.compact(DAYS[2])
    store.asked.clear()
    assert keys(ledger.since(mark, "nightly")) == keys(row for row in rows[2:] if row.pipeline == "nightly")
    assert ("get", "seg/00000001.jsonl") not in store.asked


def test_a_segment_without_a_fact_of_the_pipeline_is_not_read() -> None:
    shelf = Shelf()
    writer = ledger_of(Store(shelf))
    for number, name in enumerate(PIPELINES):
        writer.put(fact("build", run=str(number), pipeline=name))
        writer.compact(DAYS[1])
    store = Store(shelf)
    assert [item.pipeline for item in ledger_of(store).since("0", "release")] == ["release"]
    assert ("get", "seg/00000001.jsonl") not in store.asked


@given(seed=st.integers(0, 2**32))
def test_a_reader_that_goes_on_from_mark_to_mark_misses_nothing(seed: int) -> None:
    chance, shelf, said = Random(seed), Shelf(), []

    def meanwhile(_verb: str, _name: str) -> None:
        """Let others write and close between any two requests of the reader."""
        other = ledger_of(Store(shelf))
        if chance.random() < 0.2:
            said.append(fact("build", run=str(len(said)), day=chance.choice(DAYS)))
            other.put(said[-1])
        if chance.random() < 0.1:
            other.compact(chance.choice(DAYS))

    reader, mark, told = ledger_of(Store(shelf, meanwhile)), "0", set()
    for _ in range(6):
        before, mark = mark, reader.mark()
        told |= keys(reader.since(before, "nightly"))
    told |= keys(ledger_of(Store(shelf)).since(mark, "nightly"))
    assert told == keys(iter(said))


@pytest.mark.parametrize("closed_before", ["", *DAYS, "2026-01-05"])
def test_the_days_are_those_of_the_pipelines_facts(closed_before: str) -> None:
    shelf = Shelf()
    written(shelf, closed_before=closed_before)
    ledger = ledger_of(Store(shelf))
    ledger.put(fact("build", run="late", day="2026-01-01", pipeline="release"))
    assert ledger.days("nightly") == list(DAYS)
    assert ledger.days("release") == ["2026-01-01", *DAYS]
    assert ledger.days("another") == []


def test_of_closed_days_nothing_is_read_to_name_them() -> None:
    shelf = Shelf()
    written(shelf, closed_before="2026-01-05")
    store = Store(shelf)
    ledger = ledger_of(store)
    assert (ledger.days("nightly"), ledger.pipelines()) == (list(DAYS), list(PIPELINES))
    assert ("get", "seg/00000001.jsonl") not in store.asked


# --- nothing twice


def test_what_never_changes_is_fetched_once() -> None:
    shelf = Shelf()
    rows = written(shelf, closed_before=DAYS[1])
    store = Store(shelf)
    ledger = ledger_of(store)
    for _ in range(3):
        assert keys(ledger.scan()) == keys(iter(rows))
        assert keys(ledger.since("0", "nightly")) <= keys(iter(rows))
        assert ledger.head() == len(rows)
        assert ledger.days("nightly") == list(DAYS)
    fetched = Counter(name for verb, name in store.asked if verb == "get" and name in shelf.objects)
    assert set(fetched) == {name for name in shelf.objects if name.startswith(("ev/", "seg/", "closed/"))}
    assert set(fetched.values()) == {1}


def test_an_audit_fetches_again() -> None:
    shelf = Shelf()
    written(shelf, closed_before=DAYS[1])
    ledger = ledger_of(Store(shelf))
    list(ledger.scan())
    name = max(name for name in shelf.objects if name.startswith("ev/"))
    shelf.objects[name] = b"{"
    with pytest.raises(IntegrityError, match=name):
        list(ledger.open_facts())


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(max_size=6))), st.integers(1, 20))
def test_what_is_recalled_is_what_was_kept_last_and_no_more_than_there_is_room_for(
    kept: list[tuple[str, bytes]], room: int
) -> None:
    recalled, last = Recalled(room), dict[str, bytes]()
    for name, body in kept:
        recalled.keep(name, body)
        last[name] = body
    found = {name: body for name in "abcdef" if (body := recalled.get(name)) is not None}
    assert found.items() <= last.items()
    assert sum(map(len, found.values())) <= room


def test_what_was_asked_for_last_stays_longest() -> None:
    recalled = Recalled(2)
    recalled.keep("a", b"1")
    recalled.keep("b", b"2")
    recalled.get("a")
    recalled.keep("c", b"3")
    assert [recalled.get(name) for name in "abc"] == [b"1", None, b"3"]


# --- what is closed, in one object

_CLOSED = st.builds(
    Closed,
    last=st.integers(0),
    root=st.text("0123456789abcdef"),
    count=st.integers(0),
    places=st.dictionaries(st.text(), st.dictionaries(st.dates().map(str), st.lists(st.integers(1)).map(tuple))),
)


@given(_CLOSED)
def test_what_is_closed_is_read_back_as_it_was_written(closed: Closed) -> None:
    assert Closed.decode(closed.encode()) == closed


@pytest.mark.parametrize("body", [b"", b"[]", b'{"v":3}', b'{"v":2}', b'{"v":"1"}', b'{"v":2,"places":{"a":7}}'])
def test_a_damaged_word_about_what_is_closed_is_named(body: bytes) -> None:
    store = Store()
    store.shelf.objects["closed/000000000007.json"] = body
    with pytest.raises(IntegrityError, match="closed/7 cannot be read"):
        ledger_of(store).head()


def test_what_the_first_version_said_too_briefly_is_learned_from_the_segments() -> None:
    shelf = Shelf()
    rows = written(shelf, closed_before=DAYS[1])
    (name,) = (name for name in shelf.objects if name.startswith("closed/"))
    root = json.loads(shelf.objects[name])["root"]
    days = {DAYS[0]: [1]}
    first = {"v": 1, "last": 1, "root": root, "count": 2, "pipelines": list(PIPELINES), "days": days}
    shelf.objects[name] = json.dumps(first).encode()
    ledger = ledger_of(Store(shelf))
    assert (ledger.head(), ledger.days("nightly"), ledger.pipelines()) == (len(rows), list(DAYS), list(PIPELINES))
    assert ledger.compact(DAYS[2]) == 2
    newest = max(name for name in shelf.objects if name.startswith("closed/"))
    assert json.loads(shelf.objects[newest])["v"] == 2
    assert [segment.number for segment in ledger.segments()] == [1, 2]
