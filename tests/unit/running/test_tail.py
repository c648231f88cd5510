from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from lumen_action.running.tail import Tail


def printed(tail: Tail) -> bytes:
    tail.close()
    return b"".join(tail.chunks())


@given(st.lists(st.binary(max_size=30)))
def test_what_fits_is_kept_byte_by_byte(pieces: list[bytes]) -> None:
    tail = Tail()
    for piece in pieces:
        tail.feed(0, piece)
    assert printed(tail) == b"".join(pieces)
    assert tail.gap == (0, 0)


@given(st.integers(0, 60_000), st.integers(1, 400), st.integers(500, 100_000))
def test_a_line_keeps_the_number_it_had_when_the_middle_is_left_out(lines: int, head: int, size: int) -> None:
    tail = Tail(head, 2000)
    whole = b"".join(b"%d\n" % number for number in range(1, lines + 1))
    for start in range(0, len(whole), size):
        tail.feed(0, whole[start : start + size])
    shown = printed(tail).split(b"\n")
    after, by = tail.gap
    for number, line in enumerate(shown, 1):
        # The begin may break off within a line.
        if line.isdigit() and (number > after or number < after - 1):
            assert int(line) == number + (by if number > after else 0)
    if lines:
        assert shown[-2] == b"%d" % lines


def test_lines_of_two_streams_never_break_each_other_apart() -> None:
    tail = Tail()
    for stream, piece in ((0, b"downloading "), (1, b"warning: slow\n"), (0, b"done\n"), (1, b"end")):
        tail.feed(stream, piece)
    assert printed(tail) == b"warning: slow\ndownloading done\nend"


def test_memory_is_bounded_for_lines_tiny_pieces_and_a_line_without_an_end() -> None:
    for piece, times in ((b"x" * 65_536, 500), (b"line\n" * 13_000, 500), (b"y\n", 300_000)):
        tail = Tail(1 << 12, 1 << 18)
        for _ in range(times):
            tail.feed(0, piece)
        kept = printed(tail)
        assert len(kept) < (1 << 18) + (1 << 17)
        assert sum(map(sys.getsizeof, tail._parts)) < (1 << 19)
        assert kept.endswith(piece[-2:])
        assert b"bytes left out" in kept
