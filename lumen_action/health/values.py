"""Values in a file of checks, each read with its fault told."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from urllib.parse import urlsplit

from lumen_action.slo.reading import Node, nearest

Read = Callable[[Node], object]
"""Returns the value, or None once the fault is told."""

_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s?(s|m|h|d)?")
_SPAN_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,3})?)\s?([kKMGT]i?)?B?")
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_STATUS = re.compile(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


def text(node: Node) -> str | None:
    """Return a text."""
    return node.text() or None


def texts(node: Node) -> tuple[str, ...] | None:
    """Return a list of texts; one alone may stand without a list."""
    if isinstance(node.value, str):
        return (node.value,)
    return tuple(filter(None, (item.text() for item in node.items()))) or None


def url(node: Node) -> str | None:
    """Return an http or https URL."""
    if isinstance(node.value, str) and _URL.fullmatch(node.value):
        with suppress(ValueError):  # a port that there is not, a bracket without the other
            if urlsplit(node.value).port != 0:
                return node.value
    node.refuse(node.shown, "write an http:// or https:// URL without blanks, such as `https://api.example/health`")
    return None


def variable(node: Node) -> str | None:
    """Return the name of an environment variable: what it holds has no place in a file."""
    if isinstance(node.value, str) and _VARIABLE.fullmatch(node.value):
        return node.value
    # What stands there may be the secret itself.
    node.refuse("something that is no name of a variable", "write the name alone, such as `API_TOKEN`")
    return None


def seconds(node: Node) -> float | None:
    """Return a length of time above 0 in seconds."""
    match = _SPAN.fullmatch(str(node.value)) if isinstance(node.value, (int, float, str)) else None
    if match and not isinstance(node.value, bool) and float(match[1]) > 0:
        return float(match[1]) * _SPAN_SECONDS[match[2] or "s"]
    node.refuse(node.shown, "write seconds, or a number with s, m, h or d, such as `26h`")
    return None


def size(node: Node) -> float | None:
    """Return a number of bytes; kB is 1000 of them and KiB is 1024."""
    match = _SIZE.fullmatch(str(node.value)) if isinstance(node.value, (int, float, str)) else None
    if match and not isinstance(node.value, bool):
        unit = match[2] or ""
        base = 1024.0 if unit.endswith("i") else 1000.0
        return float(match[1]) * math.pow(base, _POWERS.get(unit[:1].lower(), 0))
    node.refuse(node.shown, "write bytes, or a number with kB, MB, GB, KiB, MiB or GiB, such as `10MB`")
    return None


def whole(least: int, most: int) -> Read:
    """Return a reader of whole numbers."""

    def read(node: Node) -> int | None:
        if isinstance(node.value, int) and not isinstance(node.value, bool) and least <= node.value <= most:
            return node.value
        node.refuse(node.shown, f"write a whole number from {least} to {most}")
        return None

    return read


def share(node: Node) -> float | None:
    """Return a number of percent."""
    found = node.number()
    if found is None or 0 <= found <= 100:  # noqa: PLR2004 - what percent are
        return found
    node.refuse(node.shown, "write a number of percent from 0 to 100")
    return None


def one_of(*words: str) -> Read:
    """Return a reader of one of some words."""

    def read(node: Node) -> str | None:
        if node.value in words:
            return str(node.value)
        node.refuse(node.shown, f"write one of {', '.join(words)}{nearest(node.value, words)}")
        return None

    return read


def flag(node: Node) -> bool | None:
    """Return true or false."""
    if isinstance(node.value, bool):
        return node.value
    node.refuse(node.shown, "write true or false")
    return None


def statuses(node: Node) -> tuple[int, ...] | None:
    """Return statuses of HTTP: 200, 2xx, 200-204 or a list of such."""
    found: set[int] = set()
    for item in node.items() if isinstance(node.value, list) else [node]:
        match = _STATUS.fullmatch(str(item.value))
        if match is None:
            item.refuse(item.shown, "write a status such as `200`, `2xx` or `200-204`")
        elif match[1]:
            found.update(range(int(match[1]) * 100, int(match[1]) * 100 + 100))
        else:
            found.update(range(int(match[2]), int(match[3] or match[2]) + 1))
    return tuple(sorted(found)) or None


def headers(node: Node) -> dict[str, str] | None:
    """Return headers of a request by name."""
    fields = node.fields()
    if fields is None:
        return None
    found = {}
    for name in fields:
        value = fields.text(name)
        if not _HEADER.fullmatch(name) or not value.isprintable():
            fields.node.child(name, value).refuse("something that is no header", "write `Accept: application/json`")
        found[name] = value
    return found


def pattern(node: Node) -> str | None:
    """Return a regular expression."""
    found = node.text()
    try:
        re.compile(found)
    except re.error as fault:
        node.refuse(node.shown, f"write a regular expression; {fault}")
        return None
    return found or None


def day(node: Node) -> str | None:
    """Return a day."""
    try:
        return date.fromisoformat(str(node.value)).isoformat()
    except ValueError:
        node.refuse(node.shown, "write a day such as `2026-12-31`")
        return None
