"""`lumen archive prune`: what goes, what stays, and what is left when it is cut off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from archiveteam import ArchiveTeam, spoilt

from lumen_action.archive import ArchiveId
from lumen_action.archive.holdings import held_in
from lumen_action.archive.removing import remove, with_lock
from lumen_action.archive.retention import Rule, planned
from lumen_action.archive.stores import LockedError, Stored, StoreError
from lumen_action.archive.stores.directory import Directory
from lumen_action.model import Kind

DAYS = ("2025-12-30", "2025-12-31", "2026-01-01", "2026-01-02")
DAILY = ("--keep-daily", "2")


@pytest.fixture
def team(tmp_path: Path) -> ArchiveTeam:
    return ArchiveTeam(tmp_path)


@pytest.fixture
def full(team: ArchiveTeam) -> ArchiveTeam:
    for day in DAYS:
        team.frozen(day)
    return team


def days_in(team: ArchiveTeam, store: str) -> list[str]:
    """Return the days of which anything is left."""
    return sorted({path.relative_to(team.folder / store).parts[1] for path in (team.folder / store).rglob("*.*")})


def prunes(team: ArchiveTeam) -> list[tuple[str, str]]:
    facts = (each for each in team.facts(Kind.ARTIFACT) if each.key.stage == "prune")
    return sorted((each.day, each.told["store"]) for each in facts)


def test_without_yes_it_only_says_what_would_go(full: ArchiveTeam) -> None:
    assert full.archive("prune", *DAILY, *full.at()) == 0
    assert "2 archives would go from 2 stores; write `--yes` to remove them" in full.out
    assert "file:a: would go: nightly 2025-12-31 eu 1" in full.out
    assert "file:a: kept nightly 2026-01-02 eu 1: daily" in full.out
    assert (days_in(full, "a"), prunes(full)) == (list(DAYS), [])


def test_with_yes_they_go_from_every_store_with_a_fact_each(full: ArchiveTeam) -> None:
    assert full.archive("prune", *DAILY, "--yes", *full.at()) == 0
    assert full.out.startswith("4 of 4 removed (2 archives in 2 stores)\n")
    assert days_in(full, "a") == days_in(full, "b") == list(DAYS[2:])
    assert prunes(full) == [(day, store) for day in DAYS[:2] for store in ("file:a", "file:b")]
    assert full.archive("prune", *DAILY, "--yes", *full.at()) == 0
    assert full.out.startswith("nothing is removed: every archive is kept\n")


def test_the_rule_may_stand_in_lumen_yml(full: ArchiveTeam) -> None:
    full.config("archive: {stores: ['file:a'], keep-daily: 1, keep-monthly: 2}\n")
    assert full.archive("prune", "--yes") == 0
    assert days_in(full, "a") == ["2025-12-31", "2026-01-02"]
    assert days_in(full, "b") == list(DAYS)


def test_nothing_that_is_kept_is_refused_and_every_mistake_told(full: ArchiveTeam) -> None:
    assert full.archive("prune", "--yes", *full.at()) == 2
    assert "nothing says what is kept, and all archives would go" in full.err
    assert full.archive("prune", "--keep-daily", "0", "--yes", *full.at()) == 2
    assert full.archive("prune", "--keep-daily", "-1", "--keep-weekly", "many", "--store", "ftp:x", "--yes") == 2
    assert all(each in full.err for each in ("keep-daily: `-1`", "keep-weekly: `many`", "`ftp:x`"))
    assert days_in(full, "a") == list(DAYS)


def test_a_damaged_key_does_not_keep_anybody_from_pruning(full: ArchiveTeam) -> None:
    full.key = "no key"
    assert full.archive("prune", *DAILY, "--yes", *full.at()) == 0


def test_each_region_and_each_store_is_kept_by_itself(team: ArchiveTeam) -> None:
    team.frozen(DAYS[0], region="eu", upload_to=["file:a"])
    team.frozen(DAYS[1], region="us")
    team.frozen(DAYS[2], region="eu")
    team.archive("prune", "--keep-daily", "1", "--yes", *team.at())
    assert (days_in(team, "a"), days_in(team, "b")) == ([DAYS[1], DAYS[2]], [DAYS[1], DAYS[2]])


def test_older_versions_of_a_day_go_and_its_newest_stays(team: ArchiveTeam) -> None:
    for version in ("1", "2", "10"):
        team.frozen(version=version)
    team.archive("prune", "--keep-daily", "1", "--yes", *team.at("file:a"))
    left = held_in(Directory("file:a", team.folder / "a"), "nightly").archives
    assert [id_.version for id_ in left] == ["10"]


def test_what_is_none_of_ours_is_named_and_left_alone(full: ArchiveTeam) -> None:
    foreign = full.folder / "a" / "nightly" / "2020-01-01" / "eu" / "notes.txt"
    elsewhere = full.folder / "a" / "other" / "2020-01-01" / "eu" / "1.lumen"
    for file in (foreign, elsewhere):
        file.parent.mkdir(parents=True)
        file.write_text("mine")
    full.archive("prune", *DAILY, "--yes", *full.at("file:a"))
    assert "left nightly/2020-01-01/eu/notes.txt: it is none of ours" in full.out
    assert foreign.exists()
    assert elsewhere.exists()


def test_what_is_half_there_stays_where_it_would_stay_whole(full: ArchiveTeam) -> None:
    newest, oldest = (ArchiveId("nightly", day, "eu", "1") for day in (DAYS[3], DAYS[0]))
    full.file("a", newest).unlink()
    full.file("a", oldest).unlink()
    full.archive("prune", *DAILY, "--yes", *full.at("file:a"))
    assert days_in(full, "a") == [DAYS[1], DAYS[2], DAYS[3]]
    assert "kept nightly 2026-01-02 eu 1: daily (its label is there, the sealed archive is not" in full.out


def test_a_store_that_fails_does_not_stop_the_others(full: ArchiveTeam) -> None:
    assert full.archive("prune", *DAILY, "--yes", *full.at("file:lumen.yml/a", "file:b")) == 2
    assert "file:lumen.yml/a: nightly/: Not a directory" in full.out
    assert days_in(full, "b") == list(DAYS[2:])


class CutOff(Directory):
    """Stops after so many removals, as a machine that is switched off."""

    left = 1

    def delete(self, name: str) -> None:
        if not self.left:
            raise StoreError("the machine is gone")
        self.left -= 1
        super().delete(name)


@pytest.mark.parametrize("removals", [0, 1, 2])
def test_a_removal_that_is_cut_off_never_looks_whole_and_is_finished_by_the_next(
    full: ArchiveTeam, removals: int
) -> None:
    kept: list[str] = []
    store = CutOff("file:a", full.folder / "a")
    store.left = removals
    (first, *_) = planned(list(held_in(store, "nightly").archives.values()), Rule(daily=3))
    removed = remove(first, store, lambda: kept.append("fact"))
    left = held_in(store, "nightly").archives.get(first.id)
    assert (removed.removed, len(kept)) == (removals == 2, min(removals, 1))
    assert (left is None, bool(left and left.whole)) == (removals == 2, removals == 0)
    full.archive("prune", "--keep-daily", "3", "--yes", *full.at("file:a"))
    assert days_in(full, "a") == list(DAYS[1:])


class Locked(Directory):
    """Keeps its objects until a time, as Object Lock does; a folder has no such thing."""

    until_ms = 2_000_000_000_000

    def stat(self, name: str) -> Stored | None:
        told = super().stat(name)
        return replace(told, locked_until_ms=self.until_ms) if told else None

    def delete(self, name: str) -> None:
        raise LockedError(f"{self.url}: {name} is locked")


def test_what_a_lock_holds_stays_and_says_until_when(full: ArchiveTeam) -> None:
    store = Locked("file:a", full.folder / "a")
    (first, *_) = planned(list(held_in(store, "nightly").archives.values()), Rule(daily=1))
    locked = with_lock(first, store, store.until_ms - 1)
    assert (locked.goes, locked.locked_until_ms) == (False, store.until_ms)
    assert with_lock(first, store, store.until_ms).goes
    refused = remove(first, store, lambda: pytest.fail("nothing was removed"))
    assert isinstance(refused.fault, LockedError)
    assert held_in(store, "nightly").archives[first.id].whole


def test_a_damaged_archive_is_pruned_as_any_other(full: ArchiveTeam) -> None:
    spoilt(full.file("a", ArchiveId("nightly", DAYS[0], "eu", "1")))
    full.archive("prune", *DAILY, "--yes", *full.at("file:a"))
    assert days_in(full, "a") == list(DAYS[2:])


def test_machines_are_told_what_goes_and_why_the_rest_stays(full: ArchiveTeam) -> None:
    (store,) = full.asked("prune", "--keep-daily", "1", "--keep-monthly", "2", *full.at("file:a"))["stores"]
    told = {each["day"]: (each["kept_as"], each["goes"], each["removed"]) for each in store["archives"]}
    assert told == {
        DAYS[0]: ([], True, False),
        DAYS[1]: (["monthly"], False, False),
        DAYS[2]: ([], True, False),
        DAYS[3]: (["daily", "monthly"], False, False),
    }
