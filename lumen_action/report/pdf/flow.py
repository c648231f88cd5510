"""The pages as they fill up from the top, and the few ways of putting text there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lumen_action.report.document import Tone
from lumen_action.report.pdf.fonts import Fonts
from lumen_action.report.pdf.looks import BODY, BOTTOM, INK, LEADING, LEFT, LINK, TOP, WIDTH
from lumen_action.report.pdf.marks import Link, Mark, Place, Sheet, Words, stroke
from lumen_action.report.pdf.shapes import sign
from lumen_action.report.pdf.wrapping import fitted, wrapped


@dataclass(frozen=True)
class Type:
    """How a text looks."""

    size: float = BODY
    ink: str = INK
    bold: bool = False

    @property
    def leading(self) -> float:
        """Return how far its baselines are apart."""
        return self.size * LEADING


@dataclass(frozen=True)
class Stand:
    """How far pages were filled at some moment."""

    sheets: int
    marks: int
    y: float


@dataclass
class Flow:
    """Pages being filled: `y` is how far down the last one is taken."""

    fonts: Fonts
    sheets: list[Sheet] = field(default_factory=lambda: [Sheet()])
    y: float = TOP

    def put(self, *marks: Mark) -> None:
        """Put marks on the page that is being filled."""
        self.sheets[-1].marks.extend(marks)

    def stand(self) -> Stand:
        """Return how far the pages are filled."""
        return Stand(len(self.sheets), len(self.sheets[-1].marks), self.y)

    def back(self, stand: Stand) -> None:
        """Take away what was put since."""
        del self.sheets[stand.sheets :]
        del self.sheets[-1].marks[stand.marks :]
        self.y = stand.y

    def is_last_of(self, stand: Stand) -> bool:
        """Tell whether nothing was put on that page since."""
        return len(self.sheets[stand.sheets - 1].marks) == stand.marks

    def turn(self) -> None:
        """Begin a new page."""
        self.sheets.append(Sheet())
        self.y = TOP

    def need(self, height: float) -> bool:
        """Begin a new page where so much does not fit on this one any more; tell whether it did."""
        if self.y + height <= BOTTOM or self.y == TOP:
            return False
        self.turn()
        return True

    def gap(self, height: float) -> None:
        """Leave room, though not at the top of a page."""
        if self.y > TOP:
            self.y += height

    def length(self, text: str, kind: Type) -> float:
        """Return how long a drawable text is."""
        return self.fonts.face(bold=kind.bold).width(text, kind.size)

    def drawable(self, text: str, kind: Type) -> str:
        """Return the text in letters that there are."""
        return self.fonts.face(bold=kind.bold).drawable(text)

    def lines(self, text: str, kind: Type, width: float, most: int = 0, *, verbatim: bool = False) -> list[str]:
        """Return the text broken into lines that fit."""
        face = self.fonts.face(bold=kind.bold)
        return wrapped(face.drawable(text), width, lambda part: face.width(part, kind.size), most, verbatim=verbatim)

    def fitted(self, text: str, kind: Type, width: float) -> str:
        """Return the text on one line, cut where it is too long."""
        face = self.fonts.face(bold=kind.bold)
        return fitted(face.drawable(text), width, lambda part: face.width(part, kind.size))

    def text(
        self, text: str, kind: Type, *, tone: Tone = Tone.PLAIN, url: str = "", indent: float = 0.0, most: int = 0
    ) -> None:
        """Put a text on as many pages as it takes, with the sign of its tone before it."""
        if tone is not Tone.PLAIN:
            indent += kind.size * 1.3
        for number, line in enumerate(self.lines(text, kind, WIDTH - indent, most)):
            self.need(kind.leading)
            if number == 0:
                self.put(*sign(tone, (LEFT + indent - kind.size * 0.85, self.y + kind.leading * 0.5), kind.size * 0.4))
            self.put(*self.line(line, (LEFT + indent, self.y), kind, url))
            self.y += kind.leading

    def line(self, line: str, at: Place, kind: Type, url: str = "") -> Sequence[Mark]:
        """Return one line of text whose upper left corner is given, as a link where it leads somewhere."""
        x, y = at
        if not line:
            return []
        base = y + kind.leading * 0.5 + kind.size * 0.36
        if not url.startswith(("https://", "http://")):
            return [Words((x, base), line, kind.size, kind.ink, kind.bold)]
        length = self.length(line, kind)
        return [
            Words((x, base), line, kind.size, LINK, kind.bold),
            stroke((x, base + 1.5), (x + length, base + 1.5), LINK, 0.4),
            Link((x, y), length, kind.leading, url),
        ]
