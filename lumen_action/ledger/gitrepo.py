"""A private bare clone of one remote: what is kept in it, fetched into it and pushed from it."""

from __future__ import annotations

import math
import os
import re
import secrets
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from lumen_action.errors import LedgerError
from lumen_action.ledger.gitanswers import Answer, Change, GitError, Reply, Said, Tries, fault_of, quoted, told_of_refs
from lumen_action.ledger.gitobjects import commit, git_object, objects_of
from lumen_action.ledger.gitprocess import LOCAL_SECONDS, environment_of, on_disk, run, scratch
from lumen_action.ledger.locks import FileLock

# A command line on Windows holds 32 kB, and a change needs about 220 letters.
REFS_PER_PUSH = 100 if sys.platform == "win32" else 500

# Of a branch that is read for the first time: a million facts take some tens of seconds.
_LONGEST_FETCH_SECONDS = 600.0
_LOCK = "lumen.lock"
_READY = "lumen.ready"
_RETRY_AFTER = re.compile(rb"Recv header: *retry-after: *([^\r\n]+)", re.IGNORECASE)
# What `git init` would make; the first fact of a job does not wait for one more process.
_FOLDERS = ("objects/info", "objects/pack", "refs/heads", "refs/tags")
_FILES = {
    "HEAD": "ref: refs/heads/main\n",
    "config": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
}


