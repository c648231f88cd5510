"""What the literals of a line call for, and which lines are known to call for nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from lumen_action.failure.endings import GROUP_LITERALS, MARKS, Ending, Mark
from lumen_action.failure.screening import Screen, ScreenMaker
from lumen_action.failure.signatures import Catalogue, Signature

_MOST_SHAPES = 1 << 14
_COUNTS = re.compile(r"\{\d{0,6},?\d{0,6}\}")
_DIGITS = re.compile(r"(\d)-(\d)|(\d)")
_ALL_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
# A time before the text, which no pattern sees.
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\S{8,40} ")

_Found = tuple[int, ...]
Ranges = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Call:
    """The signatures and marks to try on a line, the marks in order of precedence."""

    signatures: tuple[Signature, ...]
    marks: tuple[Mark, ...]


@dataclass(eq=False)
class Habits:
    """What lines with the same literals call for, and what they have said so far.

    Most lines of a log differ from others only in digits between which no pattern can tell, and most say nothing.
    """

    call: Call
    quiet: dict[bytes, Ending | None] = field(default_factory=dict)

    @cached_property
    def only_good(self) -> bool:
        """Tell whether they can say only that a test passed, which matters when there is something to take back."""
        return not self.call.signatures and {mark.ending for mark in self.call.marks} == {Ending.TEST}

    @cached_property
    def _table(self) -> bytes:
        patterns = (*(each.pattern for each in self.call.signatures), *(mark.source for mark in self.call.marks))
        return _alike(frozenset().union(*map(_told_apart, patterns)))

    def shape(self, line: bytes) -> bytes:
        """Return what all lines have in common in which the same patterns match."""
        table = self._table
        if table is not _ALL_ALIKE:
            time = _TIME.match(line)
            if time:
                return line[time.end() :].translate(table)
        return line.translate(table)

    def learn(self, shape: bytes, ending: Ending | None) -> None:
        """Remember that lines of this shape say nothing, or at most that something ended well."""
        if len(self.quiet) >= _MOST_SHAPES:
            self.quiet.clear()
        self.quiet[shape] = ending


@dataclass(eq=False)
class Index:
    """The literals of a catalogue and of the marks, behind one screen."""

    screen: Screen
    known: Mapping[str, Signature]
    ids: Mapping[bytes, tuple[str, ...]]
    marks: Mapping[bytes, Sequence[tuple[int, Mark]]]

    @cached_property
    def habits(self) -> Mapping[_Found, Habits]:
        """Return what is known of lines in which so much was found, for everything that may be found."""
        return _AllHabits(self._call)

    def _call(self, found: _Found) -> Call:
        literals = sorted(self.screen.behind(found))
        ids = dict.fromkeys(identity for literal in literals for identity in self.ids.get(literal, ()))
        marks = sorted((each for literal in literals for each in self.marks.get(literal, ())), key=lambda each: each[0])
        return Call(tuple(self.known[identity] for identity in ids), tuple(mark for _, mark in marks))


class _AllHabits(dict[_Found, Habits]):
    """Habits, each made when first asked for: this is the innermost loop of a long log."""

    def __init__(self, call: Callable[[_Found], Call]) -> None:
        self._call = call

    def __missing__(self, found: _Found) -> Habits:
        made = self[found] = Habits(self._call(found))
        return made


@lru_cache(maxsize=1 << 12)
def _told_apart(pattern: str) -> Ranges:
    """Return which digits a pattern tells from others."""
    named = _DIGITS.findall(_COUNTS.sub("", pattern))
    return frozenset((low or digit, high or digit) for low, high, digit in named)


def _alike(ranges: Ranges) -> bytes:
    """Return a table that makes the same all digits that stand in the same ranges."""
    if not ranges:
        return _ALL_ALIKE
    seen: dict[tuple[bool, ...], str] = {}
    table = [seen.setdefault(tuple(low <= digit <= high for low, high in ranges), digit) for digit in "0123456789"]
    return bytes.maketrans(b"0123456789", "".join(table).encode())


def index(catalogue: Catalogue, make_screen: ScreenMaker, *, without_passes: bool = False) -> Index:
    """Put all literals behind a screen, or all but those that tell only that a single test passed."""
    marks: dict[bytes, list[tuple[int, Mark]]] = {}
    for order, mark in enumerate(MARKS):
        marks.setdefault(mark.literal.encode(), []).append((order, mark))
    ids = {anchor.encode(): found for anchor, found in catalogue.ids_by_anchor.items()}
    heard = {mark.literal for mark in MARKS if not (without_passes and mark.ending is Ending.TEST)}
    screen = make_screen({*catalogue.ids_by_anchor, *heard, *GROUP_LITERALS})
    return Index(screen, catalogue.signatures, ids, marks)
