"""What still stands as an explanation while a log is read: later lines confirm it, take it back, or repeat it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lumen_action.failure.dialects import Role
from lumen_action.failure.endings import Ending
from lumen_action.failure.lines import shown
from lumen_action.failure.signatures import Signature

_KEEP_FIRST, _KEEP_LAST = 2, 4
_KEEP_STEPS = 64
# How far above the announcement of another attempt stands what went wrong with the one before.
_ATTEMPT_LINES = 40
# What went on for so many lines, without a word of an end that was bad, did not fail.
_WENT_ON_LINES = 10_000
# What a wait loop meets before the service is there.
_WAITED_FOR = frozenset({"environment/service_not_ready", "network/refused_local", "network/refused_remote"})
# What stays a cause although the next test passed: the others go on when one fails.
_OUTLIVES_TESTS = frozenset({"build/test", "build/compile"})


@dataclass(frozen=True)
class Quote:
    """One line with what stood around it, still raw there: few of them are ever shown."""

    line: int
    text: str
    offset: int
    original: bytes
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]

    @property
    def around(self) -> str:
        """Return the line and those around it as text."""
        return "\n".join((*map(shown, self.before), self.text, *map(shown, self.after)))


@dataclass(frozen=True)
class Hit:
    """One line that a signature recognised."""

    signature: Signature
    quote: Quote
    role: Role
    step: int
    retry_after: str = ""

    @property
    def line(self) -> int:
        """Return the number of the line."""
        return self.quote.line


@dataclass(frozen=True)
class Dropped:
    """One line that a signature recognised and that was not taken for evidence, with the reason."""

    hit: Hit
    status: str
    reason: str


@dataclass
class Track:
    """The hits of one signature that may count: the first few and the last few."""

    first: list[Hit] = field(default_factory=list)
    last: deque[Hit] = field(default_factory=lambda: deque(maxlen=_KEEP_LAST))

    @property
    def hits(self) -> list[Hit]:
        """Return what is kept, in the order of the log."""
        first, seen = list(self.first), {id(hit) for hit in self.first}
        return first + [hit for hit in self.last if id(hit) not in seen]

    def add(self, hit: Hit) -> None:
        """Keep a hit within the bounds."""
        if len(self.first) < _KEEP_FIRST:
            self.first.append(hit)
        self.last.append(hit)

    def extend(self, other: Track) -> None:
        """Keep the hits that followed."""
        for hit in other.hits:
            self.add(hit)

    def repeated_since(self, line: int) -> Track:
        """Return the same with the hits from a line on as attempts that were repeated."""
        changed = Track()
        for hit in self.hits:
            changed.add(replace(hit, role=Role.RETRIED) if hit.line >= line else hit)
        return changed


_Tracks = dict[str, Track]


@dataclass
class Standing:
    """What the log has said so far.

    A hit is open until the log says how that went; a tool that fails makes it held until the step ends, doubted when
    something succeeds meanwhile; the runner that fails the step makes it settled.
    """

    settled: _Tracks = field(default_factory=dict)
    dropped: dict[tuple[str, str], Dropped] = field(default_factory=dict)
    failed_steps: list[int] = field(default_factory=list)
    failing_step: int | None = None
    """The step that is known to have failed, from elsewhere than the log."""
    marked: bool = False
    """Whether the runner's own marks stand in the log."""
    ended_well: bool = False
    last_failure: Quote | None = None
    suspected: _Tracks = field(default_factory=dict)
    """What was said only as a warning or in passing, and not taken back: it counts when nothing else explains."""
    step: int = 0
    _open: _Tracks = field(default_factory=dict)
    _held: _Tracks = field(default_factory=dict)
    _doubted: _Tracks = field(default_factory=dict)
    _tool_failed: int = 0

    def add(self, hit: Hit) -> None:
        """Take a hit that may be the cause."""
        self._open.setdefault(hit.signature.id, Track()).add(hit)

    def suspect(self, hit: Hit) -> None:
        """Take a hit that may be the cause if nothing else is."""
        self.suspected.setdefault(hit.signature.id, Track()).add(hit)

    def drop(self, hit: Hit, status: str, reason: str) -> None:
        """Keep the last line of each kind that was not taken, to explain the verdict."""
        self.dropped[hit.signature.id, reason] = Dropped(hit, status, reason)

    def note(self, failure: Quote) -> None:
        """Remember a line that tells of a failure."""
        self.last_failure, self.ended_well = failure, False

    def tool_failed(self, line: int) -> None:
        """Believe what was said; the step may still go on."""
        self._tool_failed = line
        _move(self._open, self._held)

    def step_failed(self) -> None:
        """Believe what was said for good."""
        self._tool_failed = 0
        for tracks in (self._doubted, self._held, self._open):
            _move(tracks, self.settled)
        if self.step not in self.failed_steps and len(self.failed_steps) < _KEEP_STEPS:
            self.failed_steps.append(self.step)

    def would_change(self, ending: Ending) -> bool:
        """Tell whether a good ending of this kind takes anything back."""
        if ending is Ending.TEST:
            return any(_is_talk(track.last[-1]) for track in self._open.values())
        return bool(self._open or self._held or not self.ended_well)

    def step_begins(self, *, failing: bool = False) -> None:
        """Take back what the step before has not failed of: otherwise this one would not run."""
        self.step += 1
        self.failing_step = self.step if failing else self.failing_step
        self.forget_step("the step went on")

    def part_succeeded(self, reason: str) -> None:
        """Take back what nothing has failed of yet, and doubt what only a tool has failed of."""
        self.suspected.clear()
        self._clear(reason, self._open)
        _move(self._held, self._doubted)
        self._tool_failed, self.ended_well = 0, True

    def went_on(self, reason: str) -> None:
        """Take back what nothing has failed of yet, without knowing whether it was a success."""
        if self.marked:
            # Where the runner marks its errors, a step that it did not mark has not failed, whatever its tools said.
            self.forget_step(reason)
        else:
            self._clear(reason, self._open)

    def test_passed(self, reason: str, line: int | None = None) -> None:
        """Take back what is only the talk of the program under test, said before the line if one is named."""
        self._clear_if(
            lambda hit: (line is None or hit.line < line) and _is_talk(hit),
            reason,
            self._open,
        )

    def came_up(self, reason: str) -> None:
        """Take back that nothing listened."""
        self._clear_if(lambda hit: hit.signature.name in _WAITED_FOR, reason, self._open, self._held)

    def tolerated(self, reason: str) -> None:
        """Take back what the script went on after, and what a tool has failed of just now."""
        self._clear(reason, self._open)
        if self._tool_failed:
            self._clear(reason, self._held)
            self._tool_failed = 0

    def all_succeeded(self, reason: str) -> None:
        """Take everything back."""
        self.suspected.clear()
        self._clear(reason, self._open, self._held, self._doubted, self.settled)
        self._tool_failed, self.ended_well = 0, True

    def attempt_repeated(self, line: int) -> None:
        """Believe what was said last only if nothing else is left."""
        for tracks in (self._open, self._held, self._doubted):
            for id_, track in tracks.items():
                tracks[id_] = track.repeated_since(line - _ATTEMPT_LINES)

    def finish(self, lines: int) -> None:
        """Believe what nothing has contradicted, if it is not too far from the last of the lines."""
        far = lines - _WENT_ON_LINES
        if self._tool_failed > max(0, far):
            self.step_failed()
        near = {id_: track for id_, track in self._open.items() if track.last[-1].line > far}
        for id_ in near:
            del self._open[id_]
        _move(near, self.settled)
        suspected = dict(self.suspected)
        self.forget_step("the log goes on for long after it")
        self.suspected = suspected

    def forget_step(self, reason: str) -> None:
        """Take back what the step has not failed of."""
        self.suspected.clear()
        self.ended_well = self.ended_well or bool(self._tool_failed)
        self._tool_failed = 0
        self._clear(reason, self._open, self._held, self._doubted)

    def _clear_if(self, fits: Callable[[Hit], bool], reason: str, *groups: _Tracks) -> None:
        for tracks in groups:
            gone = {id_: track for id_, track in tracks.items() if fits(track.last[-1])}
            for id_ in gone:
                del tracks[id_]
            self._clear(reason, gone)

    def _clear(self, reason: str, *groups: _Tracks) -> None:
        for tracks in groups:
            for track in tracks.values():
                self.drop(track.last[-1], "recovered", reason)
            tracks.clear()


def _is_talk(hit: Hit) -> bool:
    """Tell whether a line may be no more than what the program under test says."""
    return hit.signature.name not in _OUTLIVES_TESTS


def _move(source: _Tracks, target: _Tracks) -> None:
    for id_, track in source.items():
        target.setdefault(id_, Track()).extend(track)
    source.clear()
