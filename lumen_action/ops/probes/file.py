"""A file, or the newest in a folder: that it is there, fresh and large enough."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lumen_action.health.check import Check, Status
from lumen_action.ops.probes.seen import Around, Seen, failed, lasting

_MOST_FILES = 100_000
_MOST_AHEAD_MS = 300_000  # as far as clocks may be apart


def look(check: Check, around: Around) -> Seen:
    """Look at the file; a folder alone proves nothing, so its newest file is meant."""
    path = around.folder / check.text("path")
    try:
        meant = _newest(path, check.text("glob")) if path.is_dir() else (path, path.stat())
    except OSError as fault:
        return failed(f"{path} cannot be looked at: {fault.strerror or fault}", "correct `path`, or write the file")
    except (ValueError, NotImplementedError) as fault:  # a pattern such as `**x`, or from the root
        return failed(f"{path}: {fault}", "correct `glob`")
    if meant is None:
        return failed(f"no file in {path} matches {check.text('glob')}", "look at what should have written it")
    return _judged(check, *meant, now_ms=around.clock_ms())


def _judged(check: Check, path: Path, found: os.stat_result, *, now_ms: int) -> Seen:
    if not stat.S_ISREG(found.st_mode):
        return failed(f"{path} is no file", "correct `path`")
    age, most = max(0.0, now_ms / 1000 - found.st_mtime), check.number("max-age")
    least = check.number("min-size") or 0.0
    if found.st_size < least:
        told = f"{path} holds {found.st_size} bytes, fewer than {least:.0f}"
        return failed(told, "look at what wrote it", found.st_size, "bytes")
    ahead_ms = found.st_mtime * 1000 - now_ms
    if most is not None and ahead_ms > _MOST_AHEAD_MS:
        told = f"{path} was written {lasting(ahead_ms)} from now, so that nobody knows how old it is"
        return Seen(Status.WARN, told, fix="look at the clock of who wrote it")
    if most is not None and age > most:
        told = f"{path} was written {lasting(age * 1000)} ago, more than {lasting(most * 1000)}"
        return failed(told, "look at what should have written it", round(age, 3), "seconds")
    return Seen(Status.PASS, value=round(age, 3), unit="seconds")


def _newest(folder: Path, glob: str) -> tuple[Path, os.stat_result] | None:
    newest: tuple[Path, os.stat_result] | None = None
    for number, path in enumerate(folder.glob(glob)):
        if number >= _MOST_FILES:
            raise ValueError(f"more than {_MOST_FILES} files match {glob}")
        try:
            found = path.stat()
        except OSError:  # removed meanwhile, or a link that leads nowhere
            continue
        if stat.S_ISREG(found.st_mode) and (newest is None or found.st_mtime > newest[1].st_mtime):
            newest = path, found
    return newest
