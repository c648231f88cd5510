from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from facts import fact

from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.ledger import Put, sqlite
from lumen_action.ledger.opening import Place, open_ledger
from lumen_action.ledger.segments import GENESIS, Segment
from lumen_action.ledger.sqlite import SqliteLedger, file_system_of
from lumen_action.model import Fact, Outcome

_MOUNTS = (
    "/dev/sda1 / ext4 rw 0 0\nsrv:/data /mnt/team\\040share nfs4 rw 0 0\ntmpfs /mnt/team\\040share/fast tmpfs rw 0 0\n"
)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/lumen", "ext4"),
        ("/mnt/team share", "nfs4"),
        ("/mnt/team share/a/b", "nfs4"),
        ("/mnt/team share/fast/x", "tmpfs"),
        ("/mnt/team shared", "ext4"),
    ],
)
def test_the_deepest_mount_point_names_the_file_system(path: str, kind: str) -> None:
    assert file_system_of(Path(path), _MOUNTS) == kind


def test_a_network_file_system_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    mounts = f"srv:/x {tmp_path} nfs4 rw 0 0\n"
    with pytest.raises(ConfigError, match="network file system"):
        SqliteLedger(tmp_path / "l" / "ledger.db", durable=True, mounts=mounts)
    assert not (tmp_path / "l").exists()


def test_a_ledger_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA user_version=99")
    base.close()
    with pytest.raises(LedgerError, match="newer version"):
        open_ledger(f"sqlite:{path}")


def test_a_file_that_is_no_ledger_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("not a database " * 100)
    with pytest.raises(LedgerError, match="cannot open"):
        open_ledger(f"sqlite:{path}")


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot open"):
        open_ledger(f"sqlite:{tmp_path / 'file' / 'ledger.db'}")


def test_a_stored_fact_that_was_damaged_is_reported_and_not_skipped(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    ledger.put(fact())
    ledger._base.execute("UPDATE fact SET body = substr(body, 1, 20)")
    with pytest.raises(IntegrityError, match="cannot be read"):
        list(ledger.scan())
    ledger.close()


def _aged(path: Path, days: int = 3, each: int = 4) -> SqliteLedger:
    """Return a ledger with facts of the first days of a month."""
    ledger = SqliteLedger(path, durable=True)
    for day in range(1, days + 1):
        for run in range(each):
            ledger.put(fact("build", run=f"{day}-{run}", day=f"2026-01-{day:02}"))
    return ledger


def test_closing_keeps_every_fact_where_it_was_and_puts_those_of_earlier_days_into_a_segment(tmp_path: Path) -> None:
    ledger = _aged(tmp_path / "ledger.db")
    facts, head = list(ledger.scan()), ledger.head()
    assert ledger.compact("2026-01-03") == 8
    assert ledger.compact("2026-01-03") == 0
    assert (list(ledger.scan()), ledger.head()) == (facts, head)
    (segment,) = ledger.segments()
    assert [Fact.decode(body).day for body in segment.facts] == ["2026-01-01"] * 4 + ["2026-01-02"] * 4
    assert {item.day for item in ledger.open_facts()} == {"2026-01-03"}
    ledger.close()


def test_a_late_fact_of_a_closed_day_goes_into_the_next_segment(tmp_path: Path) -> None:
    ledger = _aged(tmp_path / "ledger.db")
    ledger.compact("2026-01-03")
    late = fact("build", run="late", day="2026-01-01")
    assert ledger.put(late) is Put.CREATED
    assert ledger.compact("2026-01-03") == 1
    first, second = ledger.segments()
    assert second == Segment(2, first.root, (late.encode(),))
    assert ledger.put(late) is Put.SAME
    ledger.close()


def test_a_large_backlog_becomes_a_chain_of_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_SEGMENT_FACTS", 5)
    ledger = _aged(tmp_path / "ledger.db")
    assert ledger.compact("2026-02-01") == 12
    assert [(segment.number, len(segment.facts)) for segment in ledger.segments()] == [(1, 5), (2, 5), (3, 2)]
    assert [segment.number for segment in ledger.segments_after(1)] == [2, 3]
    assert list(ledger.segments_after(3)) == list(ledger.segments_after(9)) == []
    ledger.close()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE fact SET body = replace(body, 'it', 'It') WHERE place = 2", "segment 1: fact 3 of 8 .*run 1-2 of"),
        ("UPDATE fact SET body = x'00' WHERE place = 7", "segment 1: fact 8 of 8 .*cannot be read"),
        ("UPDATE fact SET key = 'x' || key WHERE place = 1", "segment 1: fact 2 of 8 is filed under what it does"),
        ("UPDATE fact SET pipeline = 'other' WHERE place = 1", "segment 1: fact 2 of 8 is filed"),
        ("UPDATE fact SET run = '7' WHERE place = 1", "segment 1: fact 2 of 8 is filed"),
        ("UPDATE fact SET day = '2026-01-09' WHERE place = 1", "segment 1: fact 2 of 8 is filed"),
        ("UPDATE fact SET place = 99 WHERE place = 3", "segment 1: fact 4 of 8 .*run 2-0"),
        ("UPDATE fact SET segment = NULL WHERE place = 3", "segment 1: fact 4 of 8 .*run 2-0"),
        ("UPDATE fact SET segment = 7 WHERE run = '3-0'", "fact [0-9a-f]{64} claims to be in a segment"),
        ("DELETE FROM fact WHERE place = 7", "segment 1: fact 8 of 8 is missing"),
        ("UPDATE segment SET number = 2", "segment 2: .*fact 1 of 8 is missing"),
        ("UPDATE segment SET prev_root = root", "segment 1 does not follow segment 0"),
        ("UPDATE segment SET root = prev_root", "segment 1: its facts do not have the root 0000"),
        ("UPDATE segment SET n = 7", "segment 1: its header"),
        ("UPDATE segment SET leaves = replace(leaves, 'a', 'b')", "segment 1: its header"),
    ],
)
def test_whatever_is_changed_in_a_closed_segment_is_named(tmp_path: Path, damage: str, told: str) -> None:
    ledger = _aged(tmp_path / "ledger.db")
    for item in ("1-2", "2-0"):
        ledger.put(fact("test", Outcome.FAILURE, run=item, day="2026-01-04"))
    ledger.compact("2026-01-03")
    ledger._base.execute(damage)
    with pytest.raises(IntegrityError, match=told):
        list(ledger.segments())
    ledger.close()


