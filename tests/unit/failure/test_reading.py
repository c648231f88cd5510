"""Bytes become whole lines, whatever their encoding, their cuts and their length."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify
from lumen_action.failure.lines import Level, clean, indentation_of, segments, shown
from lumen_action.failure.reading import CLIP_MARK, LINE_LIMIT, blocks, clipped

ROOT = Path(__file__).resolve().parents[3]


def lines(*chunks: bytes) -> list[tuple[int, bytes]]:
    return [line for block in blocks(chunks) for line in block.lines()]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"").replace(b"\0", b"").replace(b"\x1b", b"")),
            st.integers(0, 3 * LINE_LIMIT).map(lambda size: b"x" * size),
        ),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.integers(0, 1 << 18), max_size=8),
)
def test_lines_are_numbered_as_in_the_file_wherever_it_is_cut(said: list[bytes], cuts: list[int]) -> None:
    data = b"<" + b"\n".join(said)  # a first byte that is neither a mark nor half of a wide character
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    got = lines(*(data[begin:end] for begin, end in itertools.pairwise(places)))
    expected = [(number, clipped(line)) for number, line in enumerate(data.split(b"\n"), 1)]
    assert got == (expected[:-1] if data.endswith(b"\n") else expected)


def test_a_line_that_is_too_long_keeps_its_head_and_its_tail() -> None:
    ((number, line),) = lines(b"head" + b"x" * 100_000 + b"tail")
    assert number == 1
    assert len(line) <= LINE_LIMIT
    assert line.startswith(b"headx")
    assert line.endswith(b"xtail")
    assert CLIP_MARK.search(line)


@given(st.integers(LINE_LIMIT + 1, 5 * LINE_LIMIT), st.lists(st.integers(0, 5 * LINE_LIMIT), max_size=6))
def test_what_is_left_out_of_a_line_is_counted(size: int, cuts: list[int]) -> None:
    data = bytes(33 + place % 90 for place in range(size))
    places = [0, *sorted(cut % size for cut in cuts), size]
    ((_, line),) = lines(*(data[begin:end] for begin, end in itertools.pairwise(places)))
    mark = CLIP_MARK.search(line)
    assert mark
    assert mark.start() + int(mark[1]) + len(line) - mark.end() == size
    assert data.startswith(line[: mark.start()])
    assert data.endswith(line[mark.end() :])


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"plain", b"\x1b[31mred\x1b[0m", b"n\0ul", b""]), min_size=1, max_size=60),
    st.integers(1, 9),
)
def test_the_lines_before_colours_were_taken_out_are_kept(said: list[bytes], times: int) -> None:
    many = said * (times * 1000)
    seen = [
        (number, line, block.originals[number - block.first] if block.original else line)
        for block in blocks([b"\n".join(many)])
        for number, line in block.lines()
    ]
    expected = {b"\x1b[31mred\x1b[0m": b"red", b"n\0ul": b"nul"}
    while many and not many[-1]:
        many.pop()
    assert seen[: len(many)] == [(number, expected.get(line, line), line) for number, line in enumerate(many, 1)]


def test_only_a_line_feed_ends_a_line() -> None:
    assert lines("one\x85two\u2028three\x0cfour\nfive".encode()) == [
        (1, "one\x85two\u2028three\x0cfour".encode()),
        (2, b"five"),
    ]


def test_each_block_shows_its_lines_with_their_neighbours() -> None:
    data = b"".join(b"%06d\n" % number for number in range(100_000))
    made = list(blocks([data]))
    assert len(made) > 1
    for block in made[1:]:
        assert block.data[: block.start].count(b"\n") == 8
        assert block.data[block.start : block.start + 6] == b"%06d" % (block.first - 1)


@pytest.mark.parametrize(
    ("raw", "text", "level"),
    [
        (b"2026-03-04T05:06:07.1234567Z ##[error]it broke", "it broke", Level.FAULT),
        ("\ufeff2026-03-04T05:06:07.1234567Z hello".encode(), "hello", Level.PLAIN),
        (b"build\tTest\t2026-03-04T05:06:07.1234567Z ##[warning]careful", "careful", Level.WARNING),
        (b"2026-03-04T05:06:07.123456Z 01E fatal: no", "fatal: no", Level.PLAIN),
        (b"[2026-03-04T05:06:07.123Z] ERROR: no", "ERROR: no", Level.PLAIN),
        (b"05:06:07 make: *** [all] Error 2", "make: *** [all] Error 2", Level.PLAIN),
        (b"#12 34.56 E: Unable to locate package x", "E: Unable to locate package x", Level.PLAIN),
        ("│ Error: Invalid index".encode(), "Error: Invalid index", Level.PLAIN),
        (b"[build/test] | it broke", "it broke", Level.PLAIN),
        (b"::error file=a.py,line=3::it broke", "it broke", Level.FAULT),
        (b"##vso[task.logissue type=error;code=1]it broke", "it broke", Level.FAULT),
        (b"[ERROR] it broke", "it broke", Level.ERROR),
        (b"[INFO] WARNING: deprecated", "WARNING: deprecated", Level.WARNING),
        (b"npm warn deprecated", "npm warn deprecated", Level.WARNING),
        (b"2026/03/04 05:06:07 [main] WARN slow", "[main] WARN slow", Level.WARNING),
        (b"2026-03-04 05:06:07,123 ERROR: it broke", "ERROR: it broke", Level.PLAIN),
        (b"8:42:54 AM: it broke", "it broke", Level.PLAIN),
        (b"app_1  | it broke", "it broke", Level.PLAIN),
        (b"12\tit broke", "it broke", Level.PLAIN),
        (b"[Container] 2026/03/04 05:06:07 it broke", "it broke", Level.PLAIN),
        (b'Step #1 - "build": it broke', "it broke", Level.PLAIN),
        (b"[05:06:07]: \xe2\x96\xb8 it broke", "it broke", Level.PLAIN),
        (b"stderr: fatal: no", "fatal: no", Level.PLAIN),
        (b"DEBUG: it broke", "DEBUG: it broke", Level.INFO),
        (b"[command]/usr/bin/git fetch", "/usr/bin/git fetch", Level.COMMAND),
        (b"a\x07b \xe2\x80\xaec \xff", "a b  c \ufffd", Level.PLAIN),
    ],
)  # fmt: skip
def test_what_a_ci_puts_around_a_line_is_taken_off(raw: bytes, text: str, level: Level) -> None:
    line = clean(raw)
    assert (line.text, line.level) == (text, level)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_line_becomes_text_that_commands_no_terminal(raw: bytes) -> None:
    assert clean(raw).text.replace("\t", " ").isprintable()


def test_a_progress_display_is_read_as_what_it_showed_last() -> None:
    assert segments(b" 10%\r 20%\r100%\r") == [b" 10%", b" 20%", b"100%"]
    assert shown(b" 10%\r 20%\r100%") == "100%"
    assert segments(b"\r\r") == [b""]


BOUNDED = """
import resource, sys
sys.path.insert(0, {root!r})
from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify

