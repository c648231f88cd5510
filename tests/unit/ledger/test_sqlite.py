from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from facts import fact

from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.ledger.opening import open_ledger
from lumen_action.ledger.sqlite import SqliteLedger, file_system_of

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


def test_a_ledger_below_the_jobs_scratch_folder_does_not_outlive_it(tmp_path: Path) -> None:
    inside, outside = f"sqlite:{tmp_path / 'temp' / 'l.db'}", f"sqlite:{tmp_path / 'l.db'}"
    scratch = (tmp_path / "temp",)
    for url, machine_dies, durable in ((inside, False, False), (outside, False, True), (outside, True, False)):
        ledger = open_ledger(url, dies_with_job=scratch, machine_dies=machine_dies)
        assert ledger.durable is durable
        ledger.close()
