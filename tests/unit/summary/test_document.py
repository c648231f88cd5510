"""Blocks give way in a stated order, and what remains is whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.summary.document import Block, Cut, fit, instead
from lumen_action.summary.table import Row, Table

LONG, LATER = "x" * 300, "y" * 300
TABLE = Table(
    ("stage", "result"), tuple(Row((f"stage-{number}", "ok"), bad=number == 4) for number in range(100)), "stage"
)


def test_what_fits_stays_as_it_is() -> None:
    assert fit([Block("a"), Block(""), Block("b", (instead(0, "", "b"),))], 5) == "a\n\nb\n"


def test_the_lowest_rank_goes_first_and_is_named_last() -> None:
    blocks = [Block("head"), Block(LONG, (instead(2, "", "long"),)), Block(LATER, (instead(1, "short", "later"),))]
    assert fit(blocks, 400) == f"head\n\n{LONG}\n\nshort\n\nLeft out for lack of room: later.\n"
    assert fit(blocks, 100) == "head\n\nshort\n\nLeft out for lack of room: later, long.\n"


def test_nothing_is_written_rather_than_half_a_block() -> None:
    assert fit([Block(LONG)], 299) == ""


def test_what_had_nothing_to_lose_is_not_named() -> None:
    blocks = [Block("", (instead(1, "", "links"),)), Block(LONG, (instead(2, "", "long"),))]
    assert "links" not in fit(blocks, 100)


def test_failures_and_the_latest_rows_stay_longest() -> None:
    text, lost = TABLE.within(140)
    assert text.splitlines() == [
        "| stage | result |",
        "| --- | --- |",
        "| stage-4 | ok |",
        "| stage-97 | ok |",
        "| stage-98 | ok |",
        "| stage-99 | ok |",
        "| and 96 more |  |",
    ]
    assert lost == "96 stages"


@given(st.integers(0, 3000))
def test_a_shorter_table_keeps_to_its_room(room: int) -> None:
    assert len(TABLE.within(room)[0].encode()) <= room


@given(st.integers(0, 3000))
def test_a_document_keeps_to_its_room(room: int) -> None:
    blocks = [Block("é" * 100), Block(TABLE.full(), (Cut(1, TABLE.within),)), Block(LONG, (instead(0, "", "long"),))]
    assert len(fit(blocks, room).encode()) <= room


@pytest.mark.parametrize(("left", "name"), [(1, "1 stage"), (2, "2 stages")])
def test_rows_are_counted_in_words(left: int, name: str) -> None:
    rows = TABLE.rows[:left]
    assert Table(TABLE.columns, rows, "stage").within(0) == ("", name)
