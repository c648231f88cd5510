"""Lines of the PDF fit, lose nothing, and break Korean between its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.report.pdf.wrapping import fitted, wrapped


def cells(text: str) -> float:
    """Measure as a terminal does."""
    return sum(2 if "가" <= letter <= "힣" else 1 for letter in text)


def test_lines_break_between_words() -> None:
    assert wrapped("47 of 50 runs succeeded", 9, cells) == ["47 of 50", "runs", "succeeded"]


def test_korean_breaks_between_its_words_too() -> None:
    assert wrapped("실행은 마지막 시도의 결과로 셉니다", 14, cells) == ["실행은 마지막", "시도의 결과로", "셉니다"]


def test_a_word_that_no_line_holds_breaks_behind_signs_first_and_then_anywhere() -> None:
    assert wrapped("see /very/long/path", 10, cells) == ["see /very/", "long/path"]
    assert wrapped("x" * 7, 3, cells) == ["xxx", "xxx", "x"]


def test_line_ends_are_kept_and_empty_lines_too() -> None:
    assert wrapped("one\n\ntwo", 10, cells) == ["one", "", "two"]


def test_words_of_a_log_keep_their_blanks() -> None:
    assert wrapped("a   b", 10, cells, verbatim=True) == ["a   b"]
    assert wrapped("a   b", 10, cells) == ["a b"]


def test_what_is_cut_says_how_much_is_missing() -> None:
    words = " ".join("abcdef").replace(" ", "1234567 ")
    assert wrapped(words, 8, cells, 3) == ["a1234567", "b1234567", "[... +4]"]
    assert wrapped("aa bb cc dd", 2, cells, 3) == ["aa", "bb", "+2"]
    assert wrapped("a b c d", 1, cells, 3) == ["a", "b", "+"]
    assert wrapped("a b c", 1, cells, 3) == ["a", "b", "c"]


@pytest.mark.parametrize(("text", "line"), [("short", "short"), ("rather long", "rathe..."), ("a\nb", "a b")])
def test_a_line_of_its_own_is_cut_with_dots(text: str, line: str) -> None:
    assert fitted(text, 8, cells) == line


texts = st.text(st.sampled_from("ab 가나-/.\n"), max_size=60)


@given(texts, st.integers(2, 20), st.booleans())
def test_every_line_fits_and_nothing_is_lost(text: str, width: int, verbatim: bool) -> None:  # noqa: FBT001
    lines = wrapped(text, width, cells, verbatim=verbatim)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cells(line) <= width for line in lines)


@given(texts, st.integers(5, 20))
def test_a_line_of_its_own_fits(text: str, width: int) -> None:
    assert cells(fitted(text, width, cells)) <= width
