"""Rule files of which only what a log calls for is read: reading all takes longer than classifying."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lumen_action import yamlite
from lumen_action.failure.schema import parse_catalogue
from lumen_action.failure.signatures import Catalogue, Signature

_ENTRY = re.compile(r"^(?=  - id: )", re.MULTILINE)
_ID = re.compile(r"  - id: (\S+)\n")
_QUOTED = r"'(?:[^'\n]|'')*'"
# The one form in which anchors can be told without reading the entry; whoever writes another only loses the time.
_ANCHORS = re.compile(rf"^    anchors: \[((?:{_QUOTED}(?:, )?)+)\]$", re.MULTILINE)
_ONE = re.compile(_QUOTED)


@dataclass(frozen=True)
class _Entry:
    """One signature as text, with the head of its file."""

    file: str
    head: str
    text: str

    def read(self) -> Signature:
        """Read it."""
        document = yamlite.load(self.head + self.text, self.file)
        (signature,) = parse_catalogue({self.file: document}).signatures.values()
        return signature

    @property
    def anchors(self) -> tuple[str, ...]:
        """Return what calls for it."""
        found = _ANCHORS.search(self.text)
        if not found:
            return self.read().anchors
        return tuple(each[1:-1].replace("''", "'") for each in _ONE.findall(found[1]))


class _Signatures(Mapping[str, Signature]):
    """Signatures by id, each read when it is first asked for."""

    def __init__(self, entries: Mapping[str, _Entry]) -> None:
        self._entries = entries
        self._read: dict[str, Signature] = {}

    def __getitem__(self, identity: str) -> Signature:
        if identity not in self._read:
            self._read[identity] = self._entries[identity].read()
        return self._read[identity]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def on_demand(texts: Mapping[str, str]) -> Catalogue:
    """Build a catalogue from rule files that are known to be sound."""
    entries: dict[str, _Entry] = {}
    for file, text in texts.items():
        head, *rows = _ENTRY.split(text)
        for row in rows:
            found = _ID.match(row)
            if found:
                entries[found[1]] = _Entry(file, head, row)
    return Catalogue(_Signatures(entries), {identity: entry.anchors for identity, entry in entries.items()})
