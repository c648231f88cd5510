"""Running git against one remote: a private bare clone, a clean environment, and patience with a busy host."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from lumen_action.errors import LedgerError
from lumen_action.http import Timing, retry_after_seconds
from lumen_action.ledger.locks import FileLock

_PAUSES = {"first": 0.25, "longest": 5.0}
MAX_QUOTED_LETTERS = 200
# A command line on Windows holds 32 kB, and a change needs about 220 letters.
REFS_PER_PUSH = 100 if sys.platform == "win32" else 500

_LOCAL_SECONDS = 120.0
_LOCK = "lumen.lock"
_SETTINGS_OF_THE_CONNECTION = r"^(credential|http|safe|ssh|url)\.|^core\.(sshcommand|askpass|gitproxy)$"
_KEPT_VARIABLES = ("GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_HTTP_", "GIT_PROXY", "GIT_SSH", "GIT_SSL_")
_NOBODY = "Lumen <lumen@localhost.invalid>"

_PUSH_LINE = re.compile(r"^([ +\-*!=])\t[^\t]*:([^\t]+)\t(.*)$", re.MULTILINE)
_ALREADY_GONE = re.compile(r"unable to delete '([^']+)': remote ref does not exist")
_RETRY_AFTER = re.compile(rb"Recv header: *retry-after: *([^\r\n]+)", re.IGNORECASE)
_USER_IN_URL = re.compile(r"//[^/@\s]+@")
# Somebody else moved the ref between our look and our push; hosts and versions of git word it differently.
_RACED = re.compile(
    r"stale info|already exists|fetch first|non-fast-forward|failed to update ref|cannot lock ref|failed to lock"
    r"|incorrect old value|reference exists|is at .* but expected|Expected branch to point to",
    re.IGNORECASE,
)
_UNANSWERED = re.compile(r"\[remote failure\]|unpacker error|missing necessary objects", re.IGNORECASE)
_FORBIDDEN = re.compile(
    r"\b40[13]\b|denied|not authorized|unauthorized|authentication failed|could not read (user|pass)|read-only"
    r"|not permitted|write access|service not enabled|not exported",
    re.IGNORECASE,
)
_ABSENT = re.compile(r"\b404\b|repository .*not found|does not appear to be a git|no such file", re.IGNORECASE)


class GitError(LedgerError):
    """A git command that did not do its work."""

    def __init__(self, message: str, *, passing: bool, retry_after: float | None = None) -> None:
        """Keep whether another try may help, and when the host wants to be asked."""
        super().__init__(message)
        self.passing = passing
        self.retry_after = retry_after


class Tries:
    """The time for one task, shared by all the requests it takes."""

    def __init__(self, seconds: float, timing: Timing) -> None:
        """Start the clock."""
        self._seconds = seconds
        self._timing = timing
        self._until = timing.clock() + seconds
        self._count = 0

    @property
    def left(self) -> float:
        """Return how many seconds are left, never quite none."""
        return max(0.001, self._until - self._timing.clock())

    def wait(self, fault: GitError) -> None:
        """Pause before another try, by chance, so that racers spread; raise when it would not help or be too late."""
        if not fault.passing:
            raise fault
        self._count += 1
        pause = self._timing.pause(self._count, fault.retry_after, **_PAUSES)
        if pause >= self.left:
            asked = f", it asks to wait {fault.retry_after:.0f} s" if fault.retry_after else ""
            raise LedgerError(f"{fault} (tried {self._count} times in {self._seconds:g} s{asked})") from fault
        self._timing.sleep(pause)

    def after(self, answer_header: str) -> float | None:
        """Read a Retry-After header."""
        return retry_after_seconds(answer_header, self._timing.now())


class Said(Enum):
    """What the host said to the change of one ref."""

    DONE = "done"
    SAME = "same"
    RACED = "raced"
    REFUSED = "refused"


@dataclass(frozen=True)
class Change:
    """A ref's new object, empty to delete it, and the one it must have before, empty for none."""

    new: str
    expected: str = ""


@dataclass(frozen=True)
class Answer:
    """What the host said, and its reason; `unsure` after a try whose answer was lost."""

    said: Said
    reason: str = ""
    unsure: bool = False


