"""Every screen finds the lines that hold a literal, and which literals those are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.automaton import AutomatonScreen
from lumen_action.failure.screening import GramScreen, ScreenMaker

literal = st.text("ab xT:", min_size=1, max_size=14)
screens = pytest.mark.parametrize("make", [GramScreen, AutomatonScreen])


def held(
    make: ScreenMaker, literals: set[str], text: bytes, start: int, end: int
) -> list[tuple[int, int, list[bytes]]]:
    screen = make(literals)
    sightings = screen.lines(text, start, end)
    lines = [
        (begin, stop, sorted(each for each in screen.behind(found) if each in text[begin:stop]))
        for begin, stop, found in sightings
    ]
    return [line for line in lines if line[2]]


@screens
@settings(max_examples=300, deadline=None)
@given(
    st.sets(literal, min_size=1, max_size=12),
    st.lists(st.text("ab xT:", max_size=30), min_size=1, max_size=12),
    st.data(),
)
def test_it_finds_what_looking_at_each_line_finds(
    make: ScreenMaker, literals: set[str], said: list[str], data: st.DataObject
) -> None:
    planted = [line + data.draw(st.sampled_from(sorted(literals))) for line in said]
    text = "\n".join(planted).encode()
    expected = []
    start = 0
    for line in text.split(b"\n"):
        stand = sorted(each.encode() for each in literals if each.encode() in line)
        if stand:
            expected.append((start, start + len(line), stand))
        start += len(line) + 1
    assert held(make, literals, text, 0, len(text)) == expected


@screens
def test_it_looks_only_between_the_bounds(make: ScreenMaker) -> None:
    text = b"fatal\nfatal\nfatal\n"
    assert held(make, {"fatal"}, text, 6, 12) == [(6, 11, [b"fatal"])]


@screens
def test_without_literals_nothing_is_found(make: ScreenMaker) -> None:
    assert make([]).lines(b"anything\n", 0, 9) == []


@screens
def test_what_was_expected_and_what_was_not_is_found_alike(make: ScreenMaker) -> None:
    screen, text = make({"fatal"}), b"fatal\nfine\nfatal\n"
    screen.expect(text, 6, len(text))
    assert [each[:2] for each in screen.lines(text, 6, len(text))] == [(11, 16)]
    screen.expect(text, 6, len(text))
    assert [each[:2] for each in screen.lines(text, 0, 6)] == [(0, 5)]
    assert [each[:2] for each in screen.lines(text, 6, len(text))] == [(11, 16)]
