"""A log is read whole where that is possible, and near its begin and its end where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumen_action.automaton import AutomatonScreen
from lumen_action.catalogue import load_catalogue
from lumen_action.failure import Analysis, classify
from lumen_action.failure.index import Habits
from lumen_action.failure.screening import GramScreen, ScreenMaker
from lumen_action.failure.sifting import FIRST_LINES, LAST_BYTES

CATALOGUE = load_catalogue()
CAUSE = b"fatal: unable to access 'https://git.example/org/app/': Could not resolve host: git.example\n"
FILLER = b"".join(b"compiled module %d of 9000\n" % number for number in range(9000))
DENSE = b"".join(b"parser.go:%d: error: handler %d: connection refused\n" % (n, n) for n in range(15000))


def log(before: int, after: int, filler: bytes = FILLER) -> Iterator[bytes]:
    yield from (filler for _ in range(before // len(filler)))
    yield CAUSE
    yield from (filler for _ in range(after // len(filler)))
    yield b"##[error]Process completed with exit code 128.\n"


def missing(_: object) -> AutomatonScreen:
    raise ImportError("no such package")


def test_the_cause_keeps_its_number_at_the_end_of_a_log_however_long() -> None:
    before = 3 * LAST_BYTES
    evidence = classify(log(before, 1 << 20), CATALOGUE).verdict.evidence
    assert evidence
    assert evidence.line == before // len(FILLER) * 9000 + 1
    assert evidence.text == CAUSE.decode().rstrip()


def test_lines_that_say_nothing_do_not_use_up_what_is_looked_at_near_the_end() -> None:
    stamped = b"".join(b"2026-03-04T05:06:07.1234567Z " + line for line in FILLER.splitlines(keepends=True))
    assert classify(log(3 * LAST_BYTES, 1 << 20, stamped), CATALOGUE).verdict.name == "network/dns"


def test_the_middle_of_a_long_log_is_read_by_the_automaton_only() -> None:
    far = 2 * LAST_BYTES
    assert classify(log(1 << 19, far), CATALOGUE).verdict.name == "network/dns"
    assert classify(log(far, far), CATALOGUE).verdict.name == "unknown/no_match"
    assert classify(log(far, far), CATALOGUE, faster=missing).verdict.name == "unknown/no_match"
    assert classify(log(far, far), CATALOGUE, faster=AutomatonScreen).verdict.name == "network/dns"


def test_too_many_lines_that_might_matter_are_not_all_looked_at_but_the_last_ones_are() -> None:
    assert DENSE.count(b"\n") > FIRST_LINES
    before = 2 * LAST_BYTES
    analysis = classify(log(before, 0, DENSE), CATALOGUE, faster=AutomatonScreen)
    assert analysis.verdict.name == "network/dns"
    assert analysis.lines == before // len(DENSE) * 15000 + 2


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"2026-03-04T05:06:%02d.1234567Z tests/test_api.py::test_%d PASSED",
                b"Tests run: %d, Failures: %d, Errors: 0, Skipped: 0",
                b"E   ConnectionError: HTTPSConnectionPool(host='a.example', port=4%d): Read timed out. (%d)",
                b"error: %d of %d is not a number",
                b"curl: (%d) Failed to connect to mirror.example port 44%d: Connection refused",
                b"##[error]Process completed with exit code %d%d.",
                b"##[group]Run step %d of %d",
                b"##[endgroup] %d %d",
                b"The requested URL returned error: 5%02d %d",
                b"downloading %d of %d",
            ]
        ),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.integers(0, 99), min_size=80, max_size=80),
)
def test_lines_of_a_known_shape_are_passed_over_without_a_difference(said: list[bytes], numbers: list[int]) -> None:
    lines = [
        line % (numbers[place], numbers[-place - 1]) for place, line in enumerate(line for line in said for _ in (0, 1))
    ]
    text = b"\n".join(lines)
    remembered = verdict(classify([text], CATALOGUE))
    with patch.object(Habits, "learn"):
        assert verdict(classify([text], CATALOGUE)) == remembered


def test_a_log_gets_the_same_answer_when_it_is_read_again() -> None:
    text = b"ok 1 - tells " + CAUSE + b"ok 2 - tells " + CAUSE + CAUSE
    first, second = classify([text], CATALOGUE), classify([text], CATALOGUE)
    assert "lost" in {each.status for each in first.candidates}
    assert first.candidates == second.candidates


def verdict(analysis: Analysis) -> tuple[object, ...]:
    return analysis.verdict, analysis.lines


@pytest.mark.parametrize("make", [GramScreen, AutomatonScreen])
def test_both_screens_lead_to_the_same_verdict(make: ScreenMaker) -> None:
    padding = FILLER * (1 + LAST_BYTES // len(FILLER))
    text = padding + DENSE[:20_000] + padding + CAUSE + b"##[error]Process completed with exit code 128.\n"
    evidence = classify([text], CATALOGUE, faster=make).verdict.evidence
    assert evidence
    assert evidence.text == CAUSE.decode().rstrip()