class GitRepo:
    """A bare clone for ourselves alone; several processes may use one folder."""

    def __init__(self, folder: Path, address: str, environment: Mapping[str, str] | None = None) -> None:
        """Name the clone and the remote; nothing is asked before the first command."""
        self.folder = folder.absolute()
        self._address = address
        self._outer = dict(os.environ if environment is None else environment)
        self._clean: dict[str, str] | None = None

    def local(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> bytes:
        """Run a command that asks nobody."""
        extra = {"GIT_INDEX_FILE": str(index)} if index else {}
        code, output, errors = _run(["git", *arguments], self._environment() | extra, _LOCAL_SECONDS, stdin)
        if code:
            raise LedgerError(f"git {' '.join(arguments[:2])} failed in {self.folder}: {quoted(errors)}")
        return output

    def tidy(self) -> None:
        """Let git remove what has long been out of use."""
        self.local("-c", "gc.autoDetach=false", "gc", "--auto", "--quiet")

    @property
    def lock(self) -> FileLock:
        """Return the lock for whoever changes the clone's refs."""
        self._environment()
        return FileLock(self.folder / _LOCK)

    def commit_of(self, name: str, body: bytes) -> str:
        """Return the id of the commit that holds nothing but this file; the same body gives the same id everywhere."""
        return _objects(name, body)[-1][0]

    def keep(self, name: str, body: bytes) -> str:
        """Write that commit into the clone and return its id."""
        self._environment()
        objects = _objects(name, body)
        with _on_disk():
            for identity, content in objects:
                path = self.folder / "objects" / identity[:2] / identity[2:]
                path.parent.mkdir(exist_ok=True)
                # Not flushed, as git does not: it is written anew when the fact is sent again.
                scratch = path.with_name(f"tmp_obj_{secrets.token_hex(8)}")
                scratch.write_bytes(zlib.compress(content, 1))
                scratch.replace(path)
        return objects[-1][0]

    def grown(self, tip: str, path: str, body: bytes, *, told: str, at_seconds: int) -> str:
        """Write a commit that adds one file to a tip, or begins a branch; its id is the same in every clone."""
        blob = self.local("hash-object", "-w", "--stdin", stdin=body).decode().strip()
        with _scratch() as scratch:
            index = scratch / "index"
            self.local("read-tree", tip or "--empty", index=index)
            self.local("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", index=index)
            tree = self.local("write-tree", index=index).decode().strip()
        content = _commit(tree, [tip] if tip else [], told, at_seconds)
        return self.local("hash-object", "-t", "commit", "-w", "--stdin", stdin=content).decode().strip()

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
        """Bring a ref of the clone to where the remote's branch is, without its history; gone where that is gone."""
        if not self._fetch(tries, "--depth=1", f"+{branch}:{seen}"):
            self.local("update-ref", "-d", seen)

    def _fetch(self, tries: Tries, option: str, *refspecs: str) -> bool:
        """Fetch until it succeeds; False when the remote has no ref of that name."""
        while True:
            options = ("--no-tags", "--quiet", "--no-auto-gc", "--no-write-fetch-head", option)
            try:
                code, _, errors = self._ask(tries, "fetch", *options, self._address, *refspecs)
            except GitError as fault:
                tries.wait(fault)
                continue
            if not code or b"couldn't find remote ref" in errors:
                return not code
            tries.wait(self._fault("read", errors, tries))

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
        code, output, errors = self._ask(
            tries, "push", "--porcelain", "--no-verify", "--no-signed", *leases, self._address, *refspecs
        )
        gone = {name for name in _ALREADY_GONE.findall(errors.decode(errors="replace")) if name in changes}
        if gone:  # then git has sent nothing at all; what is deleted is deleted
            return dict.fromkeys(gone, (Said.DONE, ""))
        found = {}
        for flag, ref, told in _PUSH_LINE.findall(output.decode(errors="replace")):
            if ref in changes and not (flag == "!" and _UNANSWERED.search(told)):
                found[ref] = (_said(flag, told), quoted(told.encode()))
        if code and not found:
            raise self._fault("write", errors, tries)
        return found

    def _ask(self, tries: Tries, *arguments: str) -> tuple[int, bytes, bytes]:
        """Ask the remote once; the answer's Retry-After is added to what git says, which leaves it out."""
        with _scratch() as scratch:
            trace = scratch / "trace"
            seen = {"GIT_TRACE_CURL": str(trace), "GIT_TRACE_CURL_NO_DATA": "1", "GIT_TRACE_REDACT": "1"}
            code, output, errors = _run(["git", *arguments], self._environment() | seen, tries.left, b"")
            asked = _RETRY_AFTER.findall(trace.read_bytes()) if code and trace.exists() else []
        return code, output, errors + (b"\nRetry-After: " + asked[-1] if asked else b"")

    def _fault(self, doing: str, errors: bytes, tries: Tries) -> GitError:
        told, _, asked = errors.decode(errors="replace").partition("\nRetry-After: ")
        place, reason = self._address, quoted(told.encode())
        if asked:
            return GitError(f"{place} is busy: {reason}", passing=True, retry_after=tries.after(asked.strip()))
        if _FORBIDDEN.search(told):
            return GitError(f"{place} does not let us {doing}: {reason}; {MISSING_PERMISSION[doing]}", passing=False)
        if _ABSENT.search(told):
            return GitError(
                f"{place} is not there, or is hidden from us: {reason}; check the URL, then that the token may see it",
                passing=False,
            )
        return GitError(f"{place} did not {doing}: {reason}", passing=True)

    def _environment(self) -> dict[str, str]:
        """Return the environment of every command; the clone is there when it is known."""
        if self._clean is None:
            clean = _without_git(self._outer)
            clean |= {
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
                "GIT_DIR": str(self.folder),
                "GIT_NO_REPLACE_OBJECTS": "1",
                "GIT_OPTIONAL_LOCKS": "0",
                "GIT_PROTOCOL_FROM_USER": "0",
                "GIT_TERMINAL_PROMPT": "0",
                "LC_ALL": "C",
            }
            if "GIT_SSH_COMMAND" not in clean and "GIT_SSH" not in clean:
                clean["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
            self._make(clean)
            self._clean = clean | _as_variables(_connection_settings(self._outer))
        return self._clean

    def _make(self, environment: Mapping[str, str]) -> None:
        ready = self.folder / "lumen.ready"
        if ready.exists():
            return
        with _on_disk():
            self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / _LOCK).held(_LOCAL_SECONDS):
            command = ["git", "init", "--bare", "--quiet", "--template=", str(self.folder)]
            code, _, errors = _run(command, environment, _LOCAL_SECONDS, b"")
            if code:
                raise LedgerError(f"cannot make the clone {self.folder}: {quoted(errors)}")
            ready.touch()


MISSING_PERMISSION = {
    "read": "the job needs `permissions: contents: read` (GitHub) or a token with `read_repository` (GitLab)",
    "write": "the job needs `permissions: contents: write` (GitHub) or a token with `write_repository` (GitLab)",
}


def quoted(told: bytes) -> str:
    """Return the line that says most of what git or a host wrote, without credentials, printable and short."""
    lines = [line.strip() for line in told.decode(errors="replace").splitlines() if line.strip()]
    telling = (
        [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))] or lines or ["no reason given"]
    )
    line = _USER_IN_URL.sub("//***@", telling[0])
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:MAX_QUOTED_LETTERS]


