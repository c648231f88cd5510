"""Very many facts at once, as when a ledger moves: they need no ref each, and are judged as if they had."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from facts import NOON, fact
from githost import GitHost, Trouble
from gitmachines import Opener, runs

from lumen_action.ledger import Put, gitfolding
from lumen_action.ledger.git import GitLedger
from lumen_action.ledger.gitrefs import BRANCH
from lumen_action.model import Fact, Outcome

PUSH = "POST /org/app.git/git-receive-pack"
MANY = [fact(run=f"{number:04}") for number in range(1000)]


def skipped(fact: Fact) -> Fact:
    return replace(fact, outcome=Outcome.SKIPPED)


class TestVeryManyFacts:
    @pytest.fixture(autouse=True)
    def small_segments(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gitfolding, "MOST_FACTS_A_SEGMENT", 400)

    def test_go_straight_into_segments(self, host: GitHost, machine: Opener) -> None:
        ledger = machine()
        assert ledger.put_all(MANY) == [Put.CREATED] * len(MANY)
        assert host.refs("refs") == [BRANCH]
        assert [len(segment.facts) for segment in machine("b").segments()] == [400, 400, 200]
        assert runs(machine("c").scan()) == runs(MANY)
        assert ledger.put(MANY[0]) is Put.SAME

    def test_are_judged_one_by_one_beside_what_is_open_closed_or_told_twice(
        self, host: GitHost, machine: Opener
    ) -> None:
        closed, still_open = MANY[:3], MANY[3:6]
        machine("a").put_all(closed)
        machine("a").fold()
        machine("a").put_all(still_open)
        told = [
            *MANY,
            skipped(MANY[0]),
            skipped(MANY[5]),
            replace(MANY[900], observed_at_ms=NOON + 9),
            skipped(MANY[900]),
        ]
        said = machine("b").put_all(told)
        assert said[:6] == [Put.SAME] * 6
        assert set(said[6:1000]) == {Put.CREATED}
        assert said[1000:] == [Put.CONFLICT, Put.CONFLICT, Put.SAME, Put.CONFLICT]
        assert len(host.refs("refs/lumen/ev")) == 3, "what waits is left to the folder"
        assert machine("c").fold() == 3
        assert sorted(map(Fact.encode, machine("d").scan())) == sorted(map(Fact.encode, MANY))

    def test_whose_answer_was_lost_are_there_once(self, host: GitHost, machine: Opener) -> None:
        host.troubles += [Trouble(PUSH)] * 2
        assert machine().put_all(MANY) == [Put.CREATED] * len(MANY)
        assert not host.troubles
        assert runs(machine("b").scan()) == runs(MANY)

    def test_from_two_machines_at_once_are_there_once(self, host: GitHost, machine: Opener, tmp_path: Path) -> None:
        def put(name: str) -> list[Put]:
            with closing(GitLedger(f"git:{host.url}", tmp_path / name, patience_seconds=60)) as ledger:
                return ledger.put_all(MANY)

        with ThreadPoolExecutor() as workers:
            said = list(workers.map(put, "ab"))
        assert Counter(chain(*said)) == {Put.CREATED: len(MANY), Put.SAME: len(MANY)}
        closed = [line for segment in machine("c").segments() for line in segment.facts]
        assert sorted(closed) == sorted(map(Fact.encode, MANY))
