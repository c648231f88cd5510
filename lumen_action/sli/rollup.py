"""What a ledger amounted to at one moment, so that later only the days are counted again to which facts have come.

A rollup holds nothing that does not follow from the facts: whoever has lost it, or reads one of another version, counts
every day once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from lumen_action.model import Fact
from lumen_action.sli.runs import RegionRun
from lumen_action.sli.tally import MARK_BYTES, DayTally, Newest, Tallied, marks_of, numbers, tally


@dataclass(frozen=True)
class Rollup:
    """The days of one pipeline as they were counted; `mark` is the ledger's word for the moment before."""

    mark: str = ""
    days: Mapping[str, DayTally] = field(default_factory=dict)
    newest: Newest = field(default_factory=Newest)

    def newest_days(self, runs: int) -> set[str]:
        """Return the last days that have at least so many runs."""
        chosen: set[str] = set()
        for day in sorted(self.days, reverse=True):
            if runs <= 0:
                break
            chosen.add(day)
            runs -= len(self.days[day].marks) // MARK_BYTES
        return chosen


@dataclass(frozen=True)
class Advanced:
    """A rollup brought up to the ledger, and the runs of the days that were counted again."""

    rollup: Rollup = field(default_factory=Rollup)
    runs: tuple[RegionRun, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def tallied(self) -> Tallied:
        """Return what state is made of."""
        return Tallied(self.rollup.days, self.rollup.newest, self.runs)


def advance(rollup: Rollup, stale: Iterable[str], facts_of: Callable[[str], Iterable[Fact]]) -> Advanced:
    """Count these days again from all their facts, with every day that shares a run with one of them."""
    read: dict[str, list[Fact]] = {}
    waiting = set(stale)
    while waiting:
        counted = {day: list(facts_of(day)) for day in waiting}
        read |= counted
        waiting = _kin(rollup, counted) - read.keys()
    facts = tuple(fact for day in sorted(read) for fact in read[day])
    fresh = tally(facts)
    days = {day: known for day, known in rollup.days.items() if day not in read} | dict(fresh.days)
    return Advanced(replace(rollup, days=days, newest=rollup.newest + fresh.newest), fresh.runs, facts)


class DayByDay:
    """Counts a pipeline one whole day after the other, so that memory holds only what they amount to."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._days: dict[str, DayTally] = {}
        self._newest = Newest()
        self._homes: dict[int, str] = {}
        self._shared: set[str] = set()

    def take(self, day: str, facts: Iterable[Fact]) -> None:
        """Count a day from all its facts."""
        alone = tally(facts)
        self._days.update(alone.days)
        self._newest += alone.newest
        for run in numbers(alone.days[day].marks) if day in alone.days else ():
            home = self._homes.setdefault(run, day)
            if home != day:
                self._shared |= {home, day}

    def rollup(self, mark: str, facts_of: Callable[[str], Iterable[Fact]]) -> Rollup:
        """Return what was counted; the days that share a run, or seem to, are counted once more, together."""
        return advance(Rollup(mark, self._days, self._newest), self._shared, facts_of).rollup


def _kin(rollup: Rollup, counted: Mapping[str, list[Fact]]) -> set[str]:
    """Return the days that share runs with those that were just read."""
    kin: set[str] = set()
    came: set[int] = set()
    for day, facts in counted.items():
        known = rollup.days.get(day, DayTally())
        kin |= known.linked
        came |= marks_of(facts).difference(numbers(known.marks))
    return kin | {day for day, known in rollup.days.items() if known.runs_among(came)}
