"""`lumen archive upload`: what each store has taken, what a failure means, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from archiveteam import KEY, OTHER_KEY, TODAY, ArchiveTeam, spoilt

from lumen_action.model import Kind, Outcome

YESTERDAY = "2026-01-01"


@pytest.fixture
def team(tmp_path: Path) -> ArchiveTeam:
    return ArchiveTeam(tmp_path)


def uploads(team: ArchiveTeam) -> list[tuple[str, Outcome]]:
    facts = (each for each in team.facts(Kind.ARTIFACT) if each.key.stage == "upload")
    return sorted((each.told["store"], each.outcome) for each in facts)


def test_every_store_gets_it_with_a_fact_each(team: ArchiveTeam) -> None:
    id_ = team.frozen()
    assert team.out.splitlines() == [f"{id_} to file:{name}: taken, sha256 confirmed" for name in "ab"]
    assert uploads(team) == [("file:a", Outcome.SUCCESS), ("file:b", Outcome.SUCCESS)]


def test_a_store_that_fails_is_told_once_and_does_not_stop_the_others(team: ArchiveTeam) -> None:
    id_ = team.frozen(upload_to=[])
    (team.folder / "a" / "nightly").mkdir(parents=True)
    (team.folder / "a" / "nightly" / TODAY).write_text("in the way")
    assert team.archive("upload", TODAY, *team.at()) != 0
    failed, taken = team.out.splitlines()
    assert failed.startswith(f"{id_} to file:a: ")
    assert failed.count("file:a") == 1
    assert (taken, team.err) == (f"{id_} to file:b: taken, sha256 confirmed", "")
    assert uploads(team) == [("file:a", Outcome.FAILURE), ("file:b", Outcome.SUCCESS)]


def test_a_store_is_one_however_it_is_written(team: ArchiveTeam) -> None:
    team.frozen(upload_to=["file:a", "file:./a/", "file:a//", "file:b"])
    assert len(team.out.splitlines()) == 2
    assert [store for store, _ in uploads(team)] == ["file:a", "file:b"]


def test_other_content_under_the_name_is_refused_and_stays(team: ArchiveTeam) -> None:
    id_ = team.frozen(upload_to=["file:a"])
    spoilt(team.file("a", id_))
    before = team.file("a", id_).read_bytes()
    assert team.archive("upload", TODAY, *team.at("file:a")) in (2, 3)
    assert team.file("a", id_).read_bytes() == before


def test_a_label_whose_proof_is_wrong_is_not_ours_whatever_the_ledger_knows(team: ArchiveTeam) -> None:
    id_ = team.frozen(upload_to=["file:a"])
    label = team.file("a", id_, "label")
    spoilt(label, label.read_bytes().index(b'"mac":"') + 8)
    assert team.archive("upload", TODAY, *team.at("file:a")) == 2
    assert team.archive("verify", TODAY, *team.at("file:a")) == 3


def test_what_was_frozen_again_from_the_same_files_is_there_when_the_ledger_knows_the_other(team: ArchiveTeam) -> None:
    """Another machine has frozen it, and no key that is at hand tells whose it is."""
    id_ = team.frozen(upload_to=["file:a"])
    (team.folder / "lumen-archives").rename(team.folder / "gone")
    team.key = OTHER_KEY
    team.frozen(upload_to=[])
    assert team.archive("upload", TODAY, *team.at("file:a")) == 0
    assert "sealed before from the same files" in team.out
    (team.folder / "ledger.db").unlink()
    team.key = KEY
    (team.folder / "lumen-archives").rename(team.folder / "another")
    team.frozen(upload_to=[])
    team.key = OTHER_KEY
    (team.folder / "ledger.db").unlink()
    assert team.archive("upload", TODAY, *team.at("file:a")) == 2
    assert team.file("a", id_).exists()


def test_a_version_can_be_named(team: ArchiveTeam) -> None:
    first, second = (team.frozen(version=version, upload_to=[]) for version in ("1", "2"))
    assert team.archive("upload", TODAY, "--version", "2", *team.at("file:a")) == 0
    assert (team.file("a", first).exists(), team.file("a", second).exists()) == (False, True)


def test_without_a_day_it_is_the_only_one_or_has_to_be_named(team: ArchiveTeam) -> None:
    id_ = team.frozen(upload_to=[])
    assert team.archive("upload", *team.at("file:a")) == 0
    assert team.file("a", id_).exists()
    team.frozen(YESTERDAY, upload_to=[])
    assert team.archive("upload", *team.at("file:a")) == 2
    assert f"Write `lumen archive upload {TODAY}`" in team.err
    assert team.archive("upload", "2026-01-09", *team.at("file:a")) == 2
    assert "holds no archive of nightly 2026-01-09" in team.err
