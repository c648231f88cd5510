"""Read a log once, line by line where it matters, and keep the few lines that may explain the failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lumen_action.failure.dialects import GROUP_LITERALS, MARKS, OWN_GROUP, Ending, Mark, Role, role_of
from lumen_action.failure.lines import Level, Line, clean, segments
from lumen_action.failure.reading import CONTEXT_LINES, Block, blocks
from lumen_action.failure.screening import Screen
from lumen_action.failure.signatures import Catalogue, Signature
from lumen_action.failure.standing import Hit, Quote, Standing
from lumen_action.model import ErrorClass

_WINDOW_BYTES = 4096
# The longest script that a runner echoes, and the longest block of our own: a group that never ends hides no more.
_ECHO_LINES, _OWN_LINES = 500, 2000
_STRUCTURE = re.compile(r"^(?:Run|Post|Set up|Complete) ")
# What the name or an assertion of a test may still prove: the machine itself is broken.
_BEYOND_TESTS = frozenset({"environment/disk", "environment/oom", "environment/missing_tool", "dependency/not_found"})
# What is a cause although the tool only warns: checkers call their findings so, and fail all the same.
_WARNED_OF = frozenset({"build/lint"})


@dataclass
class Sifted:
    """What is left of a log."""

    standing: Standing
    lines: int = 0
    size: int = 0
    blank: bool = True


def sift(chunks: Iterable[bytes], catalogue: Catalogue) -> Sifted:
    """Read everything once."""
    sieve = _Sieve(catalogue)
    for block in blocks(sieve.measured(chunks)):
        sieve.read(block)
    return sieve.finish()


@dataclass(frozen=True)
class _Index:
    """What each literal calls for."""

    signatures: Mapping[bytes, tuple[Signature, ...]]
    marks: Mapping[bytes, Sequence[tuple[int, Mark]]]
    screen: Screen


@lru_cache(maxsize=4)
def _index(catalogue: Catalogue) -> _Index:
    marks: dict[bytes, list[tuple[int, Mark]]] = {}
    for order, mark in enumerate(MARKS):
        marks.setdefault(mark.literal.encode(), []).append((order, mark))
    signatures = {anchor.encode(): found for anchor, found in catalogue.by_anchor.items()}
    screen = Screen({*catalogue.by_anchor, *(mark.literal for mark in MARKS), *GROUP_LITERALS})
    return _Index(signatures, marks, screen)


class _Sieve:
    """The state of reading: what is echoed, what still stands."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._index = _index(catalogue)
        self._standing = Standing()
        self._result = Sifted(self._standing)
        self._echo_until = 0
        self._own_until = 0

    def measured(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        for chunk in chunks:
            self._result.size += len(chunk)
            yield chunk

    def read(self, block: Block) -> None:
        data, end = block.data, block.end
        number, counted = block.first, block.start
        for start, stop, held in self._index.screen.lines(data, block.start, end):
            number += data.count(b"\n", counted, start)
            counted = start
            place = _Place(block, number, start, stop)
            raw = data[start:stop]
            if b"\r" not in raw:
                self._line(place, clean(raw), held)
                continue
            for segment in segments(raw):
                literals = [literal for literal in held if literal in segment]
                if literals:
                    self._line(place, clean(segment), literals)
        self._result.lines = number + data.count(b"\n", counted, end) - (data[end - 1 : end] == b"\n")
        self._result.blank = self._result.blank and not data[block.start : end].strip()

    def finish(self) -> Sifted:
        """Settle what is still open: nothing after it said that it went well."""
        self._standing.finish()
        return self._result

    def _line(self, place: _Place, line: Line, literals: list[bytes]) -> None:
        self._structure(place, line)
        matches = self._matches(line.text, literals)
        mark = self._mark(line.text, literals)
        if not matches and not mark and line.level not in (Level.ERROR, Level.FAULT):
            return
        role = role_of(line, echoed=place.number <= max(self._echo_until, self._own_until))
        for signature, found in matches:
            self._match(signature, found, place, line.text, role)
        if role not in (Role.ECHO, Role.OWN):
            self._judge(place, line, mark.ending if mark else None)

    def _judge(self, place: _Place, line: Line, ending: Ending | None) -> None:
        """Let the line say how what stands before it went."""
        standing = self._standing
        if ending is Ending.AGAIN:
            standing.attempt_repeated(place.number)
        elif line.level in (Level.ERROR, Level.FAULT) or ending is Ending.BAD:
            standing.note(place.quote(line.text))
            if line.level is Level.FAULT:
                standing.step_failed()
            elif ending is Ending.BAD:
                standing.tool_failed()
        elif ending:
            _SUCCESSES[ending](standing, ending.value)

    def _matches(self, text: str, literals: list[bytes]) -> list[tuple[Signature, re.Match[str]]]:
        called = {each.id: each for literal in literals for each in self._index.signatures.get(literal, ())}
        found = ((signature, signature.found(text)) for signature in called.values())
        return [(signature, match) for signature, match in found if match]

    def _mark(self, text: str, literals: list[bytes]) -> Mark | None:
        marks = sorted(
            (each for literal in literals for each in self._index.marks.get(literal, ())), key=lambda each: each[0]
        )
        return next((mark for _, mark in marks if mark.pattern.search(text)), None)

    def _structure(self, place: _Place, line: Line) -> None:
        """Follow groups: a new step means that the one before it went on, and its header only echoes the script."""
        if line.level is Level.GROUP:
            if line.text.startswith(OWN_GROUP):
                self._own_until = place.number + _OWN_LINES
            elif _STRUCTURE.match(line.text):
                self._standing.step_begins()
                self._echo_until = place.number + _ECHO_LINES
        elif line.level is Level.ENDGROUP:
            self._own_until = self._echo_until = 0

    def _match(self, signature: Signature, found: re.Match[str], place: _Place, text: str, role: Role) -> None:
        quote = place.quote(text, found.start())
        hit = Hit(signature, quote, role, self._standing.step, found.groupdict().get("retry_after") or "")
        veto = signature.vetoed_by(text)
        if veto:
            self._standing.drop(hit, "vetoed", f"the line also says {veto}")
        elif signature.near and not signature.has_company(quote.around):
            self._standing.drop(hit, "vetoed", "nothing near it says the same")
        elif not _may_count(signature, role):
            self._standing.drop(hit, "lost", f"it stands in {role.value}")
        else:
            self._standing.add(hit)


_SUCCESSES: dict[Ending, Callable[[Standing, str], None]] = {
    Ending.WHOLE: Standing.all_succeeded,
    Ending.PART: Standing.part_succeeded,
    Ending.ONWARD: Standing.went_on,
    Ending.TEST: Standing.test_passed,
}


def _may_count(signature: Signature, role: Role) -> bool:
    if role is Role.WARNING:
        return signature.name in _WARNED_OF
    if role is Role.TEST:
        return signature.error_class is ErrorClass.BUILD or signature.name in _BEYOND_TESTS
    return role in (Role.EVIDENCE, Role.RETRIED)


@dataclass(frozen=True)
class _Place:
    """Where a line stands in its block."""

    block: Block
    number: int
    start: int
    stop: int

    def quote(self, text: str, column: int = 0) -> Quote:
        """Quote the line with its neighbours."""
        data = self.block.data
        before = data[max(0, self.start - _WINDOW_BYTES) : max(0, self.start - 1)].split(b"\n")
        after = data[self.stop + 1 : self.stop + 1 + _WINDOW_BYTES].split(b"\n")
        return Quote(
            line=self.number,
            text=text,
            column=column,
            before=tuple(before[-CONTEXT_LINES:]) if self.start else (),
            after=tuple(after[:CONTEXT_LINES]) if self.stop + 1 < len(data) else (),
        )
