"""Rule files for the linter: what is sound in them, what is not, and which file each signature is from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lumen_action import yamlite
from lumen_action.catalogue import OWN_RULES
from lumen_action.errors import ConfigError
from lumen_action.failure import Catalogue, Signature, parse_catalogue
from lumen_action.failure.ownrules import with_own_rules
from lumen_action.failure.schema import entries_of, signatures_of

# Only a file of own rules has these; one of ours names its ecosystem instead.
_OWN_KEYS = frozenset({"override", "disable", "version"})


@dataclass
class Rulebook:
    """The signatures of many files; `asked` are those that a finding is wanted for, None for all."""

    signatures: dict[str, Signature] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    asked: set[str] | None = None

    @property
    def catalogue(self) -> Catalogue:
        """Return what is sound."""
        return Catalogue(self.signatures)

    def add_ours(self, documents: Mapping[str, object]) -> None:
        """Take rule files; what is sound in one with faults is taken all the same."""
        try:
            parse_catalogue(documents)
        except ConfigError as fault:
            self.faults += fault.problems
        for name, document in documents.items():
            for signature in _sound(name, document):
                self.origins.setdefault(signature.id, name)
                self.signatures.setdefault(signature.id, signature)

    def add_own(self, name: str, document: object) -> None:
        """Take a file of own rules, or only its faults."""
        try:
            merged = with_own_rules(self.catalogue, document, name)
        except ConfigError as fault:
            self.faults += fault.problems
            return
        self.signatures = dict(merged.signatures)
        self.origins |= {identity: name for identity, each in merged.signatures.items() if each.origin == name}


def rulebook(folder: Path, own: Path | None, files: Iterable[Path]) -> Rulebook:
    """Read a folder and the user's own rules; with files given, ask only for those."""
    made = Rulebook()
    ours = {file.name: document for file in sorted(folder.glob("*.yml")) for document in _read(file, made)}
    if not ours and not made.faults:
        raise ConfigError(f"{folder}: holds no rule file `*.yml`; name the folder of the rules")
    own_files = {_label(own): document for document in _read(own, made)} if own else {}
    named = list(files)
    for file in named:
        for document in _read(file, made):
            (own_files if _is_own(document) else ours)[_label(file)] = document
    made.add_ours(ours)
    for name, document in own_files.items():
        made.add_own(name, document)
    if named:
        labels = {_label(file) for file in named}
        made.asked = {identity for identity, origin in made.origins.items() if origin in labels}
        made.faults = [each for each in made.faults if each.startswith(tuple(labels))]
    return made


def _sound(name: str, document: object) -> list[Signature]:
    rows = document.get("signatures") if isinstance(document, dict) else None
    ecosystem = document.get("ecosystem") if isinstance(document, dict) else ""
    return signatures_of(entries_of(name, str(ecosystem), rows if isinstance(rows, list) else [], []), [])


def _read(file: Path, made: Rulebook) -> list[object]:
    """Return the document of a file, none when it cannot be read."""
    name = _label(file)
    try:
        return [yamlite.load(file.read_text(encoding="utf-8-sig"), name)]
    except ConfigError as fault:
        made.faults += fault.problems
    except (OSError, UnicodeDecodeError) as fault:
        made.faults.append(f"{name}: cannot be read ({fault}); give the path of a rule file in UTF-8")
    return []


def _label(file: Path) -> str:
    """Return what a finding calls a file: its name, as the loader does."""
    return OWN_RULES.as_posix() if file.parts[-2:] == OWN_RULES.parts else file.name


def _is_own(document: object) -> bool:
    return isinstance(document, dict) and ("ecosystem" not in document or bool(_OWN_KEYS & document.keys()))
