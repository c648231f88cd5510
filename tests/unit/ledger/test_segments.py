"""A segment: what is closed stays as it was, and whatever is changed in it is named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from facts import fact
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.errors import IntegrityError
from lumen_action.ledger import segments
from lumen_action.ledger.segments import GENESIS, Segment, chained
from lumen_action.merkle import included, inclusion_proof, tree_head
from lumen_action.model import canonical

LINES = st.lists(st.binary(min_size=1, max_size=12).filter(lambda line: b"\n" not in line), max_size=12)
SEGMENTS = st.builds(
    lambda number, prev, lines: Segment(number, prev.hex(), tuple(lines)),
    st.integers(1, 10**6),
    st.binary(min_size=32, max_size=32),
    LINES,
)
THREE = Segment(1, GENESIS, tuple(fact("build", run=str(run)).encode() for run in (1, 2, 3)))


@given(SEGMENTS)
def test_what_was_written_is_read_back(segment: Segment) -> None:
    assert Segment.decode(segment.encode(), "7") == segment


def test_it_is_a_header_and_one_fact_a_line() -> None:
    header, *lines = THREE.encode().splitlines()
    told = json.loads(header)
    assert (told["v"], told["number"], told["prev_root"], told["n"]) == (1, 1, GENESIS, 3)
    assert told["root"] == THREE.root == tree_head(THREE.facts).hex()
    assert tuple(lines) == THREE.facts


@given(SEGMENTS, st.data())
def test_one_byte_changed_anywhere_is_refused_and_the_segment_named(segment: Segment, data: st.DataObject) -> None:
    encoded = segment.encode()
    place = data.draw(st.integers(0, len(encoded) - 1))
    changed = bytearray(encoded)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(IntegrityError, match=r"^segment number-7: "):
        Segment.decode(bytes(changed), "number-7")


@given(SEGMENTS.filter(lambda segment: segment.facts), st.data())
def test_a_changed_fact_is_named_by_its_place(segment: Segment, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(segment.facts) - 1))
    byte = data.draw(st.integers(0, len(segment.facts[place]) - 1))
    changed = bytearray(segment.facts[place])
    changed[byte] ^= data.draw(st.integers(1, 255))
    header, *lines = segment.encode().split(b"\n")
    lines[place] = bytes(changed)
    with pytest.raises(IntegrityError, match=f"^segment 7: fact {place + 1} of {len(segment.facts)} "):
        Segment.decode(b"\n".join([header, *lines]), "7")


def test_a_changed_fact_is_named_as_people_know_it() -> None:
    changed = THREE.encode().replace(b'"run":"2"', b'"run":"9"')
    with pytest.raises(IntegrityError, match=r"^segment 1: fact 2 of 3 .*stage build, run 9 of nightly, 2026-01-02"):
        Segment.decode(changed, "1")


def test_a_fact_that_cannot_be_read_any_more_is_named_too() -> None:
    changed = THREE.encode().replace(b'{"day"', b'["day"', 1)
    with pytest.raises(IntegrityError, match=r"^segment 1: fact 1 of 3 .*cannot be read"):
        Segment.decode(changed, "1")


@given(SEGMENTS, st.data())
def test_a_truncated_segment_is_never_read_in_part(segment: Segment, data: st.DataObject) -> None:
    encoded = segment.encode()
    with pytest.raises(IntegrityError, match=r"^segment 7: "):
        Segment.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))], "7")


def test_a_fact_that_is_missing_or_too_many_is_named() -> None:
    header, first, second, third, _ = THREE.encode().split(b"\n")
    with pytest.raises(IntegrityError, match="fact 3 of 3 is missing"):
        Segment.decode(b"\n".join([header, first, second, b""]), "1")
    with pytest.raises(IntegrityError, match="fact 4 of 3"):
        Segment.decode(b"\n".join([header, first, second, third, third, b""]), "1")
    with pytest.raises(IntegrityError, match="fact 1 of 3"):
        Segment.decode(b"\n".join([header, second, first, third, b""]), "1")


def test_a_segment_of_a_later_version_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_VERSION", 2)
    newer = THREE.encode()
    monkeypatch.undo()
    with pytest.raises(IntegrityError, match="version 2 is not 1; update"):
        Segment.decode(newer, "1")


def test_a_header_that_lacks_a_word_is_refused() -> None:
    said = {"v": 1, "number": 1}
    check = hashlib.sha256(canonical(said)).hexdigest()[:16]
    with pytest.raises(IntegrityError, match="segment 1: its header lacks 'prev_root'"):
        Segment.decode(canonical({**said, "check": check}) + b"\n", "1")


def test_a_chain_is_read_as_long_as_each_follows_the_one_before() -> None:
    second = Segment(2, THREE.root, (b"x",))
    third = Segment(3, second.root, (b"y",))
    assert list(chained([THREE, second, third])) == [THREE, second, third]
    with pytest.raises(IntegrityError, match="segment 2 is missing"):
        list(chained([THREE, third]))
    with pytest.raises(IntegrityError, match="segment 2 does not follow segment 1"):
        list(chained([THREE, replace(second, prev_root=GENESIS)]))
    with pytest.raises(IntegrityError, match="segment 3 does not follow segment 2"):
        list(chained([THREE, replace(second, facts=(b"z",)), third]))


def test_a_header_that_is_kept_apart_from_its_facts_knows_them_again() -> None:
    assert THREE.header.around(THREE.facts, "1") == THREE
    with pytest.raises(IntegrityError, match="segment 1: its header is not what was written"):
        replace(THREE.header, n=4).around(THREE.facts, "1")
    with pytest.raises(IntegrityError, match="do not have the root"):
        replace(THREE.header, root=GENESIS).around(THREE.facts, "1")


def test_a_fact_with_a_line_break_is_refused_before_it_is_written() -> None:
    with pytest.raises(ValueError, match="one line"):
        Segment(1, GENESIS, (b"a\nb",))


def test_any_fact_of_a_segment_can_be_proven_by_its_root() -> None:
    for place, line in enumerate(THREE.facts):
        proof = inclusion_proof(THREE.leaf_hashes, place)
        assert included(line, place, len(THREE.facts), proof, bytes.fromhex(THREE.root))
