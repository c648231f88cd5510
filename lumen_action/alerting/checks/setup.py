"""What is looked at, what can be found, and how a check is a row of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from lumen_action.yamlite import Document


class Severity(Enum):
    """What a finding means: it does not work, it will mislead somebody, or it could be better."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class Kind(Enum):
    """What a file is, in words."""

    RULES = "rule file"
    RULE_TESTS = "unit test of rules"
    PROMETHEUS = "Prometheus configuration"
    ALERTMANAGER = "Alertmanager configuration"
    TEMPLATE = "template"
    DASHBOARD = "dashboard"


@dataclass(frozen=True)
class Fault:
    """What was found in a line of a file, 0 where none can be named, and what to do."""

    file: str
    line: int
    found: str
    fix: str


@dataclass(frozen=True)
class Finding:
    """A fault, by which check it was found, and how bad it is."""

    check: str
    severity: Severity
    fault: Fault


@dataclass(frozen=True)
class Node:
    """A value of a document, and where it stands; one that is not there holds None."""

    document: Document
    value: Any
    path: tuple[str | int, ...] = ()

    @property
    def line(self) -> int:
        """Return the line it begins on."""
        return self.document.line(self.path)

    @property
    def key(self) -> str:
        """Return the key or the place in a list under which it stands."""
        return str(self.path[-1]) if self.path else ""

    @property
    def text(self) -> str:
        """Return what Go reads as a text, anything else as nothing."""
        if isinstance(self.value, bool):
            return str(self.value).lower()
        return str(self.value) if isinstance(self.value, str | int | float) else ""

    def at(self, *keys: str) -> Node:
        """Return what stands below these keys."""
        value, path = self.value, self.path
        for key in keys:
            value, path = value.get(key) if isinstance(value, dict) else None, (*path, key)
        return Node(self.document, value, path)

    def items(self) -> Iterator[Node]:
        """Yield the members of a list; what is no list has none."""
        for index, value in enumerate(self.value if isinstance(self.value, list) else ()):
            yield Node(self.document, value, (*self.path, index))

    def entries(self) -> Iterator[Node]:
        """Yield the values of a map; what is no map has none."""
        for key, value in (self.value if isinstance(self.value, dict) else {}).items():
            yield Node(self.document, value, (*self.path, str(key)))

    def texts(self) -> Iterator[Node]:
        """Yield every text from here down."""
        if isinstance(self.value, str):
            yield self
        for below in (*self.items(), *self.entries()):
            yield from below.texts()

    def fault(self, found: str, fix: str) -> Fault:
        """Say what is wrong here."""
        return Fault(self.document.name, self.line, found, fix)


@dataclass(frozen=True)
class File:
    """A file that was read; without a root it could not be, and `refused` says why."""

    name: str
    text: str
    kind: Kind
    root: Node | None = None
    refused: Fault | None = None
    unread: bool = False
    """It is YAML that our reader leaves to others, such as anchors: no fault of the file."""

    def raw(self, line: int) -> str:
        """Return a line as it is written."""
        lines = self.text.splitlines()
        return lines[line - 1] if 0 < line <= len(lines) else ""


@dataclass(frozen=True)
class Configured:
    """What `lumen.yml` says about objectives and how runs are published."""

    file: str
    objectives: Mapping[str, float] = field(default_factory=dict)
    runs_per_day: float | None = None
    remote_write: bool = False


@dataclass(frozen=True)
class Setup:
    """Everything that belongs together."""

    files: Sequence[File] = ()
    matches: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """By file and pattern: which files the pattern, seen from that file, leads to."""
    published: frozenset[str] = frozenset()
    """The series that exist without any rule."""
    configured: Configured | None = None

    def of(self, kind: Kind) -> Iterator[tuple[File, Node]]:
        """Yield the files of a kind that could be read."""
        for file in self.files:
            if file.kind is kind and file.root is not None:
                yield file, file.root


Look = Callable[[Setup], Iterable[Fault]]


@dataclass(frozen=True)
class Check:
    """One thing to look for; `needs` are the kinds of file without which there is nothing to look at."""

    name: str
    severity: Severity
    looks_at: str
    needs: tuple[Kind, ...]
    look: Look

    def findings(self, setup: Setup) -> Iterator[Finding]:
        """Yield what it finds."""
        for fault in self.look(setup):
            yield Finding(self.name, self.severity, fault)


def each(kind: Kind, look: Callable[[File, Node], Iterable[Fault]]) -> Look:
    """Look at every file of a kind."""

    def look_at_all(setup: Setup) -> Iterator[Fault]:
        for file, root in setup.of(kind):
            yield from look(file, root)

    return look_at_all
