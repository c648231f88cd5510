"""Remote write: the bytes of a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from remotewriting import read, unblocked

from lumen_action.sinks.protobuf import TimeSeries, write_request
from lumen_action.sinks.snappy import block


def test_a_request_is_these_bytes() -> None:
    series = TimeSeries((("__name__", "up"), ("a", "é")), ((1.0, 1_700_000_000_000), (-2.5, -1)))
    assert write_request([series]).hex() == (
        "0a41"  # one series of 65 bytes
        "0a0e0a085f5f6e616d655f5f12027570"  # __name__ = up
        "0a070a01611202c3a9"  # a = é
        "121009000000000000f03f1080d095ffbc31"  # 1 at 1700000000000
        "12140900000000000004c010ffffffffffffffffff01"  # -2.5 at -1
    )


@pytest.mark.parametrize(
    ("size", "start"),
    [
        (0, "00"),
        (1, "0100"),
        (60, "3cec"),
        (61, "3df03c"),
        (256, "8002f0ff"),
        (257, "8102f40001"),
        (65536, "808004f4ffff"),
    ],
)
def test_a_literal_says_its_length_in_one_two_or_three_bytes(size: int, start: str) -> None:
    assert block(b"x" * size) == bytes.fromhex(start) + b"x" * size


def test_more_than_a_literal_holds_becomes_several() -> None:
    data = b"ab" * 40_000
    assert block(data) == bytes.fromhex("80f104f4ffff") + data[:65536] + bytes.fromhex("f47f38") + data[65536:]


@given(st.binary(max_size=300))
def test_what_was_wrapped_can_be_read(data: bytes) -> None:
    assert unblocked(block(data)) == data


_TEXT = st.text(max_size=80)
_SERIES = st.builds(
    TimeSeries,
    st.lists(st.tuples(_TEXT, _TEXT), max_size=5).map(tuple),
    st.lists(
        st.tuples(st.floats(allow_nan=False), st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)), max_size=5
    ).map(tuple),
)


@given(st.lists(_SERIES, max_size=5))
def test_what_was_encoded_can_be_read(series: list[TimeSeries]) -> None:
    assert read(unblocked(block(write_request(series)))) == series
