"""What a reader finds in a PDF file, and the font with Hangul that tests write them with."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

from lumen_action.report.pdf.fonts import Fonts, find

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from unpacked import MissingProgramError

_UNPACKED = Path(__file__).resolve().parents[2] / ".tools" / "debian" / "fonts-nanum"
_PLACE = "usr/share/fonts/truetype/nanum/NanumGothic.ttf"


def nanum() -> Path:
    """Find the font."""
    found = next((root / _PLACE for root in (_UNPACKED, Path("/")) if (root / _PLACE).is_file()), None)
    if found is None:
        raise MissingProgramError("NanumGothic.ttf is missing: run `python3 tools/debian.py fonts-nanum`")
    return found


@cache
def hangul() -> Fonts:
    """Return the font with Hangul."""
    return find(str(nanum()))


@cache
def latin() -> Fonts:
    """Return the font of a machine that has none."""
    return find("", [])


@dataclass(frozen=True)
class Picture:
    """A page as dots."""

    width: int
    height: int
    rows: tuple[bytes, ...]
    """One byte a dot: 255 is white."""

    def is_white(self, left: int, top: int, right: int, bottom: int) -> bool:
        """Tell whether nothing is drawn there."""
        return all(row[left:right].strip(b"\xff") == b"" for row in self.rows[top:bottom])


class Pdf:
    """A file as PDFium, the reader in Chromium, sees it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._file = pdfium.PdfDocument(content)
        self.metadata = {name: value for name, value in self._file.get_metadata_dict().items() if value}
        self.sizes = [page.get_size() for page in self._file]
        self.texts = [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in self._file]

    @property
    def body(self) -> str:
        """The text of all pages without what stands at their edges, which a page says last: on the first one line."""
        lines = [text.rstrip("\n").split("\n") for text in self.texts]
        return "\n".join(line for number, page in enumerate(lines) for line in page[: -2 if number else -1])

    @property
    def outline(self) -> list[tuple[str, int]]:
        """The bookmarks, each with the page it leads to."""
        return [(entry.get_title(), entry.get_dest().get_index() or 0) for entry in self._file.get_toc()]

    @property
    def language(self) -> str:
        found = re.search(rb"/Lang \(([^)]*)\)", self.content)
        return found.group(1).decode() if found else ""

    @property
    def links(self) -> list[str]:
        """The addresses that a click leads to."""
        return [address for page in self._file for address in self._links(page)]

    def _links(self, page: pdfium.PdfPage) -> Iterator[str]:
        for number in range(raw.FPDFPage_GetAnnotCount(page)):
            link = raw.FPDFAnnot_GetLink(raw.FPDFPage_GetAnnot(page, number))
            action = raw.FPDFLink_GetAction(link)
            address = ctypes.create_string_buffer(raw.FPDFAction_GetURIPath(self._file, action, None, 0))
            raw.FPDFAction_GetURIPath(self._file, action, address, len(address))
            yield address.value.decode()

    def picture(self, number: int) -> Picture:
        """Return a page drawn at 72 dots an inch."""
        bitmap = self._file[number].render(scale=1, grayscale=True)
        content, stride = bytes(bitmap.buffer), bitmap.stride
        rows = tuple(content[row * stride : row * stride + bitmap.width] for row in range(bitmap.height))
        return Picture(bitmap.width, bitmap.height, rows)


def squeezed(text: str) -> str:
    """Return the text without blanks."""
    return "".join(text.split())
