"""Read a log once, line by line where it matters, and keep the few lines that may explain the failure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from lumen_action.failure.dialects import OWN_GROUP, Role, role_of
from lumen_action.failure.endings import Ending
from lumen_action.failure.index import Call, Index, index
from lumen_action.failure.lines import Level, Line, clean, indentation_of, segments
from lumen_action.failure.reading import CONTEXT_LINES, Block, blocks
from lumen_action.failure.screening import GramScreen, ScreenMaker, Sighting
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
_WARNED_OF = frozenset({"build/lint", "build/coverage"})
# How much of a log is looked at closely: until so many lines had something to tell, and of the rest the last lines.
# What one failure explains is near them, and the work for any log stays bounded.
FIRST_LINES, LAST_LINES, LAST_BYTES = 3_000, 5_000, 8 << 20


@dataclass
class Sifted:
    """What is left of a log."""

    standing: Standing
    lines: int = 0
    size: int = 0
    blank: bool = True


def sift(
    chunks: Iterable[bytes], catalogue: Catalogue, faster: ScreenMaker | None = None, failing_step: str = ""
) -> Sifted:
    """Read everything once; `faster` makes a better screen, or fails with an ImportError, when the log is long."""
    sieve = _Sieve(catalogue, faster, failing_step)
    for block in blocks(sieve.measured(chunks)):
        sieve.read(block)
    return sieve.finish()


@lru_cache(maxsize=4)
def _plain_index(catalogue: Catalogue) -> Index:
    return index(catalogue, GramScreen)


class _Sieve:
    """The state of reading: what is echoed, what still stands, what waits until the end is known."""

    def __init__(self, catalogue: Catalogue, faster: ScreenMaker | None, failing_step: str) -> None:
        self._failing_step = failing_step
        self._catalogue, self._faster = catalogue, faster
        # What lines of one log have said must not be known when the next is read: its answer would be another.
        self._index = replace(_plain_index(catalogue))
        self._calm: Index | None = None
        self._standing = Standing()
        self._result = Sifted(self._standing)
        self._echo_until = 0
        self._own_until = 0
        self._screened = 0
        self._telling = 0
        self._indentation = b""
        self._waiting: deque[Block] = deque()
        self._waiting_bytes = 0

    def measured(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        for chunk in chunks:
            self._result.size += len(chunk)
            yield chunk

    def read(self, block: Block) -> None:
        """Look at a block, or let it wait when enough was seen of the begin."""
        if block.first == 1:
            self._indentation = indentation_of(block.data[: block.end])
        self._screened += block.end - block.start
        newlines = block.data.count(b"\n", block.start, block.end)
        self._result.lines = block.first - 1 + newlines + (block.data[block.end - 1 : block.end] != b"\n")
        self._result.blank = self._result.blank and not block.data[block.start : block.end].strip()
        self._take(block)

    def finish(self) -> Sifted:
        """Look at what waited, and settle what is still open: nothing after it said that it went well."""
        chosen: list[tuple[Block, list[Sighting]]] = []
        left = LAST_LINES
        while self._waiting and left > 0:
            block = self._waiting.pop()
            sightings = [each for each in self._sightings(block) if not self._is_silent(block, each)][-left:]
            left -= len(sightings)
            chosen.append((block, sightings))
        for block, sightings in reversed(chosen):
            self._look(block, sightings)
        self._standing.finish(self._result.lines)
        return self._result

    def _is_silent(self, block: Block, sighting: Sighting) -> bool:
        start, stop, found = sighting
        habits = self._index.habits[found]
        shape = habits.shape(block.data[start:stop])
        return shape in habits.quiet and habits.quiet[shape] is None

    def _sightings(self, block: Block) -> list[Sighting]:
        return self._index.screen.lines(block.data, block.start, block.end)

    def _take(self, block: Block) -> None:
        if self._telling < FIRST_LINES and self._screened <= self._index.screen.reach:
            self._read_through(block)
            return
        self._waiting.append(block)
        self._waiting_bytes += block.end - block.start
        while self._waiting_bytes - (size := self._waiting[0].end - self._waiting[0].start) >= LAST_BYTES:
            if self._faster:
                self._speed_up(self._faster)
                return
            self._waiting.popleft()
            self._waiting_bytes -= size

    def _speed_up(self, faster: ScreenMaker) -> None:
        """Get the better screen before anything is passed over, and go on with what waited."""
        self._faster = None
        with suppress(ImportError):
            self._index = index(self._catalogue, faster)
            self._calm = index(self._catalogue, faster, without_passes=True)
        waited, self._waiting, self._waiting_bytes = self._waiting, deque(), 0
        for block in waited:
            self._take(block)

    def _read_through(self, block: Block) -> None:
        """Look at a block; that tests passed, as most of a long log says, is not heard while nothing is suspected."""
        if self._calm is None or self._standing.would_change(Ending.TEST):
            self._look(block, self._sightings(block))
            return
        screen = self._calm.screen
        self._look(block, screen.lines(block.data, block.start, block.end), self._calm)
        if self._standing.would_change(Ending.TEST):
            self._hear_passes(block)

    def _hear_passes(self, block: Block) -> None:
        """Take back what was said in a block before the last test of it that passed."""
        for start, stop, found in reversed(self._sightings(block)):
            text = clean(block.data[start:stop], self._indentation).text
            habits = self._index.habits[found]
            if habits.only_good and self._ending(text, habits.call):
                line = block.first + block.data.count(b"\n", block.start, start)
                self._standing.test_passed(Ending.TEST.value, line)
                return

    def _look(self, block: Block, sightings: list[Sighting], known: Index | None = None) -> None:
        known = known or self._index
        data, habits_of = block.data, known.habits
        number, counted = block.first, block.start
        for start, stop, found in sightings:
            habits = habits_of[found]
            if habits.only_good and not self._standing.would_change(Ending.TEST):
                continue
            raw = data[start:stop]
            shape = habits.shape(raw)
            if shape in habits.quiet:
                ending = habits.quiet[shape]
                if ending is None or not self._standing.would_change(ending):
                    continue
            number += data.count(b"\n", counted, start)
            counted = start
            place = _Place(block, number, start, stop)
            if b"\r" in raw:
                for segment in segments(raw):
                    self._line(place, clean(segment, self._indentation), habits.call)
                self._telling += 1
                continue
            line = clean(raw, self._indentation)
            if self._line(place, line, habits.call):
                habits.learn(shape, self._ending(line.text, habits.call))
            else:
                self._telling += 1

    def _line(self, place: _Place, line: Line, call: Call) -> bool:
        """Take in what a line says; tell whether others of its shape need not be looked at."""
        self._structure(place, line)
        matches = [(each, match) for each in call.signatures if (match := each.found(line.text))]
        ending = self._ending(line.text, call)
        if not matches and not ending and line.level not in (Level.ERROR, Level.FAULT):
            return line.level not in (Level.GROUP, Level.ENDGROUP)
        echoed = place.number <= max(self._echo_until, self._own_until)
        role = role_of(line, echoed=echoed)
        for signature, found in matches:
            self._match(signature, found, place, line.text, role)
        if ending is Ending.TOLERATED:
            # `set -x` shows `|| true` as the echo of a command.
            self._standing.tolerated(ending.value)
        if role in (Role.ECHO, Role.OWN):
            return False
        self._judge(place, line, ending)
        said = line.level in (Level.ERROR, Level.FAULT) or any(_may_count(each, role) for each, _ in matches)
        return not said and ending in _SILENT_ENDINGS

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
                standing.tool_failed(place.number)
        elif ending:
            _SUCCESSES[ending](standing, ending.value)

    def _ending(self, text: str, call: Call) -> Ending | None:
        return next((mark.ending for mark in call.marks if mark.pattern.search(text)), None)

    def _structure(self, place: _Place, line: Line) -> None:
        """Follow groups: a new step means that the one before it went on, and its header only echoes the script."""
        if line.level is Level.GROUP:
            self._standing.marked = True
            if line.text.startswith(OWN_GROUP):
                self._own_until = place.number + _OWN_LINES
            elif _STRUCTURE.match(line.text):
                self._standing.step_begins(failing=bool(self._failing_step) and self._failing_step in line.text)
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
    Ending.CLOSED: Standing.forget_step,
    Ending.READY: Standing.came_up,
    Ending.TOLERATED: Standing.tolerated,
}


# What need not be heard again unless there is something to take back.
_SILENT_ENDINGS = frozenset({None, Ending.PART, Ending.ONWARD, Ending.TEST})


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

    def quote(self, text: str, offset: int = 0) -> Quote:
        """Quote the line with its neighbours."""
        data, originals = self.block.data, self.block.originals
        before = data[max(0, self.start - _WINDOW_BYTES) : max(0, self.start - 1)].split(b"\n")
        after = data[self.stop + 1 : self.stop + 1 + _WINDOW_BYTES].split(b"\n")
        return Quote(
            line=self.number,
            text=text,
            offset=offset,
            original=originals[self.number - self.block.first] if originals else data[self.start : self.stop],
            before=tuple(before[-CONTEXT_LINES:]) if self.start else (),
            after=tuple(after[:CONTEXT_LINES]) if self.stop + 1 < len(data) else (),
        )
