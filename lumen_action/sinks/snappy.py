"""The Snappy block format, written with literals only: any reader takes it, nothing is compressed."""

from __future__ import annotations

from collections.abc import Iterator

_LONGEST_LITERAL = 65536
_SHORT = 60
_ONE_BYTE_LENGTH = 60 << 2
_TWO_BYTE_LENGTH = 61 << 2


def block(data: bytes) -> bytes:
    """Wrap bytes as one block."""
    return b"".join([varint(len(data)), *_literals(data)])


def varint(number: int) -> bytes:
    """Encode a number that is not negative, seven bits a byte, lowest first; Protobuf counts the same way."""
    encoded = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - what fits into seven bits
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _literals(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _LONGEST_LITERAL):
        chunk = data[start : start + _LONGEST_LITERAL]
        yield _tag(len(chunk) - 1)
        yield chunk


def _tag(last: int) -> bytes:
    """Say how long a literal is, as the index of its last byte."""
    if last < _SHORT:
        return bytes([last << 2])
    if last < 1 << 8:
        return bytes([_ONE_BYTE_LENGTH, last])
    return bytes([_TWO_BYTE_LENGTH, *last.to_bytes(2, "little")])
