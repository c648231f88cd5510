"""Patterns of other languages mean the same in Python, or are refused with the reason."""

from __future__ import annotations

import re

import pytest

from lumen_action.rulebooks.dialects import DOTNET, JAVASCRIPT, RUBY, Dialect, LeftOutError, translated


@pytest.mark.parametrize(
    ("dialect", "pattern", "expected"),
    [
        (JAVASCRIPT, r"exit code \d+\b", r"(?i)exit code \d+\b"),
        (JAVASCRIPT, r"(?<n>ab)\k<n>", "(?i)(?P<n>ab)(?P=n)"),
        (JAVASCRIPT, "(?<=a)(?<!b)(?=c)(?!d)e", "(?i)(?<=a)(?<!b)(?=c)(?!d)e"),
        (JAVASCRIPT, "a{,5}[[x]", r"(?i)a\{,5}[\[x]"),
        (JAVASCRIPT, "(a[^]b)", r"(?i)(a[\s\S]b)"),
        (DOTNET, r"(?'q'x)\z", r"(?i)(?P<q>x)\Z"),
        (DOTNET, r"(?s)a\eb", r"(?i)a\x1bb"),
        (DOTNET, "(?ix)a b", "(?ix)a b"),
        (RUBY, r"\h{7} [[:alpha:]_\h]\z", r"(?i)[0-9A-Fa-f]{7} [A-Za-z_0-9A-Fa-f]\Z"),
        (RUBY, "a{,5}", "(?i)a{,5}"),
        (RUBY, "^.*error.*$", "(?i)error"),
        (RUBY, ".*?error.*?", "(?i)error"),
        (RUBY, r"error\.*", r"(?i)error\.*"),
        (RUBY, "^error$", "(?i)^error$"),
    ],
)
def test_a_pattern_is_said_in_python(dialect: Dialect, pattern: str, expected: str) -> None:
    assert translated(pattern, dialect).patterns == (expected,)


@pytest.mark.parametrize(
    ("dialect", "pattern", "reason"),
    [
        (JAVASCRIPT, "[]", "matches nothing at all"),
        (JAVASCRIPT, r"\p{L}", "`\\p{L}` of JavaScript has no like in Python"),
        (JAVASCRIPT, r"\u{1F600}", "has no like"),
        (DOTNET, "[a-z-[aeiou]]", "reckons with classes of signs"),
        (DOTNET, "(?<open-close>x)", "has no like"),
        (DOTNET, "(?>a)", "never gives back"),
        (DOTNET, "(?n)a", "the flag `n` has no like"),
        (DOTNET, r"[\p{L}]", "`\\p` of .NET has no like"),
        (RUBY, "a++", "never gives back"),
        (RUBY, "[a[bc]]", "reckons with classes of signs"),
        (RUBY, "[a&&b]", "Python says: Possible set intersection"),
        (RUBY, "[[:word:]]", "`[:word:]` has no like"),
        (RUBY, r"\Kx", "`\\K` of Ruby has no like"),
        (RUBY, "a(?i)b", "stands in the middle; put it at the begin"),
        (RUBY, "(open", "Python says: missing )"),
    ],
)
def test_what_python_cannot_say_is_refused(dialect: Dialect, pattern: str, reason: str) -> None:
    with pytest.raises(LeftOutError, match=re.escape(reason)):
        translated(pattern, dialect)


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        (r"host[\s\S]{0,500}403 Forbidden", ("(?i)host", "(?i)403 Forbidden")),
        (r"a[\S\s]*?b[^]+c", ("(?i)a", "(?i)b", "(?i)c")),
        (r"a\n", ("(?i)a\\n",)),
        (r"(a[\s\S]*b)", (r"(?i)(a[\s\S]*b)",)),
        (r"a|b[\s\S]*c", (r"(?i)a|b[\s\S]*c",)),
        (".*", ()),
    ],
)
def test_where_anything_may_stand_between_a_pattern_is_cut(pattern: str, parts: tuple[str, ...]) -> None:
    assert translated(pattern, JAVASCRIPT).patterns == parts


def test_what_may_be_anything_gets_a_bound_and_says_so() -> None:
    bounded = translated("from .+ to .*!", RUBY)
    assert (bounded.patterns, bounded.bounded) == (("(?i)from .{1,300} to .{0,300}!",), True)
    assert not translated(r"from [.]+ to \.*!", RUBY).bounded
