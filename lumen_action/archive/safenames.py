"""Names of files inside an archive: what every machine can write, and nobody can mistake for another place."""

from __future__ import annotations

import unicodedata
from pathlib import PurePath

MOST_BYTES = 4096
MOST_PARTS = 200
_MOST_PART_BYTES = 255
_NO_PARTS = {
    "..": "its name leads out of the folder",
    ".": "its name has a part that says nothing",
    "": "its name has an empty part",
}
_UNSEEN = frozenset({"Cc", "Zl", "Zp"})


def unsafe(path: str) -> str:
    """Return why a path cannot name a file inside an archive, nothing when it can."""
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return "its name is not valid UTF-8"
    if not path.isascii() or not path.isprintable():
        unseen = next((letter for letter in path if unicodedata.category(letter) in _UNSEEN), "")
        if unseen:
            return f"its name holds the control character U+{ord(unseen):04X}"
    parts = path.split("/")
    wrong = next((part for part in ("..", ".", "") if part in parts), None)
    if wrong is not None:
        return "its name is absolute" if path.startswith("/") else _NO_PARTS[wrong]
    if len(parts) > MOST_PARTS:
        return f"it lies in more than {MOST_PARTS - 1} folders"
    if len(encoded) > MOST_BYTES or any(len(part.encode()) > _MOST_PART_BYTES for part in parts):
        return "its name is too long"
    return ""


def unwritable(path: str) -> str:
    """Return why this machine would take a path for another place, nothing when it would not."""
    pure = PurePath(path)
    return "" if pure.parts == tuple(path.split("/")) and not pure.drive else "this machine takes it for another place"
