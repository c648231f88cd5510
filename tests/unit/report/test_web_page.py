"""The page of a report says its answer first, is read by ear and by keyboard, and shows foreign words as words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sampledocuments
from golden import assert_golden_page
from hypothesis import given
from hypothesis import strategies as st
from outline import Outline

from lumen_action.report.document import (
    BarChart,
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
from lumen_action.report.style import SIGNS
from lumen_action.report.web.page import render
from lumen_action.report.web.style import STYLE

LABELS = {
    "skip_to_content": "Skip to content",
    "contents": "Contents",
    "all_reports": "All reports",
    "opens_run": "opens the run",
    "no_value": "no value",
    "as_table": "The numbers as a table",
}
SMALL = Document(
    "en",
    "nightly: 4 March 2026",
    "Asia/Seoul",
    Paragraph("nightly kept its promise: 9 of 10 runs succeeded.", Tone.GOOD),
    (
        Section(
            "objectives",
            "Objectives",
            (
                Table(
                    "Objectives",
                    ("objective", "left", "status"),
                    ((Cell("Nightly runs"), Cell("80 %", number=True), Cell("healthy", Tone.GOOD)),),
                ),
                LineChart("Error budget left", "From 90 % to 80 %.", ("3-3", "3-4"), (Line("Nightly runs", (90, 80)),)),
            ),
        ),
        Section(
            "runs",
            "Runs",
            (
                BarChart(
                    "Runs per day",
                    "9 good, 1 bad.",
                    ("3-4",),
                    (Stack("good", (9,), Tone.GOOD), Stack("bad", (1,), Tone.BAD)),
                ),
                Bullets((Cell("20260304-eu-0a1b2c3", url="https://ci.example/runs/7"), Cell("late", Tone.WARN))),
                Table(
                    "Causes",
                    ("cause", "line", "run"),
                    ((Cell("network/dns"), Cell("curl: (6)", code=True), Cell("", url="https://ci.example/runs/7")),),
                ),
            ),
        ),
    ),
    "Counted from the facts of the ledger.",
    "As of 4 March 2026.",
    LABELS,
)
SHAPES = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "p", "h1", "span", "div", "nav", "h2", "ol", "li",
    "main", "section", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "svg", "desc",
    "defs", "pattern", "g", "path", "rect", "circle", "text", "ul", "details", "summary", "code", "footer",
}  # fmt: skip
SAMPLES = [
    SMALL,
    sampledocuments.ENGLISH,
    sampledocuments.KOREAN,
    sampledocuments.HOSTILE,
    sampledocuments.EMPTY,
]


def of(*blocks: Paragraph | Bullets | Table | LineChart | BarChart) -> Outline:
    return Outline(render(replace(SMALL, sections=(Section("part", "Part", blocks),))))


def test_the_whole_page() -> None:
    assert_golden_page("report-web/small.html", render(SMALL), STYLE)


def test_the_answer_comes_right_after_the_title() -> None:
    words = Outline(render(SMALL)).text
    assert words.index(SMALL.title, len(SMALL.title)) < words.index(SMALL.answer.text) < words.index("Contents")


@pytest.mark.parametrize("document", SAMPLES, ids=["small", "english", "korean", "hostile", "empty"])
def test_landmarks_headings_and_names_are_in_order(document: Document) -> None:
    outline = Outline(render(document))
    assert outline.tags("html") == [{"lang": document.language}]
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert len(outline.tags(landmark)) == 1
    headings = [tag for tag, _ in outline.seen if re.fullmatch("h[1-6]", tag)]
    assert headings == ["h1", *["h2"] * (1 + len(document.sections))]
    names = [attrs["id"] for _, attrs in outline.seen if "id" in attrs]
    assert len(names) == len(set(names))
    pointed = [word for _, attrs in outline.seen for word in str(attrs.get("aria-labelledby", "")).split()]
    pointed += [str(link["href"])[1:] for link in outline.tags("a") if str(link["href"]).startswith("#")]
    assert set(pointed) <= set(names)


def test_the_first_link_skips_to_the_content() -> None:
    outline = Outline(render(SMALL))
    assert outline.tags("a")[0] == {"class": "skip", "href": "#content"}
    assert outline.tags("main") == [{"id": "content", "tabindex": "-1"}]


def test_each_table_has_a_caption_and_names_its_rows_and_columns() -> None:
    for document in SAMPLES:
        outline = Outline(render(document))
        tables = outline.tags("table")
        assert len(outline.tags("caption")) == len(tables)
        scopes = [head["scope"] for head in outline.tags("th")]
        assert set(scopes) <= {"col", "row"}
        assert scopes.count("row") == len(outline.tags("tr")) - len(tables)


@pytest.mark.parametrize("tone", [tone for tone in Tone if tone is not Tone.PLAIN])
def test_no_tone_is_told_by_colour_alone(tone: Tone) -> None:
    shown = of(Paragraph("words", tone), Bullets((Cell("item", tone),))).text
    assert f"{SIGNS[tone.value]} words" in shown
    assert f"{SIGNS[tone.value]} item" in shown


def test_a_link_leads_to_a_web_address_only_and_tells_it_nothing() -> None:
    cells = (
        Cell("run", url="https://ci.example/1?a=1&b=2"),
        Cell("bad", url="javascript:alert(1)"),
        Cell("secret", url="https://u:p@ci.example/"),
    )
    links = of(Bullets(cells)).tags("a")
    outward = [link for link in links if not str(link["href"]).startswith(("#", "index.html"))]
    assert outward == [{"href": "https://ci.example/1?a=1&b=2", "rel": "noreferrer"}]


def test_what_has_no_words_says_so() -> None:
    shown = of(Table("Table", ("a", "b", "c"), ((Cell("x"), Cell(""), Cell("", url="https://ci.example/1")),))).text
    assert "x - no value opens the run" in shown


def test_a_table_without_rows_still_says_what_it_would_hold() -> None:
    assert "Table a b" in of(Table("Table", ("a", "b"), ())).text


def test_a_caption_that_repeats_its_title_is_for_the_ear_only() -> None:
    assert of(Table("Part", ("a",), ())).tags("caption") == [{"class": "unseen"}]
    assert of(Table("Other", ("a",), ())).tags("caption") == [{}]


def test_a_chart_shows_its_numbers_as_a_table_too() -> None:
    chart = LineChart("Left", "Says.", ("3-3", "3-4"), (Line("a", (90, None)), Line("b", (-33.333, 1204))))
    shown = of(chart).text
    assert "The numbers as a table : Left" in shown
    assert "3-3 90 % \u221233.3 % 3-4 - no value 1,204 %" in shown


def test_a_chart_with_nothing_to_draw_says_it_in_words() -> None:
    outline = of(LineChart("Left", "Nothing is known.", ("3-3",), (Line("a", (None,)),)))
    assert outline.tags("svg") == []
    assert "Nothing is known." in outline.text


def test_a_percent_sign_stays_with_its_number() -> None:
    assert "is\u00a0" not in render(SMALL)
    assert "only 12\u00a0% left" in render(replace(SMALL, answer=Paragraph("only 12 % left")))


@pytest.mark.parametrize("document", SAMPLES, ids=["small", "english", "korean", "hostile", "empty"])
def test_nothing_is_loaded_and_nothing_can_run(document: Document) -> None:
    html = render(document)
    outline = Outline(html)
    assert {tag for tag, _ in outline.seen} <= SHAPES
    assert {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"} in (
        outline.tags("meta")
    )
    assert {
        name for _, attrs in outline.seen for name in attrs if name.startswith("on") or name in ("src", "style")
    } == set()
    (style,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    assert not re.search(r"url\(|@import|</", style)
    local = {str(attrs["fill"]) for _, attrs in outline.seen if "fill" in attrs}
    assert all(re.fullmatch(r"url\(#[a-z0-9-]+\)", fill) for fill in local)


def everywhere(text: str) -> Document:
    """Return a document in which every word is this text."""
    cells = (Cell(text, Tone.BAD, code=True), Cell(text, number=True), Cell(text, url=f"https://ci.example/{text}"))
    blocks = (
        Paragraph(text, Tone.WARN),
        Bullets(cells),
        Table(text, (text, text, text), (cells,)),
        LineChart(text, text, (text, text), (Line(text, (1, -2), Tone.BAD), Line(text, (None, 3), Tone.IDLE)), text),
        BarChart(text, text, (text, text), (Stack(text, (1, 0), Tone.GOOD), Stack(text, (2, 5), Tone.GOOD))),
    )
    labels = dict.fromkeys(LABELS, text)
    return Document("en", text, text, Paragraph(text, Tone.BAD), (Section("part", text, blocks),), text, text, labels)


@given(
    st.text(max_size=40)
    | st.sampled_from(["<script>", '"><img src=x>', "</style>", "&lt;", "'\"", "\u202e", "]]>", "</svg>"])
)
def test_foreign_words_stay_words(text: str) -> None:
    html = render(everywhere(text))
    outline = Outline(html)
    assert {tag for tag, _ in outline.seen} <= SHAPES
    assert all(str(link["href"]).startswith(("https://ci.example/", "#", "index.html")) for link in outline.tags("a"))
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e]", html)
    html.encode()


def test_the_same_document_is_the_same_page() -> None:
    assert render(sampledocuments.KOREAN) == render(sampledocuments.document("ko"))
