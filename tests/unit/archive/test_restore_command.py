"""`lumen archive restore`: what was frozen comes back, or there is one clear error and nothing has changed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from archiveteam import OTHER_KEY, TODAY, ArchiveTeam, spoilt
from frozenfiles import (
    FROZEN_AT,
    ID,
    KEY_TEXT,
    manifest_of,
    plain_archive,
    read_files,
    sealed_by_hand,
    write_files,
)

from lumen_action.archive.manifest import Origin
from lumen_action.model import Kind, Outcome

FILES = {"a.txt": "one", "logs/x.log": "two", "한글 name": "three"}


@pytest.fixture
def team(tmp_path: Path) -> ArchiveTeam:
    return ArchiveTeam(tmp_path)


def came(team: ArchiveTeam, to: str = "out") -> dict[str, str]:
    return {path: body.decode() for path, body in read_files(team.folder / to).items()}


def below(files: dict[str, str], folder: str) -> dict[str, str]:
    return {f"{folder}/{path}": text for path, text in files.items()}


def test_a_day_comes_back_as_it_was(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    assert team.archive("restore", TODAY, "--to", "out", *team.at()) == 0, team.err
    assert came(team) == below(FILES, f"sources/{TODAY}-eu-1")
    assert f"3 files, {len('onetwothree')} B; every byte proved right" in team.out
    assert not [path for path in team.folder.iterdir() if path.name.startswith(".")]


def test_it_tells_how_to_roll_back(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    team.archive("restore", TODAY, "--to", "out", *team.at())
    for word in ("1. pin", "2. publish", "3. verify: `lumen archive verify 2026-01-02", "4. say it"):
        assert word in team.out, word
    assert team.asked("restore", TODAY, "--to", "again", *team.at())["rollback"]


def test_a_fact_says_where_it_came_from(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    team.archive("restore", TODAY, "--to", "out", *team.at())
    made = team.facts(Kind.ARTIFACT)[-1]
    assert (made.key.stage, made.outcome, made.told["store"], made.told["files"]) == (
        "restore",
        Outcome.SUCCESS,
        "file:a",
        "3",
    )


def test_the_next_store_helps_out_with_a_word(team: ArchiveTeam) -> None:
    id_ = team.frozen(files=FILES)
    spoilt(team.file("a", id_))
    said = team.asked("restore", TODAY, "--to", "out", *team.at())
    assert said["archives"][0]["from"] == "file:b"
    assert "file:a: " in team.err
    assert "file:b is asked instead" in team.err
    assert came(team) == below(FILES, f"sources/{TODAY}-eu-1")


def test_a_store_that_lost_it_is_passed_over(team: ArchiveTeam) -> None:
    id_ = team.frozen(files=FILES)
    team.file("a", id_).unlink()
    assert team.archive("restore", TODAY, "--to", "out", *team.at()) == 0
    assert team.archive("restore", TODAY, "--to", "more", "--store", "file:a") == 3


def test_damage_everywhere_is_an_error_and_writes_nothing(team: ArchiveTeam) -> None:
    id_ = team.frozen(files=FILES)
    for store in team.stores:
        spoilt(team.file(store.removeprefix("file:"), id_), 200)
    assert team.archive("restore", TODAY, "--to", "out", *team.at()) == 3
    assert "file:a" in team.err
    assert "file:b" in team.err
    assert not (team.folder / "out").exists()
    made = team.facts(Kind.ARTIFACT)[-1]
    assert (made.key.stage, made.outcome) == ("restore", Outcome.FAILURE)
    assert "no copy of it can be used" in made.told["why"]


def test_the_wrong_key_is_named_and_writes_nothing(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    team.key = OTHER_KEY
    assert team.archive("restore", TODAY, "--to", "out", *team.at()) == 2
    assert "LUMEN_ARCHIVE_KEY" in team.err
    assert not (team.folder / "out").exists()


def test_one_file_and_the_key_are_enough(team: ArchiveTeam, tmp_path_factory: pytest.TempPathFactory) -> None:
    id_ = team.frozen(files=FILES, upload_to=())
    elsewhere = ArchiveTeam(tmp_path_factory.mktemp("elsewhere"))
    (elsewhere.folder / "lumen.yml").unlink()
    sealed = (team.folder / "lumen-archives" / id_.sealed).read_bytes()
    (elsewhere.folder / "found.bin").write_bytes(sealed)
    assert elsewhere.archive("restore", "--file", "found.bin", "--to", "out") == 0, elsewhere.err
    assert came(elsewhere) == below(FILES, f"sources/{TODAY}-eu-1")
    assert elsewhere.archive("restore", "2026-01-03", "--file", "found.bin", "--to", "more") == 2
    assert "is the archive of" in elsewhere.err


@pytest.mark.parametrize(
    "asked",
    [("--at", "2"), ("--region", "us"), ("--pipeline", "weekly"), ("--store", "file:a")],
    ids=lambda each: each[0],
)
def test_a_file_that_is_not_what_was_asked_for_is_refused(team: ArchiveTeam, asked: tuple[str, str]) -> None:
    id_ = team.frozen(files=FILES, upload_to=())
    assert team.archive("restore", "--file", f"lumen-archives/{id_.sealed}", "--to", "out", *asked) == 2
    assert f"{asked[0].removeprefix('--')}: " in team.err
    assert not (team.folder / "out").exists()


def test_a_file_that_is_no_archive_is_refused(team: ArchiveTeam) -> None:
    (team.folder / "letter").write_text("Dear all")
    assert team.archive("restore", "--file", "letter", "--to", "out") == 3
    assert f"{team.folder / 'letter'}: this is no sealed archive" in team.err
    assert not (team.folder / "out").exists()


def test_the_newest_version_unless_another_is_named(team: ArchiveTeam) -> None:
    for version in ("1", "2", "10"):
        team.frozen(files={"v": version}, version=version)
    team.archive("restore", TODAY, "--to", "out", *team.at())
    assert list(came(team).values()) == ["10"]
    team.archive("restore", TODAY, "--to", "two", "--at", "2", *team.at())
    assert list(came(team, "two").values()) == ["2"]
    assert team.archive("restore", TODAY, "--to", "three", "--at", "3", *team.at()) == 2
    assert "there are nightly 2026-01-02 eu 1" in team.err


def test_several_regions_get_folders_and_one_none(team: ArchiveTeam) -> None:
    for region in ("eu", "us west"):
        team.frozen(files={"r": region}, region=region)
    assert team.archive("restore", TODAY, "--to", "out", *team.at()) == 0, team.err
    assert came(team) == {
        f"eu/sources/{TODAY}-eu-1/r": "eu",
        f"us%20west/sources/{TODAY}-us west-1/r": "us west",
    }
    assert team.archive("restore", TODAY, "--to", "one", "--region", "eu", *team.at()) == 0
    assert came(team, "one") == {f"sources/{TODAY}-eu-1/r": "eu"}


def test_of_several_regions_all_come_or_none(team: ArchiveTeam) -> None:
    for region in ("eu", "us"):
        id_ = team.frozen(files={"r": region}, region=region)
    for store in ("a", "b"):
        spoilt(team.file(store, id_))
    assert team.archive("restore", TODAY, "--to", "out", *team.at()) == 3
    assert not (team.folder / "out").exists()


def test_without_a_day_the_newest_comes_back(team: ArchiveTeam) -> None:
    team.frozen("2026-01-01", {"d": "old"})
    team.frozen("2026-01-02", {"d": "new"})
    assert team.archive("restore", "--to", "out", *team.at()) == 0, team.err
    assert list(came(team).values()) == ["new"]


def test_only_what_is_wanted(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    assert team.archive("restore", TODAY, "--to", "out", "--only", "*.log", "a.txt", *team.at()) == 0
    assert sorted(came(team).values()) == ["one", "two"]
    assert "2 files of 3" in team.out


def test_a_pattern_that_nothing_matches_is_a_mistake(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    assert team.archive("restore", TODAY, "--to", "out", "--only", "*.log", "b.txt", "*.pdf", *team.at()) == 2
    assert "called `b.txt`" in team.err
    assert "called `*.pdf`" in team.err
    assert "*.log" not in team.err
    assert not (team.folder / "out").exists()


def test_all_that_is_in_the_way_is_told_and_overwrite_replaces_it(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    place = write_files(team.folder / "out" / "sources" / f"{TODAY}-eu-1", {"a.txt": b"mine", "logs/x.log": b"mine"})
    assert team.archive("restore", TODAY, "--to", "out", *team.at()) == 2
    assert "a.txt: it is there already" in team.err
    assert "x.log: it is there already" in team.err
    assert (place / "a.txt").read_bytes() == b"mine"
    assert team.archive("restore", TODAY, "--to", "out", "--overwrite", *team.at()) == 0, team.err
    assert came(team) == below(FILES, f"sources/{TODAY}-eu-1")


def test_a_dry_run_proves_and_lists_and_writes_nothing(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    facts = len(team.facts())
    said = team.asked("restore", TODAY, "--dry-run", *team.at())
    assert [each["path"] for each in said["archives"][0]["entries"]] == [
        f"sources/{TODAY}-eu-1/{path}" for path in sorted(FILES)
    ]
    write_files(team.folder / "out", {f"sources/{TODAY}-eu-1/a.txt": b"mine"})
    before = read_files(team.folder / "out")
    assert team.archive("restore", TODAY, "--to", "out", "--dry-run", *team.at()) == 2
    assert "in the way: sources/2026-01-02-eu-1/a.txt: it is there already" in team.out
    assert read_files(team.folder / "out") == before
    assert len(team.facts()) == facts


def test_what_a_killed_restore_left_is_named(team: ArchiveTeam) -> None:
    team.frozen(files=FILES)
    left = team.folder / ".out.lumen-restore-dead"
    left.mkdir()
    assert team.archive("restore", TODAY, "--to", "out", *team.at()) == 0
    assert f"{left} was left by a restore that was cut off" in team.err


def test_words_of_an_archive_are_only_words(team: ArchiveTeam) -> None:
    """Whoever knows a recipient can seal an archive for it, with any run and any name that freezing takes."""
    files = {"\u202egnp.exe": b""}
    origin = Origin(ID.name, FROZEN_AT, run_id="x\n::error::\x1b[31m")
    lines = manifest_of(files).split(b"\n", 1)[1]
    sealed_by_hand(plain_archive(files, origin.line + b"\n" + lines), team.folder / "x.lumen")
    team.key = KEY_TEXT
    assert team.archive("restore", "--file", "x.lumen", "--to", "out") == 0, team.err
    assert "::error::" in team.out
    assert not [line for line in team.out.splitlines() if line.strip().startswith("::")]
    assert "\x1b" not in team.out
    assert team.archive("restore", "--file", "x.lumen", "--dry-run") == 0
    assert "\u202e" not in team.out


def test_permissions_come_back(team: ArchiveTeam) -> None:
    team.frozen(files={"run.sh": "#!"}, upload_to=())
    tool = next((team.folder / "sources").rglob("run.sh"))
    tool.chmod(0o750)
    team.archive("freeze", "sources", "--day", TODAY, "--version", "2", "--region", "eu")
    sealed = team.folder / "lumen-archives" / "nightly" / TODAY / "eu" / "2.lumen"
    team.archive("restore", "--file", str(sealed), "--to", "out")
    assert stat.S_IMODE(next((team.folder / "out").rglob("run.sh")).stat().st_mode) == 0o750


def test_every_mistake_is_told_at_once(team: ArchiveTeam) -> None:
    team.key = "short"
    assert team.archive("restore", "2026-02-30", "--store", "ftp://x") == 2
    for word in ("2026-02-30", "to: is missing", "LUMEN_ARCHIVE_KEY", "ftp://x"):
        assert word in team.err, word


def test_nothing_there_says_what_to_look_at(team: ArchiveTeam) -> None:
    assert team.archive("restore", "2026-01-05", "--to", "out", *team.at()) == 2
    assert "no store has an archive of nightly 2026-01-05" in team.err
    assert "lumen archive list" in team.err
