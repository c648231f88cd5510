"""The git ledger against git's own smart HTTP, with all that a host, a network and a rival can do to it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gitmachines
import pytest
from facts import NOON, fact
from githost import GitHost, Trouble
from gitmachines import Opener

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put
from lumen_action.ledger.git import GitLedger
from lumen_action.ledger.gitrefs import BRANCH, segment_path
from lumen_action.model import Fact, Kind, Outcome

ROOT = Path(__file__).resolve().parents[2]
PUSH = "POST /org/app.git/git-receive-pack"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with GitHost.create(tmp_path).serving() as serving:
        yield serving


@pytest.fixture
def machine(host: GitHost, tmp_path: Path) -> Iterator[Opener]:
    with gitmachines.over(host, tmp_path) as opener:
        yield opener


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    @property
    def timing(self) -> Timing:
        return Timing(sleep=self.slept.append, clock=lambda: sum(self.slept), chance=lambda: 0.5)


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


class TestAHost:
    def test_that_takes_only_branches_gets_branches(self, host: GitHost, machine: Opener) -> None:
        host.take_branches_and_tags_only()
        ledger = machine()
        assert ledger.put_all([fact("build"), fact("test")]) == [Put.CREATED] * 2
        assert all(ref.startswith("refs/heads/lumen/ev/") for ref in host.refs("refs"))
        host.requests.clear()
        assert ledger.put(fact("deploy")) is Put.CREATED
        assert len(host.requests) == 2, "it is asked for other refs only once"
        assert machine("b").fold() == 3
        assert host.refs("refs") == [BRANCH]

    def test_that_refuses_writing_is_told_with_the_permission_that_is_missing(
        self, host: GitHost, machine: Opener
    ) -> None:
        host.read_only = True
        with pytest.raises(LedgerError) as refused:
            machine().put(fact("build"))
        assert "does not let us write" in str(refused.value)
        assert "denied to robot" in str(refused.value)
        assert "`permissions: contents: write`" in str(refused.value)
        assert len(host.requests) == 1, "asking again does not help"

    def test_that_refuses_writing_can_still_be_read(self, host: GitHost, machine: Opener) -> None:
        machine("a").put(fact("build"))
        host.read_only = True
        assert machine("b").head() == 1

    def test_that_has_no_such_repository_is_told_at_once(self, host: GitHost, tmp_path: Path) -> None:
        ledger = GitLedger(f"git:{host.url.replace('app.git', 'other.git')}", tmp_path)
        with pytest.raises(LedgerError, match="is not there, or is hidden from us"):
            ledger.put(fact("build"))

    def test_that_is_down_is_asked_until_the_patience_ends(self, host: GitHost, tmp_path: Path) -> None:
        host.troubles += [Trouble("git-receive-pack", 500)] * 50
        clock = Clock()
        ledger = GitLedger(f"git:{host.url}", tmp_path / "a", timing=clock.timing)
        with pytest.raises(LedgerError, match=r"did not write: .*500.*\(tried \d+ times in 20 s\)"):
            ledger.put(fact("build"))
        assert 10 < sum(clock.slept) < 20

    def test_that_says_nothing_is_not_waited_for_longer_than_the_patience(self, host: GitHost, machine: Opener) -> None:
        host.latency_seconds = 3
        with pytest.raises(LedgerError, match="git push had no answer"):
            machine(patience_seconds=0.5).put(fact("build"))

    def test_that_needs_longer_than_the_patience_for_a_long_branch_is_heard_out(
        self, host: GitHost, machine: Opener
    ) -> None:
        writer = machine("writer")
        writer.put_all([fact(run=secrets.token_hex(64)) for _ in range(160)])
        writer.fold()
        (segment,) = writer.segments()
        patience_seconds, host.seconds_a_kilobyte = 5.0, 0.6
        least_seconds = len(zlib.compress(segment.encode(), 9)) / 1024 * host.seconds_a_kilobyte
        assert least_seconds > patience_seconds, "or this test proves nothing"
        assert machine("reader", patience_seconds=patience_seconds).head() == 160

    @pytest.mark.parametrize("status", [429, 503])
    def test_that_is_busy_is_left_alone_as_long_as_it_asks(self, host: GitHost, tmp_path: Path, status: int) -> None:
        host.troubles += [Trouble("git-receive-pack", status, retry_after="7")]
        clock = Clock()
        ledger = GitLedger(f"git:{host.url}", tmp_path / "a", timing=clock.timing)
        assert ledger.put(fact("build")) is Put.CREATED
        assert [7 <= pause < 8 for pause in clock.slept] == [True]

    def test_that_wants_to_be_left_alone_for_longer_than_we_may_wait_is_left(
        self, host: GitHost, machine: Opener
    ) -> None:
        host.troubles += [Trouble("git-receive-pack", 429, retry_after="3600")]
        with pytest.raises(LedgerError, match=r"is busy: .*429.* it asks to wait 3600 s"):
            machine().put(fact("build"))
        assert len(host.requests) == 1


class TestWhatWasTamperedWith:
    @pytest.fixture
    def closed(self, host: GitHost, machine: Opener) -> bytes:
        """Close three facts and return their segment."""
        machine("writer").put_all([fact(run=str(number)) for number in range(3)])
        machine("writer").fold()
        return subprocess.run(
            ["git", "cat-file", "blob", f"{BRANCH}:{segment_path(1)}"],
            cwd=host.repository,
            check=True,
            capture_output=True,
        ).stdout

    def test_a_truncated_segment_is_refused(self, host: GitHost, machine: Opener, closed: bytes) -> None:
        host.rewrite(BRANCH, segment_path(1), closed[:-20])
        with pytest.raises(IntegrityError, match="segment 1 of git:"):
            list(machine("b").scan())

    def test_a_rewritten_branch_is_noticed_by_who_has_read_it(
        self, host: GitHost, machine: Opener, closed: bytes
    ) -> None:
        reader = machine("b")
        assert reader.head() == 3
        host.rewrite(BRANCH, segment_path(1), closed.replace(b"nightly", b"daytime"))
        with pytest.raises(IntegrityError, match="segment 1 is not what it was when it was read before"):
            reader.head()

    def test_a_missing_segment_is_named(self, host: GitHost, machine: Opener, closed: bytes) -> None:
        host.rewrite(BRANCH, segment_path(3), closed)
        with pytest.raises(IntegrityError, match=r"segment 2 of .* is missing"):
            machine("b").head()

    def test_a_ref_that_holds_another_fact_is_refused(self, host: GitHost, machine: Opener) -> None:
        machine("a").put(fact("build"))
        host.git("update-ref", f"refs/lumen/ev/00/{'0' * 64}", pending(host)[0])
        with pytest.raises(IntegrityError, match="it holds another fact than its name says"):
            machine("b").head()


def test_a_disk_that_takes_no_clone_is_a_ledger_that_does_not_answer(host: GitHost, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot write"):
        GitLedger(f"git:{host.url}", tmp_path / "file").put(fact("build"))


class TestTheUsersGit:
    def test_logs_in_as_it_does_elsewhere_and_the_secret_is_in_no_message(self, host: GitHost, tmp_path: Path) -> None:
        settings = tmp_path / "gitconfig"
        settings.write_text(
            f'[http "{host.url.removesuffix("/org/app.git")}/"]\n extraheader = AUTHORIZATION: basic aHVudGVyMg==\n'
        )
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": str(settings)}
        ledger = GitLedger(f"git:{host.url}", tmp_path / "a", environment=environment)
        ledger.put(fact("build"))
        assert host.authorizations == {"basic aHVudGVyMg=="}
        host.read_only = True
        with pytest.raises(LedgerError) as refused:
            ledger.put(fact("test"))
        assert "aHVudGVyMg" not in str(refused.value)

    def test_has_no_say_in_how_we_push(self, host: GitHost, tmp_path: Path) -> None:
        settings = tmp_path / "gitconfig"
        settings.write_text("[push]\n gpgSign = true\n followTags = true\n[core]\n hooksPath = /nowhere\n")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": str(settings),
            "GIT_DIR": "/nowhere",
            "GIT_WORK_TREE": "/nowhere",
        }
        ledger = GitLedger(f"git:{host.url}", tmp_path / "a", environment=environment)
        assert ledger.put(fact("build")) is Put.CREATED
        assert ledger.fold() == 1
