"""Which font goes into the file: always a whole TrueType font of this machine, never a name the reader has to know."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.report.pdf.letters import drawable, lacking

# Those with Hangul and TrueType outlines, best first.
KNOWN = ("NanumGothic.ttf", "NanumBarunGothic.ttf", "malgun.ttf", "AppleGothic.ttf", "UnDotum.ttf", "Arial Unicode.ttf")
FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts"),
    Path("~/.fonts"),
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
    Path("~/Library/Fonts"),
    Path("C:/Windows/Fonts"),
)
_BOLD = ("Bold", "-Bold", "bd", "Bd")
_FIX = "install one (Debian, Ubuntu: apt-get install fonts-nanum) or name a TrueType file with pdf-font"


@dataclass(frozen=True)
class Face:
    """One font, as reportlab knows it by name; `widths` are those of the letters it has, in thousandths."""

    name: str
    widths: Mapping[int, float]
    backslash: str = ""
    """The font to take this one letter from: those with Hangul have the sign of a currency in its place."""

    def shows(self, letter: str) -> bool:
        """Tell whether the font has this letter."""
        return ord(letter) in self.widths

    def width(self, text: str, size: float) -> float:
        """Return how long a line of letters that it has is, in points."""
        widths = self.widths
        return sum(widths[ord(letter)] for letter in text) * size / 1000

    def runs(self, text: str) -> list[tuple[str, str]]:
        """Return the text in parts, each with the name of its font."""
        if not self.backslash or "\\" not in text:
            return [(self.name, text)]
        parts = re.split(r"(\\+)", text)
        return [(self.backslash if part[0] == "\\" else self.name, part) for part in parts if part]

    def drawable(self, text: str) -> str:
        """Return the text in letters of this font."""
        return drawable(text, self.shows)


@dataclass(frozen=True)
class Fonts:
    """A font for text and one for what is strong, which may be the same."""

    regular: Face
    bold: Face

    def face(self, *, bold: bool) -> Face:
        """Return one of the two."""
        return self.bold if bold else self.regular

    @property
    def korean(self) -> bool:
        """Tell whether Korean can be written."""
        return all(map(self.regular.shows, "가힣"))

    def require(self, language: str) -> None:
        """Raise a ConfigError where the words of a language cannot be shown."""
        if language == "ko" and not self.korean:
            raise ConfigError(f"report.pdf-font: a Korean PDF needs a font that has Hangul; {_FIX}")

    def warning(self, texts: Iterable[str]) -> str:
        """Return a sentence on letters that will be shown by their number, empty where there are none."""
        missing = sorted(set().union(*(lacking(text, self.regular.shows) for text in texts)))
        if not missing:
            return ""
        some = ", ".join(f"U+{ord(letter):04X}" for letter in missing[:5]) + (", ..." if missing[5:] else "")
        hint = "" if self.korean else f" To have Hangul too, {_FIX}."
        letters = "1 letter" if len(missing) == 1 else f"{len(missing)} letters"
        return f"The PDF shows {letters} by number, which its font lacks: {some}.{hint}"


def find(given: str, folders: Sequence[Path] = FOLDERS) -> Fonts:
    """Return the font that was named, else one with Hangul that is installed, else the Latin one of reportlab."""
    try:
        return _found(given, folders)
    except ModuleNotFoundError as fault:
        raise ConfigError("report: a PDF needs reportlab; install lumen-sli-action[report]") from fault
    except ImportError as fault:
        # It could not be prepared on this machine, such as when no package index answers: nobody's wrong input.
        raise RemoteError(f"report: a PDF needs reportlab, which cannot be loaded. {fault}") from fault


def _found(given: str, folders: Sequence[Path]) -> Fonts:
    if given:
        return _load(Path(given).expanduser())
    for file in _installed(folders):
        try:
            return _load(file)
        except ConfigError:
            continue
    return _load(_latin())


def _installed(folders: Sequence[Path]) -> Iterator[Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        for place, names, files in os.walk(folder.expanduser()):
            names.sort()
            for file in set(KNOWN).intersection(files):
                found.setdefault(file, Path(place, file))
    yield from (found[name] for name in KNOWN if name in found)


def _latin() -> Path:
    import reportlab

    return Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"


def _load(file: Path) -> Fonts:
    regular = _face(file)
    base = re.sub("-?Regular$", "", file.stem)
    for strong in (file.with_name(f"{base}{ending}{file.suffix}") for ending in _BOLD):
        if strong.is_file():
            try:
                bold = Fonts(_face(strong), regular)
            except ConfigError:
                continue
            if bold.korean or not Fonts(regular, regular).korean:
                return Fonts(regular, bold.regular)
    return Fonts(regular, regular)


def _face(file: Path) -> Face:
    """Make a font known to reportlab under a name that tells its content."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    try:
        content = file.read_bytes()
    except OSError as fault:
        raise ConfigError(f"report.pdf-font: {file} cannot be read ({fault.strerror}); {_FIX}") from None
    if content[:4] == b"OTTO":
        raise ConfigError(
            f"report.pdf-font: {file} has PostScript outlines (OpenType CFF), which cannot be put into the PDF; {_FIX}"
        )
    name = f"lumen-{hashlib.sha256(content).hexdigest()[:16]}"
    if name not in pdfmetrics.getRegisteredFontNames():
        try:
            pdfmetrics.registerFont(TTFont(name, str(file)))
        except Exception as fault:  # noqa: BLE001 - reportlab fails on a damaged font with whatever comes up
            raise ConfigError(
                f"report.pdf-font: {file} is no TrueType font that can be used ({fault}); {_FIX}"
            ) from None
    face = pdfmetrics.getFont(name).face
    widths = {code: face.charWidths.get(code, face.defaultWidth) for code, glyph in face.charToGlyph.items() if glyph}
    if ord("가") in widths:
        latin = _face(_latin())
        return Face(name, {**widths, ord("\\"): latin.widths[ord("\\")]}, latin.name)
    return Face(name, widths)
