"""A program of the team's own: its exit code and what it prints; nothing of it lives on after its time."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from lumen_action.failure.redaction import redact
from lumen_action.health.check import Check, Status
from lumen_action.ops.probes.seen import Around, Seen, failed, passed

_MOST_OUTPUT_BYTES = 65_536
_TICK_SECONDS = 0.05
_MOST_QUOTED = 160
_LAST_START_SECONDS = 1.0
_RUNNING: set[int] = set()
_STARTING = threading.Lock()


def look(check: Check, around: Around) -> Seen:
    """Run it without a shell and without anything to read."""
    if os.name == "nt":
        return failed("commands are run on Linux and macOS only", "use another kind of check")
    argv = list(check.texts("run"))
    folder = around.folder / check.text("folder")
    if not folder.is_dir():
        return failed(f"{folder} is no folder to run {argv[0]} in", "make it, or correct `folder`")
    try:
        with _started(argv, os.fspath(folder), dict(around.env)) as process:
            output = _output(process, time.monotonic() + check.timeout_seconds)
            code = process.poll()
    except (OSError, ValueError) as fault:
        told = getattr(fault, "strerror", None) or str(fault)
        return failed(f"{argv[0]} cannot be run: {told}", "install it, or correct `run`")
    if code is None:
        return failed(f"{argv[0]} was stopped after {check.timeout_seconds:g} s", "give it more time by `timeout`")
    return _judged(check, argv[0], code, output, around.secrets)


def _judged(check: Check, name: str, code: int, output: str, secrets: Sequence[str]) -> Seen:
    line = next((each.strip() for each in reversed(output.splitlines()) if each.strip()), "")
    quoted = f": {redact(line, secrets)[:_MOST_QUOTED]}" if line else ""
    ended = f"{name} ended by signal {-code}" if code < 0 else f"{name} ended with exit code {code}"
    if code == check.number("warn-code"):
        return Seen(Status.WARN, f"{ended}{quoted}", code, "exit code")
    if code != (check.number("exit-code") or 0):
        return failed(
            f"{ended}{quoted}", f"run it by hand: {' '.join(check.texts('run'))[:_MOST_QUOTED]}", code, "exit code"
        )
    if check.text("contains") not in output:
        return failed(f"{name} printed nothing with {check.text('contains')!r}{quoted}")
    return _expected(check, name, output)


def _expected(check: Check, name: str, output: str) -> Seen:
    if not check.expect:
        return passed()
    try:
        document = json.loads(output)
    except (ValueError, RecursionError):
        return failed(f"{name} printed no JSON", "let it print one JSON document and nothing else")
    why = next(filter(None, (each.failing(document) for each in check.expect)), "")
    return failed(f"{name}: {why}") if why else passed()


@contextmanager
def _started(argv: list[str], folder: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start it as a group of its own, and kill what is left of that."""
    with _STARTING:
        process = subprocess.Popen(  # noqa: S603 - what the team wrote into its own file, without a shell
            argv,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _RUNNING.add(process.pid)
    try:
        yield process
    finally:
        _kill(process.pid)
        process.wait()
        _RUNNING.discard(process.pid)
        _bury(process.pid)
        if process.stdout:
            process.stdout.close()


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


@atexit.register
def _kill_all() -> None:
    """Leave nothing running when the program is told to end before its checks have, and let nothing more begin."""
    _STARTING.acquire(timeout=_LAST_START_SECONDS)
    for group in tuple(_RUNNING):
        _kill(group)


def _bury(group: int) -> None:
    """Let go of what was left of a group, where that came to us: the first process of a container inherits orphans."""
    until = time.monotonic() + _TICK_SECONDS
    with suppress(ChildProcessError):
        while time.monotonic() < until:
            if os.waitpid(-group, os.WNOHANG) == (0, 0):
                time.sleep(_TICK_SECONDS / 50)


def _output(process: subprocess.Popen[bytes], until: float) -> str:
    """Read what it prints until it ends or its time is over; what is too much is read and forgotten.

    Its end is what counts, not that of its output: something that it left running may hold that open.
    """
    pipe = process.stdout
    if pipe is None:
        return ""
    kept = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while time.monotonic() < until:
            ended = process.poll() is not None
            ready = selector.select(0 if ended else _TICK_SECONDS)
            part = os.read(pipe.fileno(), _MOST_OUTPUT_BYTES) if ready else b""
            kept += part[: _MOST_OUTPUT_BYTES - len(kept)]
            if ended and not part:
                break
            if ready and not part:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, until - time.monotonic()))
                break
    return kept.decode(errors="replace")
