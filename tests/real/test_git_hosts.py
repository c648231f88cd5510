"""A git ledger whose host refuses, is busy, slow, gone or tampered with, beside the user's own settings of git."""

from __future__ import annotations

import os
import secrets
import subprocess
import zlib
from pathlib import Path

import pytest
from facts import fact
from githost import GitHost, Trouble
from gitmachines import Opener

from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.http import Timing
from lumen_action.ledger import Put
from lumen_action.ledger.git import GitLedger
from lumen_action.ledger.gitrefs import BRANCH, segment_path


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    @property
    def timing(self) -> Timing:
        return Timing(sleep=self.slept.append, clock=lambda: sum(self.slept), chance=lambda: 0.5)


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

    @pytest.mark.slow
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
        host.git("update-ref", f"refs/lumen/ev/00/{'0' * 64}", host.refs("refs/lumen/ev")[0])
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
