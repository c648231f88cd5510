"""How much room is left on a disk, in bytes and in files."""

from __future__ import annotations

import os
import shutil

from lumen_action.health.check import Check, Status
from lumen_action.ops.probes.seen import Around, Seen, failed

_FIX = "remove what is old, or give it a larger disk"
_GB = 1_000_000_000


def look(check: Check, around: Around) -> Seen:
    """Ask the file system as any user sees it."""
    path = around.folder / check.text("path")
    try:
        room = shutil.disk_usage(path)
        inodes = _inodes_percent(os.fspath(path))
    except OSError as fault:
        return failed(f"{path} cannot be looked at: {fault.strerror or fault}", "correct `path`")
    percent = 100 * room.free / room.total if room.total else 0.0
    told = f"{room.free / _GB:.1f} GB are free on the disk of {path}, {percent:.1f} % of it"
    least = check.number("min-free")
    if percent < (check.number("fail-percent") or 0) or (least is not None and room.free < least):
        return failed(told, _FIX, room.free, "bytes")
    if inodes is not None and inodes < (check.number("min-inodes-percent") or 0):
        return failed(f"only {inodes:.1f} % of the inodes of {path} are free", _FIX, round(inodes, 1), "percent")
    if percent < (check.number("warn-percent") or 0):
        return Seen(Status.WARN, told, room.free, "bytes", fix=_FIX)
    return Seen(Status.PASS, value=room.free, unit="bytes")


def _inodes_percent(path: str) -> float | None:
    """Return how many are free, None where the file system does not count them."""
    if not hasattr(os, "statvfs"):
        return None
    found = os.statvfs(path)
    return 100 * found.f_favail / found.f_files if found.f_files else None
