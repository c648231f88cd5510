"""Every letter of the PDF is one that its font has: others are replaced by what says the same, or shown by number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdfreading import hangul, latin

from lumen_action.report.pdf.letters import drawable, lacking


@pytest.mark.parametrize(
    ("given_text", "in_hangul", "in_latin"),
    [
        ("47 of 50 · 93.5 %", "47 of 50 · 93.5 %", "47 of 50 · 93.5 %"),
        ("오류 예산", "오류 예산", "[U+C624][U+B958] [U+C608][U+C0B0]"),
        ("a → b ≥ c", "a → b ≥ c", "a -> b ≥ c"),
        ("✓ passed ❌ failed", "\u221a passed \u00d7 failed", "\u221a passed \u00d7 failed"),
        ("⚠\ufe0f 3 left", "(!) 3 left", "(!) 3 left"),
        ("\u22123\u202f%", "-3 %", "\u22123 %"),
        ("😀", "[U+1F600]", "[U+1F600]"),
        ("a\tb", "a   b", "a   b"),
        ("one\r\ntwo\rthree\u2028four\x85five", "one\ntwo\nthree\nfour\nfive", "one\ntwo\nthree\nfour\nfive"),
        ("\x00\x1b[31mred", "[U+0000][U+001B][31mred", "[U+0000][U+001B][31mred"),
        ("to\u202eleft\u2066", "to[U+202E]left[U+2066]", "to[U+202E]left[U+2066]"),
        ("\ud800", "[U+D800]", "[U+D800]"),
        ("\u1112\u1161\u11ab", "한", "[U+D55C]"),
        ("<b>&amp;", "<b>&amp;", "<b>&amp;"),
    ],
)
def test_what_is_drawn(given_text: str, in_hangul: str, in_latin: str) -> None:
    assert hangul().regular.drawable(given_text) == in_hangul
    assert latin().regular.drawable(given_text) == in_latin


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_drawn_in_letters_that_the_font_has(text: str) -> None:
    for face in (hangul().regular, latin().bold):
        drawn = face.drawable(text)
        assert all(letter == "\n" or face.shows(letter) for letter in drawn)
        assert face.drawable(drawn) == drawn


@given(st.text(st.characters(blacklist_characters="["), max_size=40))
def test_what_is_told_as_lacking_is_what_is_shown_by_number(text: str) -> None:
    shows = latin().regular.shows
    shown = {part.partition("]")[0] for part in drawable(text, shows).split("[U+")[1:]}
    assert shown == {f"{ord(letter):04X}" for letter in lacking(text, shows)}