class GitRepo:
    """A bare clone for ourselves alone; several processes may use one folder."""

    def __init__(self, folder: Path, address: str, environment: Mapping[str, str] | None = None) -> None:
        """Name the clone and the remote; nothing is asked before the first command."""
        self.folder = folder.absolute()
        self._address = address
        self._outer = dict(os.environ if environment is None else environment)

    def local(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> bytes:
        """Run a command that asks nobody."""
        extra = {"GIT_INDEX_FILE": str(index)} if index else {}
        code, output, errors = run(["git", *arguments], self._environment | extra, LOCAL_SECONDS, stdin)
        if code:
            raise LedgerError(f"git {' '.join(arguments[:2])} failed in {self.folder}: {quoted(errors)}")
        return output

    def tidy(self) -> None:
        """Let git remove what has long been out of use."""
        self.local("-c", "gc.autoDetach=false", "gc", "--auto", "--quiet")

    @property
    def lock(self) -> FileLock:
        """Return the lock for whoever changes the clone's refs."""
        self._make()
        return FileLock(self.folder / _LOCK)

    def commit_of(self, name: str, body: bytes) -> str:
        """Return the id of the commit that holds nothing but this file; the same body gives the same id everywhere."""
        return objects_of(name, body)[-1][0]

    def keep(self, name: str, body: bytes) -> str:
        """Write that commit into the clone and return its id."""
        return self._keep(objects_of(name, body))

    def grown(self, tip: str, path: str, body: bytes, *, told: str, at_seconds: int) -> str:
        """Write a commit that adds one file to a tip, or begins a branch; its id is the same in every clone."""
        blob = self._keep([git_object("blob", body)])
        with scratch() as folder:
            index = folder / "index"
            self.local("read-tree", tip or "--empty", index=index)
            self.local("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", index=index)
            tree = self.local("write-tree", index=index).decode().strip()
        return self._keep([git_object("commit", commit(tree, [tip] if tip else [], told, at_seconds))])

    def _keep(self, objects: Iterable[tuple[str, bytes]]) -> str:
        """Write objects and return the id of the last."""
        self._make()
        identity = ""
        with on_disk():
            for identity, content in objects:
                path = self.folder / "objects" / identity[:2] / identity[2:]
                path.parent.mkdir(exist_ok=True)
                # Not flushed, as git does not: it is written anew when the fact is sent again.
                written = path.with_name(f"tmp_obj_{secrets.token_hex(8)}")
                written.write_bytes(zlib.compress(content, 1))
                written.replace(path)
        return identity

    def files(self, tip: str) -> dict[str, str]:
        """Return path and blob id of every file of a commit."""
        entries = self.local("ls-tree", "-r", "-z", tip).decode(errors="replace").split("\0")
        return {path: words.split()[2] for words, _, path in (entry.partition("\t") for entry in entries if entry)}

    def read(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of every named object, None for one that is not there."""
        if not names:
            return
        output = self.local("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
        at = 0
        for _ in names:
            end = output.index(b"\n", at)
            words = output[at:end].split()
            at = end + 1
            if words[-1] == b"missing":
                yield None
                continue
            size = int(words[-1])
            yield output[at : at + size]
            at += size + 1

    def refs(self, prefix: str) -> dict[str, str]:
        """Return the ids of the clone's refs under a prefix."""
        listed = self.local("for-each-ref", "--format=%(objectname) %(refname)", prefix).decode()
        return {name: identity for identity, name in (line.split(" ", 1) for line in listed.splitlines())}

    def fetch(self, refspecs: Sequence[str], tries: Tries) -> None:
        """Bring the clone's refs to where the remote's are."""
        self._fetch(tries, "--prune", *refspecs)

    def fetch_branch(self, branch: str, seen: str, tries: Tries) -> None:
        """Bring a ref of the clone to where the remote's branch is, without its history; gone where that is gone.

        A large branch may take long, as long as the remote is not silent.
        """
        if not self._fetch(tries, "--depth=1", f"+{branch}:{seen}", seconds=_LONGEST_FETCH_SECONDS):
            self.local("update-ref", "-d", seen)

    def _fetch(self, tries: Tries, option: str, *refspecs: str, seconds: float = 0) -> bool:
        """Fetch until it succeeds; False when the remote has no ref of that name."""
        while True:
            options = ("--no-tags", "--quiet", "--no-auto-gc", "--no-write-fetch-head", option)
            try:
                reply = self._ask(tries, "fetch", *options, self._address, *refspecs, seconds=seconds)
            except GitError as fault:
                tries.wait(fault)
                continue
            if not reply.code or b"couldn't find remote ref" in reply.errors:
                return not reply.code
            tries.wait(fault_of(self._address, "read", reply, tries))

    def push(self, changes: Mapping[str, Change], tries: Tries) -> dict[str, Answer]:
        """Change refs, each only if it is as expected, each judged alone; lost answers are asked for again."""
        answers: dict[str, Answer] = {}
        open_changes = dict(changes)
        unsure: set[str] = set()
        while open_changes:
            now = dict(list(open_changes.items())[:REFS_PER_PUSH])
            try:
                found = self._push_once(now, tries)
            except GitError as fault:
                unsure |= now.keys()
                tries.wait(fault)
                continue
            for ref, (said, reason) in found.items():
                answers[ref] = Answer(said, reason, ref in unsure)
                del open_changes[ref]
            lost = now.keys() - found.keys()
            if lost:
                unsure |= lost
                tries.wait(GitError(f"{self._address} did not say what became of a push", passing=True))
        return answers

    def _push_once(self, changes: Mapping[str, Change], tries: Tries) -> dict[str, tuple[Said, str]]:
        leases = [f"--force-with-lease={ref}:{change.expected}" for ref, change in changes.items()]
        refspecs = [f"{change.new}:{ref}" for ref, change in changes.items()]
        options = ("--porcelain", "--no-verify", "--no-signed")
        reply = self._ask(tries, "push", *options, *leases, self._address, *refspecs)
        found = told_of_refs(reply, changes)
        if reply.code and not found:
            raise fault_of(self._address, "write", reply, tries)
        return found

    def _ask(self, tries: Tries, *arguments: str, seconds: float = 0) -> Reply:
        """Ask the remote once, for some seconds or as long as it may be silent; Retry-After is found in git's trace."""
        with scratch() as folder:
            trace = folder / "trace"
            more = {
                "GIT_TRACE_CURL": str(trace),
                "GIT_TRACE_CURL_NO_DATA": "1",
                "GIT_TRACE_REDACT": "1",
                "GIT_HTTP_LOW_SPEED_LIMIT": "1",
                "GIT_HTTP_LOW_SPEED_TIME": str(math.ceil(tries.left)),
            }
            left = max(seconds, tries.left)
            code, output, errors = run(["git", *arguments], self._environment | more, left, b"")
            asked = _RETRY_AFTER.findall(trace.read_bytes()) if code and trace.exists() else []
        return Reply(code, output, errors, asked[-1].decode(errors="replace").strip() if asked else "")

    @cached_property
    def _environment(self) -> dict[str, str]:
        """The environment of every command; the clone is there when it is known."""
        self._make()
        return environment_of(self._outer, self.folder)

    def _make(self) -> None:
        ready = self.folder / _READY
        if ready.exists():
            return
        with on_disk():
            for folder in _FOLDERS:
                (self.folder / folder).mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / _LOCK).held(LOCAL_SECONDS), on_disk():
            if ready.exists():
                return
            for name, content in _FILES.items():
                (self.folder / name).write_text(content, encoding="utf-8", newline="\n")
            ready.touch()
