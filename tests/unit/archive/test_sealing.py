"""Sealed streams: as c2sp.org/chunked-encryption defines them, whole or refused, and nothing unproven comes out."""

from __future__ import annotations

import hashlib
import io
import random
import tracemalloc
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import sealedstreams
import seconddecoder
from hypothesis import given, settings
from hypothesis import strategies as st
from sealedstreams import BATCH, CHUNK, CONTEXT, KEY, SALT, START, chunks_of, let_out, plaintext, read, sealed

from lumen_action.archive.stores import StoreError
from lumen_action.crypto.sealing import Opener, Sealer, _Stream
from lumen_action.errors import IntegrityError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

OTHER_KEY = bytes(reversed(KEY))
# Around every boundary of chunks, and of what is handed to another thread at once.
SIZES = sorted(
    {0, 1, 2, 251}
    | {count * CHUNK + more for count in (1, 2, 3) for more in (-17, -16, -1, 0, 1, 16, 17)}
    | {count * BATCH + more for count in (1, 2) for more in (-CHUNK, -1, 0, 1, CHUNK)}
)


@pytest.mark.parametrize(
    ("size", "length", "digest"),
    [
        (0, 72, "51084b3f23613d3fb471b18fdd344258fbf6374033e84508f5c5769b353298be"),
        (16_384, 16_472, "ff1dd193843a122422536991ada060a69c6701a1d3a38b14355684e895dfb29d"),
        (20_480, 20_568, "0e56128885fb7ac71198de78d38fcaed76e56a77a7a68dab3cac0b7608d302b6"),
    ],
)
def test_known_answers_agree_with_other_implementations(size: int, length: int, digest: str) -> None:
    stream = sealed(plaintext(size))
    assert (len(stream), hashlib.sha256(stream).hexdigest()) == (length, digest)


def test_the_known_answer_for_nothing_in_its_parts() -> None:
    stream = sealed(b"")
    assert stream[:24] == SALT
    assert stream[24:START].hex() == "1a319792d4e08ab3019abab666f776b73380cb0f68bc2901da0ded892f137784"
    assert stream[START:].hex() == "93ac41c7ae504d7694f2459a381f9c61"


