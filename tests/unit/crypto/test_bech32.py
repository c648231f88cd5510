"""Bech32: the valid and the invalid texts of BIP 173, and any bytes both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.crypto.bech32 import decode, encode


@pytest.mark.parametrize(
    ("text", "kind", "data"),
    [
        ("A12UEL5L", "a", b""),
        ("a12uel5l", "a", b""),
        ("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs", None, b""),
        (
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "abcdef",
            bytes.fromhex("00443214c74254b635cf84653a56d7c675be77df"),
        ),
        ("?1ezyfcl", "?", b""),
    ],
)
def test_valid_texts_are_read(text: str, kind: str | None, data: bytes) -> None:
    found = decode(text)
    assert found == (kind or text.rpartition("1")[0], data)
    assert encode(*found) == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "pzry9x0s0muk",
        "1pzry9x0s0muk",
        "x1b4n0q5v",
        "li1dgmt3",
        "de1lg7wt\xff",
        "A1G7SGD8",
        "10a06t8",
        "1qzzfhee",
        "a12UEL5L",
        "\x201nwldj5",
        "\x7f1axkwrx",
        "split1cheo2y9e2w",
        "",
    ],
)
def test_invalid_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^its? "):
        decode(text)


@given(st.binary(max_size=64), st.sampled_from(["age", "age-secret-key-"]))
def test_any_bytes_come_back(data: bytes, kind: str) -> None:
    assert decode(encode(kind, data)) == (kind, data)
    assert decode(encode(kind, data).upper()) == (kind, data)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 57), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
def test_a_mistyped_letter_is_seen(data: bytes, place: int, letter: str) -> None:
    text = encode("age", data)
    at = len("age1") + place
    typed = text[:at] + letter + text[at + 1 :]
    if typed == text:
        assert decode(typed) == ("age", data)
    else:
        with pytest.raises(ValueError, match="mistyped"):
            decode(typed)