def _said(flag: str, told: str) -> Said:
    if flag == "!":
        return Said.RACED if _RACED.search(told) else Said.REFUSED
    return Said.SAME if flag == "=" else Said.DONE


def _objects(name: str, body: bytes) -> list[tuple[str, bytes]]:
    """Return blob, tree and commit of one file with their ids; names and dates are fixed."""
    blob = _object("blob", body)
    tree = _object("tree", b"100644 " + name.encode() + b"\0" + bytes.fromhex(blob[0]))
    return [blob, tree, _object("commit", _commit(tree[0], [], f"A {name}", 0))]


def _commit(tree: str, parents: Sequence[str], told: str, at_seconds: int) -> bytes:
    """Return a commit by nobody; its message keeps hosts from building it."""
    by = [f"{role} {_NOBODY} {at_seconds} +0000" for role in ("author", "committer")]
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), *by, "", f"{told} [skip ci]", ""]
    return "\n".join(lines).encode()


def _object(kind: str, content: bytes) -> tuple[str, bytes]:
    whole = f"{kind} {len(content)}".encode() + b"\0" + content
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest(), whole


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a folder for files that nobody else may read, and remove it."""
    with _on_disk(), tempfile.TemporaryDirectory(prefix="lumen-git-") as folder:
        yield Path(folder)


@contextmanager
def _on_disk() -> Iterator[None]:
    """Turn a full or forbidden disk into what a ledger may raise."""
    try:
        yield
    except OSError as fault:
        raise LedgerError(f"cannot write {fault.filename or 'to the disk'}: {fault.strerror}") from fault


def _without_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what would lead git to another repository or another behaviour; what reaches a host stays."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT_VARIABLES)
    }


def _connection_settings(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return how the user reaches hosts: credential helpers, headers (as actions/checkout leaves them), proxies."""
    command = ["git", "config", "--includes", "-z", "--get-regexp", _SETTINGS_OF_THE_CONNECTION]
    _, output, _ = _run(command, dict(environment), _LOCAL_SECONDS, b"")
    entries = (entry.partition("\n") for entry in output.decode(errors="surrogateescape").split("\0") if entry)
    return [(name, value) for name, _, value in entries]


def _as_variables(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Hand settings over where no list of processes shows them."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _run(
    command: Sequence[str], environment: Mapping[str, str], seconds: float, stdin: bytes
) -> tuple[int, bytes, bytes]:
    """Run to the end or the deadline; a session of its own has no terminal to ask at and ends as a whole."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a fixed program, and its arguments are no shell's
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as fault:
        raise LedgerError(f"git cannot be started ({fault.strerror}); install git 2.31 or newer") from fault
    try:
        output, errors = process.communicate(stdin, timeout=seconds)
    except BaseException as fault:
        _end(process)
        process.communicate()
        if isinstance(fault, subprocess.TimeoutExpired):
            raise GitError(f"git {command[1]} had no answer in {seconds:.0f} s", passing=True) from None
        raise
    return process.returncode, output, errors


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)
