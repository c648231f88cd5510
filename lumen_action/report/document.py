"""What a report says, in words of one language and in an order, for any form that shows text, tables and charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Tone(str, Enum):
    """How something stands; colour is never the only thing that tells it."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"
    PLAIN = "plain"


@dataclass(frozen=True)
class Cell:
    """One cell of a table; foreign words of any kind may stand in `text`, and `url` has been looked at."""

    text: str
    tone: Tone = Tone.PLAIN
    url: str = ""
    number: bool = False
    code: bool = False
    """Words of a log, to be shown letter by letter."""


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first column names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Paragraph:
    """A sentence or a few."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Bullets:
    """Short lines, each with a link where there is one."""

    items: tuple[Cell, ...]


@dataclass(frozen=True)
class Line:
    """One line of a chart; None is a gap."""

    name: str
    values: tuple[float | None, ...]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class LineChart:
    """Values over equal steps of time. `says` is the same in words, for who does not see it."""

    title: str
    says: str
    x_labels: tuple[str, ...]
    lines: tuple[Line, ...]
    unit: str = "%"
    marked: tuple[int, ...] = ()
    """Which labels stand below it, as far as there is room; all may where none are named."""


@dataclass(frozen=True)
class Stack:
    """What is stacked in each bar under one name."""

    name: str
    values: tuple[int, ...]
    tone: Tone


@dataclass(frozen=True)
class BarChart:
    """Bars of stacked counts, one for each label. `says` is the same in words."""

    title: str
    says: str
    x_labels: tuple[str, ...]
    stacks: tuple[Stack, ...]
    reach: int = 0
    """Up to which count its axis goes at least, so that charts beside each other can be compared."""


Block: TypeAlias = Paragraph | Bullets | Table | LineChart | BarChart


@dataclass(frozen=True)
class Section:
    """A part with a title; `anchor` is the same in every language."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report in one language."""

    language: str
    title: str
    subtitle: str
    answer: Paragraph
    """The first sentence: how the pipeline stands."""
    sections: tuple[Section, ...]
    footnote: str = ""
    """How to read the numbers, and what was counted."""
    made: str = ""
    """Which moment it speaks of."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The few words that a form needs of its own: see LABELS."""


LABELS = (
    "skip_to_content",
    "contents",
    "page_of",
    "all_reports",
    "opens_run",
    "no_value",
    "as_table",
)
"""`page_of` holds `{page}` and `{pages}`; `as_table` opens the numbers of a chart."""
