"""`lumen ledger`: looking after the facts, from the command line to the file."""

from __future__ import annotations

import base64
import io
import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from facts import NOON, fact

from lumen_action import cli
from lumen_action.commands import World, session
from lumen_action.errors import LedgerError
from lumen_action.ledger import Ledger, Put
from lumen_action.ledger.deliver import contradiction
from lumen_action.ledger.opening import open_ledger
from lumen_action.ledger.spool import Spool
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import ErrorClass, Fact, Kind, Outcome
from lumen_action.sli.rollup import Rollup
from lumen_action.sli.rollupfile import encode
from lumen_action.sli.tally import tally

SEED = base64.b64encode(bytes(range(32))).decode()
DAY_MS = 24 * 60 * 60 * 1000
FACTS = [
    *(fact("build", run=str(run), day=f"2025-11-0{run}", at=NOON + run) for run in range(1, 5)),
    *(fact(run=str(run), day=f"2025-11-0{run}", at=NOON + run) for run in range(1, 5)),
    fact(run="9", day="2026-01-02", pipeline="release", cause=ErrorClass.BUILD, outcome=Outcome.FAILURE),
]


class Terminal:
    """A person's terminal in a folder with a ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
        self.url = self.ledger("ledger.db", FACTS)
        self.out = self.err = ""

    def ledger(self, name: str, facts: list[Fact]) -> str:
        url = f"sqlite:{self.folder / name}"
        ledger = open_ledger(url)
        for item in facts:
            ledger.put(item)
        ledger.close()
        return url

    def facts(self, url: str) -> list[Fact]:
        ledger = open_ledger(url)
        facts = sorted(ledger.scan(), key=lambda item: item.order)
        ledger.close()
        return facts

    def damage(self, sql: str) -> None:
        base = sqlite3.connect(self.folder / "ledger.db", isolation_level=None)
        assert base.execute(sql).rowcount
        base.close()

    def run(self, *words: str) -> int:
        return self.command("ledger", *words)

    def command(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(env=self.env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: NOON + DAY_MS)
        code = cli.main(words, world)
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def on(self, subcommand: str, *words: str) -> int:
        return self.run(subcommand, "--ledger", self.url, *words)

    def json(self, subcommand: str, *words: str, code: int = 0) -> dict[str, Any]:
        assert self.on(subcommand, "--json", *words) == code, self.err
        return dict(json.loads(self.out))


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_the_help_names_every_subcommand_and_each_has_an_example(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        terminal.run("--help")
    told = capsys.readouterr().out
    for name in ("stats", "verify", "compact", "copy", "rebuild", "prune"):
        assert f"  {name} " in told
        with pytest.raises(SystemExit) as done:
            terminal.run(name, "--help")
        assert done.value.code == 0
        assert f"example:\n  lumen ledger {name}" in capsys.readouterr().out


def test_an_unknown_subcommand_is_told_the_known_ones(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        terminal.run("squash")
    assert done.value.code == 2
    assert "compact" in capsys.readouterr().err


def test_stats_count_facts_by_kind_and_pipeline_and_name_the_days(terminal: Terminal) -> None:
    told = terminal.json("stats")
    assert told == {
        "ledger": terminal.url,
        "facts": 9,
        "kinds": {"run": 5, "stage": 4},
        "pipelines": {"nightly": 8, "release": 1},
        "first_day": "2025-11-01",
        "last_day": "2026-01-02",
        "size_bytes": sum(len(item.encode()) for item in FACTS),
        "conflicts": 0,
        "segments": 0,
        "closed_facts": 0,
        "pending": 0,
    }
    assert terminal.on("stats") == 0
    assert "9 facts" in terminal.out
    assert "from 2025-11-01 to 2026-01-02" in terminal.out


def test_stats_count_conflicts_segments_and_what_waits_in_the_spool(terminal: Terminal) -> None:
    terminal.ledger("ledger.db", [contradiction(replace(FACTS[0], outcome=Outcome.SKIPPED))])
    terminal.json("compact")
    spool = _spool(terminal)
    spool.add(fact("late"))
    told = terminal.json("stats")
    assert (told["conflicts"], told["segments"], told["closed_facts"], told["pending"]) == (1, 1, 9, 1)
    assert terminal.on("stats") == 0
    assert "1 facts wait in the spool; `lumen publish` delivers them" in terminal.out
    assert "1 conflicts: second accounts" in terminal.out


def test_stats_of_an_empty_ledger_are_zeros(terminal: Terminal) -> None:
    terminal.url = f"sqlite:{terminal.folder / 'empty.db'}"
    told = terminal.json("stats")
    assert (told["facts"], told["first_day"], told["last_day"], told["size_bytes"]) == (0, None, None, 0)
    assert terminal.on("stats") == 0


def test_publish_closes_past_days_once_a_day(terminal: Terminal) -> None:
    publish = ["publish", "--ledger", terminal.url, "--textfile-dir", str(terminal.folder)]
    assert terminal.command(*publish) == 0
    assert "12 facts of past days were closed" in terminal.err
    ledger = SqliteLedger(terminal.folder / "ledger.db", durable=True)
    ledger.put(fact(run="late", day="2025-11-01"))
    assert terminal.command(*publish) == 0
    assert "were closed" not in terminal.err
    assert [item.key.run for item in ledger.open_facts() if item.day == "2025-11-01"] == ["late"]
    ledger.close()
    assert terminal.json("verify")["ok"]


def test_compact_closes_what_is_older_than_two_days_and_leaves_the_rest_open(terminal: Terminal) -> None:
    told = terminal.json("compact")
    assert (told["before_day"], told["closed_facts"], told["checkpoint"]["size"]) == ("2026-01-01", 8, 1)
    assert told["public_key"] is None
    assert terminal.json("compact")["closed_facts"] == 0
    assert terminal.facts(terminal.url) == sorted(FACTS, key=lambda item: item.order)


def test_compact_puts_the_checkpoint_into_the_job_summary(terminal: Terminal) -> None:
    page = terminal.folder / "summary.md"
    terminal.env |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page), "LUMEN_SIGNING_KEY": SEED}
    told = terminal.json("compact")
    assert told["checkpoint"]["text"] in page.read_text(encoding="utf-8")
    assert told["public_key"] in page.read_text(encoding="utf-8")


def test_compact_closes_before_the_day_that_is_given(terminal: Terminal) -> None:
    assert terminal.json("compact", "--before", "2025-11-03")["closed_facts"] == 4
    assert terminal.on("compact", "--before", "2025-11-04") == 0
    assert terminal.out.startswith("2 facts of days before 2025-11-04 were closed\ncheckpoint, to be kept outside:\n")
    assert terminal.on("compact", "--before", "tomorrow") == 2
    assert "before: 'tomorrow' is no day; write it as `--before 2026-01-31`" in terminal.err


def test_compact_signs_with_the_key_and_prints_its_public_half(terminal: Terminal) -> None:
    terminal.env["LUMEN_SIGNING_KEY"] = SEED
    key = terminal.json("compact")["public_key"]
    del terminal.env["LUMEN_SIGNING_KEY"]
    assert terminal.json("verify", "--public-key", key)["signed_checkpoints"] == 1
    terminal.env["LUMEN_PUBLIC_KEY"] = key
    assert terminal.on("verify") == 0
    assert f"1 checkpoints, 1 signed with {key.partition('+')[0]}" in terminal.out


def test_a_wrong_signing_key_stops_before_anything_is_closed_and_is_not_repeated(terminal: Terminal) -> None:
    terminal.env["LUMEN_SIGNING_KEY"] = "hunter2"
    assert terminal.on("compact") == 2
    assert "LUMEN_SIGNING_KEY: it is no Ed25519 key; set it to what `openssl genpkey" in terminal.err
    assert "hunter2" not in terminal.err + terminal.out
    del terminal.env["LUMEN_SIGNING_KEY"]
    assert terminal.json("stats")["segments"] == 0


def test_verify_says_that_all_is_as_it_was_written(terminal: Terminal) -> None:
    terminal.json("compact")
    assert terminal.on("verify") == 0
    assert "1 segments with 8 facts and 1 open facts: all as they were written" in terminal.out
    assert terminal.json("verify") == {
        "ledger": terminal.url,
        "ok": True,
        "segments": 1,
        "closed_facts": 8,
        "open_facts": 1,
        "checkpoints": 1,
        "signed_checkpoints": 0,
        "faults": [],
    }


def test_verify_names_the_damaged_fact_with_its_segment_and_exits_with_3(terminal: Terminal) -> None:
    terminal.json("compact", "--before", "2025-11-03")
    terminal.json("compact", "--before", "2025-11-05")
    terminal.damage("UPDATE fact SET body = replace(body, 'abc', 'abd') WHERE segment = 2 AND place = 1")
    assert terminal.on("verify") == 3
    assert "damaged: segment 2: fact 2 of 4 is not what was written (it reads as run run, run 3" in terminal.out
    told = terminal.json("verify", code=3)
    assert (told["ok"], told["segments"]) == (False, 1)
    assert told["faults"][0].startswith("segment 2: fact 2 of 4")


def test_verify_names_a_damaged_open_fact(terminal: Terminal) -> None:
    terminal.damage("UPDATE fact SET body = substr(body, 3) WHERE run = '9'")
    (fault,) = terminal.json("verify", code=3)["faults"]
    assert FACTS[-1].key.digest in fault


def test_verify_compares_with_a_checkpoint_that_was_kept_outside(terminal: Terminal) -> None:
    text = terminal.json("compact")["checkpoint"]["text"]
    (terminal.folder / "kept.txt").write_text(text)
    assert terminal.on("verify", "--checkpoint", "kept.txt") == 0
    terminal.damage("DELETE FROM fact WHERE segment = 1")
    terminal.damage("DELETE FROM segment")
    terminal.damage("DELETE FROM note WHERE name LIKE 'checkpoint/%'")
    assert terminal.on("verify") == 0
    assert terminal.on("verify", "--checkpoint", "kept.txt") == 3
    assert "segment 1 is missing: the checkpoint from outside speaks of 1 segments" in terminal.out


def test_verify_refuses_a_wrong_key_and_a_wrong_checkpoint(terminal: Terminal) -> None:
    assert terminal.on("verify", "--public-key", "abc") == 2
    assert "public-key: it does not read as NAME+HASH+KEY" in terminal.err
    assert terminal.on("verify", "--checkpoint", "none.txt") == 2
    assert "checkpoint: none.txt cannot be read (No such file or directory)" in terminal.err
    (terminal.folder / "kept.txt").write_text("nothing")
    assert terminal.on("verify", "--checkpoint", "kept.txt") == 2
    assert "kept.txt does not hold one" in terminal.err


def test_copy_brings_every_fact_over_and_the_second_time_nothing(terminal: Terminal) -> None:
    there = f"sqlite:{terminal.folder / 'there.db'}"
    assert terminal.run("copy", terminal.url, there, "--json") == 0
    told = json.loads(terminal.out)
    assert (told["facts"], told["created"], told["present"], told["equal"]) == (9, 9, 0, True)
    assert terminal.facts(there) == terminal.facts(terminal.url)
    assert terminal.run("copy", terminal.url, there) == 0
    assert terminal.out == (
        "9 facts: 0 copied, 9 were there already, 0 kept as conflicts\n"
        f"all of them are in {there}, and nothing else is\n"
    )


def test_copy_goes_on_where_it_was_interrupted(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    there = f"sqlite:{terminal.folder / 'there.db'}"
    put, left = SqliteLedger.put, iter(range(4))

    def failing(self: SqliteLedger, item: Fact) -> Put:
        if next(left, None) is None:
            raise LedgerError("it does not answer")
        return put(self, item)

    with monkeypatch.context() as patch:
        patch.setattr(SqliteLedger, "put", failing)
        assert terminal.run("copy", terminal.url, there) == 75
    assert "it does not answer; 4 facts are there, and the same command goes on from here" in terminal.err
    assert terminal.run("copy", terminal.url, there, "--json") == 0
    told = json.loads(terminal.out)
    assert (told["created"], told["present"], told["equal"]) == (5, 4, True)


def test_copy_joins_two_ledgers_and_keeps_a_contradiction_as_a_conflict(terminal: Terminal) -> None:
    other = [replace(FACTS[0], outcome=Outcome.SKIPPED), replace(FACTS[1], observed_at_ms=1), fact("deploy")]
    there = terminal.ledger("there.db", other)
    for _ in range(2):
        assert terminal.run("copy", terminal.url, there, "--json") == 0
        told = json.loads(terminal.out)
        assert (told["conflicts"], told["missing"], told["only_in_destination"]) == (1, 0, 2)
        assert not told["equal"]
    kept = terminal.facts(there)
    assert all(item in kept for item in (*other, *FACTS[2:], contradiction(FACTS[0])))
    assert len(kept) == 11
    assert [item.key.kind for item in kept].count(Kind.CONFLICT) == 1


def test_copy_tells_when_a_fact_did_not_arrive(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    there = f"sqlite:{terminal.folder / 'there.db'}"
    put = SqliteLedger.put

    def forgetful(self: SqliteLedger, item: Fact) -> Put:
        return Put.CREATED if item == FACTS[2] else put(self, item)

    monkeypatch.setattr(SqliteLedger, "put", forgetful)
    assert terminal.run("copy", terminal.url, there) == 3
    assert f"damaged: 1 of them are not in {there}; run the same command again" in terminal.out


def test_copy_from_closed_segments_is_complete(terminal: Terminal) -> None:
    terminal.json("compact")
    there = f"sqlite:{terminal.folder / 'there.db'}"
    assert terminal.run("copy", terminal.url, there) == 0
    assert terminal.facts(there) == terminal.facts(terminal.url)


def test_copy_refuses_what_cannot_be_meant(terminal: Terminal) -> None:
    assert terminal.run("copy", terminal.url, terminal.url) == 2
    assert "SRC and DST are the same ledger" in terminal.err
    assert terminal.run("copy", f"sqlite:{terminal.folder / 'typo.db'}", terminal.url) == 2
    assert "holds no facts; check that SRC is the right place" in terminal.err
    assert terminal.run("copy", "ftp:there", terminal.url) == 2
    assert "ledger: `ftp:there` is not allowed" in terminal.err


def test_rebuild_counts_every_fact_again(terminal: Terminal) -> None:
    terminal.json("compact")
    told = terminal.json("rebuild")
    assert told == {
        "ledger": terminal.url,
        "ok": True,
        "facts": 9,
        "pipelines": ["nightly", "release"],
        "different": [],
    }
    assert terminal.on("rebuild") == 0
    assert "9 facts of 2 pipelines were counted again" in terminal.out


def test_rebuild_names_the_pipeline_whose_totals_did_not_follow_and_mends_them(terminal: Terminal) -> None:
    ledger = SqliteLedger(terminal.folder / "ledger.db", durable=True)
    wrong = tally(fact for fact in FACTS[1:] if fact.pipeline == "nightly")
    rollup = Rollup(ledger.mark(), wrong.days, wrong.newest)
    for _ in range(2):
        name = f"rollup/{b'nightly'.hex()}"
        assert ledger.put_note(name, encode(rollup), expected=ledger.note(name))
        assert terminal.json("rebuild", code=3)["different"] == ["nightly"]
        assert terminal.json("rebuild")["different"] == [], "it keeps what it has counted"
    assert ledger.put_note(name, encode(rollup), expected=ledger.note(name))
    ledger.close()
    assert terminal.on("rebuild") == 3
    assert "damaged: the kept totals of nightly did not follow from the facts" in terminal.out


def _spool(terminal: Terminal) -> Spool:
    from lumen_action.commands.session import open_session

    return open_session({"ledger": terminal.url}, World(env=terminal.env, folder=terminal.folder)).spool


def test_prune_removes_only_old_left_overs_and_never_a_fact(terminal: Terminal) -> None:
    spool = _spool(terminal)
    waiting = spool.add(fact("late"))
    old, fresh = spool.folder / "a.unreadable", spool.folder / "b.unreadable"
    half = spool.folder / ".c.fact.7.0.tmp"
    for path in (old, fresh, half):
        path.write_text("{")
    for path in (old, half, waiting):
        os.utime(path, (0, 0))
    os.utime(fresh, (NOON / 1000, NOON / 1000))
    told = terminal.json("prune", "--dry-run")
    assert (told["removed"], told["pending"], old.exists()) == ([str(half), str(old)], 1, True)
    assert terminal.on("prune") == 0
    assert f"removed: {old}\n2 left-over files removed; facts are never removed; 1 facts wait" in terminal.out
    assert [path.exists() for path in (old, half, fresh, waiting)] == [False, False, True, True]
    assert terminal.json("prune", "--older-than", "0")["removed"] == [str(fresh)]
    assert terminal.on("prune", "--older-than", "soon") == 2
    assert "older-than: 'soon' is no number of days" in terminal.err


class Unsegmented:
    """A ledger as the protocol asks for it, and nothing more."""

    def __init__(self, inner: Ledger) -> None:
        for name in ("url", "durable", *(name for name in vars(Ledger) if not name.startswith("_"))):
            setattr(self, name, getattr(inner, name))


def test_a_ledger_without_segments_is_told_what_to_do(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "open_ledger", lambda url, _: Unsegmented(open_ledger(url)))
    for subcommand in ("verify", "compact"):
        assert terminal.on(subcommand) == 2
        assert "has no segments, so there is nothing to close or to verify; `lumen ledger copy`" in terminal.err
    assert terminal.json("stats")["segments"] == 0
    assert terminal.json("rebuild")["ok"]
