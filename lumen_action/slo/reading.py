"""Fields of documents, read with every fault told together: file, line, field, what was found, what to write."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import TypeVar

from lumen_action.errors import shown
from lumen_action.slo.objective import Duration
from lumen_action.slo.spans import duration_ms
from lumen_action.yamlite import Document
from lumen_action.yamlite.document import KeyPath

_LONGEST = Duration(100, "Y")
_LONGEST_MS = duration_ms(_LONGEST)
_DURATION = re.compile(r"([1-9]\d{0,5})([mhdwMQY])")

Choice = TypeVar("Choice", bound=Enum)


@dataclass
class Findings:
    """What is wrong, and what a person should know although it was taken over."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Node:
    """A value in a document, and where its faults are told."""

    document: Document
    path: KeyPath
    value: object
    findings: Findings

    def refuse(self, found: str, fix: str) -> None:
        """Tell a fault."""
        self.findings.problems.append(_on_a_line(f"{self.place}: found {found}; {fix}"))

    def note(self, what: str) -> None:
        """Tell what changes on the way."""
        self.findings.notes.append(_on_a_line(f"{self.place}: {what}"))

    @property
    def place(self) -> str:
        """Return file, line and field."""
        where = f"{self.document.name} line {self.document.line(self.path)}"
        return f"{where}: {self.field}" if self.path else where

    @property
    def field(self) -> str:
        """Return the path as people write it."""
        return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path).lstrip(".")

    @property
    def shown(self) -> str:
        """Return the value, cut to what fits in a message."""
        return shown(self.value if isinstance(self.value, str) else repr(self.value))

    def child(self, key: str | int, value: object) -> Node:
        """Step down."""
        return Node(self.document, (*self.path, key), value, self.findings)

    def fields(self) -> Fields | None:
        """Return the value as a map, None with a fault told where it is none."""
        if isinstance(self.value, Mapping):
            return Fields(self, self.value)
        self.refuse(self.shown, "write indented `key: value` lines")
        return None

    def items(self) -> Sequence[Node]:
        """Return the entries of a list that must hold at least one."""
        if isinstance(self.value, Sequence) and not isinstance(self.value, str) and self.value:
            return [self.child(number, item) for number, item in enumerate(self.value)]
        self.refuse(self.shown, "write a list, one entry a line, each after `- `")
        return []

    def text(self) -> str:
        """Return a text that is not empty."""
        if isinstance(self.value, str) and self.value.strip():
            return self.value
        self.refuse(self.shown, "write a text, in quotes where it looks like a number")
        return ""

    def number(self) -> float | None:
        """Return a finite number."""
        if isinstance(self.value, (int, float)) and not isinstance(self.value, bool) and math.isfinite(self.value):
            return float(self.value)
        self.refuse(self.shown, "write a number")
        return None

    def duration(self, example: str) -> Duration | None:
        """Return a duration in OpenSLO's shorthand."""
        match = _DURATION.fullmatch(self.value) if isinstance(self.value, str) else None
        if match:
            found = Duration(int(match[1]), match[2])
            if duration_ms(found) <= _LONGEST_MS:
                return found
            self.refuse(self.shown, f"write at most {_LONGEST}, such as `{example}`")
            return None
        self.refuse(self.shown, f"write a whole number and one of m, h, d, w, M, Q, Y, such as `{example}`")
        return None

    def choice(self, words: type[Choice]) -> Choice | None:
        """Return one of the words of an enum."""
        try:
            return words(self.value)
        except ValueError:
            known = [str(each.value) for each in words]
            self.refuse(self.shown, f"write one of {', '.join(known)}{nearest(self.value, known)}")
            return None


class Fields:
    """The entries of a map."""

    def __init__(self, node: Node, entries: Mapping[str, object]) -> None:
        """Keep where they stand."""
        self.node = node
        self._entries = entries

    def __contains__(self, key: str) -> bool:
        """Tell whether a field is given; one without a value is not."""
        return self._entries.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the fields."""
        return iter(self._entries)

    def get(self, key: str) -> Node | None:
        """Return a field if it is given."""
        return self.node.child(key, self._entries[key]) if key in self else None

    def need(self, key: str, example: str) -> Node | None:
        """Return a field, None with a fault told where it is missing."""
        found = self.get(key)
        if found is None:
            self.node.child(key, None).refuse("nothing", f"write `{key}: {example}`")
        return found

    def text(self, key: str) -> str:
        """Return a text, empty where it is not given."""
        found = self.get(key)
        return found.text() if found and found.value != "" else ""

    def need_text(self, key: str, example: str) -> str:
        """Return a text that must be given."""
        found = self.need(key, example)
        return found.text() if found else ""

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        found = self.get(key)
        if found is None:
            return default
        if not isinstance(found.value, bool):
            found.refuse(found.shown, "write true or false")
            return default
        return found.value

    def texts(self, key: str) -> dict[str, str]:
        """Return a map of texts, empty where it is not given."""
        inner = (found := self.get(key)) and found.fields()
        return {name: inner.text(name) for name in inner if name in inner} if inner else {}

    def only(self, known: Collection[str]) -> None:
        """Refuse fields of any other name."""
        for key in self:
            if key not in known:
                fix = nearest(key, known) or f"; the known ones are {', '.join(sorted(known))}"
                self.node.child(key, self._entries[key]).refuse("an unknown field", f"remove it{fix}")

    def leaves_behind(self, taken: Collection[str], why: str) -> None:
        """Tell which other fields are not taken over."""
        for key in self:
            if key not in taken and key in self:
                self.node.child(key, self._entries[key]).note(f"not taken over: {why}")


def _on_a_line(text: str) -> str:
    """Escape what would begin a new line of a log, where a runner obeys commands."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def nearest(word: object, known: Collection[str]) -> str:
    """Return a guess at what was meant, empty without one."""
    close = get_close_matches(str(word), known, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
