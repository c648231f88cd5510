"""Values to YAML that reads back the same, one entry a line, with a person's notes beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from lumen_action.yamlite.document import KeyPath
from lumen_action.yamlite.scalars import value_of

__all__ = ["KeyPath", "Writable", "dump", "dump_all"]

Writable: TypeAlias = "str | int | float | bool | Sequence[Writable] | Mapping[str, Writable] | None"

_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*\Z", re.ASCII)
_PLAIN_TEXT = re.compile(r"[A-Za-z](?:[\w ./()-]*[\w./()-])?\Z", re.ASCII)
_FLOAT_WORDS = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def dump(value: Writable, comments: Mapping[KeyPath, str] | None = None) -> str:
    """Return a document; a comment stands behind the scalar, or above the map or list, that its path leads to."""
    return "\n".join((*_lines(value, (), comments or {}), ""))


def dump_all(values: Iterable[Writable]) -> str:
    """Return several documents with their markers between them."""
    return "---\n".join(map(dump, values))


def _lines(value: Writable, path: KeyPath, comments: Mapping[KeyPath, str]) -> Iterator[str]:
    """Yield the lines of a value from column 0 on."""
    if isinstance(value, (str, int, float)) or not value:
        yield _scalar(value) + (f"  # {comments[path]}" if path in comments else "")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{_key(key)}:", item, (*path, key), comments)
    else:
        for number, item in enumerate(value):
            yield from _item(item, (*path, number), comments)


def _entry(key: str, value: Writable, path: KeyPath, comments: Mapping[KeyPath, str]) -> Iterator[str]:
    below = _lines(value, path, comments)
    if not _is_deep(value):
        yield f"{key} {next(below)}"
        return
    if path in comments:
        yield f"# {comments[path]}"
    yield key
    yield from (f"  {line}" for line in below)


def _item(value: Writable, path: KeyPath, comments: Mapping[KeyPath, str]) -> Iterator[str]:
    below = _lines(value, path, comments)
    if _is_deep(value) and path in comments:
        yield f"# {comments[path]}"
    yield f"- {next(below)}"
    yield from (f"  {line}" for line in below)


def _is_deep(value: Writable) -> bool:
    return not isinstance(value, (str, int, float)) and bool(value)


def _key(key: str) -> str:
    return key if _PLAIN_KEY.match(key) and _means_itself(key) else _quoted(key)


def _scalar(value: Writable) -> str:
    if isinstance(value, str):
        return value if _PLAIN_TEXT.match(value) and _means_itself(value) else _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _FLOAT_WORDS.get(repr(value)) or repr(value)
    if value is None:
        return "null"
    return "{}" if isinstance(value, Mapping) else "[]"


def _means_itself(word: str) -> bool:
    return value_of(word) == word


def _quoted(text: str) -> str:
    """Put a text in single quotes, in double ones when it holds what can only be written as an escape."""
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_ESCAPES.get(sign) or (sign if sign.isprintable() else _escape(sign)) for sign in text) + '"'


def _escape(sign: str) -> str:
    code = ord(sign)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
