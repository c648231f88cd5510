"""The git ledger against git's own smart HTTP: facts, their folding, and rivals in a race."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from facts import NOON, fact
from githost import GitHost, Trouble
from gitmachines import Opener

from lumen_action.ledger import Put
from lumen_action.ledger.git import GitLedger
from lumen_action.ledger.gitrefs import BRANCH, segment_path
from lumen_action.model import Fact, Kind, Outcome

ROOT = Path(__file__).resolve().parents[2]
PUSH = "POST /org/app.git/git-receive-pack"


def stages(ledger: GitLedger) -> list[tuple[Kind, Outcome]]:
    return sorted((each.key.kind, each.outcome) for each in ledger.scan())


def pending(host: GitHost) -> list[str]:
    return host.refs("refs/lumen/ev")


class TestOneFact:
    def test_is_one_ref_that_says_which(self, host: GitHost, machine: Opener) -> None:
        mine = fact("build")
        assert machine().put(mine) is Put.CREATED
        digest = mine.key.digest
        assert host.refs("refs") == [f"refs/lumen/ev/{digest[:2]}/{digest}"]
        assert host.git("show", f"{host.refs('refs')[0]}:fact.json").encode() == mine.encode()

    def test_costs_two_requests_and_needs_not_read_the_ledger(self, host: GitHost, machine: Opener) -> None:
        machine().put(fact("build"))
        assert len(host.requests) == 2

    def test_sent_again_from_another_machine_is_the_same_object(self, host: GitHost, machine: Opener) -> None:
        assert [machine(name).put(fact("build")) for name in "ab"] == [Put.CREATED, Put.SAME]
        assert len(pending(host)) == 1

    def test_observed_again_later_is_the_same(self, machine: Opener) -> None:
        machine("a").put(fact("build"))
        assert machine("b").put(replace(fact("build"), observed_at_ms=NOON + 9)) is Put.SAME

    def test_told_otherwise_is_a_conflict(self, machine: Opener) -> None:
        machine("a").put(fact("build"))
        assert machine("b").put(replace(fact("build"), outcome=Outcome.SKIPPED)) is Put.CONFLICT
        assert list(machine("c").scan()) == [fact("build")]

    def test_survives_an_answer_that_was_lost(self, host: GitHost, machine: Opener) -> None:
        host.troubles += [Trouble(PUSH)] * 2
        assert machine().put(fact("build")) in (Put.CREATED, Put.SAME)
        assert not host.troubles
        assert machine("b").head() == 1


class TestManyFacts:
    def test_are_one_push(self, host: GitHost, machine: Opener) -> None:
        ledger = machine()
        rows = [fact(run=str(number)) for number in range(40)]
        assert ledger.put_all([*rows, rows[0], replace(rows[1], outcome=Outcome.SKIPPED)]) == [
            *[Put.CREATED] * 40,
            Put.SAME,
            Put.CONFLICT,
        ]
        assert sum(request.startswith(PUSH) for request in host.requests) == 1
        assert ledger.head() == 40

    def test_of_which_some_are_there_are_judged_one_by_one(self, machine: Opener) -> None:
        machine("a").put_all([fact(run="1"), fact(run="2")])
        rows = [fact(run="1"), replace(fact(run="2"), outcome=Outcome.SKIPPED), fact(run="3")]
        assert machine("b").put_all(rows) == [Put.SAME, Put.CONFLICT, Put.CREATED]


class TestFolding:
    def test_moves_what_waits_into_a_segment_and_loses_nothing(self, host: GitHost, machine: Opener) -> None:
        rows = [fact(run=str(number)) for number in range(5)]
        machine().put_all(rows)
        assert machine("b").fold() == 5
        assert host.refs("refs") == [BRANCH]
        assert host.git("ls-tree", "-r", "--name-only", BRANCH) == segment_path(1)
        ledger = machine("c")
        assert {each.key.digest for each in ledger.scan()} == {each.key.digest for each in rows}
        assert ledger.head() == 5
        assert ledger.fold() == 0

    def test_keeps_the_first_account_of_a_late_contradiction(self, machine: Opener) -> None:
        machine("a").put(fact("build"))
        machine("b").fold()
        # This machine has never read the branch, and no ref is in its way any more.
        machine("late").put(replace(fact("build"), outcome=Outcome.SKIPPED))
        assert stages(machine("c")) == [(Kind.STAGE, Outcome.SUCCESS)]
        assert machine("b").fold() == 1
        assert stages(machine("c")) == [(Kind.CONFLICT, Outcome.SKIPPED), (Kind.STAGE, Outcome.SUCCESS)]

    def test_counts_a_late_repetition_once(self, host: GitHost, machine: Opener) -> None:
        machine("a").put(fact("build"))
        machine("b").fold()
        machine("late").put(fact("build"))
        assert machine("c").head() == 1
        assert machine("b").fold() == 0
        assert not pending(host)
        assert machine("c").head() == 1

    def test_that_dies_between_its_two_steps_is_finished_by_the_next(self, host: GitHost, machine: Opener) -> None:
        rows = [fact(run=str(number)) for number in range(5)]
        machine("a").put_all(rows)
        with host.removing_nothing():  # as if it died before its second step
            assert machine("b").fold() == 5
        assert len(pending(host)) == 5
        assert machine("c").head() == 5
        assert len(list(machine("c").scan())) == 5
        assert machine("d").fold() == 0
        assert not pending(host)
        assert machine("c").head() == 5

    def test_whose_answer_was_lost_is_done_once(self, host: GitHost, machine: Opener) -> None:
        machine("a").put_all([fact(run=str(number)) for number in range(3)])
        host.troubles += [Trouble(PUSH)] * 3
        machine("b").fold()
        assert [len(segment.facts) for segment in machine("c").segments()] == [3]
        assert not pending(host)

    def test_of_days_leaves_later_ones_alone(self, host: GitHost, machine: Opener) -> None:
        machine("a").put_all([fact(run="1", day="2026-01-01"), fact(run="2", day="2026-01-02")])
        assert machine("a").compact("2026-01-02") == 1
        assert len(pending(host)) == 1
        assert machine("b").head() == 2


_RACER = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {support!r}]
from facts import fact
from lumen_action.ledger.git import GitLedger

writer = int(sys.argv[1])
ledger = GitLedger({url!r}, Path({cache!r}) / sys.argv[1], patience_seconds=120)
for number in (writer, (writer + 1) % {writers}):
    for _ in range(2):
        print(ledger.put(fact(run=str(number))).value)
if writer % 5 == 0:
    ledger.fold()
"""


def test_racing_writers_and_folders_lose_nothing_and_double_nothing(host: GitHost, tmp_path: Path) -> None:
    writers = 16
    script = _RACER.format(
        root=str(ROOT),
        support=str(ROOT / "tests" / "support"),
        url=f"git:{host.url}",
        cache=str(tmp_path / "racers"),
        writers=writers,
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", script, str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(writers)
    ]
    for racer in racers:
        said = racer.communicate()[0].split()
        assert racer.returncode == 0
        assert set(said) <= {"created", "same"}
    ledger = GitLedger(f"git:{host.url}", tmp_path / "reader", patience_seconds=60)
    everyone = sorted(str(number) for number in range(writers))
    assert sorted(each.key.run for each in ledger.scan()) == everyone
    ledger.fold()
    assert sorted(each.key.run for each in ledger.scan()) == everyone
    assert sorted(Fact.decode(body).key.run for segment in ledger.segments() for body in segment.facts) == everyone
    assert ledger.head() == writers
    assert not pending(host)
    ledger.close()
