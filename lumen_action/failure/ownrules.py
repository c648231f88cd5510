"""A user's own rules: signatures added to ours, ours changed, ours switched off; every fault is told at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from lumen_action.errors import ConfigError
from lumen_action.failure.schema import OPTIONAL, REQUIRED, Entry, entries_of, nearest, row_of, signatures_of, stranger
from lumen_action.failure.signatures import Catalogue, Signature

VERSION = 1
ECOSYSTEM = "own"
_LISTS = ("signatures", "override", "disable")
_FILE_KEYS = ("version", "ecosystem", *_LISTS)
_CHANGEABLE = frozenset((*REQUIRED, *OPTIONAL)) - {"source"}
_DISABLE_KEYS = frozenset({"id", "reason"})
# Looking at a pattern takes the third power of its length.
_LONGEST_PATTERN = 1000
_SHOWN = 200
_PATTERNS = ("pattern", "unless", "near")
# What a signature has from its subclass unless it says otherwise.
_OF_THE_SUBCLASS = ("scope", "runbook")


def with_own_rules(base: Catalogue, document: object, name: str) -> Catalogue:
    """Return the catalogue with what a file adds, changes and switches off; a ConfigError names each fault."""
    own = _OwnFile(base, name, [])
    merged = own.merged(document)
    if own.faults:
        raise ConfigError(own.faults)
    return merged


class _Merged(Mapping[str, Signature]):
    """Our signatures with those of a user in their place; ours are still read only when a log calls for them."""

    def __init__(self, ours: Mapping[str, Signature], own: Mapping[str, Signature], disabled: Collection[str]) -> None:
        self._ours, self._own = ours, own
        self._ids = dict.fromkeys(each for each in (*ours, *own) if each not in disabled)

    def __getitem__(self, identity: str) -> Signature:
        if identity not in self._ids:
            raise KeyError(identity)
        return self._own[identity] if identity in self._own else self._ours[identity]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


@dataclass(frozen=True)
class _OwnFile:
    """A file of own rules, read against the signatures it may speak of."""

    base: Catalogue
    name: str
    faults: list[str]

    def merged(self, document: object) -> Catalogue:
        lists = self.lists(document)
        ecosystem = self.ecosystem(document)
        added = self.added(lists["signatures"], ecosystem)
        overridden = self.overridden(lists["override"])
        disabled = self.disabled(lists["disable"])
        for identity in sorted(overridden.keys() & disabled):
            self.fault(identity, "override", "also in `disable:`; keep one of them")
        own = overridden | added
        merged = _Merged(self.base.signatures, own, disabled - own.keys())
        ours = self.base.anchors
        anchors = ours and {each: own[each].anchors if each in own else ours[each] for each in merged}
        return Catalogue(merged, anchors, self.base.likeness)

    def fault(self, who: str, field: str, fault: str) -> None:
        self.faults.append(f"{self.name}: {who}: {field}: {fault}")

    def lists(self, document: object) -> dict[str, list[object]]:
        """Return the three lists; one that is missing or holds nothing is empty."""
        if document is not None and not isinstance(document, dict):
            self.fault("file", "content", f"not a map; start it with one of {', '.join(f'`{key}:`' for key in _LISTS)}")
        given = document if isinstance(document, dict) else {}
        for key in given:
            if key not in _FILE_KEYS:
                self.fault("file", str(key), stranger(str(key), _FILE_KEYS))
        version = given.get("version", VERSION)
        if version is True or version != VERSION:
            self.fault("file", "version", f"`{version}` is not known here; write `version: {VERSION}`")
        lists: dict[str, list[object]] = {}
        for key in _LISTS:
            rows = given.get(key)
            if rows is not None and not isinstance(rows, list):
                self.fault("file", key, "not a list; begin each entry with `- id: ...`")
            lists[key] = rows if isinstance(rows, list) else []
        return lists

    def ecosystem(self, document: object) -> str:
        given = document.get("ecosystem", ECOSYSTEM) if isinstance(document, dict) else ECOSYSTEM
        if not isinstance(given, str) or not given:
            self.fault(
                "file", "ecosystem", f"not a text; name the tools the file is about, or leave it out for `{ECOSYSTEM}`"
            )
        return str(given)

    def added(self, rows: list[object], ecosystem: str) -> dict[str, Signature]:
        found: dict[str, Signature] = {}
        for signature in signatures_of(entries_of(self.name, ecosystem, rows, self.faults), self.faults):
            if signature.id in self.base.signatures:
                self.fault(signature.id, "id", "comes with us; change it under `override:`, or give yours another id")
            elif signature.id in found:
                self.fault(signature.id, "id", "used twice in `signatures:`; give one of them another id")
            found[signature.id] = self.owned(signature, _PATTERNS)
        return found

    def overridden(self, rows: list[object]) -> dict[str, Signature]:
        found: dict[str, Signature] = {}
        for identity, row in self.entries("override", rows):
            changes = {key: value for key, value in row.items() if key != "id"}
            for key in changes:
                if key not in _CHANGEABLE:
                    self.fault(identity, key, stranger(key, _CHANGEABLE))
            if not changes:
                self.fault(identity, "override", "changes nothing; name a field and its new value")
            before = self.base.signatures[identity]
            changed = _changed(before, {key: value for key, value in changes.items() if key in _CHANGEABLE})
            entry = Entry(self.name, before.ecosystem, identity, changed)
            for signature in signatures_of([entry], self.faults):
                found[identity] = self.owned(signature, changes)
        return found

    def disabled(self, rows: list[object]) -> set[str]:
        found = set()
        for identity, row in self.entries("disable", rows):
            for key in row:
                if key not in _DISABLE_KEYS:
                    self.fault(identity, key, stranger(key, _DISABLE_KEYS))
            reason = row.get("reason")
            if not isinstance(reason, str) or not reason.strip():
                self.fault(identity, "reason", "missing; say why it is switched off, for whoever asks later")
            found.add(identity)
        return found

    def entries(self, key: str, rows: list[object]) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Yield each entry of a list that names one of our signatures, once."""
        seen = set()
        for number, row in enumerate(rows, 1):
            place = f"{key} {number}"
            identity = row.get("id") if isinstance(row, dict) else None
            if not isinstance(row, dict) or not isinstance(identity, str):
                self.fault(place, "id", "missing; name one of the signatures that `lumen signatures list` shows")
            elif identity not in self.base.signatures:
                close = nearest(identity, self.base.signatures)
                meant = f"did you mean `{close}`?" if close else "`lumen signatures list` shows all of them"
                self.fault(identity, "id", f"not one of the signatures that come with us; {meant}")
            elif identity in seen:
                self.fault(identity, "id", f"twice in `{key}:`; join the two entries")
            else:
                seen.add(identity)
                yield identity, row

    def owned(self, signature: Signature, fields: Collection[str]) -> Signature:
        """Mark a signature as the file's and try its own patterns now: a person waits, not a failed job."""
        for field in _PATTERNS:
            given = getattr(signature, field) if field in fields else ()
            for pattern in (given,) if isinstance(given, str) else given:
                fault = _unfit(pattern)
                if fault:
                    self.fault(signature.id, field, f"`{pattern[:_SHOWN]}` {fault}")
        return replace(signature, origin=self.name)


def _unfit(pattern: str) -> str:
    """Say why a pattern must not be let loose on a log, and what to do; nothing when it may."""
    if len(pattern) > _LONGEST_PATTERN:
        return f"is longer than {_LONGEST_PATTERN} characters; make several signatures of it"
    # Our own signatures are tried by tests, not here: start-up is on the path of every stage.
    from lumen_action.failure.linting.cost import slowness

    try:
        re.compile(pattern)
        slow = slowness(pattern)
    except (re.error, RecursionError, OverflowError) as fault:
        return f"is no regular expression ({fault}); repair it"
    return slow and f"can take minutes on a hostile line: {slow}; bound what repeats, as in `.{{0,300}}`"


def _changed(signature: Signature, changes: Mapping[str, object]) -> dict[str, object]:
    """Return the row of a signature with some fields changed."""
    row = row_of(signature)
    if changes.keys() & {"class", "subclass"}:
        for field in _OF_THE_SUBCLASS:
            del row[field]
    examples = changes.get("examples")
    if isinstance(examples, dict):
        changes = {**changes, "examples": {**_map(row["examples"]), **examples}}
    return {**row, **changes}


def _map(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
