"""A report as Markdown: for a job summary, a file, and whoever reads with ears; charts are sentences and small bars."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import ceil

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
from lumen_action.report.words import words_of
from lumen_action.summary.markdown import cell, link, plain

_SENTENCE = 4000
_NAME = 200
_SIGNS = {Tone.GOOD: "✅", Tone.WARN: "⚠️", Tone.BAD: "❌", Tone.IDLE: "⚪", Tone.PLAIN: ""}
_NUMBER = re.compile(r"[-+]?[0-9][0-9,.]*(?: %)?", re.ASCII)
_LEVELS = "▁▂▃▄▅▆▇█"
# A row of blocks that is longer than this no line holds.
_MOST_BLOCKS = 62


def render(document: Document, room_bytes: int) -> str:
    """Return the report in at most so many bytes, without the last sections where they do not fit; they are named.

    Nothing is returned where there is no room even for the first sentence.
    """
    head, foot = _head(document), _foot(document)
    sections = [_section(section) for section in document.sections]
    for kept in range(len(sections), -1, -1):
        left_out = [section.title for section in document.sections[kept:]]
        text = "\n\n".join([head, *sections[:kept], *_told(left_out, document.language), foot]) + "\n"
        if len(text.encode()) <= room_bytes:
            return text
    return ""


def _head(document: Document) -> str:
    return "\n\n".join(
        [f"# {plain(document.title, _NAME)}", plain(document.subtitle, _NAME), f"**{_paragraph(document.answer)}**"]
    )


def _foot(document: Document) -> str:
    return plain(" ".join(filter(None, (document.made, document.footnote))), _SENTENCE)


def _told(left_out: Sequence[str], language: str) -> list[str]:
    if not left_out:
        return []
    words = words_of(language)
    return [plain(words.say("cut", sections=words.listed(list(left_out))), _SENTENCE)]


def _section(section: Section) -> str:
    blocks = (_block(block) for block in section.blocks)
    return "\n\n".join([f"## {plain(section.title, _NAME)}", *filter(None, blocks)])


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _paragraph(block)
    if isinstance(block, Bullets):
        return "\n".join(f"- {_cell(item)}" for item in block.items)
    if isinstance(block, Table):
        return _table(block)
    return "\n".join([f"**{plain(block.title, _NAME)}**: {plain(block.says, _SENTENCE)}", *_rows(block)])


def _paragraph(paragraph: Paragraph) -> str:
    return " ".join(filter(None, (_SIGNS[paragraph.tone], plain(paragraph.text, _SENTENCE))))


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    numbers = [any(each.number for each in column) for column in zip(*table.rows, strict=True)]
    lines = [
        [cell(name, _NAME) for name in table.head],
        ["--:" if number else "---" for number in numbers],
        *([_cell(each) for each in row] for row in table.rows),
    ]
    return "\n".join([f"{plain(table.caption, _NAME)}:", "", *(f"| {' | '.join(line)} |" for line in lines)])


def _cell(shown: Cell) -> str:
    if shown.number and _NUMBER.fullmatch(shown.text):
        # Within a table it means nothing, and an escaped point is hard to read in the file.
        return shown.text
    return (link(shown.text, shown.url, _NAME) if shown.url else "") or cell(shown.text)


def _rows(chart: LineChart | BarChart) -> Iterator[str]:
    """Yield a row of blocks for each line, or stack with anything in it, as high as its values are."""
    if isinstance(chart, LineChart):
        named: list[tuple[str, Sequence[float | None]]] = [(line.name, line.values) for line in chart.lines]
        low = min([0.0, *(value for _, values in named for value in values if value is not None)])
    else:
        named, low = [(stack.name, stack.values) for stack in chart.stacks if any(stack.values)], 0.0
    reach = chart.reach if isinstance(chart, BarChart) else 0
    high = max([low + 1, reach, *(value for _, values in named for value in values if value is not None)])
    for name, values in named:
        if len(values) <= _MOST_BLOCKS:
            yield f"\n`{''.join(_level(value, low, high) for value in values)}` {plain(name, _NAME)}"


def _level(value: float | None, low: float, high: float) -> str:
    if value is None:
        return "·"
    # One failure among hundreds of runs has to be seen.
    return _LEVELS[ceil((value - low) / (high - low) * (len(_LEVELS) - 1))]