@pytest.mark.parametrize("size", SIZES)
def test_every_size_comes_back_and_the_second_decoder_reads_the_same(size: int) -> None:
    plain = plaintext(size)
    stream = sealed(plain)
    assert len(stream) == size + START + 16 * (size // CHUNK + 1)
    assert read(stream) == plain
    assert seconddecoder.unsealed(stream, KEY, CONTEXT) == plain


@pytest.mark.parametrize("size", SIZES)
def test_the_implementation_of_the_library_agrees_both_ways(size: int) -> None:
    library = pytest.importorskip("cryptography.cobblestone", reason="it came with cryptography 50")
    plain = plaintext(size)
    decryptor = library.Cobblestone256Decryptor(KEY, CONTEXT)
    assert decryptor.update(sealed(plain)) + decryptor.finalize() == plain
    encryptor = library.Cobblestone256Encryptor(KEY, CONTEXT)
    assert read(encryptor.update(plain) + encryptor.finalize()) == plain


@given(st.lists(st.integers(0, 3 * CHUNK), max_size=8), st.sampled_from([bytes, bytearray, memoryview]))
def test_in_which_pieces_it_is_written_changes_nothing(
    lengths: list[int], form: Callable[[bytes], bytes | bytearray | memoryview]
) -> None:
    plain = plaintext(sum(lengths))
    sink, at = io.BytesIO(), 0
    sealer = Sealer(sink, KEY, CONTEXT, SALT)
    for length in lengths:
        piece = form(plain[at : at + length])
        assert sealer.write(piece) == length
        if isinstance(piece, bytearray):
            # Whoever reads into a buffer uses it again at once.
            piece[:] = bytes(length)
        at += length
    sealer.close()
    assert sink.getvalue() == sealed(plain)


@given(st.integers(0, 4 * CHUNK), st.integers(1, 40_000), st.lists(st.integers(1, 40_000), min_size=1, max_size=5))
def test_in_which_pieces_it_comes_and_is_read_changes_nothing(size: int, coming: int, asked: list[int]) -> None:
    plain = plaintext(size)
    got = bytearray()
    with Opener(sealedstreams.pieces_of(sealed(plain), coming), KEY, CONTEXT) as opener:
        turn = 0
        while piece := opener.read(asked[turn % len(asked)]):
            assert len(piece) <= asked[turn % len(asked)]
            got += piece
            turn += 1
        assert opener.read(1) == b""
    assert got == plain


def test_it_reads_like_any_file() -> None:
    plain = plaintext(3 * CHUNK + 5)
    with io.BufferedReader(Opener(iter([sealed(plain)]), KEY, CONTEXT)) as file:
        assert file.read(10) == plain[:10]
        assert file.read() == plain[10:]
    with Opener(iter([sealed(plain)]), KEY, CONTEXT) as opener:
        assert opener.read(0) == b""
        assert opener.readall() == plain
    with pytest.raises(ValueError, match="closed"):
        opener.read(1)


def test_two_streams_of_the_same_have_nothing_in_common() -> None:
    one, other = sealed(b"same", salt=None), sealed(b"same", salt=None)
    assert one[:24] != other[:24]
    assert one[24:] != other[24:]


@pytest.mark.parametrize(("key", "context"), [(OTHER_KEY, CONTEXT), (KEY, b"another"), (KEY, b"")])
def test_another_key_or_context_is_refused_before_anything_is_read(key: bytes, context: bytes) -> None:
    with pytest.raises(IntegrityError, match="not the one that this was sealed with"):
        Opener(iter([sealed(b"text")]), key, context)


def refused(stream: bytes, plain: bytes) -> None:
    """Assert that a stream is refused, and that what came out before is where the plaintext begins."""
    out, fault = let_out(stream)
    assert isinstance(fault, IntegrityError), fault
    assert plain.startswith(out)


def changed_at(stream: bytes, place: int, mask: int) -> bytes:
    return stream[:place] + bytes([stream[place] ^ mask]) + stream[place + 1 :]


TWO_CHUNKS = plaintext(CHUNK + 40)
STREAM = sealed(TWO_CHUNKS)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(STREAM) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused(place: int, mask: int) -> None:
    refused(changed_at(STREAM, place, mask), TWO_CHUNKS)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(STREAM) - 1))
def test_a_stream_cut_short_is_refused(length: int) -> None:
    refused(STREAM[:length], TWO_CHUNKS)


@pytest.mark.slow
def test_each_changed_byte_and_each_shorter_length_is_refused() -> None:
    chance = random.Random(8)
    for place in range(len(STREAM)):
        refused(changed_at(STREAM, place, chance.randint(1, 255)), TWO_CHUNKS)
        refused(STREAM[:place], TWO_CHUNKS)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=2 * CHUNK))
def test_what_is_put_behind_the_end_is_refused(more: bytes) -> None:
    refused(STREAM + more, TWO_CHUNKS)


FOUR = plaintext(3 * CHUNK + 7)
PARTS = chunks_of(sealed(FOUR)) + chunks_of(sealed(FOUR, salt=bytes(24))) + chunks_of(sealed(bytes(4 * CHUNK)))


ORDERS = st.lists(st.integers(0, len(PARTS) - 1), max_size=7)


@settings(max_examples=60, deadline=None)
@given(ORDERS)
def test_chunks_in_another_order_twice_left_out_or_of_another_stream_are_refused(order: list[int]) -> None:
    opens_only_in_its_order(order)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(ORDERS)
def test_thousands_of_other_orders_are_refused(order: list[int]) -> None:
    opens_only_in_its_order(order)


def opens_only_in_its_order(order: list[int]) -> None:
    stream = sealed(FOUR)[:START] + b"".join(PARTS[place] for place in order)
    if order == [0, 1, 2, 3]:
        assert read(stream) == FOUR
    else:
        refused(stream, FOUR)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 55, START, START + 15])
def test_what_is_shorter_than_any_stream_is_refused(size: int) -> None:
    refused(sealed(b"")[:size], b"")


