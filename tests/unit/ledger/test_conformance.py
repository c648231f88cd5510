"""What a ledger must do while processes race and die; what all stores promise is held in tests/real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from facts import NOON, fact

from lumen_action.errors import LedgerError
from lumen_action.ledger import Ledger, Put
from lumen_action.ledger.deliver import deliver
from lumen_action.ledger.opening import open_ledger
from lumen_action.ledger.spool import Spool
from lumen_action.model import Fact, Kind, Outcome

_LEDGERS: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:{folder / 'ledger.db'}"}


@pytest.fixture(params=sorted(_LEDGERS))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return _LEDGERS[request.param](tmp_path)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = open_ledger(url)
    yield opened
    opened.close()


def test_the_first_writer_wins(ledger: Ledger) -> None:
    first = fact("build")
    assert ledger.put(first) is Put.CREATED
    assert ledger.put(replace(first, observed_at_ms=NOON + 5, duration_ms=9)) is Put.SAME
    assert ledger.put(replace(first, outcome=Outcome.SKIPPED)) is Put.CONFLICT
    assert list(ledger.scan()) == [first]


def test_the_head_moves_only_for_what_is_new(ledger: Ledger) -> None:
    before = ledger.head()
    ledger.put(fact("build"))
    after = ledger.head()
    ledger.put(fact("build"))
    assert before < after == ledger.head()


def test_facts_are_found_by_pipeline_run_and_day(ledger: Ledger) -> None:
    for number in range(4):
        ledger.put(fact(run=str(number), pipeline=f"p{number % 2}", day=f"2026-01-0{number + 1}"))
    assert {item.key.run for item in ledger.scan(pipeline="p1")} == {"1", "3"}
    assert {item.key.run for item in ledger.scan(run="2")} == {"2"}
    assert {item.key.run for item in ledger.scan(pipeline="p1", day="2026-01-04")} == {"3"}
    assert ledger.pipelines() == ["p0", "p1"]


def test_a_fact_is_there_after_closing(url: str) -> None:
    ledger = open_ledger(url)
    ledger.put(fact("build"))
    ledger.close()
    again = open_ledger(url)
    assert again.get(fact("build").key.digest) == fact("build")
    again.close()


def test_what_was_published_is_remembered_for_each_sink(ledger: Ledger) -> None:
    assert ledger.published_head("a") == 0
    ledger.mark_published("a", 3)
    ledger.mark_published("a", 4)
    assert (ledger.published_head("a"), ledger.published_head("b")) == (4, 0)


def test_one_publisher_at_a_time(url: str, ledger: Ledger) -> None:
    other = open_ledger(url)
    with ledger.publishing(1), pytest.raises(LedgerError, match="held by another"), other.publishing(0.05):
        pass
    with other.publishing(1):
        pass
    other.close()


def test_a_second_account_is_kept_as_a_conflict(ledger: Ledger, tmp_path: Path) -> None:
    spool = Spool(tmp_path, ledger.url)
    said = [fact("build"), replace(fact("build", Outcome.FAILURE), failure=None)]
    for account in said:
        spool.add(account)
        deliver(spool, ledger)
    kept = {item.key.kind: item for item in ledger.scan()}
    assert kept[Kind.STAGE] == said[0]
    assert kept[Kind.CONFLICT].outcome is Outcome.FAILURE
    assert not list(spool.pending())


_WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {root!r}]
from facts import fact
from lumen_action.ledger.deliver import deliver
from lumen_action.ledger.opening import open_ledger
from lumen_action.ledger.spool import Spool

writer = sys.argv[1]
ledger = open_ledger({url!r})
spool = Spool(Path({state!r}), ledger.url)
for number in range(10):
    for _ in range(2):
        spool.add(fact("build", run=f"{{writer}}-{{number}}"))
        deliver(spool, ledger)
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
    deliver(Spool(tmp_path / "s", url), ledger)
    found = _runs(ledger.scan())
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))
    ledger.close()
