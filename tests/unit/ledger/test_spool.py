from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from facts import fact

from lumen_action.ledger.spool import Spool
from lumen_action.model import Outcome


def test_a_fact_waits_on_disk_until_it_is_done(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "sqlite:a")
    spool.add(fact("build"))
    [(path, waiting)] = spool.pending()
    assert waiting == fact("build")
    spool.done(path)
    assert not list(Spool(tmp_path, "sqlite:a").pending())


def test_every_ledger_has_a_spool_of_its_own(tmp_path: Path) -> None:
    Spool(tmp_path, "sqlite:a").add(fact("build"))
    assert not list(Spool(tmp_path, "sqlite:b").pending())


def test_the_same_event_waits_once_and_a_differing_account_beside_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "sqlite:a")
    spool.add(fact("build"))
    spool.add(replace(fact("build"), observed_at_ms=1))
    spool.add(replace(fact("build"), outcome=Outcome.SKIPPED))
    assert len(list(spool.pending())) == 2


def test_a_half_written_file_is_set_aside_and_not_lost(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "sqlite:a")
    path = spool.add(fact("build"))
    path.write_bytes(path.read_bytes()[:40])
    spool.add(fact("test"))
    assert [waiting.key.stage for _, waiting in spool.pending()] == ["test"]
    assert path.with_suffix(".unreadable").exists()


def test_a_scratch_file_of_a_killed_writer_is_not_a_fact(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "sqlite:a")
    path = spool.add(fact("build"))
    path.rename(path.with_name(f".{path.name}.12.ab.tmp"))
    assert not list(spool.pending())
