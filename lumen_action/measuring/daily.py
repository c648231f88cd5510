"""The facts of some days of a pipeline, a day at a time, so that memory holds only what they amount to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lumen_action.ledger import Ledger, Resumable
from lumen_action.model import Fact, Kind, Trust

T = TypeVar("T")

# A word of an enum is found slowly, and these are asked for with every fact.
_STAGE, _RUN, _TRUSTED = Kind.STAGE, Kind.RUN, Trust.TRUSTED
# A run may go on, or be run again, on days after the one that is looked at.
_DAYS_BEFORE, _DAYS_AFTER = 1, 7


@dataclass(frozen=True)
class Days:
    """The days of one pipeline in order, and how to read the facts of one."""

    names: Sequence[str]
    facts_of: Callable[[str], Iterable[Fact]]
    facts_of_run: Callable[[str], Iterable[Fact]]

    @classmethod
    def of(cls, ledger: Ledger, pipeline: str) -> Days:
        """Read nothing yet, unless the ledger cannot say which days it has."""

        def of_run(run: str) -> Iterator[Fact]:
            # By the run alone: with the pipeline beside it a ledger might choose the wrong index.
            return (fact for fact in ledger.scan(run=run) if fact.pipeline == pipeline)

        if isinstance(ledger, Resumable):
            return cls(ledger.days(pipeline), lambda day: ledger.scan(pipeline=pipeline, day=day), of_run)
        found: Mapping[str, list[Fact]] = defaultdict(list)
        for fact in ledger.scan(pipeline=pipeline):
            found[fact.day].append(fact)
        return cls(sorted(found), found.__getitem__, of_run)

    def reduce(self, days: Collection[str], reduce: Callable[[list[Fact]], T]) -> list[T]:
        """Do as `by_day` does."""
        wanted = set(self.names).intersection(days)
        if not wanted:
            return []
        first, after = bisect_left(self.names, min(wanted)), bisect_right(self.names, max(wanted))
        # A day that nobody asks for may hold a later attempt of a run that began on one of them.
        read = self.names[max(0, first - _DAYS_BEFORE) : after + _DAYS_AFTER]
        kin = _Kin(read)
        amounts: dict[str, T] = {}
        for day in read:
            facts = list(self.facts_of(day))
            begun_before = kin.take(day, facts)
            if day in wanted:
                kin.elsewhere(day, [fact for run in begun_before for fact in self.facts_of_run(run)])
                amounts[day] = reduce(facts)
        for group in kin.groups():
            inside = group.intersection(amounts)
            if inside:
                facts = [fact for day in sorted(group) for fact in (*self.facts_of(day), *kin.strays.get(day, ()))]
                for day in inside:
                    del amounts[day]
                amounts[min(inside)] = reduce(facts)
        return [amounts[day] for day in sorted(amounts)]


DaysOf = Callable[[Ledger, str], Days]


def by_day(ledger: Ledger, pipeline: str, days: Collection[str], reduce: Callable[[list[Fact]], T]) -> list[T]:
    """Return what every one of these days amounts to; days that share a run are given to `reduce` together.

    With them may come facts of days that are not asked for: a run belongs to the day that its first fact names.
    """
    return Days.of(ledger, pipeline).reduce(days, reduce)


class _Kin:
    """Which days share a run."""

    def __init__(self, days: Iterable[str]) -> None:
        self.strays: dict[str, list[Fact]] = {}
        self._homes: dict[int, str] = {}
        self._groups = {day: {day} for day in days}

    def take(self, day: str, facts: Iterable[Fact]) -> list[str]:
        """Look at the next day, and return its runs that seem to have begun on a day that is not looked at."""
        first_attempts: dict[tuple[str, str, str, str], int] = {}
        for fact in facts:
            key = fact.key
            if (key.kind is _RUN or key.kind is _STAGE) and fact.trust is _TRUSTED:
                name = (key.provider, key.host, key.repo, key.run)
                first_attempts[name] = min(key.attempt, first_attempts.get(name, key.attempt))
        begun_before = []
        for name, attempt in first_attempts.items():
            home = self._homes.setdefault(hash(name), day)
            if home != day:
                self._join(home, day)
            elif attempt > 1:
                begun_before.append(name[-1])
        return begun_before

    def elsewhere(self, day: str, facts: Iterable[Fact]) -> None:
        """Keep the facts of days that nobody looks at."""
        if strays := [fact for fact in facts if fact.day not in self._groups]:
            self.strays[day] = strays

    def groups(self) -> list[set[str]]:
        """Return the days that have to be taken together, or with what is known from elsewhere."""
        groups = {id(group): group for group in self._groups.values()}.values()
        return [group for group in groups if len(group) > 1 or not group.isdisjoint(self.strays)]

    def _join(self, one: str, other: str) -> None:
        joined = self._groups[one]
        if joined is not self._groups[other]:
            joined |= self._groups[other]
            for day in joined:
                self._groups[day] = joined
