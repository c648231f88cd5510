"""The one Protobuf message that remote write 1.0 needs.

WriteRequest { repeated TimeSeries timeseries = 1; }
TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
Label        { string name = 1; string value = 2; }
Sample       { double value = 1; int64 timestamp = 2; }
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from lumen_action.sinks.snappy import varint

_VARINT, _FIXED64, _BYTES = 0, 1, 2
_INT64 = 1 << 64

LabelSet = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TimeSeries:
    """One series: its labels sorted by name, its samples as value and milliseconds, oldest first."""

    labels: LabelSet
    samples: tuple[tuple[float, int], ...]


def write_request(series: Iterable[TimeSeries]) -> bytes:
    """Encode a WriteRequest."""
    return b"".join(_bytes(1, _time_series(each)) for each in series)


def _time_series(series: TimeSeries) -> bytes:
    labels = (_bytes(1, _bytes(1, name.encode()) + _bytes(2, value.encode())) for name, value in series.labels)
    samples = (_bytes(2, _double(1, value) + _int64(2, stamp)) for value, stamp in series.samples)
    return b"".join([*labels, *samples])


def _bytes(number: int, content: bytes) -> bytes:
    return _tag(number, _BYTES) + varint(len(content)) + content


def _double(number: int, value: float) -> bytes:
    return _tag(number, _FIXED64) + struct.pack("<d", value)


def _int64(number: int, value: int) -> bytes:
    return _tag(number, _VARINT) + varint(value % _INT64)


def _tag(number: int, wire_type: int) -> bytes:
    return varint(number << 3 | wire_type)
