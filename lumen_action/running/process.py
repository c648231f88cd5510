"""One command as a process group of its own: its output copied as it arrives, nothing of it left behind."""

from __future__ import annotations

import errno
import os
import select
import signal
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from lumen_action.running.family import (
    adopt_orphans,
    children,
    leave_reader,
    lend_terminal,
    take_terminal_back,
    tell,
)
from lumen_action.running.outlets import write_all
from lumen_action.running.signals import Signals, nothing

READ_BYTES = 1 << 16
# What a shell says of a command that it cannot start.
NOT_FOUND, NOT_EXECUTABLE = 127, 126
# What `timeout` says of one whose time was over; even if it then ends well, it has not done its work.
TIMED_OUT = 124
_DEADLY = 128
# Python ignores them for itself; a command has to find them as they are anywhere else.
_IGNORED_BY_PYTHON = tuple(getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name))
# An output that stays open after the end belongs to something left running: what was printed by then still counts.
_QUIET_SECONDS = 0.1
# A key pressed at a terminal goes to the command alone: this is how it ends of Ctrl-C.
_INTERRUPTED_THERE = (-signal.SIGINT, _DEADLY + signal.SIGINT)
_KILLED_SECONDS = 1.0
_TICK_SECONDS = 0.05

Feed = Callable[[int, bytes], None]


class Ending:
    """How a command ended; `code` is the one a shell would tell, 128 and the number for a signal."""

    def __init__(self, code: int, seconds: float, *, timed_out: bool = False, interrupted: int = 0) -> None:
        """Keep how it ended; `interrupted` is the signal that we were sent."""
        self.code = TIMED_OUT if timed_out else code
        self.seconds = seconds
        self.timed_out = timed_out
        self.interrupted = interrupted

    @property
    def good(self) -> bool:
        """Tell whether it did what it was to do."""
        return not (self.code or self.interrupted)

    def __str__(self) -> str:
        """Say it in words, empty when it is good."""
        if self.timed_out:
            return f"stopped after {self.seconds:.1f} s, since its time was over"
        if self.code > _DEADLY:
            return f"ended by signal {self.code - _DEADLY}"
        return f"exit code {self.code}" if self.code else ""


class Patience:
    """How long a command may take, and how it is stopped when it takes longer."""

    def __init__(
        self,
        seconds: float | None = None,
        *,
        grace_seconds: float = 5.0,
        stop_signal: int = signal.SIGTERM,
        clean: bool = True,
    ) -> None:
        """Keep the limits; without `clean` nobody is stopped: signals are passed on and nothing else is done."""
        self.seconds = seconds
        self.grace_seconds = grace_seconds
        self.stop_signal = stop_signal
        self.clean = clean


def run_process(
    command: Sequence[str],
    env: Mapping[str, str],
    outlets: tuple[int, int],
    feed: Feed,
    signals: Signals,
    how: Patience,
    *,
    reads: bool = True,
) -> Ending:
    """Run a command to its end; its output goes to `outlets` byte by byte, and a copy to `feed`.

    Unless it `reads` what we are given ourselves, it finds nothing to read.
    """
    if os.name == "nt":
        from lumen_action.running.windows import run_on_windows

        return run_on_windows(command, env, outlets, feed, signals, how, reads=reads)
    return _Run(outlets, feed, signals, how, reads=reads).run(command, env)


