"""History that Prometheus can read, written as the blocks it keeps on disk: hundreds of millions of samples in seconds.

Every series has a sample each minute, and changes at most when a chunk of two hours begins: then the chunks of all
series that stand at one value are the same bytes. The formats are told in Prometheus' own documentation (tsdb/docs).
"""

from __future__ import annotations

import json
import struct
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lumen_action.sinks.protobuf import LabelSet
from lumen_action.sinks.snappy import varint as uvarint

STEP_MS = 60_000
SAMPLES = 120
CHUNK_MS = SAMPLES * STEP_MS
# What Prometheus makes of 33 days: a tenth of the retention, in steps of three from two hours.
CHUNKS_IN_BLOCK = 27

_CHUNKS_MAGIC, _INDEX_MAGIC = 0x85BD40DD, 0xBAAAD700
_XOR = 1
_SERIES_ALIGNED = 16
_EVERY_SERIES = ("", "")


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC = _crc_table()


def crc32c(data: bytes) -> bytes:
    """Return the Castagnoli checksum, as it is written."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "big")


def varint(number: int) -> bytes:
    """Encode a number that may be negative."""
    return uvarint(number * 2 if number >= 0 else -number * 2 - 1)


def chunk(start_ms: int, value: float) -> bytes:
    """Return a chunk that stands at one value for two hours."""
    # What follows the second stamp is one bit for its value, and two bits a sample: nothing changed.
    unchanged = bytes((1 + 2 * (SAMPLES - 2) + 7) // 8)
    data = struct.pack(">H", SAMPLES) + varint(start_ms) + struct.pack(">d", value) + uvarint(STEP_MS) + unchanged
    body = bytes([_XOR]) + data
    return uvarint(len(data)) + body + crc32c(body)


@dataclass(frozen=True)
class Series:
    """A series: its labels, sorted, and what it stands at in every chunk."""

    labels: LabelSet
    values: Sequence[float]


def write_history(folder: Path, series: Iterable[Series], end_ms: int) -> int:
    """Write blocks that end at an instant; return how many samples they hold."""
    ordered = sorted(series, key=lambda each: each.labels)
    chunks = len(ordered[0].values)
    first_ms = end_ms - chunks * CHUNK_MS
    for number, start in enumerate(range(0, chunks, CHUNKS_IN_BLOCK)):
        stop = min(start + CHUNKS_IN_BLOCK, chunks)
        part = [Series(each.labels, each.values[start:stop]) for each in ordered]
        _write_block(folder, number, part, first_ms + start * CHUNK_MS)
    return len(ordered) * chunks * SAMPLES


def _write_block(folder: Path, number: int, series: Sequence[Series], start_ms: int) -> None:
    name = f"01BENCH{number:019d}"  # any 26 letters and digits that a ULID may have
    block = folder / name
    (block / "chunks").mkdir(parents=True)
    segment = bytearray(struct.pack(">IB3x", _CHUNKS_MAGIC, 1))
    places: list[list[int]] = []
    made: dict[tuple[int, float], bytes] = {}
    for each in series:
        own = []
        for place, value in enumerate(each.values):
            key = place, value
            if key not in made:
                made[key] = chunk(start_ms + place * CHUNK_MS, value)
            own.append(len(segment))
            segment += made[key]
        places.append(own)
    (block / "chunks" / "000001").write_bytes(segment)
    (block / "index").write_bytes(_index([each.labels for each in series], places, start_ms))
    chunks = len(series[0].values)
    meta = {
        "ulid": name,
        "minTime": start_ms,
        "maxTime": start_ms + chunks * CHUNK_MS,
        "stats": {
            "numSamples": len(series) * chunks * SAMPLES,
            "numSeries": len(series),
            "numChunks": len(series) * chunks,
        },
        "compaction": {"level": 1, "sources": [name]},
        "version": 1,
    }
    (block / "meta.json").write_text(json.dumps(meta))


def _index(labels: Sequence[LabelSet], places: Sequence[Sequence[int]], start_ms: int) -> bytes:
    words = sorted({word for own in labels for pair in own for word in pair} | {""})
    symbols = {word: uvarint(number) for number, word in enumerate(words)}
    index = bytearray(struct.pack(">IB", _INDEX_MAGIC, 2))
    symbols_at = len(index)
    index += _framed(struct.pack(">I", len(words)) + b"".join(_text(word) for word in words))
    series_at = len(index)
    postings: dict[tuple[str, str], list[int]] = defaultdict(list)
    for own, offsets in zip(labels, places, strict=True):
        index += bytes(-len(index) % _SERIES_ALIGNED)
        for pair in (_EVERY_SERIES, *own):
            postings[pair].append(len(index) // _SERIES_ALIGNED)
        content = _series(own, symbols, offsets, start_ms)
        index += uvarint(len(content)) + content + crc32c(content)
    index += bytes(-len(index) % 4)
    label_indices_at = len(index)  # readers of this version use none
    index += _framed(struct.pack(">I", 0))
    index += bytes(-len(index) % 4)
    postings_at = len(index)
    where: dict[tuple[str, str], int] = {}
    for pair in sorted(postings):
        where[pair] = len(index)
        refs = postings[pair]
        index += _framed(struct.pack(f">I{len(refs)}I", len(refs), *refs))
    postings_table_at = len(index)
    table = (b"\x02" + _text(name) + _text(value) + uvarint(at) for (name, value), at in where.items())
    index += _framed(struct.pack(">I", len(where)) + b"".join(table))
    contents = struct.pack(
        ">6Q", symbols_at, series_at, label_indices_at, label_indices_at, postings_at, postings_table_at
    )
    return bytes(index + contents + crc32c(contents))


def _series(labels: LabelSet, symbols: Mapping[str, bytes], offsets: Sequence[int], start_ms: int) -> bytes:
    lasting = CHUNK_MS - STEP_MS
    pairs = b"".join(symbols[name] + symbols[value] for name, value in labels)
    first = varint(start_ms) + uvarint(lasting) + uvarint(offsets[0])
    gap = uvarint(STEP_MS) + uvarint(lasting)
    rest = b"".join(gap + varint(now - before) for before, now in pairwise(offsets))
    return uvarint(len(labels)) + pairs + uvarint(len(offsets)) + first + rest


def _text(word: str) -> bytes:
    encoded = word.encode()
    return uvarint(len(encoded)) + encoded


def _framed(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content + crc32c(content)
