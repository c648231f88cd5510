"""Git's objects, made without git: the same content gives the same id everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_NOBODY = "Lumen <lumen@localhost.invalid>"


def objects_of(name: str, body: bytes) -> list[tuple[str, bytes]]:
    """Return blob, tree and commit of one file with their ids; names and dates are fixed."""
    blob = git_object("blob", body)
    tree = git_object("tree", b"100644 " + name.encode() + b"\0" + bytes.fromhex(blob[0]))
    return [blob, tree, git_object("commit", commit(tree[0], [], f"A {name}", 0))]


def commit(tree: str, parents: Sequence[str], told: str, at_seconds: int) -> bytes:
    """Return a commit by nobody; its message keeps hosts from building it."""
    by = [f"{role} {_NOBODY} {at_seconds} +0000" for role in ("author", "committer")]
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), *by, "", f"{told} [skip ci]", ""]
    return "\n".join(lines).encode()


def git_object(kind: str, content: bytes) -> tuple[str, bytes]:
    """Return an object's id and its bytes as they are stored, before compression."""
    whole = f"{kind} {len(content)}".encode() + b"\0" + content
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest(), whole
