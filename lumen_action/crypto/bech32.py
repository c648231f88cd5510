"""Bech32 (BIP 173), without its limit of length: the text form of keys that age made."""

from __future__ import annotations

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LETTERS = 6


def encode(kind: str, data: bytes) -> str:
    """Return bytes as text of a kind, in lower case."""
    values = _regrouped(data, 8, 5, pad=True)
    rest = _remainder([*_spread(kind), *values, *[0] * _CHECKSUM_LETTERS]) ^ 1
    checksum = [rest >> 5 * (_CHECKSUM_LETTERS - 1 - place) & 31 for place in range(_CHECKSUM_LETTERS)]
    return f"{kind}1{''.join(_LETTERS[value] for value in [*values, *checksum])}"


def decode(text: str) -> tuple[str, bytes]:
    """Return the kind, in lower case, and the bytes of a text; a ValueError says that it is mistyped."""
    if text not in (text.lower(), text.upper()) or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("it mixes upper and lower case, or has letters that do not belong there")
    kind, _, rest = text.lower().rpartition("1")
    if not kind or len(rest) < _CHECKSUM_LETTERS or not all(letter in _VALUES for letter in rest):
        raise ValueError("it is cut off, or has letters that do not belong there")
    values = [_VALUES[letter] for letter in rest]
    if _remainder([*_spread(kind), *values]) != 1:
        raise ValueError("its checksum is wrong: a letter is mistyped")
    return kind, bytes(_regrouped(values[:-_CHECKSUM_LETTERS], 5, 8, pad=False))


def _spread(kind: str) -> list[int]:
    return [*(ord(letter) >> 5 for letter in kind), 0, *(ord(letter) & 31 for letter in kind)]


def _remainder(values: list[int]) -> int:
    rest = 1
    for value in values:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            if top >> place & 1:
                rest ^= generator
    return rest


def _regrouped(values: bytes | list[int], bits_in: int, bits_out: int, *, pad: bool) -> list[int]:
    """Return the same bits in groups of another size; what is left over must be zeros of less than a group."""
    held = bits = 0
    groups = []
    for value in values:
        held, bits = held << bits_in | value, bits + bits_in
        while bits >= bits_out:
            bits -= bits_out
            groups.append(held >> bits & ((1 << bits_out) - 1))
            held &= (1 << bits) - 1
    if pad:
        return [*groups, held << (bits_out - bits)] if bits else groups
    if bits >= bits_in or held:
        raise ValueError("its last letter is wrong")
    return groups
