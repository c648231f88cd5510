"""The pages of the PDF: nothing outside their margins, heads that come again, headings that never stand alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import pytest
from hostile import hostile_texts
from hypothesis import given, settings
from hypothesis import strategies as st
from pdfreading import hangul, latin
from sampledocuments import EMPTY, ENGLISH, HOSTILE, KOREAN

from lumen_action.report.document import (
    BarChart,
    Block,
    Bullets,
    Cell,
    Document,
    Line,
    LineChart,
    Paragraph,
    Section,
    Stack,
    Table,
    Tone,
)
from lumen_action.report.pdf.fonts import Fonts
from lumen_action.report.pdf.looks import BOTTOM, LEFT, PAGE_HEIGHT, RIGHT, TOP
from lumen_action.report.pdf.marks import Bookmark, Link, Sheet, Words
from lumen_action.report.pdf.pages import laid_out

ENDLESS = "x" * 10_000


T = TypeVar("T")


def of(*blocks: Block) -> Document:
    return replace(ENGLISH, sections=(Section("part", "Part", blocks),))


def rows(count: int, text: str = "a") -> Table:
    return Table("Rows", ("first", "second"), tuple((Cell(f"row {row}"), Cell(text)) for row in range(count)))


MONTH = of(
    LineChart(
        "Budgets",
        "six of them",
        tuple(f"3-{day}" for day in range(1, 32)),
        tuple(
            Line(f"objective {n}", tuple(None if (d + n) % 9 == 0 else 100 - 7.0 * n * d for d in range(31)))
            for n in range(6)
        ),
    ),
    BarChart(
        "Runs", "", tuple(f"3-{day}" for day in range(1, 32)), (Stack("good", tuple(range(400, 431)), Tone.GOOD),)
    ),
    Table(
        "Regions",
        ("day", *(f"ap-northeast-{n}" for n in range(12))),
        tuple((Cell(f"2026-03-{d:02}"), *(Cell(f"{d}/{d + 1}", number=True) for _ in range(12))) for d in range(1, 32)),
    ),
    Table(
        "Causes",
        ("signature", "failures", "line", "runs"),
        tuple(
            (
                Cell(f"signature-{n}", code=True),
                Cell(str(n), Tone.BAD, number=True),
                Cell("curl: (6) Could not resolve host: " * (1 + n % 9), code=True),
                Cell("20260306-us-0a1b2c3", url="https://ci.example/1"),
            )
            for n in range(40)
        ),
    ),
)
ENDLESS_EVERYWHERE = replace(
    of(
        Paragraph(ENDLESS, Tone.BAD),
        Bullets((Cell(ENDLESS, url="https://ci.example/1"),)),
        Table(ENDLESS, (ENDLESS, "b"), ((Cell(ENDLESS, code=True), Cell(ENDLESS, number=True)),)),
        LineChart(ENDLESS, ENDLESS, (ENDLESS,), (Line(ENDLESS, (1.0,)),)),
        BarChart(ENDLESS, ENDLESS, (ENDLESS,), (Stack(ENDLESS, (1,), Tone.BAD),)),
    ),
    title=ENDLESS,
    subtitle=ENDLESS,
    made=ENDLESS,
    answer=Paragraph(ENDLESS, Tone.BAD),
    footnote=ENDLESS,
    labels={"page_of": ENDLESS},
)


def words(sheet: Sheet) -> list[Words]:
    return [mark for mark in sheet.marks if isinstance(mark, Words)]


def said(sheet: Sheet) -> list[str]:
    return [mark.text for mark in words(sheet)]


def assert_within_margins(sheets: list[Sheet], fonts: Fonts) -> None:
    for sheet in sheets:
        for mark in words(sheet):
            face = fonts.face(bold=mark.bold)
            (x, y), length = mark.at, face.width(mark.text, mark.size)
            assert x >= LEFT - 0.01, mark
            assert x + length <= RIGHT + 0.01, mark
            at_edge = TOP - 30 < y < TOP or PAGE_HEIGHT - 40 < y < PAGE_HEIGHT - 20
            assert TOP < y < BOTTOM or at_edge, mark


texts = st.text(st.characters(), max_size=30) | hostile_texts
tones = st.sampled_from(Tone)
cells = st.builds(Cell, texts, tones, st.sampled_from(["", "https://ci.example/1"]), st.booleans(), st.booleans())
figures = st.none() | st.floats()


def some(of_these: st.SearchStrategy[T], most: int = 5) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(of_these, max_size=most).map(tuple)


blocks = st.one_of(
    st.builds(Paragraph, texts, tones),
    st.builds(Bullets, some(cells)),
    st.builds(Table, texts, some(texts, 6), some(some(cells, 6))),
    st.builds(LineChart, texts, texts, some(texts), some(st.builds(Line, texts, some(figures), tones))),
    st.builds(BarChart, texts, texts, some(texts), some(st.builds(Stack, texts, some(st.integers(-1, 10**12)), tones))),
)


@settings(max_examples=60, deadline=None)
@given(texts, some(blocks))
def test_any_document_is_laid_out_within_its_margins(text: str, given_blocks: tuple[Block, ...]) -> None:
    document = replace(of(*given_blocks), title=text, subtitle=text, answer=Paragraph(text), footnote=text)
    assert_within_margins(laid_out(document, latin()), latin())


@pytest.mark.parametrize("fonts", [hangul(), latin()], ids=["hangul", "latin"])
@pytest.mark.parametrize(
    "document",
    [ENGLISH, KOREAN, HOSTILE, EMPTY, MONTH, ENDLESS_EVERYWHERE],
    ids=["english", "korean", "hostile", "empty", "month", "endless"],
)
def test_no_word_leaves_the_margins_and_no_letter_is_missing(document: Document, fonts: Fonts) -> None:
    assert_within_margins(laid_out(document, fonts), fonts)


def test_words_do_not_lie_on_each_other() -> None:
    for document in (ENGLISH, KOREAN, MONTH):
        for sheet in laid_out(document, hangul()):
            spans = sorted(
                (mark.at[1], mark.at[0], mark.at[0] + hangul().face(bold=mark.bold).width(mark.text, mark.size))
                for mark in words(sheet)
            )
            for index, (y, begin, end) in enumerate(spans):
                for other_y, other_begin, other_end in spans[index + 1 : index + 30]:
                    assert other_y - y >= 4 or other_begin >= end - 0.01 or other_end <= begin + 0.01


def test_the_answer_stands_first_and_large() -> None:
    first = words(laid_out(ENGLISH, hangul())[0])
    assert first[0].text == ENGLISH.title
    answer = [mark for mark in first if ENGLISH.answer.text.startswith(mark.text)]
    assert answer[0].size > 12


def test_the_head_of_a_table_comes_again_on_every_page() -> None:
    sheets = laid_out(of(rows(100)), hangul())
    assert len(sheets) == 3
    assert all(said(sheet).count("first") == 1 for sheet in sheets)
    assert [text for sheet in sheets for text in said(sheet) if text.startswith("row ")] == [
        f"row {row}" for row in range(100)
    ]


def test_a_row_that_would_fill_a_page_is_cut_and_says_so() -> None:
    sheets = laid_out(of(rows(1, "line\n" * 500)), hangul())
    assert len(sheets) == 1
    assert said(sheets[0]).count("line") == 19
    assert "[... +482]" in said(sheets[0])


@pytest.mark.parametrize("above", range(20, 34))
def test_a_heading_never_stands_alone_at_the_foot_of_a_page(above: int) -> None:
    first = Section("first", "First", (rows(above),))
    chart = BarChart("Bars", "", ("a",), (Stack("good", (1,), Tone.GOOD),))
    for block in (chart, rows(3), Paragraph("words"), Bullets((Cell("words"),))):
        document = replace(ENGLISH, sections=(first, Section("second", "Second", (block,))))
        for sheet in laid_out(document, hangul()):
            texts = said(sheet)
            if "Second" in texts:
                assert texts[texts.index("Second") + 1] != ENGLISH.subtitle
                marks = [mark for mark in sheet.marks if isinstance(mark, Bookmark) and mark.name == "second"]
                assert len(marks) == 1
        assert sum("Second" in said(sheet) for sheet in laid_out(document, hangul())) == 1


def test_a_name_that_says_the_title_again_is_left_out() -> None:
    document = replace(ENGLISH, sections=(Section("a", "Rows", (rows(1),)),))
    assert said(laid_out(document, hangul())[0]).count("Rows") == 1


def test_every_page_says_which_it_is_in_the_language_of_the_report() -> None:
    english, korean = (laid_out(each, hangul()) for each in (ENGLISH, KOREAN))
    assert [said(sheet).count(f"Page {n} of {len(english)}") for n, sheet in enumerate(english, 1)] == [1] * len(
        english
    )
    assert f"1 / {len(korean)}쪽" in said(korean[0])


def test_pages_without_a_label_have_numbers_still() -> None:
    assert "1 / 1" in said(laid_out(replace(EMPTY, labels={}), hangul())[0])


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "runs/1", ""])
def test_only_addresses_of_the_web_are_links(url: str) -> None:
    (sheet,) = laid_out(of(Bullets((Cell("a run", url=url),))), hangul())
    assert not [mark for mark in sheet.marks if isinstance(mark, Link)]
    assert "a run" in said(sheet)


def test_a_link_of_two_lines_is_one_on_both() -> None:
    table = Table("t", ("a", "b"), ((Cell("word " * 60, url="https://ci.example/1"), Cell("x")),))
    (sheet,) = laid_out(of(table), hangul())
    links = [mark for mark in sheet.marks if isinstance(mark, Link)]
    assert len(links) > 1
    assert {mark.url for mark in links} == {"https://ci.example/1"}


def test_numbers_stand_right_and_stay_with_their_units() -> None:
    table = Table(
        "t", ("name", "took"), tuple((Cell("word " * 40), Cell(text, number=True)) for text in ("9 s", "1 h 12 min"))
    )
    (sheet,) = laid_out(of(table), hangul())
    ends = {
        round(mark.at[0] + hangul().face(bold=mark.bold).width(mark.text, mark.size), 2)
        for mark in words(sheet)
        if mark.text in ("took", "9 s", "1 h 12 min")
    }
    assert len(ends) == 1


def test_a_short_row_and_an_empty_table_are_tables_too() -> None:
    (sheet,) = laid_out(of(Table("t", ("a", "b"), ((Cell("only"),),)), Table("u", ("c",), ())), hangul())
    assert {"only", "b", "c"} <= set(said(sheet))
