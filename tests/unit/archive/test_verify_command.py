"""`lumen archive verify`: what it looks at, what it says, and what becomes of it in the ledger and the metrics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from archiveteam import DAY_MS, OTHER_KEY, TODAY, ArchiveTeam, spoilt

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Kind, Outcome
from lumen_action.totals import Totals

YESTERDAY = "2026-01-01"


@pytest.fixture
def team(tmp_path: Path) -> ArchiveTeam:
    return ArchiveTeam(tmp_path)


def findings(team: ArchiveTeam, *words: str) -> list[tuple[str, str, str]]:
    return [(each["region"], each["store"], each["verdict"]) for each in team.asked("verify", *words)["findings"]]


def test_all_regions_are_looked_at_in_all_stores(team: ArchiveTeam) -> None:
    for region in ("eu", "us"):
        team.frozen(region=region)
    both = [("eu", "file:a", "ok"), ("us", "file:a", "ok"), ("eu", "file:b", "ok"), ("us", "file:b", "ok")]
    assert findings(team, TODAY, *team.at()) == both
    assert findings(team, TODAY, *team.at("file:b"), "--region", "us") == [("us", "file:b", "ok")]


def test_the_answer_says_the_verdict_the_level_and_why(team: ArchiveTeam) -> None:
    id_ = team.frozen()
    spoilt(team.file("a", id_))
    found = team.asked("verify", TODAY, *team.at())
    assert (found["verdict"], found["level_asked"], found["level_reached"]) == ("mismatch", 2, 0)
    first, second = found["findings"]
    assert (first["archive"], first["day"], first["version"]) == (id_.name, TODAY, "1")
    assert (first["level_reached"], first["may_pass"]) == (0, False)
    assert "SHA-256" in first["why"]
    assert (second["verdict"], second["level_reached"]) == ("ok", 2)


@pytest.mark.parametrize(("level", "code"), [("0", 0), ("1", 3), ("2", 3), ("3", 3)])
def test_damage_ends_with_three_at_every_level_that_can_see_it(team: ArchiveTeam, level: str, code: int) -> None:
    spoilt(team.file("a", team.frozen()))
    assert team.archive("verify", TODAY, "--level", level, *team.at()) == code


def test_a_key_that_is_not_at_hand_ends_with_two_and_the_other_stores_are_looked_at(team: ArchiveTeam) -> None:
    team.frozen()
    team.key = OTHER_KEY
    assert team.archive("verify", TODAY, "--level", "3", *team.at()) == 2
    assert team.archive("verify", TODAY, *team.at()) == 0


def test_a_store_that_never_got_it_is_missing_and_says_so(team: ArchiveTeam) -> None:
    team.frozen(upload_to=["file:a"])
    assert team.archive("verify", TODAY, *team.at()) == 3
    assert "no upload to it is known" in team.out


def test_a_store_that_refuses_is_told_with_what_to_do(team: ArchiveTeam) -> None:
    id_ = team.frozen()
    sealed = team.file("a", id_)
    sealed.rename(team.folder / "elsewhere")
    sealed.symlink_to(team.folder / "elsewhere")
    assert team.archive("verify", TODAY, *team.at()) == 2
    assert "unverifiable: nightly 2026-01-02 eu 1 in file:a" in team.out
    assert "links inside a store are never followed" in team.out


def test_a_store_that_cannot_be_listed_is_unverifiable_and_the_others_are_looked_at(team: ArchiveTeam) -> None:
    team.frozen(upload_to=["file:a"])
    stores = team.at("file:lumen.yml/b", "file:a")
    assert findings(team, *stores) == [("eu", "file:lumen.yml/b", "unverifiable"), ("eu", "file:a", "ok")]
    assert team.archive("verify", *stores) == 2


def test_without_a_day_it_is_the_one_that_freezing_handed_on_whatever_the_clock_says(team: ArchiveTeam) -> None:
    team.frozen(YESTERDAY)
    team.frozen(TODAY)
    team.now_ms += 400 * DAY_MS
    assert team.asked("verify", *team.at())["findings"][0]["day"] == TODAY
    team.env["LUMEN_ARCHIVE_DAY"] = YESTERDAY
    assert team.asked("verify", *team.at())["findings"][0]["day"] == YESTERDAY


def test_the_newest_day_may_be_known_to_a_store_alone(team: ArchiveTeam) -> None:
    team.frozen()
    (team.folder / "ledger.db").unlink()
    (team.folder / "lumen-archives").rename(team.folder / "gone")
    assert team.asked("verify", *team.at())["findings"][0]["day"] == TODAY


def test_archives_of_other_pipelines_are_none_of_ours_also_while_their_facts_wait(team: ArchiveTeam) -> None:
    team.frozen(YESTERDAY)
    team.env |= {"LUMEN_PIPELINE": "other", "LUMEN_LEDGER": f"sqlite:{team.folder}"}
    team.frozen(TODAY)
    del team.env["LUMEN_PIPELINE"]
    team.archive("verify", *team.at())
    assert {each["day"] for each in team.asked("verify", *team.at())["findings"]} == {YESTERDAY}


def test_the_newest_version_is_verified_unless_another_is_named(team: ArchiveTeam) -> None:
    for version in ("9", "10"):
        team.frozen(version=version)
    assert {each["version"] for each in team.asked("verify", *team.at())["findings"]} == {"10"}
    assert {each["version"] for each in team.asked("verify", "--at", "9", *team.at())["findings"]} == {"9"}
    team.env["LUMEN_INPUT_VERSION"] = "9"
    assert {each["version"] for each in team.asked("verify", *team.at())["findings"]} == {"9"}
    assert team.archive("verify", "--at", "8", *team.at()) == 2
    assert "there is no version `8`; there are nightly 2026-01-02 eu 9" in team.err


def test_a_day_that_nobody_knows_of_is_missing_and_nothing_at_all_is_a_wrong_input(team: ArchiveTeam) -> None:
    assert team.archive("verify", *team.at()) == 2
    assert "nobody knows of any archive of nightly" in team.err
    assert team.archive("verify", "2026-03-04", *team.at()) == 3
    assert team.archive("verify", *team.at()) == 2


def test_what_was_pruned_on_purpose_is_not_missing(team: ArchiveTeam) -> None:
    team.frozen(YESTERDAY)
    team.frozen(TODAY)
    assert team.archive("prune", "--keep-daily", "1", "--yes", *team.at("file:a")) == 0
    assert findings(team, YESTERDAY, *team.at()) == [("eu", "file:b", "ok")]
    assert team.archive("verify", YESTERDAY, *team.at("file:a")) == 2
    assert "was pruned from file:a" in team.err


def test_every_mistake_is_told_at_once(team: ArchiveTeam) -> None:
    team.key = "secret-but-no-key"
    assert team.archive("verify", "tomorrow", "--level", "4", "--store", "ftp://x") == 2
    for name in ("day: `tomorrow`", "level: `4`", "store: `ftp://x`", "LUMEN_ARCHIVE_KEY"):
        assert name in team.err
    assert "secret-but-no-key" not in team.err


def test_each_store_is_a_fact_of_the_archives_day_and_all_together_a_check_of_today(team: ArchiveTeam) -> None:
    id_ = team.frozen(YESTERDAY)
    team.file("b", id_).unlink()
    team.archive("verify", YESTERDAY, *team.at())
    facts = [each for each in team.facts(Kind.ARTIFACT) if each.key.stage == "verify"]
    told = [(each.day, each.outcome, each.told["store"], each.told["verdict"], each.told["level"]) for each in facts]
    assert sorted(told, key=lambda each: each[2]) == [
        (YESTERDAY, Outcome.SUCCESS, "file:a", "ok", "2"),
        (YESTERDAY, Outcome.FAILURE, "file:b", "missing", "-1"),
    ]
    (check,) = team.facts(Kind.CHECK)
    assert (check.key.stage, check.day, check.outcome) == ("integrity", TODAY, Outcome.FAILURE)
    assert (check.told["verdict"], check.told["level"], check.told["archives"]) == ("missing", "-1", id_.name)


def test_a_verification_without_a_result_is_neither_good_nor_a_success(team: ArchiveTeam) -> None:
    team.frozen()
    team.key = OTHER_KEY
    team.archive("verify", "--level", "3", *team.at())
    (check,) = team.facts(Kind.CHECK)
    assert (check.outcome, check.told["verdict"], check.told["level"]) == (Outcome.ERROR, "unverifiable", "2")


def test_a_ledger_that_is_away_is_told_and_the_key_proves_the_label(team: ArchiveTeam) -> None:
    team.frozen()
    team.env["LUMEN_LEDGER"] = f"sqlite:{team.folder}"
    assert team.archive("verify", TODAY, *team.at()) == 0
    assert "what the ledger knows of archives cannot be read" in team.out + team.err
    assert "their SHA-256 is that of its label" in team.out


def metrics(team: ArchiveTeam) -> dict[str, float]:
    text = "".join(each.read_text() for each in (team.folder / "metrics").glob("*.prom"))
    rows = re.findall(r"^(lumen_re(?:mote|store)\w*)\{([^}]*)\} (\S+)$", text, re.MULTILINE)
    return {name + "".join(re.findall('verdict="(.*?)"', labels)): float(value) for name, labels, value in rows}


def test_the_numbers_say_how_it_came_out_also_when_they_come_of_totals_that_were_kept(team: ArchiveTeam) -> None:
    (team.folder / "metrics").mkdir()
    team.env["LUMEN_TEXTFILE_DIR"] = str(team.folder / "metrics")
    id_ = team.frozen()
    team.archive("verify", "--level", "1", *team.at())
    verified = team.now_ms / 1000
    good = {
        "lumen_remote_integrity_ok": 1,
        "lumen_remote_integrity_verdictok": 1,
        "lumen_remote_integrity_verdictmismatch": 0,
        "lumen_remote_integrity_verdictunverifiable": 0,
        "lumen_remote_integrity_verdictmissing": 0,
        "lumen_remote_verify_level": 1,
        "lumen_remote_verify_timestamp_seconds": verified,
    }
    assert metrics(team) == good
    ledger = SqliteLedger(team.folder / "ledger.db", durable=True)
    totals = Totals(ledger, "nightly")
    totals.read()
    totals.keep_now()
    ledger.close()
    team.archive("drill", *team.at())
    drilled = {"lumen_restore_ok": 1, "lumen_restore_drill_timestamp_seconds": team.now_ms / 1000}
    assert metrics(team) == good | drilled
    team.file("a", id_).unlink()
    team.archive("verify", *team.at())
    assert metrics(team) == good | drilled | {
        "lumen_remote_integrity_ok": 0,
        "lumen_remote_integrity_verdictok": 0,
        "lumen_remote_integrity_verdictmissing": 1,
        "lumen_remote_verify_level": -1,
        "lumen_remote_verify_timestamp_seconds": team.now_ms / 1000,
    }


def test_what_was_pruned_and_brought_back_by_hand_is_looked_at(team: ArchiveTeam) -> None:
    first, second = team.frozen("2026-01-01"), team.frozen()
    team.archive("prune", "--keep-daily", "1", "--yes", *team.at("file:a"))
    assert team.archive("verify", "2026-01-01", *team.at()) == 0
    assert f"{first} was pruned from file:a" in team.out
    for end in ("sealed", "label"):
        team.file("a", first, end).parent.mkdir(parents=True, exist_ok=True)
        team.file("a", first, end).write_bytes(team.file("b", second, end).read_bytes())
    assert team.archive("verify", "2026-01-01", *team.at()) == 3
    assert f"mismatch: {first} in file:a: " in team.out


def test_a_job_gets_a_table_an_annotation_and_outputs(team: ArchiveTeam) -> None:
    id_ = team.frozen()
    spoilt(team.file("a", id_))
    for name in ("output", "summary"):
        (team.folder / name).touch()
    team.env |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "org/app",
        "GITHUB_RUN_ID": "100",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_JOB": "verify",
        "GITHUB_WORKFLOW": "nightly",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_OUTPUT": str(team.folder / "output"),
        "GITHUB_STEP_SUMMARY": str(team.folder / "summary"),
        "RUNNER_TEMP": str(team.folder),
    }
    assert team.archive("verify", TODAY, *team.at()) == 3
    assert [line.split(":")[0] for line in team.out.splitlines() if " in file:" in line][-2:] == ["mismatch", "ok"]
    summary = (team.folder / "summary").read_text()
    assert "### ❌ Archives: verify 2026-01-02: mismatch (1 mismatch, 1 ok; 1 archive in 2 stores)" in summary
    assert "- Something stored is not what was frozen." in summary
    assert "`lumen archive restore 2026-01-02 --to restored`" in summary
    assert "| nightly 2026-01-02 eu 1 | file:a | ❌ mismatch | 0 receipt |" in summary
    annotation = "::error title=lumen archive::[lumen] mismatch: nightly 2026-01-02 eu 1 in file:a: "
    assert [line for line in team.out.splitlines() if line.startswith(annotation)]
    outputs = (team.folder / "output").read_text()
    assert re.findall(r"(?m)^(verdict|level)<<\S+\n(.*)$", outputs) == [("verdict", "mismatch"), ("level", "0")]
