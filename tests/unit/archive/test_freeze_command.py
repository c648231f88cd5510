"""`lumen archive freeze` as a person and a workflow use it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from archiveteam import ArchiveTeam
from frozenfiles import examined, write_files

from lumen_action.archive import ArchiveId, Label
from lumen_action.archive.facts import known_in
from lumen_action.ledger.checkpoints import Checkpoint, keep_checkpoints
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Kind

TODAY = "2026-01-02"


@pytest.fixture
def team(tmp_path: Path) -> ArchiveTeam:
    made = ArchiveTeam(tmp_path)
    write_files(tmp_path, {"reports/a.html": b"<p>", "reports/b.pdf": b"%PDF", "notes.txt": b"n"})
    return made


def in_job(team: ArchiveTeam, **more: str) -> None:
    for name in ("output", "env", "summary"):
        (team.folder / name).touch()
    team.env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "org/app",
        "GITHUB_RUN_ID": "100",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_JOB": "archive",
        "GITHUB_WORKFLOW": "nightly",
        "GITHUB_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        "GITHUB_OUTPUT": str(team.folder / "output"),
        "GITHUB_ENV": str(team.folder / "env"),
        "GITHUB_STEP_SUMMARY": str(team.folder / "summary"),
        "RUNNER_TEMP": str(team.folder / "temp"),
        **more,
    }


def test_an_empty_path_is_no_name_for_all_that_is_here(team: ArchiveTeam) -> None:
    """It comes of a variable that is not set."""
    assert team.archive("freeze", "reports", "", "--day", TODAY) == 2
    assert "paths: one is empty" in team.err
    assert not (team.folder / "lumen-archives").exists()


def label_of(team: ArchiveTeam, name: str) -> Label:
    return Label.decode((team.folder / "lumen-archives" / f"{name}.json").read_bytes())


def test_a_day_is_frozen(team: ArchiveTeam) -> None:
    assert team.archive("freeze", "reports", "notes.txt", "--day", TODAY, "--region", "eu") == 0, team.err
    label = label_of(team, "nightly/2026-01-02/eu/1")
    assert label.root in team.out
    assert "3 files, 8 B" in team.out
    seen: list[str] = []
    sealed = team.folder / "lumen-archives" / "nightly/2026-01-02/eu/1.lumen"
    contents = examined(sealed, seen=lambda entry: seen.append(entry.path))
    assert seen == ["notes.txt", "reports/a.html", "reports/b.pdf"]
    assert contents.origin.tool.startswith("lumen ")
    assert contents.origin.run_id


def test_the_fact_is_the_label(team: ArchiveTeam) -> None:
    team.archive("freeze", "reports", "--day", TODAY, "--region", "eu")
    (made,) = team.facts(Kind.ARTIFACT)
    assert (made.key.stage, made.day, made.pipeline, made.key.region) == ("freeze", TODAY, "nightly", "eu")
    id_ = ArchiveId("nightly", TODAY, "eu", "1")
    assert known_in([made])[id_].frozen == label_of(team, id_.name)


def test_freezing_again_changes_nothing_and_says_so(team: ArchiveTeam) -> None:
    words = ("freeze", "reports", "--day", TODAY)
    first = team.asked(*words)
    sealed = Path(first["file"])
    before = (sealed.read_bytes(), sealed.stat().st_mtime_ns)
    second = team.asked(*words)
    assert (first.pop("existed"), second.pop("existed")) == (False, True)
    first.pop("checkpoint")
    second.pop("checkpoint")
    assert first == second
    assert (sealed.read_bytes(), sealed.stat().st_mtime_ns) == before
    assert len(team.facts(Kind.ARTIFACT)) == 1


def test_other_content_is_refused_with_the_way_out(team: ArchiveTeam) -> None:
    assert team.archive("freeze", "reports", "--day", TODAY) == 0
    write_files(team.folder, {"reports/a.html": b"<b>"})
    assert team.archive("freeze", "reports", "--day", TODAY) == 2
    assert "Freeze this as `--version 2`" in team.err
    assert team.archive("freeze", "reports", "--day", TODAY, "--version", "2") == 0


def test_every_mistake_is_told_at_once(team: ArchiveTeam) -> None:
    team.key = "too short"
    (team.folder / "reports" / "link").symlink_to("a.html")
    assert team.archive("freeze", "reports", "missing", "--day", "2026-13-01", "--version", "a b") == 2
    for word in ("LUMEN_ARCHIVE_KEY", "reports/link", "missing", "2026-13-01", "version: `a b`"):
        assert word in team.err, word
    assert not (team.folder / "lumen-archives").exists()


def test_without_a_key_nothing_is_frozen(team: ArchiveTeam) -> None:
    team.key = ""
    assert team.archive("freeze", "reports", "--day", TODAY) == 2
    assert "lumen archive keygen" in team.err
    assert not (team.folder / "lumen-archives").exists()


def test_without_paths_it_says_what_to_write(team: ArchiveTeam) -> None:
    assert team.archive("freeze", "--day", TODAY) == 2
    assert "lumen archive freeze reports" in team.err


def test_the_folder_of_archives_is_never_in_an_archive(team: ArchiveTeam) -> None:
    team.archive("freeze", "reports", "--day", TODAY)
    said = team.asked("freeze", ".", "--day", TODAY, "--version", "2", "--exclude", "ledger.db*", "--exclude", "state")
    assert said["left_out"] == ["lumen-archives"]
    assert "left out: lumen-archives" in team.err
    assert said["files"] == 4  # with lumen.yml


def test_another_folder_can_be_named_and_configured(team: ArchiveTeam) -> None:
    team.config("archive: {folder: kept}\n")
    assert team.asked("freeze", "reports", "--day", TODAY)["file"].startswith(str(team.folder / "kept"))
    said = team.asked("freeze", "reports", "--day", TODAY, "--folder", "elsewhere")
    assert said["file"].startswith(str(team.folder / "elsewhere"))


def test_recipients_come_before_the_key_and_that_is_said(team: ArchiveTeam) -> None:
    from lumen_action.crypto.age import new_identity

    identity = new_identity()
    team.config(f"archive: {{recipients: [{identity.recipient}]}}\n")
    assert team.archive("freeze", "reports", "--day", TODAY) == 0, team.err
    assert "LUMEN_ARCHIVE_KEY opens older archives only" in team.err


def test_the_day_is_that_of_the_clock_where_nothing_else_is_known(team: ArchiveTeam) -> None:
    assert team.asked("freeze", "reports")["day"] == TODAY


def test_a_job_gets_outputs_a_summary_and_the_day_for_later_steps(team: ArchiveTeam) -> None:
    in_job(team, LUMEN_INPUT_PATHS="reports\nnotes.txt\n", LUMEN_INPUT_EXCLUDE="*.pdf", LUMEN_INPUT_REGION="eu")
    assert team.archive("freeze") == 0, team.out
    outputs = (team.folder / "output").read_text(encoding="utf-8")
    label = label_of(team, "nightly/2026-01-02/eu/1")
    for value in (TODAY, "nightly/2026-01-02/eu/1", label.sha256, label.root, str(team.folder / "lumen-archives")):
        assert value in outputs, value
    assert TODAY in (team.folder / "env").read_text(encoding="utf-8")
    assert "LUMEN_ARCHIVE_DAY" in (team.folder / "env").read_text(encoding="utf-8")
    assert label.root in (team.folder / "summary").read_text(encoding="utf-8")
    assert label.files == 2
    assert label.trace_id
    assert label.run == "100"


def test_after_midnight_the_day_is_still_that_of_the_job(team: ArchiveTeam) -> None:
    in_job(team, LUMEN_INPUT_PATHS="reports")
    team.env["LUMEN_ARCHIVE_DAY"] = TODAY
    team.now_ms += 24 * 3_600_000
    assert team.asked("freeze")["day"] == TODAY


def test_a_ledger_that_is_away_costs_a_warning(team: ArchiveTeam) -> None:
    team.env["LUMEN_LEDGER"] = "sqlite:/proc/nowhere/ledger.db"
    said = team.asked("freeze", "reports", "--day", TODAY)
    assert said["checkpoint"] is None
    assert any("names no checkpoint" in each for each in said["warnings"])


def test_the_checkpoint_is_the_newest_of_the_ledger(team: ArchiveTeam) -> None:
    assert team.asked("freeze", "reports", "--day", "2026-01-01")["checkpoint"] == "sqlite 0"
    ledger = SqliteLedger(team.folder / "ledger.db", durable=True)
    ledger.compact("9999-12-31")
    kept = keep_checkpoints(ledger, None)
    ledger.close()
    said = team.asked("freeze", "reports", "--day", TODAY)["checkpoint"]
    assert kept
    assert Checkpoint.parse(said.encode()) == kept


def test_names_of_files_are_never_obeyed_by_the_runner(team: ArchiveTeam) -> None:
    in_job(team)
    hostile = "::error::x ##[add-mask]y"
    (team.folder / "reports" / hostile).symlink_to("a.html")
    assert team.archive("freeze", "reports", "--day", TODAY) == 2
    (team.folder / "reports" / hostile).unlink()
    write_files(team.folder, {f"reports/{hostile}": b"1"})
    assert team.archive("freeze", "reports", "--day", TODAY, "--json") == 0
    assert "##[" not in team.out
    json.loads(team.out.splitlines()[-1])


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_named(team: ArchiveTeam) -> None:
    (team.folder / "reports" / "a.html").chmod(0)
    assert team.archive("freeze", "reports", "--day", TODAY) == 2
    assert "reports/a.html: it cannot be read" in team.err


def test_stores_in_the_frozen_folder_are_left_out_so_that_a_second_attempt_is_the_same(team: ArchiveTeam) -> None:
    team.config(
        f"archive: {{stores: ['file:kept', 'file://{team.folder}/mirror', 'file://localhost{team.folder}/third']}}\n"
    )
    words = ("freeze", "reports", "kept", "mirror", "third", "--day", TODAY)
    for name in ("kept", "mirror", "third"):
        (team.folder / name).mkdir()
    first = team.asked(*words)
    assert (first["files"], first["left_out"]) == (2, ["kept", "mirror", "third"])
    assert team.archive("upload", TODAY) == 0, team.err
    assert team.asked(*words)["existed"]
    team.config()
    team.env["LUMEN_INPUT_STORE"] = "file:kept\nfile:mirror\nfile:third"
    assert team.asked(*words)["existed"]
