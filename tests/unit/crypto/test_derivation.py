"""HKDF: the known answers of RFC 5869."""

from __future__ import annotations

import hmac

import pytest

from lumen_action.crypto.derivation import derived, expanded

RFC_5869 = [
    (
        b"\x0b" * 22,
        bytes(range(13)),
        bytes(range(0xF0, 0xFA)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(80)),
        bytes(range(0x60, 0xB0)),
        bytes(range(0xB0, 0x100)),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        b"\x0b" * 22,
        b"",
        b"",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


@pytest.mark.parametrize(("key", "salt", "info", "answer"), RFC_5869)
def test_known_answers(key: bytes, salt: bytes, info: bytes, answer: str) -> None:
    assert derived(key, info, salt=salt, length=len(answer) // 2).hex() == answer


def test_expanding_alone_begins_as_the_rfc_words_it() -> None:
    key = bytes(range(64))
    first = hmac.digest(key, b"info\x01", "sha512")
    assert expanded(key, b"info", 76, "sha512") == first + hmac.digest(key, first + b"info\x02", "sha512")[:12]
