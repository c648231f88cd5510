"""A segment: facts closed for good under one Merkle root, chained to the segment before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from lumen_action.errors import IntegrityError
from lumen_action.merkle import head_of, leaf_hash
from lumen_action.model import Fact, canonical

GENESIS = "0" * 64
"""The `prev_root` of segment 1."""

SEGMENT_VERSION = 1
# A root says only that something changed; so much of every leaf's hash, kept in the header, says what.
_MARK_BYTES = 4


@dataclass(frozen=True)
class Segment:
    """Closed facts, each in its canonical bytes, in the order in which the root counts them."""

    number: int
    prev_root: str
    facts: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Refuse what could not be told apart when it is read back."""
        if any(b"\n" in fact for fact in self.facts):
            raise ValueError("a fact in a segment is one line")

    @cached_property
    def leaf_hashes(self) -> tuple[bytes, ...]:
        """Return the hash of every fact, from which inclusion proofs are made."""
        return tuple(map(leaf_hash, self.facts))

    @cached_property
    def root(self) -> str:
        """Return the RFC 6962 tree head over the facts in hex."""
        return head_of(self.leaf_hashes).hex()

    @property
    def header(self) -> Header:
        """Return what is kept beside the facts to know them again."""
        marks = b"".join(leaf[:_MARK_BYTES] for leaf in self.leaf_hashes)
        return Header(self.number, self.prev_root, len(self.facts), self.root, marks.hex())

    def encode(self) -> bytes:
        """Return the header and one fact a line."""
        return b"".join(line + b"\n" for line in (self.header.encode(), *self.facts))

    @classmethod
    def decode(cls, data: bytes, name: str) -> Segment:
        """Read a segment back; an IntegrityError names the segment and, where it can be told, the fact."""
        first, *lines = data.split(b"\n")
        ended = bool(lines) and not lines[-1]
        segment = Header.decode(first, name).around(lines[:-1] if ended else lines, name)
        if not ended:
            raise IntegrityError(f"segment {name}: its last line is cut off")
        return segment


@dataclass(frozen=True)
class Header:
    """What a segment says of its facts; `leaves` holds the first bytes of each one's hash in hex."""

    number: int
    prev_root: str
    n: int
    root: str
    leaves: str

    def encode(self) -> bytes:
        """Return the first line of a segment."""
        said = {"v": SEGMENT_VERSION, **vars(self)}
        # The root speaks only of the facts; the check speaks of the header itself.
        return canonical({**said, "check": _check(said)})

    @classmethod
    def decode(cls, line: bytes, name: str) -> Header:
        """Read the first line of a segment."""
        try:
            said: dict[str, Any] = json.loads(line)
            check, version = said.pop("check"), said["v"]
            fits = check == _check(said)
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise IntegrityError(f"segment {name}: its header cannot be read ({fault!r})") from fault
        if not fits:
            raise IntegrityError(f"segment {name}: its header is not what was written")
        if version != SEGMENT_VERSION:
            raise IntegrityError(
                f"segment {name}: version {version!r} is not {SEGMENT_VERSION}; update lumen-sli-action"
            )
        try:
            return cls(**{field.name: said[field.name] for field in fields(cls)})
        except KeyError as fault:
            raise IntegrityError(f"segment {name}: its header lacks {fault}") from fault

    def around(self, facts: Sequence[bytes], name: str) -> Segment:
        """Return the segment of these facts; an IntegrityError names the first that is not what was written."""
        segment = Segment(self.number, self.prev_root, tuple(facts))
        if segment.header == self:
            return segment
        if segment.root == self.root:
            raise IntegrityError(f"segment {name}: its header is not what was written")
        place = self._first_changed(segment.leaf_hashes)
        if place is None:
            raise IntegrityError(f"segment {name}: its facts do not have the root {self.root}")
        raise damaged(name, place, self.n, segment.facts)

    def _first_changed(self, hashes: Sequence[bytes]) -> int | None:
        """Return the place of the first leaf that has not its mark, also of one that is missing or too many."""
        width = 2 * _MARK_BYTES
        wanted = [self.leaves[start : start + width] for start in range(0, len(self.leaves), width)]
        for place, (leaf, mark) in enumerate(zip(hashes, wanted, strict=False)):
            if leaf[:_MARK_BYTES].hex() != mark:
                return place
        return None if len(hashes) == len(wanted) else min(len(hashes), len(wanted))


def damaged(name: str, place: int, total: int, facts: Sequence[bytes]) -> IntegrityError:
    """Return the error that names a segment and the fact at `place` in it, counted from 0."""
    what = "is missing" if place >= len(facts) else f"is not what was written{as_people_say(facts[place])}"
    return IntegrityError(f"segment {name}: fact {place + 1} of {total} {what}")


def as_people_say(fact: bytes) -> str:
    """Return in parentheses what a stored fact says it is, as far as it can still be read."""
    try:
        read = Fact.decode(fact)
    except ValueError as fault:
        return f" (it cannot be read: {fault})"
    key = read.key
    return f" (it reads as {key.kind} {key.stage}, run {key.run} of {read.pipeline}, {read.day})"


def chained(segments: Iterable[Segment], number: int = 0, root: str = GENESIS) -> Iterator[Segment]:
    """Yield the segments after `number` as long as each follows the one before; none may be missing or exchanged."""
    for segment in segments:
        if segment.number != number + 1:
            raise IntegrityError(f"segment {number + 1} is missing: {segment.number} comes after {number}")
        if segment.prev_root != root:
            raise IntegrityError(f"segment {segment.number} does not follow segment {number}, whose root is {root}")
        number, root = segment.number, segment.root
        yield segment


def _check(header: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical(header)).hexdigest()[:16]
