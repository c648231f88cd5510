"""Numbers, durations and strings: from the text of an expression to a value, and back."""

from __future__ import annotations

import math
import re

from lumen_action.promql.faults import Fault

_UNITS_MS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_DURATION = re.compile("".join(f"(?:([0-9]+){unit})?" for unit in _UNITS_MS))
_LONGEST_MS = (2**63 - 1) // 1_000_000
_WHOLE = 10**15  # whole numbers below are written without an exponent
_LARGEST_INT = 2**63 - 1

_ESCAPE = re.compile(r"\\(?:([0-7]{3})|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.)|())", re.DOTALL)
_SIMPLE = {"a": b"\a", "b": b"\b", "f": b"\f", "n": b"\n", "r": b"\r", "t": b"\t", "v": b"\v", "\\": b"\\"}
_QUOTED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\ufffd": "\\ufffd"}
_SPECIAL = re.compile('[\x00-\x1f"\\\\\x7f\udc80-\udcff\ufffd]')


def number(text: str, position: int) -> float:
    """Read a number as Go does: a leading 0x is hexadecimal, a leading 0 octal where the digits allow it."""
    digits = text.replace("_", "")
    if digits[:2].lower() == "0x":
        whole = int(digits, 16)
        if whole > _LARGEST_INT:
            raise Fault(position, f"the number {text}, which has more than 63 bits", "write it in decimal")
        return float(whole)
    if re.fullmatch("0[0-7]+", digits) and int(digits, 8) <= _LARGEST_INT:
        return float(int(digits, 8))
    value = float(digits)
    if math.isinf(value) and digits[0] in ".0123456789":
        raise Fault(position, f"the number {text}, which is out of range", "write `Inf`")
    return value


def written(value: float) -> str:
    """Write a number that is not negative in the one way that all spellings of it share."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf"
    return str(int(value)) if value.is_integer() and value < _WHOLE else repr(value)


def milliseconds(text: str, position: int) -> int:
    """Read a duration such as `5m` or `1d12h`."""
    parts = _DURATION.fullmatch(text)
    if not parts:
        raise Fault(position, f"the duration {text}", "write units from large to small, each once, as in `1d12h30m`")
    total = sum(int(count) * unit for count, unit in zip(parts.groups(), _UNITS_MS.values(), strict=True) if count)
    if total > _LONGEST_MS:
        raise Fault(position, f"the duration {text}, which is out of range", "write less than 292 years")
    return total


def duration(total_ms: int) -> str:
    """Write a duration with the largest units that fit."""
    parts = []
    for unit, size in _UNITS_MS.items():
        if unit == "w" and total_ms % size:
            continue  # 30d reads better than 4w2d
        if unit == "y" and total_ms % _UNITS_MS["d"]:
            continue
        count, total_ms = divmod(total_ms, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def unquoted(text: str, position: int) -> str:
    """Read a string: raw between backquotes, with Go's escapes between quotes."""
    quote, body = text[0], text[1:-1]
    if quote == "`" or "\\" not in body:
        return body
    read = bytearray()
    end = 0
    for escape in _ESCAPE.finditer(body):
        read += body[end : escape.start()].encode("utf-8", "surrogateescape")
        read += _meaning(escape, quote, position + 1 + escape.start())
        end = escape.end()
    read += body[end:].encode("utf-8", "surrogateescape")
    return read.decode("utf-8", "surrogateescape")


def _meaning(escape: re.Match[str], quote: str, position: int) -> bytes:
    octal, byte, short, long, simple, _ = escape.groups()
    if simple is not None:
        if simple == quote:
            return quote.encode()
        if simple in _SIMPLE:
            return _SIMPLE[simple]
        raise Fault(position, f"the escape \\{simple}", f"write \\\\{simple} for a backslash, or use `raw quotes`")
    code = int(octal, 8) if octal else int(byte or short or long or "-1", 16)
    if octal or byte:
        if 0 <= code <= 0xFF:  # noqa: PLR2004 - a byte
            return bytes([code])
    elif 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - what Unicode allows
        return chr(code).encode()
    raise Fault(position, f"the escape {escape.group()}", "name a character that exists")


def quoted(value: str) -> str:
    """Write a string between double quotes."""
    return f'"{_SPECIAL.sub(_escaped, value)}"'


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    return _QUOTED.get(character) or f"\\x{ord(character) & 0xFF:02x}"
