"""The messages of PostgreSQL's protocol 3.0 as bytes, without any connection.

See https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from lumen_action.errors import LedgerError

Value = str | bytes | int | None

PROTOCOL = 196608
SSL_REQUEST = struct.pack("!II", 8, 80877103)
SYNC = b"S\0\0\0\x04"
TERMINATE = b"X\0\0\0\x04"

# The types we speak, by their numbers in pg_type.
_BOOL, _BYTEA, _NAME, _INT8, _INT2, _INT4, _TEXT, _VARCHAR = 16, 17, 19, 20, 21, 23, 25, 1043
_TEXTS = frozenset({_NAME, _TEXT, _VARCHAR})
_INTEGERS = frozenset({_BOOL, _INT2, _INT4, _INT8})
_BINARY = 1
_MAX_QUOTED_LETTERS = 300

# Classes of SQLSTATE that may be over by the next try: the connection broke, two transactions met, resources are
# short, the server stops or starts.
_PASSING_CLASSES = ("08", "40", "53", "57P")


class PostgresError(LedgerError):
    """What a server said against us, or how it broke the protocol; `passing` when another try may help."""

    def __init__(self, message: str, *, sqlstate: str = "", passing: bool = False) -> None:
        """Keep what decides about another try."""
        super().__init__(message)
        self.sqlstate = sqlstate
        self.passing = passing


def malformed(what: str) -> PostgresError:
    """Return the error for an answer that no PostgreSQL server gives."""
    return PostgresError(f"the answer is not PostgreSQL's protocol: {what}; check host and port")


def message(kind: bytes, payload: bytes) -> bytes:
    """Frame a message."""
    return kind + struct.pack("!I", len(payload) + 4) + payload


def zero_ended(text: str) -> bytes:
    """Encode a name; a NUL inside would end it early."""
    if "\0" in text:
        raise PostgresError("a NUL cannot be sent")
    return text.encode() + b"\0"


def startup(parameters: Sequence[tuple[str, str]]) -> bytes:
    """Say who asks for which database."""
    body = struct.pack("!I", PROTOCOL) + b"".join(zero_ended(word) for pair in parameters for word in pair) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def question(statement: str, values: Sequence[str | bytes | int]) -> bytes:
    """Ask one statement with its values, everything in binary, in one round trip."""
    types = b"".join(struct.pack("!I", _type_of(value)) for value in values)
    parse = b"\0" + zero_ended(statement) + struct.pack("!H", len(values)) + types
    sent = b"".join(struct.pack("!I", len(body)) + body for body in map(_sent, values))
    bind = b"\0\0" + struct.pack("!HHH", 1, _BINARY, len(values)) + sent + struct.pack("!HH", 1, _BINARY)
    execute = b"\0" + struct.pack("!I", 0)
    return message(b"P", parse) + message(b"B", bind) + message(b"D", b"P\0") + message(b"E", execute) + SYNC


def _type_of(value: str | bytes | int) -> int:
    return _TEXT if isinstance(value, str) else _BYTEA if isinstance(value, bytes) else _INT8


def _sent(value: str | bytes | int) -> bytes:
    if isinstance(value, int):
        return struct.pack("!q", value)
    return value.encode() if isinstance(value, str) else value


def row_types(payload: bytes) -> tuple[int, ...]:
    """Return the types of the columns of a RowDescription."""
    types = []
    try:
        (count,) = struct.unpack_from("!H", payload)
        at = 2
        for _ in range(count):
            at = payload.index(b"\0", at) + 1
            _, _, kind, _, _, form = struct.unpack_from("!IHIhiH", payload, at)
            at += 18
            if form != _BINARY or not (kind in _TEXTS or kind in _INTEGERS or kind == _BYTEA):
                raise malformed(f"a column of type {kind} that was not asked for")
            types.append(kind)
    except (struct.error, ValueError):
        raise malformed("a broken description of rows") from None
    return tuple(types)


def row_values(payload: bytes, types: Sequence[int]) -> tuple[Value, ...]:
    """Return the values of a DataRow."""
    values: list[Value] = []
    try:
        if struct.unpack_from("!H", payload) != (len(types),):
            raise malformed("a row of another width than was described")
        at = 2
        for kind in types:
            (size,) = struct.unpack_from("!i", payload, at)
            at += 4
            if size < 0:
                values.append(None)
                continue
            if at + size > len(payload):
                raise malformed("a row that ends early")
            values.append(_value(payload[at : at + size], kind))
            at += size
    except (struct.error, UnicodeDecodeError):
        raise malformed("a broken row") from None
    return tuple(values)


def _value(body: bytes, kind: int) -> Value:
    if kind == _BYTEA:
        return body
    return int.from_bytes(body, "big", signed=True) if kind in _INTEGERS else body.decode()


def rows_touched(payload: bytes) -> int:
    """Return the number that a CommandComplete ends with, 0 when there is none."""
    word = payload.rstrip(b"\0").rpartition(b" ")[2]
    return int(word) if word.isdigit() else 0


def error_of(payload: bytes) -> PostgresError:
    """Read an ErrorResponse: its message and detail on one line, and its SQLSTATE."""
    fields = {
        item[:1].decode("ascii", "replace"): item[1:].decode(errors="replace") for item in payload.split(b"\0") if item
    }
    told = fields.get("M", "an error without a message")
    if fields.get("D"):
        told += f" ({fields['D']})"
    told = "".join(letter if letter.isprintable() else " " for letter in told)[:_MAX_QUOTED_LETTERS]
    state = fields.get("C", "")
    code = state if state.isalnum() and state.isascii() else "?"
    return PostgresError(f"{told} (SQLSTATE {code})", sqlstate=code, passing=code.startswith(_PASSING_CLASSES))
