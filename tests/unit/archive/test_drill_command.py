"""`lumen archive drill`: what it restores, that it leaves nothing behind, and what it says."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from archiveteam import OTHER_KEY, TODAY, ArchiveTeam, spoilt

from lumen_action.model import Kind, Outcome

DAYS = ("2025-12-30", "2025-12-31", "2026-01-01")


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArchiveTeam:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    made = ArchiveTeam(tmp_path)
    made.env["LUMEN_RUN_ID"] = "20260102-eu-1a2b3c4"
    return made


def drilled(team: ArchiveTeam, *words: str) -> tuple[str, str, str]:
    """Return the day, the store and the verdict of a drill, which leaves nothing behind."""
    (found,) = team.asked("drill", *words)["findings"]
    assert list((team.folder / "scratch").iterdir()) == []
    return found["day"], found["store"], found["verdict"]


def test_every_store_has_its_turn_and_an_archive_of_it_is_restored(team: ArchiveTeam) -> None:
    for day in DAYS:
        team.frozen(day)
    found = [drilled(team, *team.at()) for _ in range(4)]
    assert {verdict for _, _, verdict in found} == {"ok"}
    stores = [store for _, store, _ in found]
    assert set(stores[:2]) == set(stores[2:]) == {"file:a", "file:b"}
    assert {day for day, _, _ in found} <= set(DAYS)


def test_the_answer_names_the_command_that_drills_the_same_again(team: ArchiveTeam) -> None:
    for day in DAYS:
        team.frozen(day)
    day, store, _ = drilled(team, *team.at())
    team.archive("drill", *team.at(store))
    again = team.out.partition("Again: `lumen archive ")[2].partition("`")[0].split()
    assert again[0] == "drill"
    assert drilled(team, *again[1:])[:2] == (again[2], store)
    assert day in DAYS


def test_it_says_how_much_it_was_and_how_long_it_took_and_sets_the_check(team: ArchiveTeam) -> None:
    id_ = team.frozen("2025-12-31")
    found = team.asked("drill", *team.at("file:a"))
    size = team.file("a", id_).stat().st_size
    assert (found["store"], found["size_bytes"], found["level_reached"]) == ("file:a", size, 3)
    assert found["duration_seconds"] >= 0
    (check,) = team.facts(Kind.CHECK)
    assert (check.key.stage, check.day, check.outcome) == ("restore", TODAY, Outcome.SUCCESS)
    assert (check.told["verdict"], check.told["size_bytes"], check.told["archives"]) == ("ok", str(size), id_.name)
    (done,) = [each for each in team.facts(Kind.ARTIFACT) if each.key.stage == "drill"]
    assert (done.day, done.told["store"], done.told["verdict"]) == ("2025-12-31", "file:a", "ok")


def test_damage_fails_the_drill(team: ArchiveTeam) -> None:
    spoilt(team.file("a", team.frozen()), at=2000)
    assert team.archive("drill", *team.at("file:a")) == 3
    assert team.facts(Kind.CHECK)[0].outcome is Outcome.FAILURE
    assert list((team.folder / "scratch").iterdir()) == []


def test_what_was_uploaded_and_is_gone_can_be_drawn(team: ArchiveTeam) -> None:
    id_ = team.frozen()
    for end in ("sealed", "label"):
        team.file("a", id_, end).unlink()
    assert drilled(team, *team.at("file:a")) == (TODAY, "file:a", "missing")


def test_a_lost_key_fails_the_drill_without_damage(team: ArchiveTeam) -> None:
    team.frozen()
    team.key = OTHER_KEY
    assert team.archive("drill", *team.at()) == 2
    assert team.facts(Kind.CHECK)[0].told["verdict"] == "unverifiable"


def test_a_day_and_a_version_can_be_named(team: ArchiveTeam) -> None:
    for day in DAYS:
        for version in ("1", "2"):
            team.frozen(day, version=version)
    found = team.asked("drill", "--day", DAYS[1], "--at", "2", *team.at())["findings"][0]
    assert (found["day"], found["version"]) == (DAYS[1], "2")


def test_nothing_to_restore_is_a_wrong_input_and_no_check(team: ArchiveTeam) -> None:
    assert team.archive("drill", *team.at()) == 2
    assert "there is no archive of nightly to restore in file:a, file:b" in team.err
    assert team.facts(Kind.CHECK) == []
