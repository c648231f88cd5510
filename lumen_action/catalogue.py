"""The rule files on disk, as a catalogue."""

from __future__ import annotations

from pathlib import Path

from lumen_action import yamlite
from lumen_action.errors import ConfigError
from lumen_action.failure.schema import parse_catalogue
from lumen_action.failure.signatures import Catalogue

_PACKAGE = Path(__file__).resolve().parent
# An installed package carries the rules inside itself; a checkout, and so the Action, has them beside it.
_INSTALLED = _PACKAGE / "rules" / "failures"
RULES = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "rules" / "failures"


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Read every rule file of a folder; all their faults are told together."""
    folder = RULES if folder is None else folder
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise ConfigError(f"{folder}: holds no rule file `*.yml`; restore rules/failures/ from the release")
    documents: dict[str, object] = {}
    faults: list[str] = []
    for file in files:
        try:
            documents[file.name] = yamlite.load(file.read_text(encoding="utf-8"), file.name)
        except ConfigError as fault:
            faults += fault.problems
        except (OSError, UnicodeDecodeError) as fault:
            faults.append(f"{file.name}: cannot be read ({fault}); restore it from the release")
    if faults:
        raise ConfigError(faults)
    return parse_catalogue(documents)
