"""A report as Markdown: what a summary and a file show, within their room, whatever a log said."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from golden import assert_golden
from hypothesis import given
from hypothesis import strategies as st
from reportfacts import asked, report_of
from sampledocuments import EMPTY, ENGLISH, HOSTILE, KOREAN

from lumen_action.report.composing import compose
from lumen_action.report.document import (
    BarChart,
    Cell,
    Document,
    Line,
    LineChart,
    Section,
    Stack,
    Table,
    Tone,
)
from lumen_action.report.markdown import render
from lumen_action.report.words import words_of

ALL = 1 << 30
_LINK = re.compile(r"\[[^\]]*\]\(https://[^)\s]*\)")


@pytest.mark.parametrize("document", [ENGLISH, KOREAN], ids=lambda document: document.language)
def test_a_report_looks_like_this(document: Document) -> None:
    assert_golden(f"report/week.{document.language}.md", render(document, ALL))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_an_idle_week_is_short(language: str) -> None:
    assert_golden(f"report/idle.{language}.md", render(compose(report_of([], asked()), words_of(language)), ALL))


@given(st.integers(0, 9000))
def test_the_last_sections_give_way_to_the_room_and_are_named(room: int) -> None:
    for document in (ENGLISH, KOREAN):
        text = render(document, room)
        assert len(text.encode()) <= room
        shown = [section.title for section in document.sections if f"## {section.title}\n" in text]
        assert shown == [section.title for section in document.sections][: len(shown)]
        if text and len(shown) < len(document.sections):
            assert all(section.title in text for section in document.sections)
            assert document.answer.text[:20] in text


def test_without_room_for_the_first_sentence_there_is_nothing() -> None:
    assert render(ENGLISH, 100) == ""


def test_log_text_is_text() -> None:
    text = render(HOSTILE, ALL)
    without_links = _LINK.sub("", text)
    assert "<" not in without_links
    assert "](" not in without_links
    assert "http://" not in text
    assert not re.search("[\u202e\u2066\u200f\x00\x07\x1b]", text)
    for line in text.splitlines():
        assert not line.lstrip().startswith(("::", "##["))


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    lines = [line for line in render(HOSTILE, ALL).splitlines() if line.startswith("|")]
    for number, line in enumerate(lines):
        if set(line) <= set("|-: "):
            assert lines[number - 1].count("|") == line.count("|")
        if number and not set(lines[number - 1]) <= set("|-: "):
            assert line.count("|") >= 2


def test_a_number_is_shown_as_it_is_and_to_the_right() -> None:
    table = Table("t", ("name", "n"), ((Cell("a"), Cell("-1.5 %", number=True)), (Cell("b"), Cell("-"))))
    text = render(replace(EMPTY, sections=(Section("x", "X", (table,)),)), ALL)
    assert "| --- | --: |\n| a | -1.5 % |" in text


def test_a_gap_in_a_line_is_seen() -> None:
    chart = LineChart("left", "says", ("a", "b", "c"), (Line("budget", (100.0, None, -100.0)),))
    assert "`█·▁` budget" in render(replace(EMPTY, sections=(Section("x", "X", (chart,)),)), ALL)


def test_one_failure_among_hundreds_of_runs_is_seen_and_what_never_happened_has_no_row() -> None:
    stacks = (Stack("good", (500, 499), Tone.GOOD), Stack("bad", (0, 1), Tone.BAD), Stack("open", (0, 0), Tone.PLAIN))
    chart = BarChart("runs", "says", ("a", "b"), stacks, 1000)
    text = render(replace(EMPTY, sections=(Section("x", "X", (chart,)),)), ALL)
    assert "`▅▅` good\n\n`▁▂` bad" in text
    assert "open" not in text