class _Run:
    """The state of one command while it runs."""

    def __init__(self, outlets: tuple[int, int], feed: Feed, signals: Signals, how: Patience, *, reads: bool) -> None:
        self._outlets = outlets
        self._feed = feed
        self._signals = signals
        self._how = how
        self._stdin = [] if reads else [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        self._sources: dict[int, tuple[int, int]] = {}
        self._poll = select.poll()
        self._pid = 0
        # What others of this program have started, such as the ledger's git, is neither heard nor ended by us.
        self._others: frozenset[int] = frozenset()
        self._status: int | None = None
        self._timed_out = False
        self._interrupted = 0
        # Our own group while the command has the terminal.
        self._lent_by = 0
        # Signals still to be sent, each with its time.
        self._plan: list[tuple[float, int]] = []
        self._gives_up: float | None = None
        self._killed = False

    def run(self, command: Sequence[str], env: Mapping[str, str]) -> Ending:
        began = monotonic()
        if self._how.clean:
            adopt_orphans()
            self._others = frozenset(children()).union(children(ended=True))
        nameless = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        fault = self._start(command, env) if command[0] else nameless
        if fault:
            self._pass(1, f"lumen: cannot run {command[0]}: {fault.strerror}\n".encode())
            return Ending(NOT_FOUND if isinstance(fault, FileNotFoundError) else NOT_EXECUTABLE, monotonic() - began)
        self._signals.forward = self._forward
        self._lent_by = lend_terminal(self._pid)
        try:
            for number in self._signals.heard:
                self._forward(number)
            self._watch(began)
        finally:
            self._signals.forward = nothing
            if self._lent_by:
                take_terminal_back(self._lent_by)
            for source, (_, outlet) in self._sources.items():
                if not self._how.clean or self._ended_well:
                    leave_reader(source, outlet)
                os.close(source)
        code = os.waitstatus_to_exitcode(self._status or 0)
        if self._lent_by and code in _INTERRUPTED_THERE:
            self._interrupted = self._interrupted or signal.SIGINT
        return Ending(
            code if code >= 0 else _DEADLY - code,
            monotonic() - began,
            timed_out=self._timed_out,
            interrupted=self._interrupted,
        )

    def _start(self, command: Sequence[str], env: Mapping[str, str]) -> OSError | None:
        # Where both streams lead to one place only one pipe keeps their order.
        merged = _same_file(*self._outlets)
        pipes = [os.pipe()] if merged else [os.pipe(), os.pipe()]
        writers = [pipes[0][1], pipes[-1][1]]
        try:
            self._pid = os.posix_spawnp(
                command[0],
                list(command),
                env,
                file_actions=[
                    *self._stdin,
                    *((os.POSIX_SPAWN_DUP2, writer, stream) for stream, writer in enumerate(writers, 1)),
                ],
                setpgroup=0,
                setsigdef=_IGNORED_BY_PYTHON,
            )
        except OSError as fault:
            for reader, _ in pipes:
                os.close(reader)
            return fault
        finally:
            for _, writer in pipes:
                os.close(writer)
        self._sources = {reader: (stream, self._outlets[stream]) for stream, (reader, _) in enumerate(pipes)}
        for source in (*self._sources, self._signals.wake):
            self._poll.register(source, select.POLLIN)
        return None

    def _forward(self, number: int) -> None:
        """Pass on what we were told; what does not end of it is stopped before the runner kills us."""
        self._interrupted = self._interrupted or number
        self._tell(number)
        if self._how.clean and not self._plan:
            now = monotonic()
            self._stop_from(now + self._how.grace_seconds, now + 1.5 * self._how.grace_seconds)

    def _stop_from(self, ask: float, kill: float) -> None:
        self._plan = [(ask, self._how.stop_signal), (kill, signal.SIGKILL)]
        self._gives_up = kill + _KILLED_SECONDS

    def _watch(self, began: float) -> None:
        """Copy until the command has ended, and all it has started."""
        deadline = None if self._how.seconds is None else began + self._how.seconds
        quiet_since: float | None = None
        while True:
            copied, woken = self._copy(self._wait(deadline))
            now = monotonic()
            if woken or not copied:
                self._reap()
            if self._status is None:
                if deadline is not None and now >= deadline and not self._plan:
                    self._timed_out = True
                    self._stop_from(now, now + self._how.grace_seconds)
            elif not self._how.clean or not self._left_running():
                quiet_since = now if copied or quiet_since is None else quiet_since
                if not self._sources or now - quiet_since >= _QUIET_SECONDS:
                    return
            elif not self._plan and self._gives_up is None:
                self._stop_from(now, now + self._how.grace_seconds)
            self._act(now)
            if self._gives_up is not None and now >= self._gives_up and self._status is not None:
                return

    def _wait(self, deadline: float | None) -> list[tuple[int, int]]:
        if self._status is not None:
            return self._poll.poll(1000 * _TICK_SECONDS) if self._sources or self._left_running() else []
        due = [when for when, _ in self._plan[:1]]
        if deadline is not None and not self._timed_out:
            due.append(deadline)
        return self._poll.poll(1000 * max(0.0, min(due) - monotonic()) + 1 if due else None)

    def _copy(self, ready: list[tuple[int, int]]) -> tuple[bool, bool]:
        copied = woken = False
        for source, _ in ready:
            if source == self._signals.wake:
                self._signals.drain()
                woken = True
                continue
            data = os.read(source, READ_BYTES)
            if data and self._pass(self._sources[source][0], data):
                copied = True
            else:
                self._poll.unregister(source)
                os.close(source)
                del self._sources[source]
        return copied, woken

    def _pass(self, stream: int, data: bytes) -> bool:
        """Write everything; where nobody takes it the command is to learn that from its own closed pipe."""
        self._feed(stream, data)
        return write_all(self._outlets[stream], data)

    def _reap(self) -> None:
        """Take note of what has ended: the command, and orphans that came to us."""
        alone = self._how.clean and not self._others
        self._hear(-1 if alone else self._pid)
        for orphan in self._orphans(ended=True) if self._how.clean and not alone else ():
            self._hear(orphan)

    def _hear(self, whom: int) -> None:
        while True:
            try:
                stops = os.WUNTRACED if self._lent_by else 0
                pid, status = os.waitpid(whom, os.WNOHANG | stops)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._pid and os.WIFSTOPPED(status):
                self._stop_with_it()
            elif pid == self._pid:
                self._status = status

    def _orphans(self, *, ended: bool = False) -> list[int]:
        """Return what the command has left to us."""
        return [pid for pid in children(ended=ended) if pid not in self._others and pid != self._pid]

    def _stop_with_it(self) -> None:
        """Stop as the command has by a key at the terminal, and go on with it when somebody wants that."""
        take_terminal_back(self._lent_by)
        os.kill(0, signal.SIGTSTP)
        lend_terminal(self._pid)
        tell(os.killpg, self._pid, signal.SIGCONT)

    def _act(self, now: float) -> None:
        while self._plan and now >= self._plan[0][0]:
            self._tell(self._plan.pop(0)[1])
            self._killed = not self._plan
        if self._killed:
            # What its parent's death has only now made ours.
            self._tell(signal.SIGKILL)

    def _tell(self, number: int) -> None:
        tell(os.killpg, self._pid, number)
        if self._status is not None and not self._ended_well:
            for orphan in self._orphans():
                tell(os.kill, orphan, number)

    @property
    def _ended_well(self) -> bool:
        return self._status == 0 and not self._timed_out and not self._interrupted

    def _left_running(self) -> bool:
        """Tell whether anything of it runs; after a success a service in a session of its own may stay."""
        self._reap()
        return tell(os.killpg, self._pid, 0) or (not self._ended_well and bool(self._orphans()))


def _same_file(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False
