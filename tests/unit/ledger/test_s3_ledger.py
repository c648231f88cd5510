"""The S3 ledger over a strict store in memory that refuses, stalls, and loses answers, before or after the deed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest
from facts import NOON, fact
from hypothesis import given
from hypothesis import strategies as st
from shelf import Killed, Shelf, Store, Time, ledger_of, nothing_happens

from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.ledger import Put
from lumen_action.ledger.deliver import hand_over
from lumen_action.ledger.objects import Busy
from lumen_action.ledger.s3 import S3Ledger
from lumen_action.model import Fact, Kind, Outcome
from lumen_action.s3client import read_url


def once(verb: str, name: str, fault: BaseException) -> Callable[[str, str], None]:
    """Raise at the first such request."""
    left = [fault]

    def strike(asked: str, about: str) -> None:
        if asked == verb and about.startswith(name) and left:
            raise left.pop()

    return strike


def facts(count: int, day: str = "2026-01-02") -> list[Fact]:
    return [fact("build", run=f"{day}-{number}", day=day) for number in range(count)]


def by_key(found: Iterator[Fact]) -> list[Fact]:
    return sorted(found, key=lambda item: item.key.digest)


# --- one key, many writers


def test_of_64_racers_on_one_key_one_is_first() -> None:
    shelf, start = Shelf(), threading.Barrier(64)

    def race(number: int) -> Put:
        ledger = ledger_of(Store(shelf))
        start.wait()
        return ledger.put(replace(fact("build"), leg=f"{number}"))

    with ThreadPoolExecutor(64) as racers:
        answers = list(racers.map(race, range(64)))
    assert sorted(answers) == [Put.CONFLICT] * 63 + [Put.CREATED]
    assert ledger_of(Store(shelf)).head() == 1


def test_each_fact_twice_is_each_fact_once() -> None:
    shelf, said = Shelf(), facts(20)

    def write(item: Fact) -> Put:
        return ledger_of(Store(shelf)).put(item)

    with ThreadPoolExecutor(16) as writers:
        answers = list(writers.map(write, [*said, *said]))
    assert sorted(answers) == [Put.CREATED] * 20 + [Put.SAME] * 20
    assert by_key(ledger_of(Store(shelf)).scan()) == by_key(iter(said))


def test_two_accounts_of_one_event_that_name_different_days_are_one_fact_of_the_first_day() -> None:
    ledger = ledger_of(Store())
    assert ledger.put(fact("build", day="2026-01-02")) is Put.CREATED
    assert ledger.put(fact("build", day="2026-01-03", at=NOON + 1)) is Put.SAME
    assert [item.day for item in ledger.scan()] == ["2026-01-02"]


@given(seed=st.integers(0, 2**32), loss=st.floats(0, 0.4))
def test_lost_answers_and_refusals_lose_and_double_nothing(seed: int, loss: float) -> None:
    chance, shelf, said = Random(seed), Shelf(), facts(6)

    def unreliable() -> Store:
        def before(_verb: str, _name: str) -> None:
            if chance.random() < loss:  # half a request: nothing is there
                raise Busy("reset", unsure=chance.random() < 0.5, retry_after_seconds=chance.choice([None, 0.01]))

        def after(_verb: str, _name: str) -> None:
            if chance.random() < loss:
                raise Busy("the answer was lost")

        return Store(shelf, before, after)

    answers = {}
    for item in [*said, *said]:
        try:
            answers.setdefault(item.key, []).append(ledger_of(unreliable()).put(item))
        except LedgerError:
            ledger_of(Store(shelf)).put(item)  # from the spool, later
        if chance.random() < 0.3:
            with_luck = S3Ledger(unreliable(), patience_seconds=1000, timing=Time().timing())
            with_luck.compact("2026-01-03")
        assert Put.CONFLICT not in answers.get(item.key, [])
    ledger = ledger_of(Store(shelf))
    assert by_key(ledger.scan()) == by_key(iter(said))
    assert ledger.head() == len(said)


def test_a_tampered_duplicate_never_replaces_the_first_account() -> None:
    ledger, first = ledger_of(Store()), fact("build")
    ledger.put(first)
    assert hand_over(replace(first, outcome=Outcome.SKIPPED), ledger).answer is Put.CONFLICT
    kept = {item.key.kind: item for item in ledger.scan()}
    assert kept[Kind.STAGE] == first
    assert kept[Kind.CONFLICT].outcome is Outcome.SKIPPED


def test_a_writer_killed_between_its_two_steps_is_finished_by_the_next_account() -> None:
    shelf, item = Shelf(), fact("build")
    with pytest.raises(Killed):
        ledger_of(Store(shelf, once("create", "ev/", Killed()))).put(item)
    ledger = ledger_of(Store(shelf))
    assert ledger.put(item) is Put.SAME
    assert (list(ledger.scan()), ledger.head()) == ([item], 1)


# --- reading


def test_of_a_run_only_its_own_facts_are_read_also_when_they_are_closed() -> None:
    store = Store()
    ledger = ledger_of(store)
    for number in range(9):
        ledger.put(fact("build", run=str(number)))
    ledger.compact("2026-01-03")
    store.asked.clear()
    assert [item.key.run for item in ledger.scan(run="4")] == ["4"]
    assert [verb for verb, _ in store.asked] == ["names", "get"]


def test_a_closed_day_is_read_from_its_segments_alone() -> None:
    store = Store()
    ledger = ledger_of(store)
    for day in ("2026-01-02", "2026-01-03", "2026-01-04"):
        ledger.put(fact("build", run=day, day=day))
        ledger.compact("2026-01-05")
    store.asked.clear()
    assert [item.key.run for item in ledger.scan(day="2026-01-03")] == ["2026-01-03"]
    assert [name for _, name in store.asked if name.startswith("seg/")] == ["seg/00000004.jsonl", "seg/00000002.jsonl"]


def test_a_stored_object_that_is_no_fact_is_named() -> None:
    store = Store()
    ledger = ledger_of(store)
    ledger.put(fact("build"))
    (name,) = (name for name in store.shelf.objects if name.startswith("ev/"))
    store.shelf.objects[name] = b'{"v":1'
    for read in (lambda: list(ledger.scan()), lambda: ledger.compact("2026-01-03"), ledger.pipelines):
        with pytest.raises(IntegrityError, match=name):
            read()


def test_a_fact_under_the_name_of_another_is_not_closed() -> None:
    store = Store()
    ledger = ledger_of(store)
    ledger.put(fact("build"))
    (name,) = (name for name in store.shelf.objects if name.startswith("ev/"))
    store.shelf.objects[name] = fact("test").encode()
    with pytest.raises(IntegrityError, match="holds another fact"):
        ledger.compact("2026-01-03")


# --- closing


def test_closing_moves_whole_days_and_changes_no_answer() -> None:
    store = Store()
    ledger = ledger_of(store)
    for item in facts(5) + facts(4, "2026-01-03"):
        ledger.put(item)
    before = (ledger.head(), by_key(ledger.scan()), ledger.pipelines())
    assert ledger.compact("2026-01-03") == 5
    assert ledger.compact("2026-01-03") == 0
    assert (ledger.head(), by_key(ledger.scan()), ledger.pipelines()) == before
    assert len([name for name in store.shelf.objects if name.startswith("ev/")]) == 4
    (segment,) = ledger.segments()
    assert sorted(segment.facts) == sorted(item.encode() for item in facts(5))


def test_segments_are_chained() -> None:
    ledger = ledger_of(Store())
    for number in range(3):
        ledger.put(fact("build", run=str(number)))
        ledger.compact("2026-01-03")
    first, second, third = ledger.segments()
    assert (second.prev_root, third.prev_root) == (first.root, second.root)
    assert [list(ledger.segments_after(number)) for number in (1, 2, 3)] == [[second, third], [third], []]


@pytest.mark.parametrize("removed", [True, False])
def test_open_is_what_no_segment_holds(removed: bool) -> None:  # noqa: FBT001 - a case
    shelf = Shelf()
    for item in [*facts(5), *facts(2, "2026-01-03")]:
        ledger_of(Store(shelf)).put(item)
    with suppress(Killed):
        step = nothing_happens if removed else once("delete", "ev/", Killed())
        ledger_of(Store(shelf, step)).compact("2026-01-03")
    assert by_key(ledger_of(Store(shelf)).open_facts()) == by_key(iter(facts(2, "2026-01-03")))


@pytest.mark.parametrize("late", [fact("build"), replace(fact("build"), outcome=Outcome.SKIPPED)])
def test_a_late_duplicate_of_a_closed_fact_never_overwrites_it(late: Fact) -> None:
    ledger, first = ledger_of(Store()), fact("build")
    ledger.put(first)
    ledger.compact("2026-01-03")
    same = late == first
    assert hand_over(late, ledger).answer is (Put.SAME if same else Put.CONFLICT)
    assert ledger.compact("2026-01-03") == (0 if same else 1)
    assert [item for item in ledger.scan() if item.key.kind is Kind.STAGE] == [first]
    assert ledger.head() == (1 if same else 2)


def test_a_writer_that_slept_through_the_closing_of_its_fact_changes_no_count() -> None:
    shelf, item = Shelf(), fact("build")

    def meanwhile(verb: str, name: str) -> None:
        if verb == "create" and name.startswith("ev/"):
            other = ledger_of(Store(shelf))
            other.put(item)
            assert other.compact("2026-01-03") == 1

    assert ledger_of(Store(shelf, meanwhile)).put(item) is Put.CREATED
    ledger = ledger_of(Store(shelf))
    head = ledger.head()
    assert list(ledger.scan()) == [item]
    assert list(ledger.open_facts()) == []
    assert ledger.compact("2026-01-03") == 0
    assert ledger.head() == head
    ledger.put(fact("test"))
    assert ledger.head() == head + 1


_STEPS_OF_A_FOLDER = ["create seg/", "delete ev/", "create closed/", "names closed/"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", _STEPS_OF_A_FOLDER)
def test_a_folder_killed_at_any_step_is_harmless(step: str, when: str) -> None:
    shelf, said = Shelf(), facts(5)
    for item in said:
        ledger_of(Store(shelf)).put(item)
    verb, name = step.split()
    with pytest.raises(Killed):
        ledger_of(Store(shelf, **{when: once(verb, name, Killed())})).compact("2026-01-03")
    ledger = ledger_of(Store(shelf))
    assert (ledger.head(), by_key(ledger.scan()), ledger.pipelines()) == (5, by_key(iter(said)), ["nightly"])
    late = fact("test", run="late")
    ledger.put(late)
    ledger.compact("2026-01-03")
    assert (ledger.head(), by_key(ledger.scan())) == (6, by_key(iter([*said, late])))
    assert not [name for name in shelf.objects if name.startswith("ev/")]
    assert sum(len(segment.facts) for segment in ledger.segments()) == 6


def test_a_folder_overtaken_by_one_that_then_died_finishes_the_work_of_both() -> None:
    shelf, said = Shelf(), facts(5)
    for item in said:
        ledger_of(Store(shelf)).put(item)
    overtaken = []

    def meanwhile(verb: str, name: str) -> None:
        if verb == "create" and name.startswith("seg/") and not overtaken:
            overtaken.append(name)
            ledger_of(Store(shelf)).put(fact("test", run="late"))
            with pytest.raises(Killed):
                ledger_of(Store(shelf, after=once("create", "seg/", Killed()))).compact("2026-01-03")

    assert ledger_of(Store(shelf, meanwhile)).compact("2026-01-03") == 0
    ledger = ledger_of(Store(shelf))
    assert not [name for name in shelf.objects if name.startswith("ev/")]
    assert ledger.head() == len(list(ledger.scan())) == 6


def test_racing_folders_and_writers_lose_and_double_nothing_and_the_head_never_turns_back() -> None:
    shelf, said, done = Shelf(), facts(60), threading.Event()

    def fold(_number: int) -> int:
        ledger, moved = ledger_of(Store(shelf)), 0
        while not done.is_set():
            moved += ledger.compact("2026-01-03")
        return moved

    def watch() -> list[int]:
        ledger, heads = ledger_of(Store(shelf)), []
        while not done.is_set():
            heads.append(ledger.head())
        return heads

    with ThreadPoolExecutor(8) as workers:
        folders, watched = [workers.submit(fold, number) for number in range(3)], workers.submit(watch)
        list(workers.map(lambda item: ledger_of(Store(shelf)).put(item), [*said, *said]))
        done.set()
        moved = sum(folder.result() for folder in folders)
    ledger = ledger_of(Store(shelf))
    moved += ledger.compact("2026-01-03")
    assert moved == len(said) == ledger.head()
    assert watched.result() == sorted(watched.result())
    assert by_key(ledger.scan()) == by_key(iter(said))


def test_a_reader_that_is_overtaken_by_a_folder_finds_each_fact_once() -> None:
    shelf, said = Shelf(), facts(5)
    for item in said:
        ledger_of(Store(shelf)).put(item)

    def fold(verb: str, name: str) -> None:
        if verb == "get" and name.startswith("ev/"):
            ledger_of(Store(shelf)).compact("2026-01-03")

    assert by_key(ledger_of(Store(shelf, fold)).scan()) == by_key(iter(said))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_segment_that_is_missing_is_named(number: int) -> None:
    store = Store()
    ledger = ledger_of(store)
    for run in range(3):
        ledger.put(fact("build", run=str(run)))
        ledger.compact("2026-01-03")
    del store.shelf.objects[f"seg/{number:08d}.jsonl"]
    with pytest.raises(IntegrityError, match=f"segment {number} .*missing"):
        list(ledger.segments())


def test_a_truncated_or_exchanged_segment_is_named() -> None:
    store = Store()
    ledger = ledger_of(store)
    for run in range(2):
        ledger.put(fact("build", run=str(run)))
        ledger.compact("2026-01-03")
    first, second = (f"seg/{number:08d}.jsonl" for number in (1, 2))
    whole = store.shelf.objects[first]
    store.shelf.objects[first] = whole[:-40]
    with pytest.raises(IntegrityError, match="segment 1 of s3://team/lumen"):
        list(ledger_of(store).scan())
    store.shelf.objects[first] = store.shelf.objects[second]
    for reads_it in (ledger_of(store).scan, ledger.segments):  # who audits does not trust what it read before
        with pytest.raises(IntegrityError, match=r"segment 1 .* is segment 2"):
            list(reads_it())


# --- notes


def test_a_note_is_written_by_whoever_knows_what_stands_there() -> None:
    store = Store()
    ledger = ledger_of(store)
    assert ledger.note("a") is None
    assert ledger.put_note("a", b"1", expected=None)
    assert not ledger.put_note("a", b"2", expected=None)
    for number in range(1, 9):
        assert ledger.put_note("a", b"%d" % (number + 1), expected=b"%d" % number)
    assert (ledger.note("a"), ledger.note("a/b")) == (b"9", None)
    assert len([name for name in store.shelf.objects if name.startswith("notes/")]) == 2


def test_16_writers_that_count_in_one_note_lose_no_count() -> None:
    shelf = Shelf()

    def count(_number: int) -> None:
        ledger, present = ledger_of(Store(shelf)), None
        while not ledger.put_note("n", b"%d" % (int(present or 0) + 1), expected=present):
            present = ledger.note("n")

    with ThreadPoolExecutor(16) as writers:
        list(writers.map(count, range(16)))
    assert int(ledger_of(Store(shelf)).note("n") or 0) >= 16


def test_a_writer_of_a_note_that_slept_does_not_take_a_number_again() -> None:
    shelf = Shelf()
    assert ledger_of(Store(shelf)).put_note("a", b"0", expected=None)
    asleep = [True]

    def meanwhile(verb: str, name: str) -> None:
        if verb == "create" and name.startswith("notes/") and asleep:
            asleep.clear()
            for number in range(3):
                assert ledger_of(Store(shelf)).put_note("a", b"%d" % (number + 1), expected=b"%d" % number)

    assert not ledger_of(Store(shelf, meanwhile)).put_note("a", b"mine", expected=b"0")
    assert ledger_of(Store(shelf)).note("a") == b"3"


def test_a_note_whose_answer_was_lost_is_known_to_be_written() -> None:
    shelf = Shelf()
    store = Store(shelf, after=once("create", "notes/", Busy("the answer was lost")))
    assert ledger_of(store).put_note("a", b"1", expected=None)


def test_what_was_published_is_remembered_and_one_publishes_at_a_time() -> None:
    shelf = Shelf()
    first, second = ledger_of(Store(shelf)), ledger_of(Store(shelf))
    first.mark_published("a", 3)
    assert (second.published_head("a"), second.published_head("b")) == (3, 0)
    with first.publishing(1), pytest.raises(LedgerError, match="another publisher"), second.publishing(0):
        pass
    with second.publishing(0):
        pass


# --- stores that refuse


def test_a_store_that_ignores_the_condition_is_refused_before_a_fact_is_written() -> None:
    shelf = Shelf(conditional=False)
    for _ in range(2):
        with pytest.raises(ConfigError, match="ignores If-None-Match"):
            ledger_of(Store(shelf)).put(fact())
    assert set(shelf.objects) == {"probe"}


def test_a_lost_answer_to_the_probe_accuses_nobody() -> None:
    ledger = ledger_of(Store(after=once("create", "probe", Busy("lost"))))
    assert ledger.put(fact()) is Put.CREATED


def test_a_reader_asks_for_no_permission_to_write() -> None:
    shelf = Shelf()
    ledger_of(Store(shelf)).put(fact())
    store = Store(shelf)
    reader = ledger_of(store)
    assert (list(reader.scan()), reader.head(), reader.published_head("a")) == ([fact()], 1, 0)
    assert {verb for verb, _ in store.asked} == {"get", "names"}


def test_pauses_grow_are_random_and_end_with_the_patience() -> None:
    def dead(_verb: str, _name: str) -> None:
        raise Busy("no answer from http://s3.example (ReadTimeoutError)")

    time = Time()
    with pytest.raises(LedgerError, match=r"^ledger s3://team/lumen: no answer from .* \(13 tries\)$"):
        S3Ledger(Store(before=dead), timing=time.timing()).put(fact())
    assert time.slept == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, *[2.5] * 6]
    assert time.now < 20


def test_the_time_that_a_store_names_is_waited_out() -> None:
    time = Time()
    store = Store(before=once("create", "run/", Busy("503 SlowDown", retry_after_seconds=7)))
    assert S3Ledger(store, timing=time.timing()).put(fact()) is Put.CREATED
    assert time.slept == [7.05]


def test_a_store_that_asks_for_more_time_than_there_is_is_not_waited_for() -> None:
    time = Time()
    store = Store(before=once("create", "probe", Busy("429 Too Many", retry_after_seconds=3600)))
    with pytest.raises(LedgerError, match=r"\(1 try, it asks to wait 3600 s\)"):
        S3Ledger(store, timing=time.timing()).put(fact())
    assert time.slept == []


# --- URLs


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://team/lumen", ("team", "lumen")),
        ("s3://team-1.data/a/b/", ("team-1.data", "a/b")),
        ("s3://team", ("team", "")),
    ],
)
def test_a_url_names_bucket_and_prefix(url: str, place: tuple[str, str]) -> None:
    assert read_url("ledger", url) == place


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://", "not the URL of a bucket"),
        ("s3:/team/lumen", "not the URL of a bucket"),
        ("s3://Team/lumen", "small letters"),
        ("s3://AKIA:geheim@team/lumen", "no credentials"),
        ("s3://team/lumen?endpoint=http://x", "AWS_ENDPOINT_URL"),
        ("s3://team/a//b", "may hold letters"),
        ("s3://team/야간", "may hold letters"),
    ],
)
def test_a_wrong_url_is_told_with_the_right_one_and_without_secrets(url: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        read_url("ledger", url)
    assert "s3://" in str(caught.value)
    assert "geheim" not in str(caught.value)
