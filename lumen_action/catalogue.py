"""The rule files on disk, ours and the user's own, as a catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from lumen_action import yamlite
from lumen_action.errors import ConfigError
from lumen_action.failure.likeness import Likeness
from lumen_action.failure.schema import parse_catalogue
from lumen_action.failure.signatures import Catalogue
from lumen_action.ondemand import on_demand

_PACKAGE = Path(__file__).resolve().parent
# An installed package carries the rules inside itself; a checkout, and so the Action, has them beside it.
_INSTALLED = _PACKAGE / "rules" / "failures"
RULES = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "rules" / "failures"

LIKENESS = RULES / "likeness.json"

OWN_RULES = Path(".lumen", "signatures.yml")
OWN_RULES_BYTES = 1 << 20


def load_catalogue(folder: Path | None = None, own: Path | None = None) -> Catalogue:
    """Read the rule files of a folder, then the user's own; all faults of folder or file come together.

    Ours are whole, as tests prove, so of them only what a log calls for is read.
    """
    files = sorted((folder or RULES).glob("*.yml"))
    if not files:
        raise ConfigError(f"{folder or RULES}: holds no rule file `*.yml`; restore rules/failures/ from the release")
    texts, unread = _texts(files)
    catalogue = (
        replace(on_demand(texts), likeness=_likeness) if folder is None and not unread else _whole(texts, unread)
    )
    return catalogue if own is None else _with_own(catalogue, own)


@lru_cache(maxsize=1)
def _likeness() -> Likeness:
    """Read what was learnt from our own examples; without it nothing is like anything."""
    try:
        learnt = json.loads(LIKENESS.read_bytes())
        weights = {
            feature: {int(number): weight for number, weight in known.items()}
            for feature, known in learnt["weights"].items()
        }
        return Likeness(learnt["names"], learnt["bias"], weights)
    except (OSError, ValueError, KeyError) as fault:
        raise ConfigError(f"{LIKENESS.name}: cannot be read ({fault!r}); restore it from the release") from None


def _texts(files: Iterable[Path]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Read the files by name, and say which cannot be read."""
    texts: dict[str, str] = {}
    unread: dict[str, list[str]] = {}
    for file in files:
        try:
            texts[file.name] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            unread[file.name] = [f"{file.name}: cannot be read ({fault}); restore it from the release"]
    return texts, unread


def _whole(texts: Mapping[str, str], faults: dict[str, list[str]]) -> Catalogue:
    """Read every signature, or tell all faults in the order of the files."""
    documents: dict[str, object] = {}
    for name, text in texts.items():
        try:
            documents[name] = yamlite.load(text, name)
        except ConfigError as fault:
            faults[name] = list(fault.problems)
    if faults:
        raise ConfigError([each for name in sorted(faults) for each in faults[name]])
    return parse_catalogue(documents)


def own_rules(root: Path) -> Path | None:
    """Return the user's own rule file in a workspace, if there is one.

    A link may not lead out of the workspace: a change under review must not bring other files of the machine in.
    """
    path = root / OWN_RULES
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            raise _refused("is a link to a place outside of the workspace", "put the file itself there")
        if not real.is_file():
            raise _refused("is not a regular file", "put the rules into a file of this name")
        if real.stat().st_size > OWN_RULES_BYTES:
            raise _refused(f"is larger than {OWN_RULES_BYTES >> 20} MiB", "keep only the rules that are needed")
    except FileNotFoundError:
        if path.is_symlink():
            raise _refused("is a link to nothing", "put the file itself there") from None
        return None
    except (OSError, RuntimeError) as fault:  # RuntimeError: links in a circle, before Python 3.13
        raise _refused(f"cannot be read ({fault})", "check its path and its permissions") from None
    return path


def _with_own(catalogue: Catalogue, own: Path) -> Catalogue:
    # Most repositories have no rules of their own.
    from lumen_action.failure.ownrules import with_own_rules

    name = f"{own.parent.name}/{own.name}"
    try:
        text = own.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{name}: cannot be read ({fault}); write it as UTF-8 text") from None
    return with_own_rules(catalogue, yamlite.load(text, name), name)


def _refused(fault: str, fix: str) -> ConfigError:
    return ConfigError(f"{OWN_RULES.as_posix()}: {fault}; {fix}")
