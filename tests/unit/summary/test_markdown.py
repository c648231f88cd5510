"""Foreign text stays text."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hostility import BREAK, assert_tame, nasty_text, prose_of, tokens
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.summary.markdown import LIMIT, address, cell, clip, code, fence, link, plain, prose, visible


def kinds(markdown: str) -> list[str]:
    return [token.type for token in tokens(markdown)]


@given(nasty_text)
def test_plain_text_reads_as_itself_and_is_nothing_else(text: str) -> None:
    shown = clip(visible(text), LIMIT)
    assert_tame(plain(text))
    assert prose_of(plain(text)).replace(BREAK, "") == shown
    assert set(kinds(plain(text))) <= {"paragraph_open", "inline", "text", "paragraph_close"}


@given(nasty_text, nasty_text)
def test_cells_do_not_break_their_table(first: str, second: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {cell(first)} | {cell(second)} |\n"
    assert_tame(table)
    assert kinds(table).count("td_open") == 2
    assert "paragraph_open" not in kinds(table)


@given(nasty_text)
def test_code_cannot_be_left_by_its_content(text: str) -> None:
    inline = [token for token in tokens(f"x {code(text)} y") if token.type == "code_inline"]
    assert [token.content for token in inline] == ([shown] if (shown := clip(visible(text), LIMIT)) else [])


@given(nasty_text)
def test_a_fence_cannot_be_closed_by_its_content(text: str) -> None:
    found = tokens(f"before\n\n{fence(text)}\n\nafter")
    assert [token.type for token in found if token.block and not token.nesting] == ["inline", "fence", "inline"]
    assert prose_of(f"before\n\n{fence(text)}\n\nafter") == "beforeafter"


@given(nasty_text)
def test_prose_keeps_only_code(text: str) -> None:
    assert_tame(prose(text))
    assert set(kinds(prose(text))) <= {"paragraph_open", "inline", "text", "code_inline", "paragraph_close"}


@given(nasty_text, nasty_text | nasty_text.map("https://evil.test/{}".format))
def test_links_lead_to_the_web_or_nowhere(label: str, url: str) -> None:
    assert_tame(f"a {link(label, url)} b")
    assert kinds(f"a {link(label, url)} b").count("link_open") <= 1


@given(nasty_text, st.integers(0, 80))
def test_a_clipped_text_keeps_to_its_bytes(text: str, limit: int) -> None:
    cut = clip(visible(text), limit)
    assert len(cut.encode()) <= limit
    assert cut == visible(text) or cut == "" or cut.endswith("…")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("curl: (6) Could not resolve host: a_b.test", "curl: (6) Could not resolve host: a_b.test"),
        ("@everyone #12 GH-3", "&#64;&#8203;everyone &#35;&#8203;12 GH&#8203;-3"),
        ("a|b", "a&#124;b"),
        ("1. no list", "1&#46; no list"),
        ("- no list", "&#45; no list"),
        ("_x_ token_expired", "&#95;x&#95; token_expired"),
        ("https://evil.test", "https:&#8203;//evil.test"),
    ],
)
def test_plain_text_stays_readable_in_its_source(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_prose_shows_code_as_code() -> None:
    assert prose("renew `A_TOKEN`, then *wait*") == "renew `A_TOKEN`, then &#42;wait&#42;"


def test_what_turns_the_reading_direction_is_named() -> None:
    assert visible("user\u202egnp.exe\u2066") == "user[U+202E]gnp.exe[U+2066]"


def test_what_cannot_be_seen_is_gone() -> None:
    assert visible("a\x00\u200b\x1bb\u00ad\ufeff\U000e0041 \n\t c") == "ab c"


def test_no_control_or_invisible_character_gets_through() -> None:
    # These format characters have a shape of their own.
    seen = {0x6DD, 0x70F, 0x8E2, 0x890, 0x891, 0x110BD, 0x110CD, *range(0x600, 0x606), *range(0x13430, 0x13440)}
    everything = (chr(number) for number in range(sys.maxunicode + 1) if number not in seen)
    unseen = [c for c in everything if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    left = set(visible("".join(unseen))) - set("[]U+0123456789ABCDEF \ufffd")
    assert left == set()


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.test",
        "https://",
        "https://user:word@evil.test/",
        "https://github.com@evil.test",
        "https://github.com\\@evil.test",
        "ftp://evil.test",
        "https://evil.test/a\nb",
        "https://evil.test/" + "a" * 3000,
        "",
    ],
)
def test_other_addresses_become_no_link(url: str) -> None:
    assert address(url) == ""
    assert link("here", url) == "here"


def test_an_address_cannot_leave_its_quotes() -> None:
    hostile = 'https://evil.test/a b")<x>`|é?a=1&copy=2'
    assert address(hostile) == "https://evil.test/a%20b%22%29%3Cx%3E%60%7C%C3%A9?a=1&copy=2"
