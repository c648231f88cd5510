"""Read a log once, line by line where it matters, and keep the few lines that may explain the failure."""

from __future__ import annotations

import re
from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import accumulate, islice, takewhile

from lumen_action.failure.dialects import OWN_GROUP, Role, role_of
from lumen_action.failure.endings import Ending
from lumen_action.failure.index import Call, Habits, Index, index
from lumen_action.failure.lines import Level, Line, clean, indentation_of, is_wrapped, segments, unboxed
from lumen_action.failure.places import WINDOW_BYTES, Place
from lumen_action.failure.reading import CONTEXT_LINES, Block, blocks
from lumen_action.failure.screening import GramScreen, ScreenMaker, Sighting
from lumen_action.failure.signatures import Catalogue, Signature
from lumen_action.failure.standing import Hit, Quote, Standing
from lumen_action.model import ErrorClass

# The longest script that a runner echoes, and the longest block of our own: a group that never ends hides no more.
_ECHO_LINES, _OWN_LINES = 500, 2000
_STRUCTURE = re.compile(r"^(?:Run|Post|Set up|Complete) ")
# What the name or an assertion of a test may still prove: the machine itself is broken.
_BEYOND_TESTS = frozenset({"environment/disk", "environment/oom", "environment/missing_tool", "dependency/not_found"})
# The CI's own warning: what it tells of was put up with.
_TOLERATED = re.compile(rb"##\[warning\]|::warning\b|^\W{0,4}Warning: ")
# What is a cause although the tool only warns: checkers call their findings so, and fail all the same.
_WARNED_OF = frozenset({"build/lint", "build/coverage"})
# How much of a log is looked at closely: until so many lines had something to tell, and of the rest the last lines.
# What one failure explains is near them, and the work for any log stays bounded.
FIRST_LINES, LAST_LINES, LAST_BYTES = 2_000, 3_000, 4 << 20
# How many of the last lines are asked what they are like when nothing explains the log.
UNKNOWN_LINES = 200


@dataclass
class Sifted:
    """What is left of a log."""

    standing: Standing
    lines: int = 0
    size: int = 0
    blank: bool = True
    unknown: Callable[[], Iterable[Quote]] = tuple
    """Returns of the last lines those that no signature speaks for and that may tell of something."""


def sift(
    chunks: Iterable[bytes], catalogue: Catalogue, faster: ScreenMaker | None = None, failing_step: str = ""
) -> Sifted:
    """Read everything once; `faster` makes a better screen, or fails with an ImportError, when the log is long."""
    sieve = _Sieve(catalogue, faster, failing_step)
    for block, following in _with_next(blocks(sieve.measured(chunks))):
        sieve.read(block, following)
    return sieve.finish()


def _with_next(row: Iterable[Block]) -> Iterator[tuple[Block, Block | None]]:
    """Yield each block with the one that follows."""
    held: Block | None = None
    for block in row:
        if held:
            yield held, block
        held = block
    if held:
        yield held, None


@lru_cache(maxsize=4)
def _plain_index(catalogue: Catalogue) -> Index:
    return index(catalogue, GramScreen)


