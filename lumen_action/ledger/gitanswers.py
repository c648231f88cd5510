"""What git and a host say to a command: done, raced, refused, busy, and how long to go on asking."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from lumen_action.errors import LedgerError
from lumen_action.http import Timing, retry_after_seconds

_PAUSES = {"first": 0.25, "longest": 5.0}
MAX_QUOTED_LETTERS = 200

_PUSH_LINE = re.compile(r"^([ +\-*!=])\t[^\t]*:([^\t]+)\t(.*)$", re.MULTILINE)
_ALREADY_GONE = re.compile(r"unable to delete '([^']+)': remote ref does not exist")
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


MISSING_PERMISSION = {
    "read": "the job needs `permissions: contents: read` (GitHub) or a token with `read_repository` (GitLab)",
    "write": "the job needs `permissions: contents: write` (GitHub) or a token with `write_repository` (GitLab)",
}


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

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let work that goes on for long not count; what goes wrong in it is not tried for longer than before."""
        began = self._timing.clock()
        yield
        self._until += self._timing.clock() - began

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


@dataclass(frozen=True)
class Reply:
    """What a command that asks the remote printed, and the host's Retry-After, which git leaves out."""

    code: int
    output: bytes
    errors: bytes
    retry_after: str = ""


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


def told_of_refs(reply: Reply, asked: Collection[str]) -> dict[str, tuple[Said, str]]:
    """Read from what `git push --porcelain` printed what became of each ref and why; some may be missing."""
    gone = {name for name in _ALREADY_GONE.findall(reply.errors.decode(errors="replace")) if name in asked}
    if gone:  # then git has sent nothing at all; what is deleted is deleted
        return dict.fromkeys(gone, (Said.DONE, ""))
    return {
        ref: (_said(flag, told), quoted(told.encode()))
        for flag, ref, told in _PUSH_LINE.findall(reply.output.decode(errors="replace"))
        if ref in asked and not (flag == "!" and _UNANSWERED.search(told))
    }


def fault_of(place: str, doing: str, reply: Reply, tries: Tries) -> GitError:
    """Return what went wrong with a command as a whole, and whether another try may help."""
    told, reason = reply.errors.decode(errors="replace"), quoted(reply.errors)
    if reply.retry_after:
        return GitError(f"{place} is busy: {reason}", passing=True, retry_after=tries.after(reply.retry_after))
    if _FORBIDDEN.search(told):
        return GitError(f"{place} does not let us {doing}: {reason}; {MISSING_PERMISSION[doing]}", passing=False)
    if _ABSENT.search(told):
        return GitError(
            f"{place} is not there, or is hidden from us: {reason}; check the URL, then that the token may see it",
            passing=False,
        )
    return GitError(f"{place} did not {doing}: {reason}", passing=True)


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
