"""`{{ name }}` in the texts of a runbook, and the forms in which a value may stand for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from urllib.parse import quote

from lumen_action.errors import ConfigError

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PLACEHOLDER = re.compile(r"\{\{\s*([a-z][a-z0-9_]{0,39})\s*\}\}")
_BRACES = re.compile(r"\{\{.*?(?:\}\}|\Z)", re.DOTALL)
_ELSEWHERE = frozenset({"", ".", ".."})
_KEPT = 200


def names_in(text: str) -> Iterator[str]:
    """Yield the names that a text asks for."""
    yield from (match[1] for match in _PLACEHOLDER.finditer(text))


def asks(text: str) -> bool:
    """Tell whether something is filled into a text."""
    return _PLACEHOLDER.search(text) is not None


def malformed(text: str) -> str:
    """Return the first pair of braces that holds no name, nothing where all do."""
    return next((found[0] for found in _BRACES.finditer(text) if not _PLACEHOLDER.fullmatch(found[0])), "")


def filled(text: str, values: Mapping[str, str], form: Callable[[str], str] = str) -> str:
    """Return a text with values for names, each in the form that its place needs; what is filled in is not read again.

    A KeyError names what has no value.
    """
    return _PLACEHOLDER.sub(lambda match: form(values[match[1]]), text)


def in_url(text: str, values: Mapping[str, str]) -> str:
    """Return an address with values in it: whole where it begins with one, so that none leads to another host.

    What is filled in behind that stays one part of the path: none becomes empty, `.` or `..`, which lead elsewhere.
    """
    first = _PLACEHOLDER.match(text)
    start = filled(first[0], values) if first else ""
    rest = text[first.end() if first else 0 :]
    for part in re.split(r"[/?#]", rest):
        name, value = next(names_in(part), ""), filled(part, values)
        if name and value in _ELSEWHERE:
            raise ConfigError(f"{name}: {f'`{value}`' if value else 'nothing'} as a part of an address leads elsewhere")
    return start + filled(rest, values, lambda value: quote(value, safe=""))


def in_json(text: str, values: Mapping[str, str]) -> str:
    """Return JSON with values inside its texts."""
    return filled(text, values, lambda value: json.dumps(value)[1:-1])


def as_word(text: str, values: Mapping[str, str], trusted: Collection[str]) -> str:
    """Return one word of a command line; what a step printed must not become an option, nor end a word.

    `trusted` are the inputs, which were held against their patterns.
    """
    word = filled(text, values)
    strange = next((name for name in names_in(text) if name not in trusted), "")
    if "\0" in word:
        raise ConfigError(f"{strange or text[:40]}: holds a zero byte, which no command line can")
    if word.startswith("-") and not text.startswith("-") and strange:
        raise ConfigError(f"{strange}: what was printed begins with `-` and would be read as an option")
    return word


def kept(printed: str) -> str:
    """Return what later steps find of what a step printed: its first line without control characters."""
    line = next((each for each in printed.strip().splitlines() if each.strip()), "")
    return "".join(sign for sign in line.strip() if sign.isprintable())[:_KEPT]
