"""What every match of a pattern holds, found on its tree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.rulebooks.shapes import literals, plain_text


@pytest.mark.parametrize(
    ("pattern", "held"),
    [
        ("(?i)Connection reset", ("Connection reset",)),
        (r"code \d+: (?:no such host)", (": no such host",)),
        ("(?:reset|refused) by peer", ("by peer",)),
        ("reset by (?:me|you)|refused", ("reset by me", "reset by you", "refused")),
        ("Connection (?:reset|refused)!?", ("Connection reset", "Connection refused")),
        ("(?:abc)?defg(?:hijkl)*", ("defg",)),
        ("(?:abcde){2}x", ("abcde",)),
        ("(?=lookahead)abc", ("abc",)),
        (r"\d+", ()),
        ("ab", ()),
        ("abc|d", ()),
        (" {2}a b {2}", ("a b",)),
    ],
)
def test_the_longest_text_of_every_match_is_found(pattern: str, held: tuple[str, ...]) -> None:
    assert {text.strip(": ") for text in literals(pattern)} == {text.strip(": ") for text in held}


@pytest.mark.parametrize(
    ("pattern", "text"), [(r"(?i)a\.b \(c\)", "a.b (c)"), ("(?:ab)(cd)", "abcd"), ("a.b", ""), ("ab?", ""), ("a|b", "")]
)
def test_a_pattern_that_is_a_text_is_one(pattern: str, text: str) -> None:
    assert plain_text(pattern) == text


pieces = st.recursive(
    st.text("abc", min_size=1, max_size=4) | st.sampled_from([r"\d", ".", "[xy]"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})")
        | st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}"])).map(lambda parts: f"(?:{parts[0]}){parts[1]}")
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(pieces, st.data())
def test_every_match_holds_one_of_the_literals(pattern: str, data: st.DataObject) -> None:
    held = literals(pattern)
    text = data.draw(st.from_regex(pattern, fullmatch=True))
    assert not held or any(each in text for each in held)
