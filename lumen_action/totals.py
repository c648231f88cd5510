"""The totals of one pipeline, counted again only for the days to which facts have come since they were kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol, runtime_checkable

from lumen_action.ledger import Ledger, Resumable
from lumen_action.ledger.notes import Notes
from lumen_action.model import Fact
from lumen_action.sli.closing import closings
from lumen_action.sli.days import Calendar
from lumen_action.sli.rollup import Advanced, DayByDay, Rollup, advance
from lumen_action.sli.rollupfile import decode, encode
from lumen_action.sli.schedule import Schedule
from lumen_action.sli.tally import Tallied

# What is kept spares every reader so much; writing it costs about as much as counting so many facts.
_MANY_FACTS = 1000
_MANY_DAYS = 7
_TOLD_EVERY = 100


@runtime_checkable
class _Remembering(Ledger, Resumable, Notes, Protocol):
    """A ledger that can keep a rollup and say what came after it."""


def put_on_record(
    ledger: Ledger, pipeline: str, tallied: Tallied, schedule: Schedule | None, calendar: Calendar, now_ms: int
) -> None:
    """Write the facts of the days that closed without a run, or without a good one, before anybody is shown them."""
    for fact in closings(pipeline, tallied, schedule=schedule, calendar=calendar, now_ms=now_ms):
        ledger.put(fact)


def count_all(ledger: Ledger, tell: Callable[[str], None]) -> dict[str, Rollup]:
    """Count every fact, day by day over all pipelines, since the facts of one day lie together."""
    mark = ledger.mark() if isinstance(ledger, Resumable) else ""
    names: dict[str, list[str]] = defaultdict(list)
    for name in ledger.pipelines():
        for day in _days(ledger, name):
            names[day].append(name)
    counting: dict[str, DayByDay] = defaultdict(DayByDay)
    for number, day in enumerate(sorted(names), 1):
        for name in names[day]:
            counting[name].take(day, ledger.scan(pipeline=name, day=day))
        if number % _TOLD_EVERY == 0:
            tell(f"{number} of {len(names)} days, up to {day}")

    def facts_of(name: str) -> Callable[[str], Iterator[Fact]]:
        return lambda day: ledger.scan(pipeline=name, day=day)

    return {name: counted.rollup(mark, facts_of(name)) for name, counted in counting.items()}


def _days(ledger: Ledger, pipeline: str) -> Iterable[str]:
    return ledger.days(pipeline) if isinstance(ledger, Resumable) else {f.day for f in ledger.scan(pipeline=pipeline)}


class Totals:
    """The totals of one pipeline in one ledger, as often as they are asked for."""

    def __init__(self, ledger: Ledger, pipeline: str) -> None:
        """Read nothing yet."""
        self.pipeline = pipeline
        self._ledger = ledger
        self._rollup: Rollup | None = None
        self._kept: bytes | None = None
        self._came = 0
        self._days: set[str] = set()

    def read(self, *, runs: int = 0, since_day: str | None = None) -> Advanced:
        """Return the totals with everything up to now, and the facts of the days that were read for it.

        These days have at least `runs` of the newest runs, where there are as many, and all days from `since_day` on.
        """
        ledger = self._ledger
        if not isinstance(ledger, _Remembering):
            return self._counted_whole()
        self.known()
        rollup = self._rollup or self._counted_by_day(ledger, but_since=since_day)
        mark = ledger.mark()
        came = [fact.day for fact in ledger.since(rollup.mark, self.pipeline)]
        self._came += len(came)
        self._days.update(came)
        days = rollup.days if self._rollup else ledger.days(self.pipeline)
        wanted = {day for day in days if since_day is not None and day >= since_day}
        advanced = advance(replace(rollup, mark=mark), {*came, *wanted, *rollup.newest_days(runs)}, self._of_day)
        self._rollup = advanced.rollup
        return advanced

    def known(self) -> bool:
        """Tell whether the ledger keeps totals that can be used, and take them up."""
        if self._rollup is None and isinstance(self._ledger, _Remembering):
            self._kept = self._ledger.note(self._note)
            self._rollup = decode(self._kept) if self._kept else None
        return self._rollup is not None

    def adopt(self, rollup: Rollup) -> None:
        """Take totals that were counted from every fact, whatever is kept."""
        if isinstance(self._ledger, _Remembering):
            self._kept = self._ledger.note(self._note)
        self._rollup = rollup

    def keep(self) -> None:
        """Put the totals into the ledger, when that spares others more than it costs."""
        if self._came >= _MANY_FACTS or len(self._days) >= _MANY_DAYS:
            self.keep_now()

    def keep_now(self) -> None:
        """Put the totals that were read into the ledger; whoever did so meanwhile is left alone."""
        ledger, rollup = self._ledger, self._rollup
        if rollup and isinstance(ledger, _Remembering):
            body = encode(rollup)
            if ledger.put_note(self._note, body, expected=self._kept):
                self._kept, self._came, self._days = body, 0, set()

    @property
    def _note(self) -> str:
        return f"rollup/{self.pipeline.encode().hex()}"

    def _counted_by_day(self, ledger: _Remembering, *, but_since: str | None = None) -> Rollup:
        """Count all days but the last, one at a time: memory then holds only what they amount to."""
        mark = ledger.mark()
        days = [day for day in ledger.days(self.pipeline) if but_since is None or day < but_since]
        counting = DayByDay()
        for day in days:
            counting.take(day, self._of_day(day))
        rollup = counting.rollup(mark, self._of_day)
        self._came += sum(day.facts for day in rollup.days.values())
        self._days.update(days)
        return rollup

    def _counted_whole(self) -> Advanced:
        by_day: dict[str, list[Fact]] = defaultdict(list)
        for fact in self._ledger.scan(pipeline=self.pipeline):
            by_day[fact.day].append(fact)
        return advance(Rollup(), by_day, by_day.__getitem__)

    def _of_day(self, day: str) -> Iterator[Fact]:
        return self._ledger.scan(pipeline=self.pipeline, day=day)
