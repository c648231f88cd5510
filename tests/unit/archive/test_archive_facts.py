"""What the facts of archives tell, whatever their order, and what they must not be taken for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from facts import HOUR, NOON, fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.facts import (
    RESTORE,
    Event,
    Known,
    Verified,
    check_fact,
    event_fact,
    freeze_told,
    known_in,
    upload_told,
)
from lumen_action.archive.stores import Receipt, Stored
from lumen_action.model import Fact, Kind, Outcome, Trust
from lumen_action.model.fact import details

ID = ArchiveId("nightly", "2025-11-30", "eu", "1")
LABEL = Label(ID, NOON, 9, "ab" * 32, "0" * 8, "cd" * 32, 2, 7, run="1", tool="lumen", mac="m")
A, B = "file:a", "s3://evidence/lumen"


def at(hours: int) -> Fact:
    return fact("archive", kind=Kind.ARTIFACT, at=NOON + hours * HOUR, run=str(hours))


def frozen(hours: int = 0) -> Fact:
    return event_fact(at(hours), Event.FREEZE, ID, freeze_told(LABEL))


def uploaded(hours: int, store: str = A) -> Fact:
    receipt = Receipt(Stored(ID.sealed, 9, version="v7"), existed=False, checked="md5")
    return event_fact(at(hours), Event.UPLOAD, ID, upload_told(store, LABEL, receipt, {"md5": "ef" * 16}))


def pruned(hours: int, store: str = A) -> Fact:
    return event_fact(at(hours), Event.PRUNE, ID, {"store": store})


def verified(hours: int, verdict: str, level: int, store: str = A, event: Event = Event.VERIFY) -> Fact:
    return event_fact(at(hours), event, ID, {"store": store, "verdict": verdict, "level": str(level)})


def known(*facts: Fact) -> Known:
    return known_in(facts)[ID]


def test_what_happens_to_an_archive_is_of_its_day_and_a_check_is_of_the_day_it_was_made() -> None:
    happened, checked = frozen(), check_fact(at(1), RESTORE, "nightly", {"verdict": "ok"}, Outcome.SUCCESS)
    assert (happened.day, happened.key.kind, happened.key.region) == ("2025-11-30", Kind.ARTIFACT, "eu")
    assert (checked.day, checked.key.kind, checked.key.stage) == ("2026-01-02", Kind.CHECK, "restore")


def test_two_drills_of_a_job_are_two_events() -> None:
    first, second = (check_fact(at(0), RESTORE, "nightly", {}, Outcome.SUCCESS) for _ in range(2))
    later = check_fact(replace(at(0), observed_at_ms=NOON + 1), RESTORE, "nightly", {}, Outcome.SUCCESS)
    assert first.key == second.key
    assert first.key != later.key


def test_a_label_comes_back_from_its_fact() -> None:
    assert known(frozen()).frozen == LABEL


def test_an_upload_tells_what_the_store_confirmed_and_what_it_should_be() -> None:
    found = known(uploaded(1)).uploads[A]
    assert (found.size, found.sha256, found.root) == (LABEL.size, LABEL.sha256, LABEL.root)
    assert (found.checked, found.fingerprints, found.version) == ("md5", {"md5": "ef" * 16}, "v7")


def test_an_upload_that_failed_is_none() -> None:
    failed = event_fact(at(1), Event.UPLOAD, ID, {"store": A, "why": "gone"}, Outcome.FAILURE)
    assert known(uploaded(0, B), failed).uploads.keys() == {B}


def test_what_was_pruned_is_not_expected_until_it_is_uploaded_again() -> None:
    gone = known(uploaded(1), uploaded(1, B), pruned(2))
    assert (gone.uploads.keys(), gone.pruned.keys()) == ({B}, {A})
    back = known(uploaded(1), pruned(2), uploaded(3))
    assert (back.uploads.keys(), back.pruned.keys()) == ({A}, set())


def test_the_newest_word_on_a_store_counts_and_a_drill_is_a_word_too() -> None:
    found = known(verified(1, "mismatch", 1), verified(2, "ok", 3, event=Event.DRILL), verified(1, "missing", -1, B))
    assert found.verified == {A: Verified("ok", 3, NOON + 2 * HOUR), B: Verified("missing", -1, NOON + HOUR)}
    assert found.drilled == {A: NOON + 2 * HOUR}


@pytest.mark.parametrize(
    "told",
    [
        {"sha256": "ab" * 31},
        {"sha256": "AB" * 32},
        {"root": "cd"},
        {"size": "9 B"},
        {"size": ""},
    ],
)
def test_a_fact_that_was_cut_or_is_written_otherwise_says_nothing_rather_than_something_wrong(
    told: dict[str, str],
) -> None:
    broken = event_fact(at(1), Event.FREEZE, ID, {**freeze_told(LABEL), **told})
    assert known_in([broken]) == {}
    assert known(uploaded(0), broken).frozen is None


def test_a_name_that_was_cut_is_not_that_of_another_archive() -> None:
    cut = frozen()
    for name in ("nightly/2025-11-3", "nightly/2025-11-30/e/1", "nightly/2025-11-29/eu/1"):
        told = {**cut.told, "archive": name}
        assert known_in([replace(cut, details=details(told))]) == {}


def test_of_what_was_frozen_twice_the_one_that_was_uploaded_counts() -> None:
    other = replace(LABEL, sha256="ef" * 32, root="01" * 32)
    again = event_fact(at(2), Event.FREEZE, ID, freeze_told(other))
    assert known(frozen(), again).frozen == other
    assert known(frozen(), uploaded(1), again).frozen == LABEL
    assert list(known(again, frozen()).sealings) == [LABEL.sha256, other.sha256]


def test_forks_and_other_pipelines_say_nothing_of_our_archives() -> None:
    assert known_in([replace(frozen(), trust=Trust.FORK), replace(frozen(), pipeline="other")]) == {}


def test_a_fact_survives_its_way_through_a_ledger() -> None:
    facts = [frozen(), uploaded(1), verified(2, "ok", 2), pruned(3, B)]
    assert known_in([Fact.decode(each.encode()) for each in facts]) == known_in(facts)


every = [
    frozen(),
    uploaded(1),
    uploaded(2, B),
    verified(3, "ok", 2),
    pruned(4),
    uploaded(5),
    verified(6, "missing", -1),
]


@given(st.permutations(every), st.lists(st.sampled_from(every)))
def test_neither_the_order_nor_copies_of_facts_matter(shuffled: list[Fact], copies: list[Fact]) -> None:
    assert known_in([*shuffled, *copies]) == known_in(every)
