"""Removing an archive from a store so that it never looks whole when it is not, and can be done again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lumen_action.archive.retention import Planned
from lumen_action.archive.stores import Store
from lumen_action.errors import LumenError


@dataclass(frozen=True)
class Removal:
    """What became of one archive of which a rule says what shall."""

    planned: Planned
    removed: bool = False
    fault: LumenError | None = None


def with_lock(planned: Planned, store: Store, now_ms: int) -> Planned:
    """Ask the store until when it keeps what is to go; lists of objects do not tell."""
    if not planned.goes:
        return planned
    there = [store.stat(name) for name in (planned.id.sealed, planned.id.label)]
    until_ms = max((each.locked_until_ms or 0 for each in there if each), default=0)
    return replace(planned, locked_until_ms=until_ms) if until_ms > now_ms else planned


def remove(planned: Planned, store: Store, keep: Callable[[], None]) -> Removal:
    """Remove the sealed archive, let the fact be kept, then remove the label.

    A label alone says at every moment that something is gone. Where removing stops early the label is still there, and
    the next prune finds it and goes on. It is also the last thing to go, so what a lock holds is never without it.
    """
    try:
        store.delete(planned.id.sealed)
        keep()
        store.delete(planned.id.label)
    except LumenError as fault:
        return Removal(planned, fault=fault)
    return Removal(planned, removed=True)
