"""Checkpoints: three lines a segment that hold the whole chain before it; whoever kept a copy sees a rewritten past."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, runtime_checkable

from lumen_action.crypto.signing import PublicKey, Signer, opened
from lumen_action.errors import ConfigError, IntegrityError
from lumen_action.ledger import Ledger
from lumen_action.ledger.notes import Notes
from lumen_action.ledger.segments import Segment, chained
from lumen_action.merkle import Frontier
from lumen_action.model import Fact, canonical

_ORIGIN = "origin"
_FRONTIER = "frontier"


@runtime_checkable
class SegmentedLedger(Ledger, Notes, Protocol):
    """A ledger that closes its facts into segments."""

    def segments(self) -> Iterator[Segment]:
        """Yield the closed facts, oldest segment first, verified as they are read."""

    def compact(self, before_day: str) -> int:
        """Close every open fact of days before that day; return how many."""


@runtime_checkable
class _KnowsOpenFacts(Protocol):
    """A ledger that can yield its open facts without reading the closed ones."""

    def open_facts(self) -> Iterator[Fact]:
        """Yield the facts that no segment holds yet."""


@runtime_checkable
class _KnowsNewSegments(Protocol):
    """A ledger that can yield its newest segments without reading the older ones."""

    def segments_after(self, number: int) -> Iterator[Segment]:
        """Yield the segments after that one, each verified."""


@dataclass(frozen=True)
class Checkpoint:
    """The RFC 6962 head over the roots of all segments up to one, in the form of c2sp.org/tlog-checkpoint."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> bytes:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    @classmethod
    def parse(cls, note: bytes) -> Checkpoint:
        """Read a checkpoint, signed or not; a ValueError says what is wrong."""
        lines = opened(note)[0].decode(errors="replace").split("\n")
        try:
            origin, size, root, end = lines
            made = cls(origin, int(size), base64.b64decode(root, validate=True))
        except (ValueError, binascii.Error) as fault:
            raise ValueError("a checkpoint is three lines: origin, size and root") from fault
        if end or made.text != "\n".join(lines).encode():
            raise ValueError("it is not written as a checkpoint is")
        return made


@dataclass(frozen=True)
class Audit:
    """What a verification found."""

    segments: int
    closed: int
    open: int
    checkpoints: int
    signed: int
    newest: Checkpoint | None
    faults: tuple[str, ...]


def keep_checkpoints(ledger: SegmentedLedger, signer: Signer | None) -> Checkpoint | None:
    """Write the checkpoints of the segments that have none; return the newest.

    They extend the last one of ours, so that a past which was rewritten since is never signed.
    """
    origin = _named(ledger)
    newest, frontier = _last_kept(ledger, origin, signer)
    for segment in chained_after(ledger, frontier.size):
        frontier = frontier.appended(bytes.fromhex(segment.root))
        newest = Checkpoint(origin, frontier.size, frontier.head)
        if not ledger.put_note(_name(newest.size), _noted(newest, signer), expected=None):
            _require_same(newest, _present(ledger, newest))
    if newest:
        present = _present(ledger, newest)
        if signer and not signer.public(origin).found_in(present):
            ledger.put_note(_name(newest.size), _noted(newest, signer), expected=present)
        said = {"size": frontier.size, "heads": [head.hex() for head in frontier.heads]}
        ledger.put_note(_FRONTIER, canonical(said), expected=ledger.note(_FRONTIER))
    return newest


def chained_after(ledger: SegmentedLedger, number: int) -> Iterator[Segment]:
    """Yield the segments after that one, without reading those before where the ledger can."""
    if isinstance(ledger, _KnowsNewSegments):
        return ledger.segments_after(number)
    return islice(chained(ledger.segments()), number, None)


def _last_kept(ledger: SegmentedLedger, origin: str, signer: Signer | None) -> tuple[Checkpoint | None, Frontier]:
    """Return the last checkpoint and the frontier to go on from, if that is proven to be ours."""
    body = ledger.note(_FRONTIER)
    if body:
        said = json.loads(body)
        frontier = Frontier(said["size"], tuple(map(bytes.fromhex, said["heads"])))
        kept = Checkpoint(origin, frontier.size, frontier.head)
        note = _present(ledger, kept)
        if opened(note)[0] == kept.text and (not signer or signer.public(origin).found_in(note)):
            return kept, frontier
    return None, Frontier()


def newest_kept(ledger: Notes) -> Checkpoint | None:
    """Return the newest checkpoint as the ledger tells it, unproven; None where nothing was ever closed."""
    body = ledger.note(_FRONTIER)
    if not body:
        return None
    said = json.loads(body)
    frontier = Frontier(said["size"], tuple(map(bytes.fromhex, said["heads"])))
    return Checkpoint((ledger.note(_ORIGIN) or b"").decode(), frontier.size, frontier.head)


