"""Who owns a file, by CODEOWNERS; the last rule that matches wins, in GitLab's files the last of every section."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")

_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_SECTION = re.compile(r"\^?\[(?P<name>[^\[\]]+)\](?:\[\d+\])?(?P<owners>(?:\s.*)?)")
_PERSON = re.compile(r"@([A-Za-z0-9_][A-Za-z0-9_.-]{0,99})")
# What GitHub does not take from .gitignore; a line with one of these means nothing.
_INVALID = re.compile(r"!|\\#|.*(?:\[|\]|\*\*\*)")

# Each run of stars multiplies the ways in which a path may match.
_MOST_STARS = 5

# Where runners put the repository.
_CHECKOUT = re.compile(
    r"^(?:/home/runner/work/[^/]+/[^/]+/|/Users/runner/work/[^/]+/[^/]+/|[A-Za-z]:/a/[^/]+/[^/]+/|/__w/[^/]+/[^/]+/"
    r"|/github/workspace/|/builds/[^/]+/[^/]+/|\./)"
)
_PATH = r"(?:[A-Za-z]:[\\/])?(?:[\w.@+-]*[\\/]){0,40}[\w@+-][\w.@+-]{0,100}\.[A-Za-z]\w{0,9}"
_PLACED = re.compile(rf"(?<![\w./\\-])({_PATH})(?=:\d|\(\d|::|[\"'],? line \d)")


@dataclass(frozen=True)
class Rule:
    """One line: the files it is about, and their owners as they are written."""

    pattern: re.Pattern[str]
    owners: tuple[str, ...]


@dataclass(frozen=True)
class CodeOwners:
    """The rules of a file, section by section."""

    sections: tuple[tuple[Rule, ...], ...]

    @classmethod
    def parse(cls, text: str) -> CodeOwners:
        """Read a file; a line that GitHub would not take is left out."""
        section: list[Rule] = []
        # Headers of one name, whatever its letters' case, are one section.
        sections: dict[str, list[Rule]] = {"": section}
        defaults: tuple[str, ...] = ()
        for line in map(_without_comment, text.splitlines()):
            header = _SECTION.fullmatch(line)
            if header:
                section = sections.setdefault(header["name"].strip().casefold(), [])
                defaults = tuple(_WORD.findall(header["owners"]))
                continue
            pattern, *owners = _WORD.findall(line) or [""]
            if pattern and not _INVALID.match(pattern) and len(re.findall(r"\*+", pattern)) <= _MOST_STARS:
                section.append(Rule(re.compile(_expression(pattern)), tuple(owners) or defaults))
        return cls(tuple(map(tuple, sections.values())))

    def owners(self, path: str) -> tuple[str, ...]:
        """Return the owners of a file, as written; none when its last rule names none."""
        found: dict[str, None] = {}
        for section in self.sections:
            last = next((rule for rule in reversed(section) if rule.pattern.fullmatch(path)), None)
            found.update(dict.fromkeys(last.owners if last else ()))
        return tuple(found)


def people(owners: Sequence[str]) -> tuple[str, ...]:
    """Return the owners that a ticket can be assigned to: neither teams nor addresses."""
    return tuple(found[1] for found in map(_PERSON.fullmatch, owners) if found)


def path_in(evidence: str) -> str:
    """Return the file of the repository that a line of a log places an error in; nothing when it names none."""
    for found in _PLACED.finditer(evidence):
        path = _CHECKOUT.sub("", found[1].replace("\\", "/"))
        if not path.startswith("/") and not re.match(r"[A-Za-z]:/", path) and ".." not in path.split("/"):
            return path
    return ""


def _without_comment(line: str) -> str:
    return re.sub(r"(?:^|\s)#.*", "", line).strip()


def _expression(pattern: str) -> str:
    """Translate a pattern; `*` stays within a folder, `**` does not, and a folder means all that is in it."""
    anchored = "/" in pattern.rstrip("/")
    parts = pattern.strip("/").split("/")
    if pattern.endswith("/"):
        parts.append("**")
    if not anchored and parts[0] != "**":
        parts.insert(0, "**")
    last = len(parts) - 1
    written = ""
    for number, part in enumerate(parts):
        if part == "**":
            written += ".+" if number == last else "(?:.+/)?"
        else:
            written += "[^/]+" if part == "*" else _segment(part)
            written += "/" if number < last else ""
    # A bare `*` after a folder means its files only; any other name may be a folder's.
    below = parts[last] == "**" or (parts[last] == "*" and anchored)
    return written if below else rf"{written}(?:/.*)?"


def _segment(part: str) -> str:
    pieces = re.findall(r"\\.|.", part)
    wild = {"*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(piece) or re.escape(piece[-1]) for piece in pieces)
