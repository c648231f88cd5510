"""What the literals of a line call for, and which lines are known to call for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

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
    """What lines with the same literals have said so far.

    Most lines of a log differ from others only in digits between which no pattern can tell, and most say nothing.
    """

    table: bytes
    only_good: bool
    """Whether they can tell only that a test passed, which matters when there is something to take back."""
    quiet: dict[bytes, Ending | None] = field(default_factory=dict)

    @cached_property
    def blind(self) -> bool:
        """Tell whether no pattern can tell one digit from another; then the shape is the line in this table."""
        return self.table == _ALL_ALIKE

    def shape(self, line: bytes) -> bytes:
        """Return what all lines have in common in which the same patterns match."""
        time = _TIME.match(line)
        return (line[time.end() :] if time else line).translate(self.table)

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
    _digits: dict[bytes, Ranges] = field(default_factory=dict)

    def call(self, found: _Found) -> Call:
        """Return what to try on a line."""
        literals = sorted(self.screen.behind(found))
        signatures = {each.id: each for literal in literals for each in self._behind(literal)}
        marks = sorted((each for literal in literals for each in self.marks.get(literal, ())), key=lambda each: each[0])
        return Call(tuple(signatures.values()), tuple(mark for _, mark in marks))

    @cached_property
    def habits(self) -> Mapping[_Found, Habits]:
        """Return what is known of lines in which so much was found, for everything that may be found."""
        return _AllHabits(self)

    def _behind(self, literal: bytes) -> Iterator[Signature]:
        return (self.known[identity] for identity in self.ids.get(literal, ()))

    def named(self, literal: bytes) -> Ranges:
        """Return which digits the patterns behind a literal tell from others."""
        if literal not in self._digits:
            patterns = [each.pattern for each in self._behind(literal)]
            patterns += [mark.source for _, mark in self.marks.get(literal, ())]
            named = [each for pattern in patterns for each in _DIGITS.findall(_COUNTS.sub("", pattern))]
            self._digits[literal] = frozenset((low or digit, high or digit) for low, high, digit in named)
        return self._digits[literal]


class _AllHabits(dict[_Found, Habits]):
    """Habits, each made when first asked for: this is the innermost loop of a long log."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __missing__(self, found: _Found) -> Habits:
        index, literals = self._index, self._index.screen.behind(found)
        ranges: Ranges = frozenset().union(*map(index.named, literals))
        endings = {mark.ending for literal in literals for _, mark in index.marks.get(literal, ())}
        only_good = endings == {Ending.TEST} and not any(index.ids.get(literal) for literal in literals)
        made = self[found] = Habits(_alike(ranges), only_good)
        return made


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