def test_a_start_of_another_stream_is_refused() -> None:
    other = sealed(TWO_CHUNKS, salt=bytes(24))
    refused(other[:START] + STREAM[START:], TWO_CHUNKS)
    refused(other[:24] + STREAM[24:], TWO_CHUNKS)


def test_after_a_refusal_there_is_no_end() -> None:
    plain = plaintext(3 * BATCH)
    stream = changed_at(sealed(plain), START + BATCH + 70 * 16 + 5, 1)
    with Opener(sealedstreams.pieces_of(stream), KEY, CONTEXT) as opener:
        assert opener.read(BATCH) == plain[:BATCH]
        for _ in range(5):
            with pytest.raises(IntegrityError, match="chunk 64 "):
                opener.read(BATCH)


def test_a_source_that_fails_is_not_an_end() -> None:
    def failing() -> Iterator[bytes]:
        yield sealed(plaintext(BATCH))[: START + 1000]
        raise StoreError("the store went away")

    with Opener(failing(), KEY, CONTEXT) as opener:
        for _ in range(3):
            with pytest.raises(StoreError, match="went away"):
                opener.read(100)


class FullDisk(io.BytesIO):
    """A sink that has room for so many writes."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.writes = writes

    def write(self, piece: ReadableBuffer, /) -> int:
        """Take it, or refuse for good."""
        self.writes -= 1
        if self.writes < 0:
            raise OSError(28, "No space left on device")
        return super().write(piece)


@pytest.mark.parametrize("writes", range(6))
def test_what_the_sink_refuses_is_told_and_nothing_is_written_after_it(writes: int) -> None:
    plain = plaintext(5 * BATCH)
    sink = FullDisk(writes)

    def seal() -> None:
        sealer = Sealer(sink, KEY, CONTEXT, SALT)
        sealer.write(plain)
        sealer.close()

    with pytest.raises(OSError, match="No space left"):
        seal()
    assert sealed(plain).startswith(sink.getvalue())
    assert sink.writes == -1


def test_a_stream_that_is_abandoned_has_no_end() -> None:
    plain = plaintext(2 * BATCH + 100)
    sink = io.BytesIO()
    sealer = Sealer(sink, KEY, CONTEXT, SALT)
    sealer.write(plain)
    sealer.abandon()
    with pytest.raises(ValueError, match="has its end already"):
        sealer.write(b"more")
    sealer.close()
    assert sealed(plain).startswith(sink.getvalue())
    refused(sink.getvalue(), plain)


def test_closing_twice_writes_one_end() -> None:
    sink = io.BytesIO()
    sealer = Sealer(sink, KEY, CONTEXT, SALT)
    sealer.close()
    sealer.close()
    assert sink.getvalue() == sealed(b"")
    assert not sink.closed


def test_a_stream_has_at_most_as_many_chunks_as_have_numbers() -> None:
    stream = _Stream.of(KEY, CONTEXT, SALT)
    assert stream.nonce((1 << 38) - 1) != stream.nonce(0)
    with pytest.raises(OverflowError, match="4 PiB"):
        stream.nonce(1 << 38)


@pytest.mark.parametrize("key", [b"", KEY[:16], KEY + b"\0"])
def test_a_key_has_32_bytes(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(io.BytesIO(), key, CONTEXT)


class Nowhere(io.BytesIO):
    """A sink that keeps nothing."""

    def write(self, piece: ReadableBuffer, /) -> int:
        """Take it."""
        return len(memoryview(piece))


def test_memory_does_not_grow_with_the_stream() -> None:
    def peak(batches: int) -> int:
        tracemalloc.start()
        sealer = Sealer(Nowhere(), KEY, CONTEXT)
        for _ in range(batches):
            sealer.write(bytes(BATCH))
        sealer.close()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(40) < peak(8) + BATCH


def test_nothing_that_stands_for_a_stream_shows_its_key() -> None:
    for shown in (repr(_Stream.of(KEY, CONTEXT, SALT)), repr(Sealer(Nowhere(), KEY, CONTEXT))):
        assert "nonce" not in shown
        assert repr(KEY) not in shown