class _Sieve:
    """The state of reading: what is echoed, what still stands, what waits until the end is known."""

    def __init__(self, catalogue: Catalogue, faster: ScreenMaker | None, failing_step: str) -> None:
        self._failing_step = failing_step
        self._catalogue = catalogue
        self._faster = faster
        # While nobody knows whether the log is long, nothing is looked at: the better screen may be to come.
        self._undecided = faster is not None
        self._standing = Standing()
        self._result = Sifted(self._standing)
        self._echo_until = 0
        self._own_until = 0
        self._read_until = 0
        # The neighbours of the last whole line, and what follows it, may be blocks of their own.
        self._last: deque[Block] = deque(maxlen=3)
        self._screened = 0
        self._telling = 0
        self._indentation = b""
        self._waiting: deque[Block] = deque()
        self._waiting_bytes = 0

    @cached_property
    def _index(self) -> Index:
        if self._faster:
            return index(self._catalogue, self._faster)
        # What lines of one log have said must not be known when the next is read: its answer would be another.
        return replace(_plain_index(self._catalogue))

    @cached_property
    def _calm(self) -> Index | None:
        return index(self._catalogue, self._faster, without_passes=True) if self._faster else None

    def measured(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        for chunk in chunks:
            self._result.size += len(chunk)
            yield chunk

    def read(self, block: Block, following: Block | None) -> None:
        """Look at a block, or let it wait when enough was seen of the begin."""
        if block.first == 1:
            self._indentation = indentation_of(block.data[: block.end])
        self._result.lines = block.first - 1 + block.count
        self._result.blank = self._result.blank and block.data[block.start : block.end].isspace()
        self._last.append(block)
        self._take(block, following)

    def finish(self) -> Sifted:
        """Look at what waited, and settle what is still open: nothing after it said that it went well."""
        if self._undecided:
            self._faster = None
            self._decide()
        chosen: list[tuple[Block, list[Sighting]]] = []
        left = LAST_LINES
        while self._waiting and left > 0:
            block = self._waiting.pop()
            sightings = [each for each in self._sightings(block) if not self._is_silent(block, each)][-left:]
            left -= len(sightings)
            chosen.append((block, sightings))
        for block, sightings in reversed(chosen):
            self._look(block, sightings, self._index)
        self._standing.finish(self._result.lines)
        if not self._standing.ended_well:
            self._result.unknown = self._unknown
        return self._result

    def _unknown(self) -> Iterator[Quote]:
        """Yield of the last lines those that no signature speaks for, whether it was believed or not."""
        for block in self._last:
            before = Place(block, block.first - 1, 0, block.start - 1)
            for place in islice(before.following(), block.count):
                if place.number > self._result.lines - UNKNOWN_LINES and place.raw.strip():
                    line = clean(segments(place.raw)[-1], self._indentation)
                    if self._may_tell(place, line):
                        yield place.quote(line.text)

    def _may_tell(self, place: Place, line: Line) -> bool:
        around = place.quote(line.text).around
        spoken_for = any(
            each.found(line.text) and not each.vetoed_by(line.text) and each.has_company(around)
            for each in self._called_by(line.text).signatures
        )
        return not spoken_for and not place.shows_source() and role_of(line, echoed=False) is Role.EVIDENCE

    def _is_silent(self, block: Block, sighting: Sighting) -> bool:
        start, stop, found = sighting
        habits = self._index.habits[found]
        shape = habits.shape(block.data[start:stop])
        return shape in habits.quiet and habits.quiet[shape] is None

    def _sightings(self, block: Block) -> list[Sighting]:
        return self._index.screen.lines(block.data, block.start, block.end)

    def _take(self, block: Block, following: Block | None) -> None:
        size = block.end - block.start
        if not self._undecided and not self._waiting and self._is_worth_screening(size):
            self._screened += size
            self._read_through(block, following)
            return
        self._waiting.append(block)
        self._waiting_bytes += size
        while self._waiting_bytes - (size := self._waiting[0].end - self._waiting[0].start) >= LAST_BYTES:
            if self._undecided:
                self._decide()
                return
            self._waiting.popleft()
            self._waiting_bytes -= size

    def _is_worth_screening(self, size: int) -> bool:
        return self._telling < FIRST_LINES and self._screened + size <= self._index.screen.reach

    def _decide(self) -> None:
        """Choose the screen, and go on with what waited."""
        self._undecided = False
        try:
            _ = self._calm
        except ImportError:
            self._faster = self._calm = None
        waited, self._waiting, self._waiting_bytes = self._waiting, deque(), 0
        for block, following in _with_next(waited):
            self._take(block, following)

    def _read_through(self, block: Block, following: Block | None) -> None:
        """Look at a block; that tests passed, as most of a long log says, is not heard while nothing is suspected."""
        calm = self._calm if not self._standing.would_change(Ending.TEST) else None
        known = calm or self._index
        sightings = known.screen.lines(block.data, block.start, block.end)
        if following:
            known.screen.expect(following.data, following.start, following.end)
        self._look(block, sightings, known)
        if calm and self._standing.would_change(Ending.TEST):
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

    def _look(self, block: Block, sightings: list[Sighting], known: Index) -> None:
        data, habits_of, standing = block.data, known.habits, self._standing
        number, counted = block.first, block.start
        suspected = standing.would_change(Ending.TEST)
        for start, stop, found in sightings:
            habits = habits_of[found]
            if habits.only_good and not suspected:
                continue
            raw = data[start:stop]
            shape = habits.shape(raw)
            if shape in habits.quiet:
                ending = habits.quiet[shape]
                if ending is None or not standing.would_change(ending):
                    continue
            number += data.count(b"\n", counted, start)
            counted = start
            place = Place(block, number, start, stop)
            self._said(place, raw, shape, habits)
            suspected = standing.would_change(Ending.TEST)

    def _said(self, place: Place, raw: bytes, shape: bytes, habits: Habits) -> None:
        """Take in a line, and remember its like if they need not be looked at."""
        if b"\r" in raw:
            for segment in segments(raw):
                self._line(place, clean(segment, self._indentation), habits.call)
            self._telling += 1
            return
        line = clean(raw, self._indentation)
        if is_wrapped(raw):
            self._sentence(place, line.level)
        elif self._line(place, line, habits.call):
            habits.learn(shape, self._ending(line.text, habits.call))
        else:
            self._telling += 1

    def _sentence(self, place: Place, level: Level) -> None:
        """Take in what a box has wrapped, from the first line that says something to where the sentence ends."""
        if place.number <= self._read_until:
            return
        places = [place, *takewhile(lambda each: is_wrapped(each.raw), islice(place.following(), CONTEXT_LINES))]
        lines = [clean(each.raw, self._indentation).text for each in places]
        texts = [unboxed(line) for line in lines]
        begins = list(accumulate((len(text) + 1 for text in texts), initial=0))

        def quoted(offset: int) -> Quote:
            row = bisect(begins, offset) - 1
            return places[row].quote(lines[row], offset - begins[row])

        self._read_until = places[-1].number
        sentence = " ".join(texts)
        self._line(place, Line(sentence, level), self._called_by(sentence), quoted)
        self._telling += 1

    def _called_by(self, text: str) -> Call:
        data = text.encode()
        called = {each for *_, found in self._index.screen.lines(data, 0, len(data)) for each in found}
        return self._index.habits[tuple(sorted(called))].call

    def _line(self, place: Place, line: Line, call: Call, quoted: Callable[[int], Quote] | None = None) -> bool:
        """Take in what a line says; tell whether others of its shape need not be looked at."""
        self._structure(place, line)
        matches = [(each, match) for each in call.signatures if (match := each.found(line.text))]
        ending = self._ending(line.text, call)
        if not matches and not ending and line.level not in (Level.ERROR, Level.FAULT):
            return line.level not in (Level.GROUP, Level.ENDGROUP)
        echoed = place.number <= max(self._echo_until, self._own_until) or place.shows_source()
        role = role_of(line, echoed=echoed)
        for signature, found in matches:
            quote = quoted(found.start()) if quoted else place.quote(line.text, found.start())
            self._match(signature, found, quote, line.text, role)
        if ending is Ending.TOLERATED:
            # `set -x` shows `|| true` as the echo of a command.
            self._standing.tolerated(ending.value)
        if role in (Role.ECHO, Role.OWN):
            return False
        self._judge(place, line, ending)
        said = line.level in (Level.ERROR, Level.FAULT) or any(_may_count(each, role) for each, _ in matches)
        return not said and ending in _SILENT_ENDINGS

    def _judge(self, place: Place, line: Line, ending: Ending | None) -> None:
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

    def _structure(self, place: Place, line: Line) -> None:
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

    def _match(self, signature: Signature, found: re.Match[str], quote: Quote, text: str, role: Role) -> None:
        hit = Hit(signature, quote, role, self._standing.step, found.groupdict().get("retry_after") or "")
        veto = signature.vetoed_by(text)
        if veto:
            self._standing.drop(hit, "vetoed", f"the line also says {veto}")
        elif signature.near and not signature.has_company(quote.around):
            self._standing.drop(hit, "vetoed", "nothing near it says the same")
        elif not _may_count(signature, role):
            self._standing.drop(hit, "lost", f"it stands in {role.value}")
            if role in (Role.WARNING, Role.NOTE) and not _TOLERATED.search(quote.original[:WINDOW_BYTES]):
                self._standing.suspect(hit)
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
