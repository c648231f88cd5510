"""Archives: files of a day, frozen and sealed into one, kept in several places, verified there and given back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from urllib.parse import unquote

from lumen_action.errors import ConfigError, shown
from lumen_action.model import canonical

SEALED, LABEL = ".lumen", ".json"
"""What the names of the two objects of an archive end with; the label comes last and says that all is there."""
LABEL_FORMAT = 1
MOST_LABEL_BYTES = 1 << 16
LAST_MS = 253_402_300_799_999
"""The end of the year 9999, behind which no clock and no calendar goes."""
_MOST_PART_BYTES = 200
HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class ArchiveId:
    """What is frozen once: a version of a pipeline's day in a region."""

    pipeline: str
    day: str
    region: str
    version: str

    @property
    def name(self) -> str:
        """Return the name that its objects begin with in every store."""
        return "/".join(_quoted(part) for part in (self.pipeline, self.day, self.region, self.version))

    @property
    def sealed(self) -> str:
        """Return the name of the sealed archive."""
        return self.name + SEALED

    @property
    def label(self) -> str:
        """Return the name of its label."""
        return self.name + LABEL

    def __str__(self) -> str:
        """Name it to people."""
        return f"{self.pipeline} {self.day} {self.region} {self.version}"

    @classmethod
    def of(cls, pipeline: str, day: str, region: str, version: str) -> ArchiveId:
        """Return the id of parts that people wrote; a ConfigError names each that cannot stand in a name."""
        made = cls(pipeline, day, region, version)
        problems = [
            f"{item.name}: {shown(getattr(made, item.name))} cannot name an archive; write {_WANTED[item.name]}"
            for item in fields(made)
            if not _allowed(item.name, getattr(made, item.name))
        ]
        if problems:
            raise ConfigError(problems)
        return made

    @classmethod
    def of_name(cls, name: str) -> ArchiveId | None:
        """Read the name of an object back, None for one that is not ours."""
        for end in (SEALED, LABEL):
            parts = name.removesuffix(end).split("/") if name.endswith(end) else []
            if len(parts) == len(fields(cls)):
                made = cls(*map(unquote, parts))
                sound = all(_allowed(item.name, getattr(made, item.name)) for item in fields(made))
                return made if sound and made.name + end == name else None
        return None


_WANTED = {
    "pipeline": "a name of 1 to 100 letters, such as `nightly`",
    "day": "a day such as `2026-03-04`",
    "region": "a name of 1 to 100 letters, such as `eu-west-1`",
    "version": "a short name without blanks, such as `1`",
}


def _allowed(name: str, part: str) -> bool:
    if name == "day":
        return is_day(part)
    sound = part.isprintable() and part.strip() == part and 0 < len(_quoted(part).encode()) <= _MOST_PART_BYTES
    return sound and not (name == "version" and " " in part)


def is_day(text: str) -> bool:
    """Tell whether a text is a day as 2026-03-04."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _quoted(part: str) -> str:
    """Return a part of a name that every store takes, and that can be read back."""
    if not part.strip("."):
        return part.replace(".", "%2E")
    return "".join(letter if letter.isalnum() or letter in "-_." else _percent(letter) for letter in part)


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode(errors="surrogatepass"))


@dataclass(frozen=True)
class Label:
    """What everybody may know of a sealed archive; it stands beside it and names none of its files.

    `root` is the head of the RFC 6962 tree over the lines of the manifest: equal files, equal root. `mac` proves to
    whoever holds the key that the label was made with it.
    """

    id: ArchiveId
    frozen_at_ms: int
    size: int
    sha256: str
    key_id: str
    root: str
    files: int
    content_bytes: int
    run: str = ""
    trace_id: str = ""
    checkpoint: str = ""
    tool: str = ""
    mac: str = ""

    @property
    def stated(self) -> bytes:
        """Return the bytes that `mac` is over."""
        return canonical(_plain(self, without="mac"))

    def encode(self) -> bytes:
        """Return the bytes that stand beside the archive."""
        return canonical(_plain(self)) + b"\n"

    @classmethod
    def decode(cls, encoded: bytes) -> Label:
        """Read a label; a ValueError says that it is none."""
        try:
            said = json.loads(encoded)
        except RecursionError:
            raise ValueError("not a label: it is nested too deep") from None
        if not isinstance(said, dict) or said.pop("format", None) != LABEL_FORMAT:
            raise ValueError(f"not a label of format {LABEL_FORMAT}; update lumen-sli-action")
        try:
            name = ArchiveId.of_name(f"{said.pop('name')}{LABEL}")
            made = cls(id=name, **said)  # type: ignore[arg-type]
        except (KeyError, TypeError, AttributeError) as fault:
            raise ValueError(f"not a label: {fault!r}") from fault
        numbers = (made.frozen_at_ms, made.size, made.files, made.content_bytes)
        words = (made.key_id, made.run, made.trace_id, made.checkpoint, made.tool, made.mac)
        if not name or not all(type(each) is int and each >= 0 for each in numbers) or made.frozen_at_ms > LAST_MS:
            raise ValueError("not a label: a name or a number in it is wrong")
        # Half a letter, as JSON can name it, could not be written again.
        if not all(isinstance(each, str) and each == each.encode(errors="replace").decode() for each in words):
            raise ValueError("not a label: a word in it is wrong")
        if not all(isinstance(each, str) and HEX.fullmatch(each) for each in (made.sha256, made.root)):
            raise ValueError("not a label: a hash in it is wrong")
        return made


def _plain(label: Label, without: str = "") -> dict[str, Any]:
    told = {item.name: getattr(label, item.name) for item in fields(label) if item.name not in ("id", without)}
    return {"format": LABEL_FORMAT, "name": label.id.name, **told}
