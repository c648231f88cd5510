"""Text that means harm, and what a reader's program must not make of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

BREAK = "\u200b"
_FRAGMENTS = (
    "`", "``", "```", "~~~", "|", "||", "\\", "\\|", "\n", "\r\n", "\t", "    ", " ", "*", "**", "_", "__", "~~", "#",
    "# ", "## x ##", "> ", "- ", "+ ", "1. ", "2) ", "===", "---", "|---|---|", "[", "]", "(", ")", "![", "](", "]: ",
    "<", ">", "&", "&lt;", "&#64;everyone", "&commat;x", "<!--", "-->", "<b>", "</details>", "<script>", "<img src=x>",
    "<https://evil.test>", "https://evil.test", "http://", "www.", "WWW.a.test", "ftp://evil.test", "mailto:a@b.test",
    "a@b.test", "@", "@everyone", "@org/team", "#1", "#123", "org/app#9", "GH-1", "gh-7", ":tada:", ":+1:", "$x$", "$$",
    "javascript:alert(1)", "[x](javascript:alert(1))", "[x](https://evil.test)", "![i](https://evil.test/i.png)",
    "[x]: https://evil.test\n[x]", "[^1]", "{{", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\x00", "\x1b[31m",
    "\x85", "\u2028", "\ud800", "\U000e0041", "é", "漢字", "🙂", "a", "word", "network/dns", "token_expired", "...",
)  # fmt: skip

nasty_text = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=6), max_size=25).map("".join)

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_REFERENCE = re.compile(r"@\w|#\d|\bgh-\d|://|\bwww\.|:[\w+-]+:", re.IGNORECASE)


def tokens(markdown: str) -> list[Token]:
    """Return every token, the inline ones too."""
    return list(_all(_PARSER.parse(markdown)))


def _all(found: list[Token]) -> Iterator[Token]:
    for token in found:
        yield token
        yield from _all(token.children or [])


def prose_of(markdown: str) -> str:
    """Return what is read outside code."""
    return "".join(token.content for token in tokens(markdown) if token.type == "text")


def assert_tame(markdown: str) -> None:
    """Fail when text became markup, a picture, a reference, or a link to anything but the web."""
    for token in tokens(markdown):
        assert token.type not in ("html_inline", "html_block", "image", "em_open", "s_open", "code_block")
        if token.type == "link_open":
            assert re.match("https?://", str(token.attrs["href"]))
        if token.type == "text":
            assert not _REFERENCE.search(token.content), token.content
