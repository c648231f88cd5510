"""Text that wants to be obeyed."""

from __future__ import annotations

from hypothesis import strategies as st

SHAPES = {
    "at the begin of a line": "::set-output name=x::1",
    "behind blanks": "   \t::add-mask::secret",
    "behind an ideographic blank": "\u3000::set-env name=PATH::/evil",
    "behind a next line sign": "\x85::add-path::/evil",
    "behind a carriage return": "progress 50%\r::save-state name=x::1",
    "legacy in the middle of a line": "12:00 harmless ##[add-mask]a",
    "legacy with properties": "##[set-env name=LD_PRELOAD;]/evil.so",
    "after a harmless line": "ok\n::error::forged",
    "in capital letters": "::ADD-MASK::secret",
    "behind a byte order mark": "\ufeff::debug::x",
    "stop": "::stop-commands::mine",
    "resume": "::stop-commands::mine\n::mine::\n::set-output name=x::1",
    "legacy resume": "##[stop-commands]mine\n##[mine]\n##[add-mask]x",
    "behind an unknown command": "::unknown::x ##[add-mask]secret",
}

_PIECES = [
    *("::", ":", "##[", "##", "[", "]", "add-mask", "set-output name=x", "stop-commands", "token", "mine", "ADD-PATH"),
    *(" ", "\t", "\r", "\n", "\r\n", "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "\u200b", "\u180e", "\x1c", "\0"),
    *("\x1b[31m", "text", "%0A", "\u2236", "## "),
]
hostile_texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=14).map("".join)