CAUSE = b"fatal: unable to access 'https://git.example/a.git/': Could not resolve host: git.example\\n"

def long_line():
    for _ in range(50):
        yield b"y" * 1_000_000
    yield b"\\n" + CAUSE

def long_log():
    for _ in range(60):
        yield b"compiling module 17 of 900\\n" * 40_000 + b"a warning: error in a name\\n" * 200
    yield CAUSE

def wide_log():
    yield b"\\xff\\xfe"
    for _ in range(20):
        yield ("compiling module 17\\n" * 20_000).encode("utf-16-le")
    yield CAUSE.decode().encode("utf-16-le")

catalogue = load_catalogue()
classify([CAUSE], catalogue)

def peak():
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024

before = peak()
verdict = classify({case}(), catalogue).verdict
print(verdict.subclass, peak() - before)
"""


@pytest.mark.parametrize("case", ["long_line", "long_log", "wide_log"])
def test_memory_does_not_grow_with_the_log(case: str) -> None:
    script = BOUNDED.format(root=str(ROOT), case=case)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    subclass, grown = done.stdout.split()
    assert subclass == "dns"
    assert int(grown) < 16_000_000


def test_a_word_in_brackets_is_no_colour() -> None:
    assert clean(b"collect2: fatal error: ld terminated with signal 9 [Killed]").text.endswith("[Killed]")
    assert clean(b"fetching [0Kpages\x1b[K").text == "fetching [0Kpages"


@pytest.mark.parametrize("indentation", ["    ", "\t", "> ", "  | ", ">> "])
def test_what_stands_before_every_line_of_a_quoted_log_is_no_part_of_it(indentation: str) -> None:
    log = "Cloning into 'app'...\n\nnpm error code E401\nnpm error Incorrect or missing password.\n  at run (a.js)\n"
    quoted = "".join(f"{indentation}{line}\n" if line else "\n" for line in log.split("\n")[:-1])
    assert indentation_of(quoted.encode()).decode() == indentation
    assert indentation_of(log.encode()) == b""
    evidence = classify([quoted.encode()], load_catalogue()).verdict.evidence
    assert evidence
    assert evidence.text.startswith("npm error")
    assert evidence.column == len(indentation) + 1
