"""A report as one self-contained HTML page: the answer first, nothing loaded, nothing run."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lumen_action.report.document import (
    BarChart,
    Block,
    Bullets,
    Cell,
    Document,
    LineChart,
    Paragraph,
    Section,
    Table,
    Tone,
)
from lumen_action.report.style import SIGNS
from lumen_action.report.web.charts import drawing, numbers, shows
from lumen_action.report.web.shell import link, text, whole
from lumen_action.report.web.style import STYLE

INDEX = "index.html"
_TITLE = 200
_CELL = 1000
_PROSE = 4000
_FEW_COLUMNS = 3
_SPARSE = 4
_LONG_WORD = 24
_SHORT = 12
_BEFORE_PERCENT = re.compile("(?<=[0-9]) (?=%)")


def render(document: Document) -> str:
    """Return the page; every word of the document is shown as text."""
    labels = document.labels
    sections = "".join(_section(section, labels) for section in document.sections)
    body = (
        f'<a class="skip" href="#content">{text(labels["skip_to_content"])}</a>\n'
        f'<header>\n<p class="up"><a href="{INDEX}">{text(labels["all_reports"])}</a></p>\n'
        f'<h1>{text(document.title, _TITLE)}</h1>\n<p class="soft">{text(document.subtitle, _TITLE)}</p>\n'
        f'{_answer(document.answer)}</header>\n<div class="columns">\n{_contents(document.sections, labels)}'
        f'<main id="content" tabindex="-1">\n{sections}</main>\n</div>\n'
        f'<footer>\n<p>{text(document.footnote, _PROSE)}</p>\n<p class="soft">{text(document.made, _TITLE)}</p>\n'
        "</footer>\n"
    )
    return whole(document.language, document.title, STYLE, body)


def sign(tone: Tone) -> str:
    """Return what stands beside a colour; the words behind it say the same, so it is not read aloud."""
    shown = SIGNS.get(tone.value, "")
    return f'<span class="sign" aria-hidden="true">{shown}\u00a0</span>' if shown else ""


def _answer(answer: Paragraph) -> str:
    return f'<p class="answer {answer.tone.value}">{sign(answer.tone)}<span>{_prose(answer.text)}</span></p>\n'


def _contents(sections: tuple[Section, ...], labels: Mapping[str, str]) -> str:
    entries = "".join(
        f'<li><a href="#{text(section.anchor)}">{text(section.title, _TITLE)}</a></li>\n' for section in sections
    )
    return (
        f'<nav aria-labelledby="contents">\n<h2 id="contents">{text(labels["contents"])}</h2>\n'
        f"<ol>\n{entries}</ol>\n</nav>\n"
    )


def _prose(words: str) -> str:
    # A percent sign alone at the begin of a line is hard to read.
    return _BEFORE_PERCENT.sub("\u00a0", text(words, _PROSE))


def _section(section: Section, labels: Mapping[str, str]) -> str:
    anchor = text(section.anchor)
    blocks = "".join(
        _block(block, f"{anchor}-{index}", section.title, labels) for index, block in enumerate(section.blocks)
    )
    return (
        f'<section id="{anchor}" aria-labelledby="{anchor}-title">\n'
        f'<h2 id="{anchor}-title">{text(section.title, _TITLE)}</h2>\n{blocks}</section>\n'
    )


def _block(block: Block, key: str, section: str, labels: Mapping[str, str]) -> str:
    if isinstance(block, Paragraph):
        note = "" if block.tone is Tone.PLAIN else f"note {block.tone.value}"
        return f"<p{_class(note)}>{sign(block.tone)}{_prose(block.text)}</p>\n"
    if isinstance(block, Bullets):
        items = "".join(
            f"<li{_class('' if item.tone is Tone.PLAIN else 'toned')}>{_cell(item, labels)}</li>\n"
            for item in block.items
        )
        return f'<ul class="bullets">\n{items}</ul>\n'
    if isinstance(block, Table):
        return f'<div class="panel">{_table(block, section, labels)}</div>\n'
    return _figure(block, key, section, labels)


def _figure(chart: LineChart | BarChart, key: str, section: str, labels: Mapping[str, str]) -> str:
    title = text(chart.title, _TITLE)
    same = " unseen" if chart.title == section else ""
    drawn = drawing(chart, key) if shows(chart) else f'<p class="nothing">{text(chart.says, _PROSE)}</p>\n'
    return (
        f'<figure class="panel">\n<figcaption class="name{same}">{title}</figcaption>\n{drawn}'
        f'<details><summary>{text(labels["as_table"])}<span class="unseen">: {title}</span></summary>\n'
        f"{_table(numbers(chart), chart.title, labels)}</details>\n</figure>\n"
    )


def _table(table: Table, known: str, labels: Mapping[str, str]) -> str:
    columns = list(zip(*table.rows, strict=True))
    counts = [any(cell.number for cell in column) for column in columns] or [False] * len(table.head)
    heads = "".join(
        f'<th role="columnheader" scope="col"{_class("num" if number else "")}>{text(head, _TITLE)}</th>'
        if head
        else '<td role="cell"></td>'
        for head, number in zip(table.head, counts, strict=True)
    )
    rows = "".join(_row(row, table.head, counts, labels) for row in table.rows)
    apart = len(table.head) > _FEW_COLUMNS or any(cell.code for row in table.rows for cell in row)
    sparse = 1 < len(table.head) <= _SPARSE and all(cell.number for row in table.rows for cell in row[1:])
    looks = " ".join(name for name, so in (("apart", apart), ("sparse", sparse)) if so)
    same = _class("unseen" if table.caption == known else "")
    # A phone's style takes a table apart, and with it what a screen reader knows of it: the roles keep that.
    return (
        f'<table role="table"{_class(looks)}>\n<caption{same}>{text(table.caption, _TITLE)}</caption>\n'
        f'<thead role="rowgroup">\n<tr role="row">{heads}</tr>\n</thead>\n'
        f'<tbody role="rowgroup">\n{rows}</tbody>\n</table>\n'
    )


def _row(row: tuple[Cell, ...], head: tuple[str, ...], counts: list[bool], labels: Mapping[str, str]) -> str:
    first, *others = row
    cells = "".join(
        f'<td role="cell" class="{_kind(cell, number)}" data-label="{text(name, _TITLE)}">{_cell(cell, labels)}</td>'
        for cell, name, number in zip(others, head[1:], counts[1:], strict=True)
    )
    name = f'<th role="rowheader" scope="row" class="{_kind(first, counts[0])}">{_cell(first, labels)}</th>'
    return f'<tr role="row">{name}{cells}</tr>\n'


def _kind(cell: Cell, number: bool) -> str:  # noqa: FBT001 - what its column holds
    words = cell.text.split()
    # A number stays on one line, so what is no number in its place must not.
    if cell.code or any(len(word) > _LONG_WORD for word in ([cell.text] if number else words)):
        return "long"
    if number:
        return "num"
    return "short" if len(words) == 1 or len(cell.text) <= _SHORT else "words"


def _cell(cell: Cell, labels: Mapping[str, str]) -> str:
    shown = text(cell.text or (labels["opens_run"] if cell.url else ""), _CELL)
    if not shown:
        return f'<span aria-hidden="true">-</span><span class="unseen">{text(labels["no_value"])}</span>'
    if cell.code:
        shown = f"<code>{shown}</code>"
    if cell.url:
        shown = link(shown, cell.url)
    if cell.tone is Tone.PLAIN:
        return shown
    return f'<span class="tag {cell.tone.value}">{sign(cell.tone)}{shown}</span>'


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""
