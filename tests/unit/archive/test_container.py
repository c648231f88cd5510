"""The sealed file: a header that everybody may read, and that nobody without the key can change."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import seconddecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.archive import ArchiveId
from lumen_action.archive.container import MAGIC, MOST_HEADER_BYTES, Header, begin, opened, read_header
from lumen_action.archive.keys import Keys, NoKeyError, key_id
from lumen_action.crypto.sealing import Sealer
from lumen_action.errors import ConfigError, IntegrityError
from lumen_action.model import canonical

KEY = bytes(range(32))
KEYS = Keys(KEY)
ID = ArchiveId("nightly", "2026-03-04", "eu-west-1", "1")
HEADER = Header(ID, key_id(KEY), 1_772_600_000_000)
PLAIN = b"evidence " * 40


def sealed_file(header: Header = HEADER, plain: bytes = PLAIN) -> bytes:
    """Return a sealed file."""
    sink = io.BytesIO()
    sealer = Sealer(sink, KEY, begin(sink, header))
    sealer.write(plain)
    sealer.close()
    return sink.getvalue()


def with_header(said: bytes) -> bytes:
    """Return the beginning of a sealed file with this as its header."""
    return MAGIC + len(said).to_bytes(4, "big") + said


SAID: dict[str, Any] = {
    "format": 1,
    "suite": "cobblestone-256",
    "name": "nightly/2026-03-04/eu-west-1/1",
    "key_id": "00112233",
    "frozen_at_ms": 5,
}
FILE = sealed_file()


def pieces(file: bytes, size: int = 1 << 16) -> Iterator[bytes]:
    return (file[at : at + size] for at in range(0, len(file), size))


@pytest.mark.parametrize("wrapped", [b"", b"age-encryption.org/v1\n", bytes(range(256))])
@pytest.mark.parametrize("size", [1, 3, 20, 4096])
def test_what_was_written_is_read_in_whatever_pieces_it_comes(wrapped: bytes, size: int) -> None:
    header = Header(ArchiveId("ab/c d", "2026-03-04", "é", "v2"), key_id(KEY), 7, wrapped)
    found, opener = opened(pieces(sealed_file(header), size), KEYS)
    with opener:
        assert (found, opener.readall()) == (header, PLAIN)


def test_the_second_decoder_reads_the_same() -> None:
    said, stream, context = seconddecoder.split(FILE)
    assert said == {**SAID, "key_id": key_id(KEY), "frozen_at_ms": HEADER.frozen_at_ms}
    assert seconddecoder.unsealed(stream, KEY, context) == PLAIN


def test_a_header_is_written_as_the_format_says() -> None:
    assert FILE.startswith(
        b'lumen-archive-1\n\0\0\0\x7f{"format":1,"frozen_at_ms":1772600000000,"key_id":"'
        + key_id(KEY).encode()
        + b'","name":"nightly/2026-03-04/eu-west-1/1","suite":"cobblestone-256"}'
    )


def come_out(file: bytes) -> tuple[bytes, Exception | None]:
    out = bytearray()
    try:
        _, opener = opened(pieces(file), KEYS)
        with opener:
            while piece := opener.read(64):
                out += piece
    except (IntegrityError, NoKeyError) as fault:
        return bytes(out), fault
    return bytes(out), None


@pytest.mark.parametrize("place", range(len(FILE)))
def test_a_changed_byte_anywhere_is_refused_and_nothing_comes_out(place: int) -> None:
    for mask in (0x01, 0x20, 0x80):
        out, fault = come_out(FILE[:place] + bytes([FILE[place] ^ mask]) + FILE[place + 1 :])
        assert (out, fault is not None) == (b"", True)


def test_a_file_cut_short_anywhere_is_refused_and_nothing_comes_out() -> None:
    for length in range(len(FILE)):
        out, fault = come_out(FILE[:length])
        assert (out, type(fault)) == (b"", IntegrityError)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(FILE)), st.binary(min_size=1, max_size=30))
def test_bytes_put_in_anywhere_are_refused(place: int, more: bytes) -> None:
    out, fault = come_out(FILE[:place] + more + FILE[place:])
    assert (out, fault is not None) == (b"", True)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_else_there_is_counts_as_no_archive(file: bytes) -> None:
    for begun in (file, MAGIC + file, with_header(file)):
        with pytest.raises(IntegrityError):
            read_header(iter([begun]))


def test_a_stream_under_another_header_is_refused() -> None:
    other = Header(ArchiveId("nightly", "2026-03-05", "eu-west-1", "1"), HEADER.key_id, HEADER.frozen_at_ms)
    with pytest.raises(IntegrityError, match="its header was changed"):
        opened(pieces(other.encode() + FILE[len(HEADER.encode()) :]), KEYS)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({**SAID, "format": 2}, "newer lumen-sli-action"),
        ({**SAID, "suite": "rot13"}, "newer lumen-sli-action"),
        ({**SAID, "more": 1}, "not written as headers are"),
        ({**SAID, "wrapped": ""}, "not written as headers are"),
        ({**SAID, "wrapped": "%%%"}, "cannot be read"),
        ({**SAID, "wrapped": 7}, "cannot be read"),
        ({**SAID, "name": "nightly/2026-03-04/eu-west-1"}, "cannot be read"),
        ({**SAID, "name": "nightly/2026-02-31/eu-west-1/1"}, "cannot be read"),
        ({**SAID, "name": "../2026-03-04/../1"}, "cannot be read"),
        ({**SAID, "key_id": "\x1b[31mred"}, "cannot be read"),
        ({**SAID, "key_id": "0011223G"}, "cannot be read"),
        ({**SAID, "key_id": None}, "cannot be read"),
        ({**SAID, "frozen_at_ms": -1}, "cannot be read"),
        ({**SAID, "frozen_at_ms": 10**18}, "cannot be read"),
        ({**SAID, "frozen_at_ms": True}, "cannot be read"),
        ({**SAID, "frozen_at_ms": 1.5}, "cannot be read"),
        ({name: SAID[name] for name in SAID if name != "key_id"}, "cannot be read"),
        ([], "cannot be read"),
        (7, "cannot be read"),
    ],
)
def test_a_header_that_is_none_is_refused(said: object, told: str) -> None:
    with pytest.raises(IntegrityError, match=told):
        read_header(iter([with_header(canonical(said))]))


@pytest.mark.parametrize(
    "said",
    [
        json.dumps(SAID).encode(),
        canonical(SAID) + b" ",
        canonical(SAID).replace(b'{"format":1', b'{"format":1,"format":1'),
        canonical(SAID).replace(b'"nightly', b'"\\u006eightly'),
        b"[" * 60_000,
        b"\xff",
    ],
)
def test_a_header_has_one_encoding(said: bytes) -> None:
    with pytest.raises(IntegrityError):
        read_header(iter([with_header(said)]))


def test_a_header_is_never_longer_than_it_may_be() -> None:
    most = Header(ID, "00112233", 5, bytes(49_000))
    assert read_header(iter([most.encode()])).header == most
    with pytest.raises(ValueError, match="at most 65536"):
        Header(ID, "00112233", 5, bytes(50_000)).encode()

    def endless() -> Iterator[bytes]:
        yield MAGIC + (MOST_HEADER_BYTES + 1).to_bytes(4, "big")
        raise AssertionError("more was read")

    with pytest.raises(IntegrityError, match="longer than headers are"):
        read_header(endless())


def test_a_header_is_readable_without_a_key_and_says_which_is_missing() -> None:
    assert read_header(pieces(FILE)).header == HEADER
    with pytest.raises(NoKeyError, match=f"no key {key_id(KEY)} to open nightly 2026-03-04 eu-west-1 1") as raised:
        opened(pieces(FILE), Keys(bytes(reversed(KEY))))
    assert isinstance(raised.value, ConfigError)


def test_a_wrong_key_of_the_same_name_is_refused() -> None:
    forged = Header(ID, key_id(bytes(reversed(KEY))), HEADER.frozen_at_ms)
    with pytest.raises(IntegrityError, match="not the one that this was sealed with"):
        opened(pieces(sealed_file(forged)), Keys(bytes(reversed(KEY))))


def test_what_is_wrapped_stands_in_base64() -> None:
    said, _, _ = seconddecoder.split(sealed_file(Header(ID, "00112233", 5, b"\xfb\xff age")))
    assert said["wrapped"] == b64encode(b"\xfb\xff age").decode()
