"""Foreign text as Markdown that neither pings, links, hides nor executes."""

from __future__ import annotations

import re

_SPACES = re.compile(r"\s+")
_LINE_ENDS = re.compile("\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# They reorder what the eye reads, so they are named instead of obeyed.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# Controls and what Unicode lets a font leave out: nothing of it can be read, so nothing is lost.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)

# GitHub looks for these after rendering, when no escape is left to see: only a break between two characters stops it.
_BREAK = "\u200b"
_REFERENCES = re.compile(
    r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=gh)(?=-\d)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=:)(?=[\w+-]{1,40}:)", re.IGNORECASE
)
# An entity is never structure, not even where a backslash would not help: in a table, at a line's start, in a link.
_ENTITIES = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>|`[]*~\\#@$" + _BREAK})
# Between letters an underscore is only that, and names of classes stay readable.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_LINE_START = re.compile(r"^(?:(?P<sign>[-+=])|(?P<number>[0-9]+)(?P<dot>[.)]))")

_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_TICKS = re.compile("`+")
_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#].*)?", re.IGNORECASE)
_NOT_IN_ADDRESS = re.compile(r"[^A-Za-z0-9\-._~:/?#@!$+,=%&\[\]]")
_LONGEST_ADDRESS = 2000

LIMIT = 500


def clip(text: str, limit: int) -> str:
    """Cut a text to a number of bytes, between two characters, and show that it was cut."""
    # No character is shorter than a byte, so what lies beyond cannot matter.
    encoded = text[: limit + 1].encode(errors="replace")
    if len(encoded) <= limit:
        return text
    kept = encoded[: max(0, limit - len("…".encode()))].decode(errors="ignore").rstrip()
    return f"{kept}…" if limit >= len("…".encode()) else ""


def visible(text: str) -> str:
    """Return one line without what cannot be seen, naming what would turn the reading direction."""
    return _shown(_SPACES.sub(" ", text)).strip()


def plain(text: str, limit: int = LIMIT) -> str:
    """Return one line of prose that means nothing but itself, anywhere in a document or a table."""
    return _prose_start(_escaped(clip(visible(text), limit)))


def cell(text: str, limit: int = LIMIT) -> str:
    """Return the text for a table cell; a hyphen where there is nothing to say."""
    return plain(text, limit) or "-"


def prose(text: str, limit: int = LIMIT) -> str:
    """Return one line in which only `code` keeps its form."""
    pieces = _CODE.split(clip(visible(text), limit))
    return _prose_start("".join(code(piece) if index % 2 else _escaped(piece) for index, piece in enumerate(pieces)))


def code(text: str, limit: int = LIMIT) -> str:
    """Return inline code whose end the text cannot reach; not for tables, which split at every bar."""
    line = clip(visible(text), limit)
    if not line:
        return ""
    ticks = "`" * (max(map(len, _TICKS.findall(line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{space}{line}{space}{ticks}"


def fence(text: str, info: str = "text") -> str:
    """Return a code block that no line of the text can close."""
    lines = [_shown(line.expandtabs(4)).rstrip() for line in _LINE_ENDS.split(text)]
    body = "\n".join(lines)
    ticks = "`" * max(3, max(map(len, _TICKS.findall(body)), default=0) + 1)
    return f"{ticks}{info}\n{body}\n{ticks}"


def link(text: str, url: str, limit: int = 80) -> str:
    """Return a link to a web address; the text alone when it is none or carries a name and password."""
    label, target = plain(text, limit), address(url)
    return f"[{label}]({target.replace('&', '&amp;')})" if label and target else label


def address(url: str) -> str:
    """Return a web address without any character that needs a quote; nothing when it is none or carries a password."""
    safe = len(url) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(url)
    return _NOT_IN_ADDRESS.sub(_percent, url) if safe else ""


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode(errors="replace"))


def _shown(text: str) -> str:
    named = _DIRECTIONS.sub(lambda match: f"[U+{ord(match[0]):04X}]", text)
    return _UNSEEN.sub("", _SURROGATES.sub("\ufffd", named))


def _escaped(line: str) -> str:
    return _EMPHASIS.sub("&#95;", _REFERENCES.sub(_BREAK, line).translate(_ENTITIES))


def _prose_start(line: str) -> str:
    return _LINE_START.sub(_without_meaning, line)


def _without_meaning(match: re.Match[str]) -> str:
    sign = match["sign"] or match["dot"]
    return f"{match['number'] or ''}&#{ord(sign)};"
