"""The pages of a report: its title and answer, its sections, and what stands at the edges of every page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from lumen_action.report.document import (
    BarChart,
    Block,
    Bullets,
    Document,
    LineChart,
    Paragraph,
    Section,
    Table,
    Tone,
)
from lumen_action.report.pdf.barchart import put_bar_chart
from lumen_action.report.pdf.flow import Flow, Type
from lumen_action.report.pdf.fonts import Fonts
from lumen_action.report.pdf.linechart import put_line_chart
from lumen_action.report.pdf.looks import (
    ANSWER,
    BACKS,
    BODY,
    HEADING,
    INK,
    INKS,
    LEFT,
    LINE,
    PAGE_HEIGHT,
    RIGHT,
    SMALL,
    SOFT,
    TITLE,
    TOP,
    WIDTH,
)
from lumen_action.report.pdf.marks import Bookmark, Circle, Sheet, Words, box, stroke
from lumen_action.report.pdf.shapes import sign
from lumen_action.report.pdf.tables import put_table

_EDGE = Type(7.5, SOFT)
_MOST_TITLE_LINES = 3
# What a heading has to have below it on its page.
_COMPANY = 40.0
_OUTLINE_LETTERS = 100


def laid_out(document: Document, fonts: Fonts) -> list[Sheet]:
    """Return the pages of a document."""
    flow = Flow(fonts)
    _put_begin(flow, document)
    for section in document.sections:
        _put_section(flow, section)
    _put_footnote(flow, document)
    for number, sheet in enumerate(flow.sheets, start=1):
        _put_edges(flow, sheet, document, number)
    return flow.sheets


def _put_begin(flow: Flow, document: Document) -> None:
    flow.text(document.title, Type(TITLE, bold=True), most=_MOST_TITLE_LINES)
    for line in (document.subtitle, document.made):
        if line:
            flow.text(line, Type(BODY, SOFT), most=_MOST_TITLE_LINES)
    flow.gap(10)
    _put_answer(flow, document.answer)


def _put_answer(flow: Flow, answer: Paragraph) -> None:
    """Put the first sentence, large and on the ground of its tone."""
    kind = Type(ANSWER, INK)
    pad = 12.0
    inset = pad + kind.size * 1.5
    lines = flow.lines(answer.text, kind, WIDTH - inset - pad)
    back, ink = BACKS[answer.tone], INKS[answer.tone]
    for number, line in enumerate(lines):
        flow.need(kind.leading + 2 * pad)
        above = pad if number == 0 else 0.0
        below = pad if number == len(lines) - 1 else 0.0
        height = above + kind.leading + below
        flow.put(box((LEFT, flow.y), WIDTH, height, fill=back), box((LEFT, flow.y), 3, height, fill=ink))
        if number == 0:
            flow.put(*sign(answer.tone, (LEFT + pad + kind.size * 0.5, flow.y + pad + kind.leading / 2), 5.5))
        flow.put(*flow.line(line, (LEFT + inset, flow.y + above), kind))
        flow.y += height


def _put_section(flow: Flow, section: Section) -> None:
    flow.gap(20)
    begun = flow.stand()
    _put_heading(flow, section)
    headed = flow.stand()
    for number, block in enumerate(section.blocks):
        if number:
            flow.gap(12)
        _put_block(flow, block, section)
        # A heading goes where what it heads begins.
        if number == 0 and len(flow.sheets) > headed.sheets and flow.is_last_of(headed):
            flow.back(begun)
            flow.turn()
            _put_heading(flow, section)
            _put_block(flow, block, section)


def _put_heading(flow: Flow, section: Section) -> None:
    kind = Type(HEADING, bold=True)
    flow.need(kind.leading + _COMPANY)
    title = flow.drawable(section.title, kind)
    flow.put(Bookmark(flow.y - 4, section.anchor, " ".join(title.split())[:_OUTLINE_LETTERS]))
    flow.text(section.title, kind, most=_MOST_TITLE_LINES)
    flow.put(stroke((LEFT, flow.y + 1), (RIGHT, flow.y + 1), LINE, 0.75))
    flow.y += 7


def _put_block(flow: Flow, block: Block, section: Section) -> None:
    _PUT[type(block)](flow, _named_apart(block, section.title))


def _named_apart(block: Block, title: str) -> Block:
    """Return the block without a name that says again what stands above it."""
    if isinstance(block, Table) and block.caption == title:
        return replace(block, caption="")
    if isinstance(block, LineChart | BarChart) and block.title == title:
        return replace(block, title="")
    return block


def _put_paragraph(flow: Flow, paragraph: Paragraph) -> None:
    flow.text(paragraph.text, Type(BODY, INKS[paragraph.tone]), tone=paragraph.tone)


def _put_bullets(flow: Flow, bullets: Bullets) -> None:
    for item in bullets.items:
        kind = Type(BODY, INKS[item.tone])
        flow.need(kind.leading)
        if item.tone is Tone.PLAIN:
            flow.put(Circle((LEFT + 4, flow.y + kind.leading / 2), 1.4, fill=SOFT))
            flow.text(item.text, kind, url=item.url, indent=12)
        else:
            flow.text(item.text, kind, tone=item.tone, url=item.url)
        flow.y += 1.5


def _put_footnote(flow: Flow, document: Document) -> None:
    if document.footnote:
        kind = Type(SMALL, SOFT)
        flow.gap(18)
        flow.need(3 * kind.leading)
        flow.put(stroke((LEFT, flow.y), (RIGHT, flow.y), LINE))
        flow.y += 5
        flow.text(document.footnote, kind)


def _put_edges(flow: Flow, sheet: Sheet, document: Document, number: int) -> None:
    """Put the title above every page but the first, and below all which one it is."""
    base = PAGE_HEIGHT - 32
    said = document.labels.get("page_of", "{page} / {pages}")
    count = flow.fitted(said.replace("{pages}", str(len(flow.sheets))).replace("{page}", str(number)), _EDGE, WIDTH / 3)
    about = flow.fitted(document.subtitle, _EDGE, WIDTH * 0.6)
    sheet.marks += [
        stroke((LEFT, base - 12), (RIGHT, base - 12), LINE),
        Words((LEFT, base), about, _EDGE.size, _EDGE.ink),
        Words((RIGHT - flow.length(count, _EDGE), base), count, _EDGE.size, _EDGE.ink),
    ]
    if number > 1:
        title = flow.fitted(document.title, _EDGE, WIDTH)
        sheet.marks += [
            Words((LEFT, TOP - 22), title, _EDGE.size, _EDGE.ink),
            stroke((LEFT, TOP - 14), (RIGHT, TOP - 14), LINE),
        ]


_PUT: Mapping[type[Block], Callable[..., None]] = {
    Paragraph: _put_paragraph,
    Bullets: _put_bullets,
    Table: put_table,
    LineChart: put_line_chart,
    BarChart: put_bar_chart,
}
