"""Bytes in, blocks of whole lines out: any encoding, any chunking, any line length, in bounded memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

BLOCK_BYTES = 1 << 18
LINE_LIMIT = 8192
CONTEXT_LINES = 8
# Stands where the middle of an overlong line was left out, with the number of bytes, so that columns stay right.
CLIP_MARK = re.compile(rb" \.\.\.\((\d{1,15}) bytes\)\.\.\. ")

_SNIFF_BYTES = 1024
_SNIFF_PAIRS = 8  # fewer prove nothing
_HALF = LINE_LIMIT // 2 - 24
ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\^_])")


@dataclass(frozen=True)
class Block:
    """Some whole lines and their neighbours: `data[start:end]` are the lines, the rest is context around them.

    `first` is the number of the line at `start`, as in the original, from 1, and `count` is how many lines there are.
    `original` is the same lines before
    colours and NUL were taken out, empty when there were none.
    """

    data: bytes
    start: int
    end: int
    first: int
    count: int
    original: bytes = b""

    @cached_property
    def originals(self) -> list[bytes]:
        """Return the lines as they stood in the log, empty when they are the same."""
        return self.original.split(b"\n") if self.original else []

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield each line with its number."""
        body = self.data[self.start : self.end]
        return enumerate((body[:-1] if body.endswith(b"\n") else body).split(b"\n"), self.first)


def blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Cut a log into blocks, free of NUL, colours and overlong lines.

    Lines end at a line feed and nowhere else, so numbers agree with what an editor shows. A line longer than
    LINE_LIMIT keeps its head and its tail.
    """
    lead, held, number = b"", b"", 1
    originals: list[bytes] = []
    for original in _whole_lines(_sized(_utf8(chunks))):
        text = _plain(original)
        if originals or text != original:
            originals = originals or [held]
            originals.append(original)
        held += text
        end = _last_lines(held, len(held))
        if not end:
            continue
        count = held.count(b"\n", 0, end)
        before, after = _split(b"".join(originals), count)
        yield Block(lead + held, len(lead), len(lead) + end, number, count, before)
        number += count
        lead = held[_last_lines(held, end) : end]
        held = held[end:]
        originals = [after] if originals and after != held else []
    if held:
        count = held.count(b"\n") + (not held.endswith(b"\n"))
        yield Block(lead + held, len(lead), len(lead) + len(held), number, count, b"".join(originals))


def _split(text: bytes, count: int) -> tuple[bytes, bytes]:
    """Cut after so many lines."""
    if not text:
        return b"", b""
    after = text.split(b"\n", count)[-1]
    return text[: len(text) - len(after)], after


def clipped(line: bytes, gone: int = 0) -> bytes:
    """Keep the head and the tail of a line that is too long, of which `gone` bytes after the head are missing."""
    if not gone and len(line) <= LINE_LIMIT:
        return line
    return b"%b ...(%d bytes)... %b" % (line[:_HALF], gone + len(line) - 2 * _HALF, line[-_HALF:])


def _last_lines(data: bytes, end: int) -> int:
    """Return where the last CONTEXT_LINES lines before `end` begin, 0 when there are no more than those."""
    position = end
    for _ in range(CONTEXT_LINES):
        position = data.rfind(b"\n", 0, max(0, position - 1)) + 1
        if position == 0:
            return 0
    return position


def _utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Drop a byte order mark and turn UTF-16 into UTF-8."""
    source = iter(chunks)
    opening = b""
    for chunk in source:
        opening += chunk
        if len(opening) >= _SNIFF_BYTES:
            break
    encoding, mark = _encoding(opening[:_SNIFF_BYTES])
    opening = opening[mark:]
    if not encoding:
        yield opening
        yield from source
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for piece in _sized(part for parts in ((opening,), source) for part in parts):
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _encoding(opening: bytes) -> tuple[str, int]:
    """Guess UTF-16 from its mark or from its zero bytes; return the encoding and the length of the mark."""
    for mark, encoding in (
        (codecs.BOM_UTF8, ""),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if opening.startswith(mark):
            return encoding, len(mark)
    pairs = len(opening) // 2
    even, odd = opening[0::2].count(0), opening[1::2].count(0)
    if pairs >= _SNIFF_PAIRS and odd > pairs * 0.4 and even < pairs * 0.1:
        return "utf-16-le", 0
    if pairs >= _SNIFF_PAIRS and even > pairs * 0.4 and odd < pairs * 0.1:
        return "utf-16-be", 0
    return "", 0


def _sized(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join small chunks and slice large ones, so that the work per block is even."""
    small = bytearray()
    for chunk in chunks:
        if len(chunk) < BLOCK_BYTES:
            small += chunk
            if len(small) < BLOCK_BYTES:
                continue
            yield bytes(small)
            small.clear()
            continue
        if small:
            yield bytes(small)
            small.clear()
        for offset in range(0, len(chunk), BLOCK_BYTES):
            yield chunk[offset : offset + BLOCK_BYTES]
    if small:
        yield bytes(small)


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield runs of whole lines, the overlong ones clipped; the last may lack its line feed."""
    partial, gone = bytearray(), 0
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            partial += chunk
            if len(partial) > 4 * LINE_LIMIT:
                # More than the limit stays, so that the line is clipped again when it ends, at the same places.
                gone += len(partial) - _HALF - LINE_LIMIT
                partial = partial[:_HALF] + partial[-LINE_LIMIT:]
            continue
        if partial:
            first = chunk.index(b"\n")
            yield clipped(bytes(partial) + chunk[:first], gone) + b"\n" + _clipped_lines(chunk[first + 1 : cut])
        else:
            yield _clipped_lines(chunk[:cut])
        partial, gone = bytearray(chunk[cut:]), 0
    if partial:
        yield clipped(bytes(partial), gone)


def _clipped_lines(text: bytes) -> bytes:
    """Clip every overlong line, hopping over the others."""
    position = 0
    while len(text) - position > LINE_LIMIT:
        newline = text.rfind(b"\n", position, position + LINE_LIMIT + 1)
        if newline < 0:
            return b"\n".join(clipped(line) for line in text.split(b"\n"))
        position = newline + 1
    return text


def _plain(text: bytes) -> bytes:
    if b"\0" in text:
        text = text.replace(b"\0", b"")
    return ESCAPES.sub(b"", text) if b"\x1b" in text else text
