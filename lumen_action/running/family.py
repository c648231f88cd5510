"""Who belongs to a command besides its first process, and who may read from the terminal."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

_SUBREAPER = 36


def tell(how: Callable[[int, int], None], whom: int, number: int) -> bool:
    """Send a signal; tell whether there is anybody. One who runs as somebody else cannot be told, and is there."""
    try:
        how(whom, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def children(*, ended: bool = False) -> list[int]:
    """Return who is our child by now and goes on, or has ended and waits to be heard; only Linux can tell."""
    own = str(os.getpid()).encode()
    return [int(pid) for pid in _listed("/proc") if pid.isdecimal() and _parent(pid, ended=ended) == own]


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _parent(pid: str, *, ended: bool) -> bytes:
    """Return the parent of a process that runs, or that has ended; its name in parentheses may hold anything."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except (OSError, ValueError):
        return b""
    return parent if (state == b"Z") is ended else b""


def adopt_orphans() -> None:
    """Become the parent of what a command leaves behind, so that it can be found; only Linux can do it."""
    if not os.path.exists("/proc/self/task"):
        return
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        return


def leave_reader(source: int, outlet: int) -> None:
    """Let what a service prints that stays go on; without a reader its next line would be its end."""
    actions = [(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_DUP2, outlet, 1)]
    try:
        os.posix_spawnp("cat", ["cat"], os.environ, file_actions=actions, setpgroup=0, setsigdef=[signal.SIGPIPE])
    except OSError:
        return


def lend_terminal(group: int) -> int:
    """Let a command that reads from a terminal do so; return our own group when it was ours to lend."""
    own = os.getpgrp()
    try:
        if os.tcgetpgrp(0) != own:
            return 0
        _set_terminal(group)
        # It may have asked for the terminal before it had it, and was stopped for that.
        os.killpg(group, signal.SIGCONT)
    except OSError:
        return 0
    return own


def take_terminal_back(own: int) -> None:
    """Let our own group read from the terminal again."""
    try:
        _set_terminal(own)
    except OSError:
        return


def _set_terminal(group: int) -> None:
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(0, group)
    finally:
        signal.signal(signal.SIGTTOU, before)
