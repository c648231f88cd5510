"""Small drawn signs: how something stands, and what tells the lines and bars of a chart apart without colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from lumen_action.report.document import Tone
from lumen_action.report.pdf.looks import INKS, WHITE
from lumen_action.report.pdf.marks import Circle, Drawing, Path, Place, box, stroke

MARKERS = 6
DASHES: Sequence[tuple[float, ...]] = ((), (5, 2), (1.5, 1.5), (7, 2, 1.5, 2), (3, 3), (9, 3))
_HATCH = 3.0


def sign(tone: Tone, middle: Place, radius: float) -> list[Drawing]:
    """Return the sign of a tone around a place: tick, exclamation, cross or bar; none for plain."""
    draw = _SIGNS.get(tone)
    return draw(middle, radius, INKS[tone]) if draw else []


def marker(number: int, middle: Place, radius: float, ink: str) -> Drawing:
    """Return the sign of one of several lines."""
    x, y = middle
    if number % MARKERS == 0:
        return Circle(middle, radius, fill=ink)
    if number % MARKERS == 1:
        return box((x - radius, y - radius), 2 * radius, 2 * radius, fill=ink)
    corners, turn, hollow = {2: (3, 90.0, False), 3: (4, 90.0, False), 4: (3, 270.0, False), 5: (4, 45.0, True)}[
        number % MARKERS
    ]
    places = _regular(middle, radius * 1.35, corners, turn)
    return Path((*places, places[0]), fill=WHITE if hollow else ink, ink=ink, width=1)


def filling(number: int, at: Place, width: float, height: float, ink: str) -> list[Drawing]:
    """Return a rectangle filled in one of several ways: whole, with slanting or level lines, or not at all."""
    return _FILLINGS[number % len(_FILLINGS)](at, width, height, ink)


def _regular(middle: Place, radius: float, corners: int, turn: float) -> tuple[Place, ...]:
    x, y = middle
    angles = [math.radians(turn + 360 * corner / corners) for corner in range(corners)]
    return tuple((x + radius * math.cos(angle), y - radius * math.sin(angle)) for angle in angles)


def _tick(middle: Place, radius: float, ink: str) -> list[Drawing]:
    x, y, r = *middle, radius
    places = ((x - 0.45 * r, y + 0.05 * r), (x - 0.1 * r, y + 0.4 * r), (x + 0.5 * r, y - 0.35 * r))
    return [Circle(middle, r, fill=ink), Path(places, ink=WHITE, width=r * 0.28)]


def _exclamation(middle: Place, radius: float, ink: str) -> list[Drawing]:
    x, y, r = *middle, radius
    corners = _regular((x, y + 0.2 * r), 1.2 * r, 3, 90)
    return [
        Path((*corners, corners[0]), fill=ink),
        stroke((x, y - 0.35 * r), (x, y + 0.3 * r), WHITE, r * 0.28),
        Circle((x, y + 0.55 * r), r * 0.15, fill=WHITE),
    ]


def _cross(middle: Place, radius: float, ink: str) -> list[Drawing]:
    x, y, r = *middle, radius
    corners, arm = _regular(middle, 1.05 * r, 8, 22.5), 0.42 * r
    return [
        Path((*corners, corners[0]), fill=ink),
        stroke((x - arm, y - arm), (x + arm, y + arm), WHITE, r * 0.28),
        stroke((x - arm, y + arm), (x + arm, y - arm), WHITE, r * 0.28),
    ]


def _bar(middle: Place, radius: float, ink: str) -> list[Drawing]:
    x, y, r = *middle, radius
    return [
        Circle(middle, r * 0.88, fill=WHITE, ink=ink, width=r * 0.24),
        stroke((x - 0.4 * r, y), (x + 0.4 * r, y), ink, r * 0.28),
    ]


def _whole(at: Place, width: float, height: float, ink: str) -> list[Drawing]:
    return [box(at, width, height, fill=ink)]


def _empty(at: Place, width: float, height: float, ink: str) -> list[Drawing]:
    return [box(at, width, height, fill=WHITE, ink=ink)]


def _slanting(at: Place, width: float, height: float, ink: str) -> list[Drawing]:
    x, y = at
    lines = []
    for step in range(1, math.ceil((width + height) / _HATCH)):
        far = step * _HATCH
        begin = (x + min(far, width), y + max(0.0, far - width))
        end = (x + max(0.0, far - height), y + min(far, height))
        lines.append(stroke(begin, end, ink, 0.75))
    return [*_empty(at, width, height, ink), *lines]


def _level(at: Place, width: float, height: float, ink: str) -> list[Drawing]:
    x, y = at
    downs = [y + step * _HATCH for step in range(1, math.ceil(height / _HATCH))]
    return [*_empty(at, width, height, ink), *(stroke((x, down), (x + width, down), ink, 0.75) for down in downs)]


_FILLINGS = (_whole, _slanting, _level, _empty)
_SIGNS: Mapping[Tone, Callable[[Place, float, str], list[Drawing]]] = {
    Tone.GOOD: _tick,
    Tone.WARN: _exclamation,
    Tone.BAD: _cross,
    Tone.IDLE: _bar,
}
