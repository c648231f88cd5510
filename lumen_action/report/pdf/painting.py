"""Write pages as a PDF file: the same bytes for the same pages, with nothing of the machine or the moment in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote

from lumen_action.report.pdf.fonts import Fonts
from lumen_action.report.pdf.looks import PAGE_HEIGHT, PAGE_WIDTH
from lumen_action.report.pdf.marks import Bookmark, Circle, Link, Mark, Path, Sheet, Words

MADE_BY = "Lumen SLI Action"
# An address in a file is ASCII; what is one already stays as it is.
_AS_THEY_ARE = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}"


@dataclass(frozen=True)
class Facts:
    """What a reader shows of a file that is not open."""

    title: str
    subject: str
    language: str


def painted(sheets: Sequence[Sheet], facts: Facts, fonts: Fonts) -> bytes:
    """Return the file."""
    from reportlab.pdfgen.canvas import Canvas

    file = BytesIO()
    canvas = Canvas(
        file,
        pagesize=(PAGE_WIDTH, PAGE_HEIGHT),
        invariant=1,
        pageCompression=1,
        initialFontName=fonts.regular.name,
        lang=facts.language,
    )
    canvas.setTitle(facts.title)
    canvas.setSubject(facts.subject)
    canvas.setAuthor(MADE_BY)
    canvas.setCreator(MADE_BY)
    canvas.setViewerPreference("DisplayDocTitle", "true")
    for sheet in sheets:
        for mark in sheet.marks:
            _PAINT[type(mark)](canvas, mark, fonts)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _words(canvas: Any, mark: Words, fonts: Fonts) -> None:  # noqa: ANN401 - reportlab has no types
    face, (x, y) = fonts.face(bold=mark.bold), mark.at
    canvas.setFillColorRGB(*_rgb(mark.ink))
    for name, part in face.runs(mark.text):
        canvas.setFont(name, mark.size)
        canvas.drawString(x, PAGE_HEIGHT - y, part)
        x += face.width(part, mark.size)


def _path(canvas: Any, mark: Path, _fonts: Fonts) -> None:  # noqa: ANN401 - reportlab has no types
    _ready(canvas, mark)
    canvas.setDash(*([list(mark.dash)] if mark.dash else []))
    path = canvas.beginPath()
    for number, (x, y) in enumerate(mark.places):
        (path.lineTo if number else path.moveTo)(x, PAGE_HEIGHT - y)
    canvas.drawPath(path, stroke=int(bool(mark.ink)), fill=int(bool(mark.fill)))


def _circle(canvas: Any, mark: Circle, _fonts: Fonts) -> None:  # noqa: ANN401 - reportlab has no types
    _ready(canvas, mark)
    canvas.setDash()
    x, y = mark.at
    canvas.circle(x, PAGE_HEIGHT - y, mark.radius, stroke=int(bool(mark.ink)), fill=int(bool(mark.fill)))


def _link(canvas: Any, mark: Link, _fonts: Fonts) -> None:  # noqa: ANN401 - reportlab has no types
    x, y = mark.at
    canvas.linkURL(
        quote(mark.url, safe=_AS_THEY_ARE), (x, PAGE_HEIGHT - y - mark.height, x + mark.width, PAGE_HEIGHT - y)
    )


def _bookmark(canvas: Any, mark: Bookmark, _fonts: Fonts) -> None:  # noqa: ANN401 - reportlab has no types
    canvas.bookmarkHorizontal(mark.name, 0, PAGE_HEIGHT - mark.y)
    canvas.addOutlineEntry(mark.title, mark.name, 0, 0)


_PAINT: Mapping[type[Mark], Callable[..., None]] = {
    Words: _words,
    Path: _path,
    Circle: _circle,
    Link: _link,
    Bookmark: _bookmark,
}


def _ready(canvas: Any, mark: Path | Circle) -> None:  # noqa: ANN401 - reportlab has no types
    if mark.fill:
        canvas.setFillColorRGB(*_rgb(mark.fill))
    if mark.ink:
        canvas.setStrokeColorRGB(*_rgb(mark.ink))
        canvas.setLineWidth(mark.width)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