def test_a_damaged_fact_is_not_closed_and_nothing_else_is(tmp_path: Path) -> None:
    ledger = _aged(tmp_path / "ledger.db")
    ledger._base.execute("UPDATE fact SET pipeline = 'other' WHERE run = '2-1'")
    with pytest.raises(IntegrityError, match=r"open fact .* is filed .*run 2-1 of nightly"):
        ledger.compact("2026-01-03")
    with pytest.raises(IntegrityError, match="run 2-1 of nightly"):
        list(ledger.open_facts())
    assert not list(ledger.segments())
    assert ledger.put(fact("deploy")) is Put.CREATED
    ledger.close()


def test_racing_compactors_and_writers_close_every_fact_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_SEGMENT_FACTS", 7)
    path = tmp_path / "ledger.db"
    _aged(path, days=5, each=10).close()

    def work(number: int) -> int:
        ledger = SqliteLedger(path, durable=True)
        ledger.put(fact("build", run=f"late-{number}", day="2026-01-01"))
        closed = ledger.compact("2026-02-01")
        assert len(list(ledger.segments())) > 0
        ledger.close()
        return closed

    with ThreadPoolExecutor(4) as pool:
        closed = sum(pool.map(work, range(4)))
    ledger = SqliteLedger(path, durable=True)
    assert closed == 54
    bodies = [body for segment in ledger.segments() for body in segment.facts]
    assert sorted(bodies) == sorted(item.encode() for item in ledger.scan())
    ledger.close()


_COMPACTOR = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {root!r}]
from facts import fact
from lumen_action.ledger import sqlite
sqlite._SEGMENT_FACTS = 3
ledger = sqlite.SqliteLedger(Path({path!r}), durable=True)
for number in range(10_000):
    for item in range(7):
        ledger.put(fact("build", run=f"{{sys.argv[1]}}-{{number}}-{{item}}"))
    print(ledger.compact("2026-02-01"), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_compactor_leaves_a_sound_chain_and_every_acknowledged_fact(tmp_path: Path) -> None:
    here, path = Path(__file__).resolve(), tmp_path / "ledger.db"
    script = _COMPACTOR.format(tests=str(here.parents[2] / "support"), root=str(here.parents[3]), path=str(path))
    rounds = range(4)
    for number in rounds:
        worker = subprocess.Popen([sys.executable, "-c", script, str(number)], stdout=subprocess.PIPE, text=True)
        assert worker.stdout
        for _ in range(number + 1):
            worker.stdout.readline()
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        ledger = SqliteLedger(path, durable=True)
        closed = [body for segment in ledger.segments() for body in segment.facts]
        left = [item.encode() for item in ledger.open_facts()]
        assert sorted(closed + left) == sorted(item.encode() for item in ledger.scan())
        ledger.close()
    acknowledged = {f"{number}-{batch}-{item}" for number in rounds for batch in range(number + 1) for item in range(7)}
    assert acknowledged <= {Fact.decode(body).key.run for body in closed}


def test_a_ledger_of_the_first_version_gains_segments_and_keeps_its_facts(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    kept = fact("build")
    with sqlite3.connect(path) as base:
        base.executescript(f"{sqlite._MIGRATIONS[0]} PRAGMA user_version=1;")
        base.execute(
            "INSERT INTO fact (key, pipeline, run, day, body) VALUES (?, ?, ?, ?, ?)",
            (kept.key.digest, kept.pipeline, kept.key.run, kept.day, kept.encode()),
        )
    base.close()
    ledger = SqliteLedger(path, durable=True)
    assert ledger.compact("2026-02-01") == 1
    assert list(ledger.segments()) == [Segment(1, GENESIS, (kept.encode(),))]
    ledger.close()


def test_a_note_is_written_only_over_what_was_read(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    assert ledger.note("a") is None
    assert not ledger.put_note("a", b"1", expected=b"0")
    assert ledger.put_note("a", b"1", expected=None)
    assert not ledger.put_note("a", b"2", expected=None)
    assert ledger.put_note("a", b"2", expected=b"1")
    assert not ledger.put_note("a", b"3", expected=b"1")
    assert (ledger.note("a"), ledger.note("b")) == (b"2", None)
    ledger.close()


def test_a_ledger_below_the_jobs_scratch_folder_does_not_outlive_it(tmp_path: Path) -> None:
    inside, outside = f"sqlite:{tmp_path / 'temp' / 'l.db'}", f"sqlite:{tmp_path / 'l.db'}"
    scratch = (tmp_path / "temp",)
    for url, machine_dies, durable in ((inside, False, False), (outside, False, True), (outside, True, False)):
        ledger = open_ledger(url, Place({}, Path(), dies_with_job=scratch, machine_dies=machine_dies))
        assert ledger.durable is durable
        ledger.close()
