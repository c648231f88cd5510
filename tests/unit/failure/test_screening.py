"""The screen finds exactly the lines that hold a literal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.failure.screening import Screen

literal = st.text("ab xT:", min_size=1, max_size=9)


@settings(max_examples=300, deadline=None)
@given(
    st.sets(literal, min_size=1, max_size=12),
    st.lists(st.text("ab xT:", max_size=30), min_size=1, max_size=12),
    st.data(),
)
def test_it_finds_what_looking_at_each_line_finds(literals: set[str], said: list[str], data: st.DataObject) -> None:
    planted = [line + data.draw(st.sampled_from(sorted(literals))) for line in said]
    text = "\n".join(planted).encode()
    expected = []
    start = 0
    for line in text.split(b"\n"):
        held = sorted(each.encode() for each in literals if each.encode() in line)
        if held:
            expected.append((start, start + len(line), held))
        start += len(line) + 1
    assert Screen(literals).lines(text, 0, len(text)) == expected


def test_it_looks_only_between_the_bounds() -> None:
    text = b"fatal\nfatal\nfatal\n"
    assert Screen(["fatal"]).lines(text, 6, 12) == [(6, 11, [b"fatal"])]


def test_without_literals_nothing_is_found() -> None:
    assert Screen([]).lines(b"anything\n", 0, 9) == []
