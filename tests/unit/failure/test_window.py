from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify
from lumen_action.failure.window import HEAD_BYTES, TAIL_BYTES, windowed

CAUSE = b"fatal: unable to access 'https://github.com/org/app/': Could not resolve host: github.com\n"
FILLER = b"".join(b"compiled module %d of 9000\n" % number for number in range(9000))


@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b"\n")), max_size=30), st.integers(0, 90))
def test_head_and_tail_stay_and_no_line_is_lost_count_of(chunks: list[bytes], head: int) -> None:
    whole = b"".join(chunks)
    kept = b"".join(windowed(chunks, head=head, tail=50))
    assert kept.count(b"\n") == whole.count(b"\n")
    assert kept.startswith(whole[:head])
    assert kept.endswith(whole[max(len(whole) - 50, min(head, len(whole))) :])


def test_a_short_log_is_whole() -> None:
    assert b"".join(windowed([FILLER] * 9)) == FILLER * 9


def log(before: int, after: int) -> Iterator[bytes]:
    yield from (FILLER for _ in range(before // len(FILLER)))
    yield CAUSE
    yield from (FILLER for _ in range(after // len(FILLER)))


def test_the_cause_keeps_its_number_at_the_end_of_a_log_however_long() -> None:
    before = 2 * (HEAD_BYTES + TAIL_BYTES)
    evidence = classify(log(before, 1 << 20), load_catalogue()).verdict.evidence
    assert evidence
    assert evidence.line == before // len(FILLER) * 9000 + 1
    assert evidence.text == CAUSE.decode().rstrip()


def test_the_begin_of_a_long_log_is_read_and_its_middle_is_not() -> None:
    catalogue = load_catalogue()
    far = 2 * (HEAD_BYTES + TAIL_BYTES)
    assert classify(log(1 << 20, far), catalogue).verdict.name == "network/dns"
    assert classify(log(far, far), catalogue).verdict.name == "unknown/no_match"
