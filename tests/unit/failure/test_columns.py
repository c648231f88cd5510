"""From what was read there is a way back to the line and the column of the log."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify
from lumen_action.failure.columns import column_of
from lumen_action.failure.lines import clean
from lumen_action.failure.reading import LINE_LIMIT, blocks

CATALOGUE = load_catalogue()
CAUSE = "fatal: unable to access 'https://git.example/a.git/': Could not resolve host: git.example"
WORDS = "Could not resolve host"


@pytest.mark.parametrize(
    "line",
    [
        CAUSE,
        "2026-03-04T05:06:07.1234567Z ##[error]" + CAUSE,
        "\x1b[31m2026-03-04T05:06:07.1234567Z " + CAUSE.replace("not res", "not \x1b[1mres\x1b[0m"),
        "05:06:07 " + CAUSE.replace("fatal", "fa\0tal"),
        "Receiving objects: 10%\rReceiving objects: 20%\r" + CAUSE,
        "│ " + CAUSE,
        "[0m[31m" + CAUSE + "[0m",
        "::error file=ä.py,line=3::" + CAUSE,
        "x" * 1_000_000 + " " + CAUSE,
        CAUSE + " " + "x" * 1_000_000,
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_column_is_where_an_editor_shows_what_was_recognised(line: str, encoding: str) -> None:
    evidence = classify([f"one\ntwo\n{line}\nfour\n".encode(encoding)], CATALOGUE).verdict.evidence
    assert evidence
    assert evidence.line == 3
    assert 0 <= line.find("Could") - (evidence.column - 1) <= CAUSE.find("Could")
    assert evidence.column > 0


coloured = st.lists(
    st.sampled_from(
        [
            "word",
            " ",
            "ä",
            "[",
            "]",
            "31m",
            "\x1b[31m",
            "\x1b[K",
            "\0",
            "\r",
            "2026-03-04T05:06:07Z ",
            "##[error]",
            "│ ",
        ]
    ),
    max_size=14,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(coloured)
def test_each_character_that_was_read_is_found_where_it_stood(line: str) -> None:
    for block in blocks([b"<\n" + line.encode() + b"\n"]):
        for number, raw in block.lines():
            if number != 2:
                continue
            text = clean(raw.split(b"\r")[-1]).text if raw.split(b"\r")[-1].strip() else ""
            for offset, character in enumerate(text):
                column = column_of(line.encode(), text, offset)
                assert column > 0
                assert character in (line[column - 1], " ")


def test_behind_what_was_left_out_of_a_line_its_bytes_are_counted() -> None:
    line = b"a" * (3 * LINE_LIMIT) + b" tail"
    ((_, clipped),) = [each for block in blocks([line]) for each in block.lines()]
    text = clean(clipped).text
    assert column_of(clipped, text, text.index("tail")) == len(line) - 3
