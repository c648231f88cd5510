"""One command on Windows, best effort: a process group that can be interrupted, and `taskkill` for what stays."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from threading import Lock, Thread
from time import monotonic, sleep
from typing import IO

from lumen_action.running.outlets import write_all
from lumen_action.running.process import NOT_EXECUTABLE, NOT_FOUND, READ_BYTES, Ending, Patience
from lumen_action.running.signals import Signals

_TICK_SECONDS = 0.05
_DRAIN_SECONDS = 1.0
_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
_BREAK = 1  # CTRL_BREAK_EVENT: the only one that a group of its own can be sent


def run_on_windows(
    command: Sequence[str],
    env: Mapping[str, str],
    outlets: tuple[int, int],
    feed: Callable[[int, bytes], None],
    signals: Signals,
    how: Patience,
    *,
    reads: bool = True,
) -> Ending:
    """Run a command to its end, one thread a stream."""
    began = monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is what we are asked to run
            command,
            env=dict(env),
            stdin=None if reads else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=_GROUP,
        )
    except OSError as fault:
        os.write(outlets[1], f"lumen: cannot run {command[0]}: {fault.strerror}\n".encode())
        return Ending(NOT_FOUND if isinstance(fault, FileNotFoundError) else NOT_EXECUTABLE, monotonic() - began)
    lock = Lock()
    copying = [
        Thread(target=_copy, args=(pipe, outlet, stream, feed, lock), daemon=True)
        for stream, (pipe, outlet) in enumerate(zip((process.stdout, process.stderr), outlets, strict=True))
    ]
    for thread in copying:
        thread.start()
    timed_out = _watch(process, began, signals, how)
    for thread in copying:
        thread.join(_DRAIN_SECONDS)
    interrupted = signals.heard[0] if signals.heard else 0
    return Ending(process.returncode, monotonic() - began, timed_out=timed_out, interrupted=interrupted)


def _watch(process: subprocess.Popen[bytes], began: float, signals: Signals, how: Patience) -> bool:
    timed_out, asked = False, None
    while process.poll() is None:
        now = monotonic()
        timed_out = timed_out or (how.seconds is not None and now - began >= how.seconds)
        if asked is None and (timed_out or signals.heard):
            asked = now
            process.send_signal(_BREAK)
        elif asked is not None and how.clean and now - asked >= how.grace_seconds:
            subprocess.run(  # noqa: S603 - a number of our own
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],  # noqa: S607 - part of the system
                capture_output=True,
                check=False,
            )
        sleep(_TICK_SECONDS)
    return timed_out


def _copy(pipe: IO[bytes] | None, outlet: int, stream: int, feed: Callable[[int, bytes], None], lock: Lock) -> None:
    while pipe and (data := os.read(pipe.fileno(), READ_BYTES)):
        with lock:
            feed(stream, data)
        write_all(outlet, data)
