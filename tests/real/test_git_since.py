"""What came after a moment, so that nobody has to read a git ledger from its beginning again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from facts import fact
from githost import GitHost
from gitmachines import Opener, runs

from lumen_action.errors import IntegrityError
from lumen_action.ledger import Resumable
from lumen_action.ledger.gitrefs import BRANCH

ROOT = Path(__file__).resolve().parents[2]


class TestSince:
    def test_tells_what_was_closed_since_and_what_is_open(self, machine: Opener) -> None:
        ledger = machine("a")
        assert isinstance(ledger, Resumable)
        ledger.put_all([fact(run="1"), fact(run="2", pipeline="release")])
        ledger.fold()
        mark = ledger.mark()
        assert not list(ledger.since(mark, "nightly"))
        writer = machine("b")
        writer.put_all([fact(run="3"), fact(run="4", pipeline="release")])
        writer.fold()
        writer.put_all([fact(run="5"), fact(run="6", pipeline="release")])
        assert runs(ledger.since(mark, "nightly")) == ["3", "5"]
        assert runs(machine("c").since(mark, "release")) == ["4", "6"], "also on a machine that has read nothing"

    def test_of_an_empty_ledger_is_everything(self, machine: Opener) -> None:
        mark = machine("a").mark()
        machine("a").put(fact(run="1"))
        machine("a").fold()
        assert runs(machine("a").since(mark, "nightly")) == ["1"]

    def test_tells_again_what_was_open_then(self, machine: Opener) -> None:
        ledger = machine("a")
        ledger.put(fact(run="1"))
        mark = ledger.mark()
        machine("b").fold()
        assert runs(ledger.since(mark, "nightly")) == ["1"]

    def test_refuses_a_mark_of_segments_that_are_gone(self, host: GitHost, machine: Opener) -> None:
        ledger = machine("a")
        ledger.put(fact(run="1"))
        ledger.fold()
        mark = ledger.mark()
        host.git("update-ref", "-d", BRANCH)
        with pytest.raises(IntegrityError, match="the branch was rewritten"):
            list(ledger.since(mark, "nightly"))
        with pytest.raises(IntegrityError, match="names a segment that is not there"):
            list(machine("fresh").since(mark, "nightly"))

    @pytest.mark.parametrize("told", ["", "1", "x:y", "-1:0", f"1:{'0' * 64}"])
    def test_refuses_a_mark_of_another_ledger(self, machine: Opener, told: str) -> None:
        machine("a").put(fact(run="1"))
        machine("a").fold()
        with pytest.raises(IntegrityError, match="names a segment that is not there"):
            list(machine("a").since(told, "nightly"))

    def test_days_are_those_of_closed_and_open_facts(self, machine: Opener) -> None:
        machine("a").put_all([fact(run="1", day="2026-01-03"), fact(run="2", day="2026-01-01", pipeline="release")])
        machine("a").fold()
        machine("a").put_all([fact(run="3", day="2026-01-02"), fact(run="4", day="2026-01-03")])
        assert machine("b").days("nightly") == ["2026-01-02", "2026-01-03"]
        assert machine("b").days("unheard of") == []


class TestNewSegments:
    def test_are_read_without_the_older_ones(self, machine: Opener) -> None:
        for number in range(3):
            machine("a").put(fact(run=str(number)))
            machine("a").fold()
        ledger = machine("b")
        assert [segment.number for segment in ledger.segments_after(0)] == [1, 2, 3]
        assert [segment.number for segment in ledger.segments_after(2)] == [3]
        assert not list(ledger.segments_after(3))
        with pytest.raises(IntegrityError, match=r"segment 4 of .* is missing"):
            list(ledger.segments_after(4))

    def test_do_not_hold_the_open_facts(self, machine: Opener) -> None:
        machine("a").put(fact(run="1"))
        machine("a").fold()
        machine("late").put(fact(run="1"))  # again, as a ref
        machine("late").put(fact(run="2"))
        assert runs(machine("b").open_facts()) == ["2"]


_RIVAL = """
import sys
from pathlib import Path
url, cache, name, *places = sys.argv[1:]
sys.path[:0] = places
from facts import fact
from lumen_action.ledger.git import GitLedger

ledger = GitLedger(url, Path(cache) / name, patience_seconds=120)
for number in range(4):
    ledger.put(fact(run=f"{name}-{number}"))
    if name in "ab":
        ledger.fold()
"""


@pytest.mark.slow
def test_all_is_told_while_others_write_and_fold(host: GitHost, machine: Opener, tmp_path: Path) -> None:
    ledger = machine("reader", patience_seconds=120)
    mark = ledger.mark()
    names = "abcdef"
    places = [str(ROOT), str(ROOT / "tests" / "support")]
    rivals = [
        subprocess.Popen([sys.executable, "-c", _RIVAL, f"git:{host.url}", str(tmp_path), name, *places])
        for name in names
    ]
    told: set[str] = set()
    rounds = 0
    over = False
    while not over:
        over = all(rival.poll() is not None for rival in rivals)
        if over:
            machine("last").fold()
        # The next mark comes before the reading: what is written in between is told by the next round.
        later = ledger.mark()
        told.update(runs(ledger.since(mark, "nightly")))
        mark = later
        rounds += 1
    assert [rival.returncode for rival in rivals] == [0] * len(names)
    assert sorted(told) == sorted(f"{name}-{number}" for name in names for number in range(4))
    assert rounds > 1
