"""`lumen-shell`: runs a step's script as the runner would, and keeps the log of one that fails.

It starts before every step of a job, so it imports next to nothing until a step has failed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from lumen_action.running.captured import folder_of, leave
from lumen_action.running.process import Ending, Patience, run_process
from lumen_action.running.shells import command_for, dressed, known, suffix_of
from lumen_action.running.signals import Signals
from lumen_action.running.tail import Tail

_USAGE = "usage: lumen-shell [--shell bash|sh|pwsh|powershell|cmd|python|'COMMAND {0}'] SCRIPT\n"
_WRONG_CALL = 2
# These look at how a script's name ends, and the runner puts lines around it.
_PARTICULAR = ("pwsh", "powershell", "cmd")
# What a failing step pays for: the end of a log is where the cause stands.
_HEAD_BYTES, _TAIL_BYTES = 1 << 16, 1 << 18


def main(words: list[str]) -> int:
    """Run one step's script and return its exit code."""
    shell = ""
    if words[:1] == ["--shell"]:
        shell, words = (words[1] if len(words) > 1 else "?"), words[2:]
    if len(words) != 1 or not known(shell):
        sys.stderr.write(_USAGE)
        return _WRONG_CALL
    kept = Tail(_HEAD_BYTES, _TAIL_BYTES)
    signals = Signals()
    signals.listen()
    try:
        ending = _run(shell, words[0], kept, signals)
        if ending.code and not ending.interrupted:
            _keep(kept)
    finally:
        signals.release()
    return ending.code


def _run(shell: str, script: str, kept: Tail, signals: Signals) -> Ending:
    """Run the script as it is, or a copy of it where its shell wants a name or lines of its own."""
    named = _named(shell, script)
    try:
        how = Patience(clean=False)
        return run_process(command_for(shell, named), os.environ, (1, 2), kept.feed, signals, how)
    finally:
        if named != script:
            _forget(named)


def _forget(copy: str) -> None:
    try:
        os.unlink(copy)
    except OSError:
        return  # the script may have removed it


def _named(shell: str, script: str) -> str:
    """Return the script's path, or that of a copy: the runner names it without an ending."""
    if shell not in _PARTICULAR:
        return script
    copy = f"{script}.{os.getpid()}{suffix_of(shell)}"
    with open(script, encoding="utf-8", newline="") as file:
        text = dressed(shell, file.read())
    with open(copy, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return copy


def _keep(kept: Tail) -> None:
    """Keep the log without its secrets; where that fails the step has still ended as it has."""
    folder = folder_of(os.environ)
    if not folder:
        return
    try:
        kept.close()
        leave(folder, os.environ, _redacted(kept.chunks()), kept.gap)
    except OSError as fault:
        sys.stderr.write(f"[lumen] the log of this step is not kept: {fault.strerror}\n")


def _redacted(chunks: Iterator[bytes]) -> Iterator[bytes]:
    from lumen_action.failure.redaction import redact

    text = b"".join(chunks).decode("utf-8", "surrogateescape")
    yield redact(text).encode("utf-8", "surrogateescape")
