"""Columns of the PDF's tables share the width: whole lines where they fit, else whole words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.report.document import Cell
from lumen_action.report.pdf.columns import Needs, columns, shared
from lumen_action.report.pdf.looks import LEFT, RIGHT, WIDTH


def letters(text: str, _: Cell) -> float:
    return 10.0 * len(text)


def laid_out(head: str, *rows: tuple[Cell, ...]) -> tuple[bool, list[float]]:
    whole, found = columns([Cell(name) for name in head.split("|")], rows, letters, letters)
    return whole, [round(column.width) for column in found]


def test_there_is_room_for_whole_lines() -> None:
    whole, (name, line) = laid_out("name|line", (Cell("a"), Cell("two words")))
    assert whole
    assert name >= 40
    assert line >= 90
    assert name + line == pytest.approx(WIDTH - 20, abs=1)


def test_a_long_line_gives_way_to_short_ones() -> None:
    whole, (name, line) = laid_out("name|line", (Cell("two words"), Cell("some words " * 20)))
    assert whole
    assert name >= 90
    assert line < WIDTH - 110


def test_a_number_keeps_its_unit() -> None:
    numbers = Cell("1 h 12 min", number=True)
    _, widths = laid_out("a|b|c", (Cell("word " * 30), Cell("word " * 30), numbers))
    assert widths[2] >= 100


def test_where_not_all_words_fit_those_below_the_head_do() -> None:
    whole, widths = laid_out("|".join(["northeast"] * 8), tuple(Cell("12/13") for _ in range(8)))
    assert not whole
    assert all(50 <= width < 90 for width in widths)


def test_columns_stand_side_by_side_from_margin_to_margin() -> None:
    _, found = columns([Cell("a"), Cell("b")], [(Cell("c"), Cell("1", number=True))], letters, letters)
    assert found[0].x == LEFT + 5
    assert found[1].x == pytest.approx(found[0].x + found[0].width + 10)
    assert found[1].x + found[1].width == pytest.approx(RIGHT - 5)
    assert [column.numbers for column in found] == [False, True]


needs = st.lists(st.floats(1, 100), min_size=4, max_size=4).map(lambda four: Needs(*sorted(four)))


@given(st.lists(needs, min_size=1, max_size=20), st.floats(50, 1000))
def test_the_room_is_filled_and_every_column_has_some(given_needs: list[Needs], room: float) -> None:
    widths = shared(given_needs, room)
    assert sum(widths) == pytest.approx(room)
    assert min(widths) > 0
    if sum(need.cells for need in given_needs) <= room:
        assert all(width >= need.cells - 1e-6 for width, need in zip(widths, given_needs, strict=True))
