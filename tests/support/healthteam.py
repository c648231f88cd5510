"""Checks as a team writes them, and how they come out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lumen_action.health.check import Check, Finding
from lumen_action.health.reading import checks_of
from lumen_action.ops.probes.running import Prober
from lumen_action.ops.probes.seen import Around
from lumen_action.promserver import PrometheusOptions


def check(text: str) -> Check:
    """Return the check of a line such as `kind: disk, path: .`."""
    name = "" if text.startswith("name:") else "name: it, "
    (made,) = checks_of(f"checks: [{{{name}{text}}}]", "health.yml")
    return made


def around(
    folder: Path = Path(),
    env: Mapping[str, str] | None = None,
    *,
    now_ms: int | None = None,
    prometheus: str = "",
    head: Callable[[], int] | None = None,
) -> Around:
    """Return a world."""
    return Around(
        {**os.environ, **(env or {})},
        folder,
        lambda: int(time.time() * 1000) if now_ms is None else now_ms,
        PrometheusOptions(prometheus),
        head=head,
    )


def found(text: str, world: Around | None = None) -> Finding:
    """Look once."""
    (finding,) = Prober(world or around()).findings([check(text)], deadline_seconds=30)
    return finding
