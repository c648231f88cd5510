"""Tables whose heads come again on every page, with columns as wide as what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lumen_action.report.document import Cell, Table, Tone
from lumen_action.report.pdf.columns import Column, Measure, columns
from lumen_action.report.pdf.flow import Flow, Type
from lumen_action.report.pdf.looks import BACK, BODY, INKS, LEFT, LINE, RIGHT, SMALL, SOFT, WIDTH
from lumen_action.report.pdf.marks import Mark, box, stroke
from lumen_action.report.pdf.shapes import sign

# A cell that needs more says how much is not shown; no row outgrows a page.
MOST_LINES = 20
MOST_HEAD_LINES = 6
PAD_Y = 3.0
SIZES = (SMALL + 0.5, 7.5, 6.5)
Looks = Callable[[Cell], Type]


def put_table(flow: Flow, table: Table) -> None:
    """Put a table below what stands already."""
    count = max([len(table.head), *map(len, table.rows)])
    if not count:
        return
    head, *rows = ((*row, *[Cell("")] * (count - len(row))) for row in (tuple(map(Cell, table.head)), *table.rows))
    size, laid_out = _columns(flow, head, rows)
    heading = _Row(flow, laid_out, head, partial(_head_type, size), MOST_HEAD_LINES)
    drawn = [_Row(flow, laid_out, row, partial(_type, size), MOST_LINES) for row in rows]
    first = drawn[0].height if drawn else 0.0
    caption = Type(BODY, bold=True)
    flow.need(2 * caption.leading + heading.height + first)
    if table.caption:
        flow.text(table.caption, caption, most=3)
        flow.gap(2)
    heading.put(head=True)
    for row in drawn:
        if flow.need(row.height):
            heading.put(head=True)
        row.put()


def _type(size: float, cell: Cell) -> Type:
    return Type(size, INKS[cell.tone], bold=cell.tone not in (Tone.PLAIN, Tone.IDLE))


def _head_type(size: float, _: Cell) -> Type:
    return Type(size, SOFT, bold=True)


def _columns(flow: Flow, head: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> tuple[float, list[Column]]:
    """Return the largest size of text at which words stay whole, or the smallest there is, and the columns."""
    for size in SIZES:
        whole, laid_out = columns(
            head, rows, _measure(flow, partial(_head_type, size)), _measure(flow, partial(_type, size))
        )
        if whole:
            break
    return size, laid_out


def _measure(flow: Flow, looks: Looks) -> Measure:
    def measured(text: str, cell: Cell) -> float:
        kind = looks(cell)
        return _inset(cell, kind.size) + flow.length(flow.drawable(text, kind).replace("\n", " "), kind)

    return measured


def _inset(cell: Cell, size: float) -> float:
    return 0.0 if cell.tone is Tone.PLAIN else size * 1.25


class _Row:
    """One row, broken into lines."""

    def __init__(self, flow: Flow, columns: Sequence[Column], cells: Sequence[Cell], looks: Looks, most: int) -> None:
        """Break every cell into the lines of its column."""
        self._flow, self._columns, self._cells = flow, columns, cells
        self._types = [looks(cell) for cell in cells]
        self._lines = [
            flow.lines(cell.text, kind, max(column.width - _inset(cell, kind.size), 1), most, verbatim=cell.code)
            for column, cell, kind in zip(columns, cells, self._types, strict=True)
        ]
        leading = self._types[0].leading if cells else 0.0
        self.height = max(map(len, self._lines), default=0) * leading + 2 * PAD_Y

    def put(self, *, head: bool = False) -> None:
        """Put the row on the page, where there has to be room."""
        flow, top = self._flow, self._flow.y
        if head:
            flow.put(box((LEFT, top), WIDTH, self.height, fill=BACK))
        for column, cell, kind, lines in zip(self._columns, self._cells, self._types, self._lines, strict=True):
            flow.put(*self._cell(column, cell, kind, lines))
        flow.y += self.height
        flow.put(stroke((LEFT, flow.y), (RIGHT, flow.y), LINE))

    def _cell(self, column: Column, cell: Cell, kind: Type, lines: Sequence[str]) -> list[Mark]:
        flow, y, inset = self._flow, self._flow.y + PAD_Y, _inset(cell, kind.size)
        lengths = [flow.length(line, kind) for line in lines]
        begins = [column.x + inset + (column.width - inset - length if column.numbers else 0) for length in lengths]
        marks: list[Mark] = [
            *sign(cell.tone, (begins[0] - inset + kind.size * 0.45, y + kind.leading / 2), kind.size * 0.42)
        ]
        for number, (line, x, length) in enumerate(zip(lines, begins, lengths, strict=True)):
            at = (x, y + number * kind.leading)
            if cell.code and line:
                marks.append(box((x - 1.5, at[1] + 0.5), length + 3, kind.leading - 1, fill=BACK))
            marks += flow.line(line, at, kind, cell.url)
        return marks
