"""How wide the columns of a table are: as wide as what stands in them, while there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from itertools import accumulate, pairwise

from lumen_action.report.document import Cell
from lumen_action.report.pdf.looks import LEFT, WIDTH
from lumen_action.report.pdf.wrapping import pieces

PAD_X = 5.0
_LONGEST_WORD = 125.0
_WIDEST = 420.0
_NARROWEST = 8.0
_MOST_LETTERS = 400
# Where a width is a sum of parts, its last digit must not break a word.
_SLACK = 0.5

Measure = Callable[[str, Cell], float]


@dataclass(frozen=True)
class Column:
    """Where a column begins, how much text fits across, and whether it holds numbers."""

    x: float
    width: float
    numbers: bool


@dataclass(frozen=True)
class Needs:
    """How wide a column has to be for whole words below the head, in the head too, whole lines below it, and in it."""

    cells: float
    words: float
    lines: float
    heads: float


def columns(
    head: Sequence[Cell], rows: Sequence[Sequence[Cell]], above: Measure, below: Measure
) -> tuple[bool, list[Column]]:
    """Return whether all words stay whole, and the columns, from how long texts are in the head and below it."""
    needs = [_needs(cell, [row[at] for row in rows], above, below) for at, cell in enumerate(head)]
    room = WIDTH - 2 * PAD_X * len(head)
    laid_out, x = [], LEFT
    for at, width in enumerate(shared(needs, room)):
        laid_out.append(Column(x + PAD_X, width, any(row[at].number for row in rows)))
        x += width + 2 * PAD_X
    return sum(need.words for need in needs) <= room, laid_out


def shared(needs: Sequence[Needs], room: float) -> list[float]:
    """Return widths that fill the room: what all need first comes first, and who needs least is served whole."""
    steps = [[0.0] * len(needs), *map(list, zip(*map(astuple, needs), strict=True))]
    for low, high in pairwise(steps):
        if sum(high) > room:
            return _filled(low, high, room)
    return [width * room / sum(steps[-1]) for width in steps[-1]]


def _filled(low: Sequence[float], high: Sequence[float], room: float) -> list[float]:
    """Return widths from low to high that come to the room, none grown by more than those that are still too narrow."""
    widths, left = list(low), room - sum(low)
    order = sorted(range(len(low)), key=lambda at: high[at] - low[at])
    for served, at in enumerate(order):
        grown = min(high[at] - low[at], left / (len(order) - served))
        widths[at] += grown
        left -= grown
    return widths


def _needs(head: Cell, cells: Sequence[Cell], above: Measure, below: Measure) -> Needs:
    titles = [(part, head) for line in _lines(head) for word in line.split(" ") for part in pieces(word)]
    words = [(part, cell) for cell in cells for line in _lines(cell) for part in _whole(line, cell)]
    lines = [(line, cell) for cell in cells for line in _lines(cell)]
    heads = [(line, head) for line in _lines(head)]
    wishes = (
        min(_widest(words, below), _LONGEST_WORD),
        min(_widest(titles, above), _LONGEST_WORD),
        min(_widest(lines, below), _WIDEST),
        min(_widest(heads, above), _WIDEST),
    )
    return Needs(*accumulate(wishes, max))


def _widest(parts: Iterable[tuple[str, Cell]], measure: Measure) -> float:
    return max((measure(part, cell) + _SLACK for part, cell in parts), default=_NARROWEST)


def _lines(cell: Cell) -> list[str]:
    return cell.text[:_MOST_LETTERS].split("\n")


def _whole(line: str, cell: Cell) -> list[str]:
    """Return what is not broken without need: a number with its unit, or words."""
    return [line] if cell.number else line.split(" ")
