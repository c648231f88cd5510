"""Which patterns RE2 reads, and which of them match the empty text."""

from __future__ import annotations

import pytest

from lumen_action.promql.regex import RegexFault, matches_empty


@pytest.mark.parametrize(
    "pattern",
    ["", ".*", "a?", "a|", "(a)*", "^$", "(?i)", "a{0}", "a{0,3}", r"\B", r"\A\z", "(|a)", r"(?:a*b?)+", r"\Q\E"],
)
def test_a_pattern_that_matches_nothing_at_all(pattern: str) -> None:
    assert matches_empty(pattern)


@pytest.mark.parametrize(
    "pattern", [".+", "a", "a|b", "[^a]", "(a|b)+", r"\d", r"\b", "a{1,}", "(a*)b", r"\Qa*\E", "{", "a{,3}", r"\pL"]
)
def test_a_pattern_that_needs_a_character(pattern: str) -> None:
    assert not matches_empty(pattern)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("(?=a)", "a look-around"),
        (r"\1", r"the back-reference `\1`"),
        ("a{1001}", "the repetition `{1001}`"),
        ("(a{100}){11}", "nested repetitions"),
        ("a**", "one repetition right after another"),
        ("*a", "`*` with nothing before it to repeat"),
        ("[z-a]", "the range `z-a`"),
        ("[a", "a class that is not closed"),
        ("(a", "a group that is not closed"),
        ("a)(b", "a `)` that closes nothing"),
        (r"\q", r"the escape `\q`"),
        ("\\é", "the escape `\\é`"),
        ("(?>a)", "`(?>a`, which RE2 does not know"),
        ("[[:vowel:]]", "the class `[:vowel:]`"),
        (r"\p{Nope1}", "an unknown Unicode class"),
        (r"\p{^Lugroup_right}", "an unknown Unicode class"),
        (r"\Qa", "a group that is not closed"),
    ],
)
def test_what_re2_refuses(pattern: str, found: str) -> None:
    with pytest.raises(RegexFault) as raised:
        matches_empty(pattern)

    assert raised.value.found == found
    assert raised.value.fix
