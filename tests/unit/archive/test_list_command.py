"""`lumen archive list`: which archives there are, where, and what is known of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from archiveteam import OTHER_KEY, TODAY, ArchiveTeam

YESTERDAY = "2026-01-01"


@pytest.fixture
def team(tmp_path: Path) -> ArchiveTeam:
    return ArchiveTeam(tmp_path)


def states(listed: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {each["day"]: {at["store"]: at["state"] for at in each["stores"]} for each in listed["archives"]}


def test_without_a_store_the_ledger_and_the_folder_tell(team: ArchiveTeam) -> None:
    id_ = team.frozen(upload_to=["file:a"])
    for place in ("a", "state"):
        (team.folder / place).rename(team.folder / f"{place}-gone")
    (found,) = team.asked("list")["archives"]
    assert (found["archive"], found["files"], found["key_at_hand"], found["in_folder"]) == (id_.name, 1, "yes", True)
    assert [(each["store"], each["state"]) for each in found["stores"]] == [("file:a", "uploaded")]


def test_with_stores_each_says_what_it_has(team: ArchiveTeam) -> None:
    first, second = team.frozen(YESTERDAY), team.frozen(TODAY, upload_to=["file:a"])
    team.file("a", second).unlink()
    for end in ("sealed", "label"):
        team.file("b", first, end).unlink()
    assert states(team.asked("list", *team.at())) == {
        YESTERDAY: {"file:a": "there", "file:b": "missing"},
        TODAY: {"file:a": "incomplete", "file:b": "never uploaded"},
    }
    team.archive("list", *team.at())
    headline, *lines = team.out.splitlines()
    assert headline == "2 archives of nightly; to look at: 1 missing, 1 incomplete, 1 never uploaded"
    assert [line.partition(",")[0] for line in lines if line.startswith(("!", "-"))] == [
        "- there in file:a",
        "! missing in file:b",
        "! incomplete in file:a",
        "! never uploaded in file:b",
    ]


def test_what_was_pruned_is_told_with_when(team: ArchiveTeam) -> None:
    for day in (YESTERDAY, TODAY):
        team.frozen(day)
    team.archive("prune", "--keep-daily", "1", "--yes", *team.at("file:a"))
    found = team.asked("list", *team.at())
    assert states(found)[YESTERDAY] == {"file:a": "pruned", "file:b": "there"}
    assert found["archives"][0]["stores"][0]["pruned_at"] == "2026-01-02T12:00:05Z"


def test_how_it_was_verified_stands_beside_each_store(team: ArchiveTeam) -> None:
    id_ = team.frozen()
    team.file("b", id_).unlink()
    team.archive("verify", "--level", "3", *team.at())
    (found,) = team.asked("list", *team.at())["archives"]
    assert [(each["verdict"], each["level"]) for each in found["stores"]] == [("ok", 3), ("missing", -1)]
    team.archive("list", *team.at())
    assert "there in file:a, last verdict 2026-01-02T12:00:03Z: ok at level 3" in team.out
    assert "1 archive of nightly; to look at: 1 incomplete\n" in team.out
    (bad,) = (line for line in team.out.splitlines() if line.startswith("! "))
    assert bad.startswith("! incomplete in file:b, ")
    assert bad.endswith(", last verdict 2026-01-02T12:00:03Z: missing")


def test_a_store_alone_tells_by_its_labels(team: ArchiveTeam) -> None:
    id_ = team.frozen()
    (team.folder / "ledger.db").unlink()
    (team.folder / "lumen-archives").rename(team.folder / "gone")
    (found,) = team.asked("list", *team.at("file:a"))["archives"]
    assert (found["archive"], found["files"], found["in_folder"]) == (id_.name, 1, False)
    team.file("a", id_, "label").write_text("no label")
    found = team.asked("list", *team.at("file:a"))
    assert (found["archives"][0]["size_bytes"], found["archives"][0]["key_at_hand"]) == (None, None)
    assert "the label of nightly 2026-01-02 eu 1 cannot be read" in found["warnings"][0]


def test_a_key_that_is_not_at_hand_is_told(team: ArchiveTeam) -> None:
    team.frozen()
    team.key = OTHER_KEY
    assert team.asked("list")["archives"][0]["key_at_hand"] == "no"
    team.archive("list")
    assert "not at hand" in team.out


def test_what_is_none_of_ours_is_named(team: ArchiveTeam) -> None:
    team.frozen()
    (team.folder / "a" / "nightly" / "readme.md").write_text("mine")
    assert team.asked("list", *team.at())["foreign"] == {"file:a": ["nightly/readme.md"], "file:b": []}
    team.archive("list", *team.at())
    assert "file:a: nightly/readme.md is none of ours" in team.out


def test_a_day_and_a_region_can_be_named(team: ArchiveTeam) -> None:
    for day in (YESTERDAY, TODAY):
        for region in ("eu", "us"):
            team.frozen(day, region=region)
    found = team.asked("list", "--day", YESTERDAY, "--region", "us", *team.at())["archives"]
    assert [(each["day"], each["region"]) for each in found] == [(YESTERDAY, "us")]
    assert team.archive("list", "--day", "yesterday") == 2


def test_nothing_is_listed_as_nothing(team: ArchiveTeam) -> None:
    assert team.archive("list") == 0
    assert team.out == "0 archives of nightly\n"


def test_a_store_that_cannot_be_listed_is_told_and_the_others_are_shown(team: ArchiveTeam) -> None:
    team.frozen(upload_to=["file:a"])
    assert team.archive("list", *team.at("file:lumen.yml/b", "file:a")) == 2
    assert "file:lumen.yml/b was not listed" in team.err
    assert "- there in file:a" in team.out
    assert "in file:lumen.yml/b" not in team.out


def test_stores_of_which_the_same_is_known_stand_in_one_line(team: ArchiveTeam) -> None:
    team.frozen()
    assert team.archive("list", *team.at("file:a", "file:b", "file:./a/")) == 0
    assert team.out.splitlines()[1:][1:] == ["- there in file:a, file:b"]
    assert team.out.startswith("1 archive of nightly\n")
