"""Spool and ledger together while processes race and die; what a ledger alone promises is held in tests/real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from facts import HOUR, NOON, fact

from lumen_action.ledger import Put
from lumen_action.ledger.deliver import deliver
from lumen_action.ledger.opening import open_ledger
from lumen_action.ledger.spool import Spool
from lumen_action.model import Fact, Kind, Outcome


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'ledger.db'}"


def test_what_contradicts_leaves_the_spool_and_stands_beside(url: str, tmp_path: Path) -> None:
    ledger = open_ledger(url)
    spool = Spool(tmp_path, url)
    said = [fact("build"), replace(fact("build", Outcome.FAILURE), failure=None)]
    for account in said:
        spool.add(account)
        deliver(spool, ledger, NOON)
    kept = {item.key.kind: item for item in ledger.scan()}
    assert kept[Kind.STAGE] == said[0]
    assert kept[Kind.CONFLICT].outcome is Outcome.FAILURE
    assert not list(spool.pending())
    ledger.close()


_WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {root!r}]
from facts import NOON, fact
from lumen_action.ledger.deliver import deliver
from lumen_action.ledger.opening import open_ledger
from lumen_action.ledger.spool import Spool

writer = sys.argv[1]
ledger = open_ledger({url!r})
spool = Spool(Path({state!r}), ledger.url)
for number in range(10):
    for _ in range(2):
        spool.add(fact("build", run=f"{{writer}}-{{number}}"))
        deliver(spool, ledger, NOON)
    print(number, flush=True)
"""


def _writers(url: str, tmp_path: Path, count: int) -> list[subprocess.Popen[str]]:
    here = Path(__file__).resolve()
    script = _WRITER.format(
        tests=str(here.parents[2] / "support"), root=str(here.parents[3]), url=url, state=str(tmp_path / "s")
    )
    return [
        subprocess.Popen([sys.executable, "-c", script, str(n)], stdout=subprocess.PIPE, text=True)
        for n in range(count)
    ]


def _runs(facts: Iterator[Fact]) -> list[str]:
    return sorted(item.key.run for item in facts)


def test_racing_processes_lose_and_double_nothing(url: str, tmp_path: Path) -> None:
    writers = _writers(url, tmp_path, 6)
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    ledger = open_ledger(url)
    assert _runs(ledger.scan()) == sorted(f"{writer}-{number}" for writer in range(6) for number in range(10))
    ledger.close()


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_process_loses_nothing_it_had_acknowledged(url: str, tmp_path: Path) -> None:
    writers = _writers(url, tmp_path, 4)
    acknowledged = set()
    for number, writer in enumerate(writers):
        assert writer.stdout
        for _ in range(2 * number):
            acknowledged.add(f"{number}-{writer.stdout.readline().strip()}")
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    ledger = open_ledger(url)
    deliver(Spool(tmp_path / "s", url), ledger, NOON)
    found = _runs(ledger.scan())
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))
    ledger.close()


def test_a_fact_that_waited_is_observed_when_it_comes(url: str, tmp_path: Path) -> None:
    ledger, spool = open_ledger(url), Spool(tmp_path, url)
    waited, now_ms = fact("build"), NOON + HOUR
    for path in (spool.add(waited), spool.add(fact("test", at=now_ms - 1))):
        assert path.exists()
    deliver(spool, ledger, now_ms)
    kept = {item.key.stage: item for item in ledger.scan()}
    assert (kept["build"].observed_at_ms, kept["build"].ended_ms) == (now_ms, NOON)
    assert kept["test"].ended_at_ms is None
    spool.add(waited)
    [again] = deliver(spool, ledger, now_ms + HOUR)
    assert again.answer is Put.SAME
    ledger.close()
