"""What stands on a page, as values: places are points from the top left corner of the sheet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

Place: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Words:
    """One line of text on its baseline."""

    at: Place
    text: str
    size: float
    ink: str
    bold: bool = False


@dataclass(frozen=True)
class Path:
    """Straight lines from place to place; filled, they are closed."""

    places: tuple[Place, ...]
    fill: str = ""
    ink: str = ""
    width: float = 0.75
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Circle:
    """A circle around a place."""

    at: Place
    radius: float
    fill: str = ""
    ink: str = ""
    width: float = 0.75


@dataclass(frozen=True)
class Link:
    """A part of the page that leads to an address."""

    at: Place
    width: float
    height: float
    url: str


@dataclass(frozen=True)
class Bookmark:
    """A place that the outline of the document leads to."""

    y: float
    name: str
    title: str


Drawing: TypeAlias = Path | Circle
Mark: TypeAlias = Words | Drawing | Link | Bookmark


@dataclass
class Sheet:
    """The marks of one page, in the order in which they are read."""

    marks: list[Mark] = field(default_factory=list)


def box(at: Place, width: float, height: float, *, fill: str = "", ink: str = "") -> Path:
    """Return a rectangle, from its upper left corner."""
    x, y = at
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return Path((*corners, corners[0]), fill=fill, ink=ink)


def stroke(begin: Place, end: Place, ink: str, width: float = 0.5, dash: tuple[float, ...] = ()) -> Path:
    """Return a straight line."""
    return Path((begin, end), ink=ink, width=width, dash=dash)


def moved(mark: Drawing, right: float, down: float) -> Drawing:
    """Return a drawing at another place."""
    if isinstance(mark, Circle):
        return replace(mark, at=(mark.at[0] + right, mark.at[1] + down))
    return replace(mark, places=tuple((x + right, y + down) for x, y in mark.places))
