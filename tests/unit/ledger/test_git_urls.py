"""Which repositories a git ledger's URL may name, and what is said of the others; ids are those that git gives."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import ConfigError
from lumen_action.ledger.git import GitLedger
from lumen_action.ledger.gitaddress import address_of
from lumen_action.ledger.gitanswers import quoted
from lumen_action.ledger.gitrefs import segment_path
from lumen_action.ledger.gitrepo import GitRepo


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example/org/app.git",
        "http://git.example:8080/org/app.git",
        "ssh://git@git.example:22/org/app.git",
        "git@git.example:org/app.git",
        "file:///srv/git/app.git",
        "/srv/git/app.git",
    ],
)
def test_a_repository_is_named_as_git_names_it(address: str) -> None:
    assert address_of(f"git:{address}") == address


def test_a_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert address_of("git:ledger.git") == str(tmp_path / "ledger.git")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("git:", "needs a repository"),
        ("git:--upload-pack=touch", "needs a repository"),
        ("git:https://git.example/a b", "needs a repository"),
        ("git:https://git.example", "names no repository"),
        ("git:https:///org/app", "names no repository"),
        ("git:https://[git.example/app", "is malformed"),
        ("git:ftp://git.example/app.git", "knows https, http, ssh and file, not ftp"),
        ("git:ext::sh -c touch", "needs a repository"),
        ("git:ext::evil", "knows https, http, ssh and file"),
    ],
)
def test_what_names_no_repository_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"ledger: .*{said}"):
        address_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "git:https://robot:hunter2@git.example/org/app.git",
        "git:https://hunter2@git.example/org/app.git",
        "git:https://git.example/org/app.git?token=hunter2",
        "git:https://git.example/org/app.git#hunter2",
        "git:ssh://git:hunter2@git.example/org/app.git",
    ],
)
def test_a_secret_in_the_url_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        GitLedger(url, tmp_path)
    assert "leave it out" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@given(st.integers(min_value=1, max_value=999_999), st.integers(min_value=1, max_value=999_999))
def test_segments_sort_by_number_a_hundred_to_a_folder(one: int, other: int) -> None:
    assert (segment_path(one) < segment_path(other)) == (one < other)
    assert (Path(segment_path(one)).parent == Path(segment_path(other)).parent) == (one // 100 == other // 100)


@pytest.mark.parametrize("body", [b"", b"{}", b"\x00\xff\n"])
def test_a_kept_commit_is_one_that_git_can_read(tmp_path: Path, body: bytes) -> None:
    repo = GitRepo(tmp_path / "clone", "https://git.example/app.git")
    identity = repo.keep("fact.json", body)
    assert identity == repo.commit_of("fact.json", body)
    assert list(repo.read([f"{identity}:fact.json", f"{identity}:nothing"])) == [body, None]
    checked = subprocess.run(
        ["git", "fsck", "--strict", "--no-dangling", identity],
        cwd=tmp_path / "clone",
        check=True,
        capture_output=True,
        text=True,
    )
    assert "error" not in checked.stderr


def test_what_git_says_is_quoted_without_credentials_in_one_printable_line() -> None:
    told = b"Cloning...\nfatal: unable to access 'https://robot:hunter2@git.example/': \x1b[31mno\nmore\n"
    assert quoted(told) == "fatal: unable to access 'https://***@git.example/': ?[31mno"
    assert len(quoted(b"x" * 10_000)) == 200
    assert re.fullmatch(r"\S.*", quoted(b""))
