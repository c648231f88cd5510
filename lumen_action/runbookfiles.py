"""The runbooks on disk, ours and the team's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lumen_action.errors import ConfigError
from lumen_action.files import read_as_told
from lumen_action.runbooks.reading import runbook_of
from lumen_action.runbooks.runbook import Runbook

_PACKAGE = Path(__file__).resolve().parent
# An installed package carries the runbooks inside itself; a checkout, and so the Action, has them beside it.
_INSTALLED = _PACKAGE / "rules" / "runbooks"
RUNBOOKS = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "rules" / "runbooks"
_LARGEST = 1 << 20


def load_runbooks(own: Path | None) -> Mapping[str, Runbook]:
    """Return the runbooks by name; one in the team's own folder takes the place of ours of that name."""
    shipped = _read(RUNBOOKS, own=False)
    if own is None:
        return shipped
    if not own.is_dir():
        raise ConfigError(f"runbooks.folder: {own} is no folder; name the one that holds the team's runbooks")
    return dict(sorted({**shipped, **_read(own, own=True)}.items()))


def _read(folder: Path, *, own: bool) -> Mapping[str, Runbook]:
    found: dict[str, Runbook] = {}
    problems: list[str] = []
    for path in sorted(path for path in folder.glob("*") if path.suffix in {".yml", ".yaml"}):
        try:
            runbook = runbook_of(read_as_told("runbook", path, _LARGEST, "write one runbook a file"), path.name)
        except ConfigError as fault:
            problems += fault.problems
            continue
        if runbook.name in found:
            problems.append(f"{path.name}: there is `{runbook.name}` twice; give one of the files another name")
        found[runbook.name] = replace(runbook, own=own)
    if problems:
        raise ConfigError(problems)
    return found
