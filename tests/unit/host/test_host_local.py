"""The command line knows its place from the work tree, and keeps stdout for answers."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest

from lumen_action.errors import ConfigError
from lumen_action.host.local import LocalHost, state_folder
from lumen_action.host.worktree import Worktree, find_worktree
from lumen_action.model import Trust

NEW_YEAR_MS = 1_767_225_599_000  # 2025-12-31T23:59:59Z


class Terminal:
    def __init__(self, folder: Path, env: dict[str, str] | None = None, run_id: str = "") -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.host = LocalHost(
            {"HOME": str(folder)} | (env or {}),
            self.out,
            self.err,
            folder=folder,
            clock_ms=lambda: NEW_YEAR_MS,
            run_id=run_id,
        )


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *identity, *words], cwd=folder, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    git(root, "init", "-q")
    git(root, "commit", "-q", "--allow-empty", "-m", "first")
    return root


class TestWorktree:
    def test_names_the_root_and_the_commit(self, tree: Path) -> None:
        inner = tree / "a" / "b"
        inner.mkdir(parents=True)
        assert find_worktree(inner) == Worktree("shop", git(tree, "rev-parse", "HEAD"))

    def test_reads_packed_and_detached_heads(self, tree: Path) -> None:
        sha = git(tree, "rev-parse", "HEAD")
        git(tree, "pack-refs", "--all")
        assert find_worktree(tree) == Worktree("shop", sha)
        git(tree, "checkout", "-q", "--detach")
        assert find_worktree(tree) == Worktree("shop", sha)

    def test_reads_linked_work_trees(self, tree: Path) -> None:
        git(tree, "remote", "add", "origin", "https://git.example.com/org/store.git")
        git(tree, "worktree", "add", "-q", "-b", "topic", "../linked")
        linked = tree.parent / "linked"
        git(linked, "commit", "-q", "--allow-empty", "-m", "second")
        assert find_worktree(linked) == Worktree("org/store", git(linked, "rev-parse", "HEAD"))
        assert find_worktree(tree) == Worktree("org/store", git(tree, "rev-parse", "HEAD"))

    def test_knows_a_tree_without_a_commit(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "-q")
        assert find_worktree(tmp_path) == Worktree(tmp_path.name, "")

    @pytest.mark.parametrize(
        ("url", "repo"),
        [
            ("https://git.example.com/org/store.git", "org/store"),
            ("https://user:s3cret@git.example.com/org/store", "org/store"),
            ("git@git.example.com:org/store.git", "org/store"),
            ("ssh://git@git.example.com:22/org/store/", "org/store"),
            ("https://git.example.com/group/team/store.git", "team/store"),
            ("s3cret@example", "shop"),
        ],
    )
    def test_takes_the_name_from_the_remote_and_no_password(self, tree: Path, url: str, repo: str) -> None:
        git(tree, "remote", "add", "upstream", "https://git.example.com/other/one.git")
        git(tree, "remote", "add", "origin", url)
        found = find_worktree(tree)
        assert found is not None
        assert found.repo == repo

    @pytest.mark.parametrize("head", ["", "ref: refs/heads/gone", "ref: ../../secret", "ref: HEAD", "nonsense", "\xff"])
    def test_a_strange_head_is_no_commit(self, tree: Path, head: str) -> None:
        (tree / ".git" / "HEAD").write_text(head, encoding="latin-1")
        assert find_worktree(tree) == Worktree("shop", "")

    def test_there_may_be_none(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        assert find_worktree(tmp_path) is None


class TestIdentity:
    def test_in_a_work_tree(self, tree: Path) -> None:
        sha = git(tree, "rev-parse", "HEAD")
        identity = Terminal(tree).host.identity()
        assert (identity.provider, identity.host, identity.repo) == ("local", "localhost", "shop")
        assert (identity.run, identity.attempt, identity.sha) == (f"20251231-{sha[:7]}", 1, sha)
        assert (identity.job, identity.leg, identity.pipeline) == ("local", "local", "shop")
        assert identity.trust is Trust.TRUSTED
        assert not identity.in_job

    def test_outside_of_one(self, tmp_path: Path) -> None:
        identity = Terminal(tmp_path).host.identity()
        assert (identity.repo, identity.run, identity.sha) == (tmp_path.name, "20251231-nosha", "")

    def test_the_pipeline_is_named_like_the_repository_without_its_owner(self, tree: Path) -> None:
        git(tree, "remote", "add", "origin", "https://git.example.com/org/store.git")
        identity = Terminal(tree).host.identity()
        assert (identity.repo, identity.pipeline) == ("org/store", "store")

    def test_a_run_may_be_named(self, tmp_path: Path) -> None:
        assert Terminal(tmp_path, run_id="20260102-eu-x").host.identity().run == "20260102-eu-x"

    def test_an_attempt_may_be_counted(self, tmp_path: Path) -> None:
        assert Terminal(tmp_path, {"LUMEN_ATTEMPT": "3"}).host.identity().attempt == 3

    @pytest.mark.parametrize("attempt", ["0", "-1", "two", "1.5", "²"])
    def test_an_attempt_is_a_number_from_one(self, tmp_path: Path, attempt: str) -> None:
        with pytest.raises(ConfigError, match=r"LUMEN_ATTEMPT: .* write `LUMEN_ATTEMPT=2`"):
            Terminal(tmp_path, {"LUMEN_ATTEMPT": attempt}).host.identity()

    def test_the_day_is_left_to_the_clock(self, tmp_path: Path) -> None:
        host = Terminal(tmp_path).host
        assert host.created_at_ms(host.identity()) is None


class TestWords:
    def test_words_for_people_go_to_stderr(self, tmp_path: Path) -> None:
        terminal = Terminal(tmp_path)
        terminal.host.say("one\ntwo")
        terminal.host.notice("warning", "lumen", "three")
        terminal.host.notice("error", "build failed in eu", "four")
        terminal.host.notice("debug", "lumen", "not shown")
        with terminal.host.group("five"):
            terminal.host.say("six")
        terminal.host.set_outputs({"a": "1"})
        terminal.host.export({"A": "1"})
        terminal.host.write_summary("# x")
        terminal.host.mask("secret")
        assert terminal.err.getvalue().splitlines() == [
            *("one", "two", "warning: three", "error: build failed in eu: four", "five", "six"),
        ]
        assert terminal.out.getvalue() == ""
        assert terminal.host.summary_room() == 0

    def test_a_terminal_obeys_nothing_in_foreign_text(self, tmp_path: Path) -> None:
        terminal = Terminal(tmp_path)
        terminal.host.print_foreign(
            "\x1b[31mred\x1b[0m\tx\x07\x1b]0;title\x07y\x1b]8;;http://z\x1b\\w\x9b31m\0\u202eabc\x1bc"
        )
        assert terminal.err.getvalue() == "red\txyw31mabcc\n"


class TestStateFolder:
    def test_follows_the_custom_of_the_system(self) -> None:
        home = {"HOME": "/home/a"}
        assert state_folder(home, windows=False) == Path("/home/a/.local/state/lumen")
        assert state_folder(home | {"XDG_STATE_HOME": "/var/state"}, windows=False) == Path("/var/state/lumen")
        assert state_folder(home | {"XDG_STATE_HOME": "here"}, windows=False) == Path("/home/a/.local/state/lumen")
        assert state_folder(home | {"LOCALAPPDATA": "/c/Users/A B/Local"}, windows=True) == Path(
            "/c/Users/A B/Local/lumen"
        )
        assert state_folder(home | {"LUMEN_STATE_DIR": "/srv/lumen"}, windows=True) == Path("/srv/lumen")

    def test_a_relative_one_is_below_the_folder_we_stand_in(self, tmp_path: Path) -> None:
        host = Terminal(tmp_path, {"LUMEN_STATE_DIR": "state"}).host
        assert host.state_dir == tmp_path / "state"
        assert not host.ephemeral
        assert host.scratch_dirs == ()
