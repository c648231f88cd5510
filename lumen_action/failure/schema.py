"""Rule files, already read as plain values, become a catalogue; every fault in all of them is told at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from lumen_action.errors import ConfigError
from lumen_action.failure.signatures import Catalogue, Signature, Tier
from lumen_action.failure.taxonomy import ALIASES, SUBCLASSES, resolve
from lumen_action.model import ErrorClass, Scope

_FILE_KEYS = frozenset({"ecosystem", "signatures"})
REQUIRED = ("id", "class", "subclass", "anchors", "meaning", "hint", "examples", "source")
OPTIONAL = ("pattern", "unless", "near", "pick", "tier", "scope", "runbook", "wrapper")
_EXAMPLE_KEYS = frozenset({"matches", "ignores"})
_CLASSES = {str(each): each for each in ErrorClass}
_SCOPES = {str(each): each for each in Scope}
_TIERS = {"cause": Tier.CAUSE, "tool": Tier.TOOL, "generic": Tier.GENERIC}
_PICKS = {"first": True, "last": False}
_ID = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
_SHORTEST_ANCHOR = 3

_Word = TypeVar("_Word")


def parse_catalogue(documents: Mapping[str, object]) -> Catalogue:
    """Build a catalogue from rule files by name; a ConfigError names file, id, field, fault and fix of each fault."""
    found: dict[str, Signature] = {}
    origin: dict[str, str] = {}
    faults: list[str] = []
    for name, document in documents.items():
        for signature in signatures_of(_entries(name, document, faults), faults):
            if signature.id in found:
                faults.append(f"{name}: {signature.id}: id: also in {origin[signature.id]}; give it another name")
            found[signature.id], origin[signature.id] = signature, name
    if faults:
        raise ConfigError(faults)
    return Catalogue(found)


def signatures_of(entries: Iterable[Entry], faults: list[str]) -> list[Signature]:
    """Return the signatures of the entries without faults, adding the faults of the others."""
    found = []
    for entry in entries:
        signature = entry.signature()
        faults += entry.faults
        if signature is not None:
            found.append(signature)
    return found


def entries_of(name: str, ecosystem: str, rows: Iterable[object], faults: list[str]) -> list[Entry]:
    """Return the rows of a list of signatures, adding those that are no maps to the faults."""
    entries = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            entries.append(Entry(name, ecosystem, f"signature {number}", row))
        else:
            faults.append(f"{name}: signature {number}: not a map; give it id, class, subclass and the rest")
    return entries


def row_of(signature: Signature) -> dict[str, object]:
    """Return a signature as it would stand in a rule file, every field written out."""
    return {
        "id": signature.id,
        "class": str(signature.error_class),
        "subclass": signature.subclass,
        "anchors": list(signature.anchors),
        "pattern": signature.pattern,
        "unless": list(signature.unless),
        "near": list(signature.near),
        "pick": _word_for(_PICKS, signature.pick_first),
        "tier": _word_for(_TIERS, signature.tier),
        "scope": str(signature.scope),
        "runbook": signature.runbook,
        "wrapper": signature.wrapper,
        "meaning": signature.meaning,
        "hint": signature.hint,
        "examples": {"matches": list(signature.matches), "ignores": list(signature.ignores)},
        "source": signature.source,
    }


def stranger(key: str, known: Iterable[str]) -> str:
    """Say that a field is not known, and which one may have been meant."""
    close = nearest(key, known)
    return f"unknown field `{key}`; " + (f"did you mean `{close}`?" if close else f"known: {', '.join(sorted(known))}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like another one, empty when none is."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), 1)), "")


def _entries(name: str, document: object, faults: list[str]) -> list[Entry]:
    if not isinstance(document, dict):
        faults.append(f"{name}: file: not a map; start it with `ecosystem:` and `signatures:`")
        return []
    faults += [f"{name}: file: {stranger(str(key), _FILE_KEYS)}" for key in document if key not in _FILE_KEYS]
    ecosystem, rows = document.get("ecosystem"), document.get("signatures")
    if not isinstance(ecosystem, str) or not ecosystem:
        faults.append(f"{name}: ecosystem: missing; name the tools the file is about")
    if not isinstance(rows, list) or not rows:
        faults.append(f"{name}: signatures: missing or not a list; give at least one")
        return []
    return entries_of(name, str(ecosystem), rows, faults)


def _word_for(words: Mapping[str, _Word], meant: _Word) -> str:
    return next(word for word, value in words.items() if value == meant)


@dataclass
class Entry:
    """One signature as it stands in a file; `place` names it as long as it has no id."""

    file: str
    ecosystem: str
    place: str
    row: Mapping[str, object]
    faults: list[str] = field(default_factory=list)

    def fault(self, name: str, fault: str) -> None:
        """Note what is wrong with a field."""
        label = self.row.get("id")
        who = label if isinstance(label, str) else self.place
        self.faults.append(f"{self.file}: {who}: {name}: {fault}")

    def signature(self) -> Signature | None:
        """Return the signature, None when it has faults."""
        known = frozenset((*REQUIRED, *OPTIONAL))
        for key in self.row:
            if key not in known:
                self.fault(str(key), stranger(str(key), known))
        error_class = self.word("class", _CLASSES, ErrorClass.UNKNOWN)
        given = self.text("subclass")
        subclass, scopes = resolve(error_class, given), SUBCLASSES[error_class]
        if given and not subclass and not self.faults:
            close = resolve(error_class, nearest(given, (*scopes, *ALIASES[error_class])))
            meant = f"; did you mean `{close}`?" if close else ""
            self.fault("subclass", f"`{given}` is not one of {error_class}: {', '.join(scopes)}{meant}")
        examples = self.examples()
        signature = Signature(
            id=self.identity(),
            error_class=error_class,
            subclass=subclass,
            ecosystem=self.ecosystem,
            anchors=self.anchors(),
            scope=self.word("scope", _SCOPES, scopes.get(subclass, Scope.NONE)),
            meaning=self.text("meaning"),
            hint=self.text("hint"),
            runbook=self.text("runbook") or f"{error_class}-{subclass}",
            source=self.text("source"),
            matches=examples["matches"],
            ignores=examples["ignores"],
            pattern=self.text("pattern"),
            unless=self.texts("unless"),
            near=self.texts("near"),
            pick_first=self.word("pick", _PICKS, default=False),
            tier=self.word("tier", _TIERS, Tier.CAUSE),
            wrapper=self.flag("wrapper"),
        )
        return None if self.faults else signature

    def text(self, name: str) -> str:
        """Return a text, empty when an optional one is not there."""
        value = self.row.get(name, "")
        if not isinstance(value, str):
            self.fault(name, "not a text; put it in quotes")
            return ""
        if not value and name in REQUIRED:
            self.fault(name, "missing; it is required")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return self.listed(name, self.row.get(name, []))

    def listed(self, name: str, value: object) -> tuple[str, ...]:
        """Check that a value is a list of texts."""
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            self.fault(name, "not a list of texts; write one `- '...'` line for each")
            return ()
        return tuple(value)

    def word(self, name: str, words: Mapping[str, _Word], default: _Word) -> _Word:
        """Return what a word of a closed set stands for."""
        value = self.row.get(name)
        if value is None:
            if name in REQUIRED:
                self.fault(name, f"missing; one of {', '.join(words)}")
            return default
        if not isinstance(value, str) or value not in words:
            self.fault(name, f"`{value}` is not one of {', '.join(words)}")
            return default
        return words[value]

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self.row.get(name, False)
        if not isinstance(value, bool):
            self.fault(name, "not true or false")
            return False
        return value

    def identity(self) -> str:
        """Return the id."""
        identity = self.text("id")
        if identity and not _ID.match(identity):
            self.fault("id", "not of the form `tool-what-failed`; use lower-case letters, digits and single hyphens")
        return identity

    def anchors(self) -> tuple[str, ...]:
        """Return the literals a line must hold one of."""
        anchors = self.texts("anchors")
        if self.row.get("anchors") == []:
            self.fault("anchors", "empty; give the literal text that every such line holds")
        if any(len(each.encode()) < _SHORTEST_ANCHOR for each in anchors):
            self.fault("anchors", f"shorter than {_SHORTEST_ANCHOR} bytes; take a longer piece of the line")
        if "anchors" not in self.row:
            self.fault("anchors", "missing; it is required")
        return anchors

    def examples(self) -> dict[str, tuple[str, ...]]:
        """Return the texts that must match and those that must not; at least one of each."""
        value = self.row.get("examples")
        if not isinstance(value, dict):
            self.fault("examples", "missing; give `matches:` and `ignores:` with at least one text each")
            value = {}
        else:
            for key in value:
                if key not in _EXAMPLE_KEYS:
                    self.fault("examples", stranger(str(key), _EXAMPLE_KEYS))
            for key in ("matches", "ignores"):
                if not value.get(key):
                    self.fault("examples", f"`{key}` is empty; give at least one text")
        return {key: self.listed("examples", value.get(key) or []) for key in ("matches", "ignores")}