def audit(ledger: SegmentedLedger, *, key: PublicKey | None = None, kept: Checkpoint | None = None) -> Audit:
    """Verify segments, chain, checkpoints and signatures, `kept` being one from outside, and read the open facts."""
    faults: list[str] = []
    closed = checkpoints = signed = 0
    newest: Checkpoint | None = None
    newest_signed = False
    origin = (ledger.note(_ORIGIN) or b"").decode(errors="replace")
    try:
        for newest, facts in _with_facts(origin, ledger.segments()):
            closed += facts
            note = ledger.note(_name(newest.size))
            newest_signed = False
            if note is not None:
                checkpoints += 1
                _require_same(newest, note)
                newest_signed = _require_right_signature(newest, note, key)
                signed += newest_signed
            if kept and kept.size == newest.size and kept != newest:
                faults.append(
                    f"segment {newest.size} or one before it is not what it was when the checkpoint outside was taken"
                )
        faults.extend(_left_over(ledger, newest, kept))
        if key and newest and not newest_signed:
            faults.append(f"checkpoint {newest.size} is not signed with the key {key}")
    except IntegrityError as fault:
        faults.append(str(fault))
    open_facts, unreadable = _count_open(ledger, closed)
    faults.extend(unreadable)
    return Audit(
        segments=newest.size if newest else 0,
        closed=closed,
        open=open_facts,
        checkpoints=checkpoints,
        signed=signed,
        newest=newest,
        faults=tuple(dict.fromkeys(faults)),
    )


def public_key(ledger: SegmentedLedger, signer: Signer) -> PublicKey:
    """Return the key that the ledger's signatures are checked with."""
    return signer.public(_named(ledger))


def _with_facts(origin: str, segments: Iterator[Segment]) -> Iterator[tuple[Checkpoint, int]]:
    frontier = Frontier()
    for segment in chained(segments):
        frontier = frontier.appended(bytes.fromhex(segment.root))
        yield Checkpoint(origin, segment.number, frontier.head), len(segment.facts)


def _named(ledger: SegmentedLedger) -> str:
    """Return the ledger's own name, which it keeps when it moves; two ledgers never share one."""
    fresh = f"lumen-ledger/{secrets.token_hex(8)}".encode()
    ledger.put_note(_ORIGIN, fresh, expected=None)
    return (ledger.note(_ORIGIN) or fresh).decode()


def _name(number: int) -> str:
    return f"checkpoint/{number}"


def _noted(checkpoint: Checkpoint, signer: Signer | None) -> bytes:
    return signer.sign(checkpoint.text, checkpoint.origin) if signer else checkpoint.text


def _present(ledger: SegmentedLedger, checkpoint: Checkpoint) -> bytes:
    return ledger.note(_name(checkpoint.size)) or b""


def _require_same(checkpoint: Checkpoint, note: bytes) -> None:
    if opened(note)[0] != checkpoint.text:
        raise IntegrityError(
            f"segment {checkpoint.size}: checkpoint {checkpoint.size} does not fit it and the segments before it"
        )


def _require_right_signature(checkpoint: Checkpoint, note: bytes, key: PublicKey | None) -> bool:
    right = key.found_in(note) if key else None
    if right is False:
        raise IntegrityError(f"checkpoint {checkpoint.size}: its signature is not of the key {key}")
    return bool(right)


def _left_over(ledger: SegmentedLedger, newest: Checkpoint | None, kept: Checkpoint | None) -> Iterator[str]:
    """Yield what is known of segments that are not there."""
    size = newest.size if newest else 0
    if ledger.note(_name(size + 1)) is not None:
        yield f"segment {size + 1} is missing: its checkpoint is still there"
    if kept and kept.size > size:
        yield f"segment {size + 1} is missing: the checkpoint from outside speaks of {kept.size} segments"


def _count_open(ledger: SegmentedLedger, closed: int) -> tuple[int, list[str]]:
    """Read what is not closed; return how many facts that are and what is wrong."""
    facts, count = (ledger.open_facts(), 0) if isinstance(ledger, _KnowsOpenFacts) else (ledger.scan(), -closed)
    try:
        for _ in facts:
            count += 1
    except IntegrityError as fault:
        return max(0, count), [str(fault)]
    return count, []


def parse_kept(text: bytes, where: str) -> Checkpoint:
    """Read a checkpoint that a person kept outside."""
    try:
        return Checkpoint.parse(text)
    except ValueError as fault:
        raise ConfigError(
            f"checkpoint: {where} does not hold one ({fault}); give it the file as it was kept"
        ) from fault
