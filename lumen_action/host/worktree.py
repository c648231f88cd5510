"""What a git work tree says of itself, read from its files: git may be missing, and it would cost a process."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_OWNER_AND_NAME = re.compile(r"([^/:\\@]+/[^/:\\@]+?)(?:\.git)?/?\Z")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Worktree:
    """The repository's name, by its remote if it has one, and the commit that is checked out."""

    repo: str
    sha: str


def find_worktree(folder: Path) -> Worktree | None:
    """Return the work tree that holds a folder."""
    for root in (folder, *folder.parents):
        git_dir = _git_dir(root)
        if git_dir:
            shared = _shared_dir(git_dir)
            return Worktree(repo=_origin(shared) or root.name or "local", sha=_head(git_dir, shared))
    return None


def _git_dir(root: Path) -> Path | None:
    """Return the folder of `.git`, which is a file in linked work trees and submodules."""
    dot_git = root / ".git"
    if dot_git.is_file():
        pointer = _text(dot_git).removeprefix("gitdir:").strip()
        return root / pointer if pointer else None
    return dot_git if (dot_git / "HEAD").is_file() else None


def _shared_dir(git_dir: Path) -> Path:
    """Return where a linked work tree finds its configuration and branches."""
    common = _text(git_dir / "commondir").strip()
    return git_dir / common if common else git_dir


def _head(git_dir: Path, shared: Path) -> str:
    head = _text(git_dir / "HEAD").strip()
    if not head.startswith("ref:"):
        return _sha(head)
    name = head.removeprefix("ref:").strip()
    if not name.startswith("refs/") or ".." in name:
        return ""
    return _sha(_text(shared / name).strip()) or _packed(shared, name)


def _packed(shared: Path, name: str) -> str:
    for line in _text(shared / "packed-refs").splitlines():
        sha, _, ref = line.partition(" ")
        if ref == name:
            return _sha(sha)
    return ""


def _origin(shared: Path) -> str:
    """Return owner and name from the remote's URL; what may be a password before them is left out."""
    section = ""
    for line in map(str.strip, _text(shared / "config").splitlines()):
        if line.startswith("["):
            section = line
        key, _, value = line.partition("=")
        if section == '[remote "origin"]' and key.strip() == "url":
            name = _OWNER_AND_NAME.search(value.strip())
            return name.group(1) if name else ""
    return ""


def _sha(text: str) -> str:
    return text if _SHA.fullmatch(text) else ""


def _text(path: Path) -> str:
    with suppress(OSError, ValueError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""
