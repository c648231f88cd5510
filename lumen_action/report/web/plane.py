"""The plane of a chart: which steps its axis has, where a value stands, and which labels fit."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1, 2, 2.5, 5, 10)
_EVERY = (1, 2, 3, 5, 7, 10, 14)
_WIDE_LETTER, _LETTER = 1.0, 0.64
_GAP = 8.0
_LEAST_SPAN = 0.5


@dataclass(frozen=True)
class Size:
    """How large a drawing is in units of its own; shown as wide as there is room, its letters stay legible."""

    name: str
    width: float
    height: float
    letters: float


WIDE = Size("broad", 800, 230, 13)
NARROW = Size("small", 400, 240, 14)


@dataclass(frozen=True)
class Plane:
    """A rectangle of a drawing in which values from `low` to `high` stand."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float

    def up(self, value: float) -> float:
        """Return how far from the top a value stands."""
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)


def steps(low: float, high: float, *, whole: bool = False, most: int = 5) -> tuple[float, ...]:
    """Return even values from at most `low` to at least `high`, with 0 among them where it is between."""
    magnitude = 10 ** math.floor(math.log10(max(high - low, _LEAST_SPAN) / most))
    for factor in _STEPS:
        step = factor * magnitude
        if whole:
            step = max(1.0, float(math.ceil(step)))
        first, last = math.floor(low / step), math.ceil(high / step)
        if last - first <= most:
            break
    return tuple(index * step for index in range(first, max(last, first + 1) + 1))


def room(text: str, letters: float) -> float:
    """Return about how wide a text is."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return letters * (wide * _WIDE_LETTER + (len(text) - wide) * _LETTER)


def shown_labels(labels: Sequence[str], distance: float, letters: float) -> tuple[int, ...]:
    """Return which labels to show so that none touches another; the last one is always there."""
    widest = max((room(label, letters) for label in labels), default=0.0) + _GAP
    every = next((step for step in _EVERY if step * distance >= widest), max(1, math.ceil(widest / (distance or 1))))
    return tuple(range((len(labels) - 1) % every, len(labels), every))


def apart(wanted: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Move places apart until none is nearer to another than the distance, inside of two bounds where that can be."""
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], index))
    placed = list(wanted)
    for before, index in zip([None, *order], order, strict=False):
        placed[index] = max(placed[index], low if before is None else placed[before] + distance)
    for after, index in zip([None, *order[::-1]], order[::-1], strict=False):
        placed[index] = min(placed[index], high if after is None else placed[after] - distance)
    return placed
