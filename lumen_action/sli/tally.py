"""What the facts of one day amount to, so that days which rest need not be counted again.

A run counts on the day that its first fact names. Where a run has facts of several days, these are linked: they can
only be counted together.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from lumen_action.model import Action, Fact, Kind, Outcome, Trust
from lumen_action.sli.durations import Durations
from lumen_action.sli.runs import Cause, RegionRun, cause_of, class_of, run_of, runs_in
from lumen_action.sli.state import Counts, RunRef, Span

if TYPE_CHECKING:
    from lumen_action.incidents.silences import Silence

# A word of an enum is found slowly, and these are asked for with every fact of a ledger.
_STAGE, _RUN, _CHECK, _CONFLICT, _TRUSTED = Kind.STAGE, Kind.RUN, Kind.CHECK, Kind.CONFLICT, Trust.TRUSTED
_HAPPENED = (_STAGE, _RUN)
_INCIDENT, _SILENCE = Kind.INCIDENT, Kind.SILENCE
_TRIES_WITH_ONE_RETRY = 2
MARK_BYTES = 4
_REGION_AND_STAGE: Callable[[Fact], tuple[str, str]] = attrgetter("key.region", "key.stage")
_REGION: Callable[[Fact], str] = attrgetter("key.region")
_OBSERVED_AT: Callable[[Fact], int] = attrgetter("observed_at_ms")

K = TypeVar("K", bound=Hashable)
Won = tuple[int, str]
Days = Mapping[str, "DayTally"]


@dataclass(frozen=True)
class RegionTally(Counts):
    """One region on one day.

    `streak` are the failed runs at the end of the day, `unbroken` when no run before them was good.
    """

    streak: int = 0
    unbroken: bool = True
    outcome: Outcome | None = None
    first_seen_ms: int = 0
    last_run_ms: int | None = None


@dataclass(frozen=True)
class DayTally:
    """One day of one pipeline.

    `won` says when and where the first run succeeded; `missing` and `lost` that a fact says so. `marks` are short
    digests of the runs with facts of this day, one after the other; `linked` the days that can only be counted
    together with it. An incident and a silence have all their facts on one day.
    """

    facts: int = 0
    conflicts: int = 0
    regions: Mapping[str, RegionTally] = field(default_factory=dict)
    won: Won | None = None
    missing: bool = False
    lost: bool = False
    durations: Mapping[Cause, Durations] = field(default_factory=dict)
    marks: bytes = b""
    linked: frozenset[str] = frozenset()
    standing: tuple[Fact, ...] = ()
    """What is told of the day's incidents that are not settled."""
    quiet: tuple[Span, ...] = ()
    """When the silences that were set on the day keep the whole pipeline quiet."""

    @property
    def decidable(self) -> bool:
        """Tell whether there is anything of which to say how the day was."""
        return bool(self.regions) or self.missing or self.lost

    def runs_among(self, marks: AbstractSet[int]) -> bool:
        """Tell whether any of these runs has facts of this day, or seems to: marks are short."""
        return not marks.isdisjoint(numbers(self.marks))


@dataclass(frozen=True)
class Newest:
    """The facts that are first or last of their kind: taking in more facts can only put others in their place."""

    stages: Mapping[tuple[str, str], Fact] = field(default_factory=dict)
    """The last fact of every region and stage."""
    checks: Mapping[tuple[str, str], Fact] = field(default_factory=dict)
    """The last fact of every region and check."""
    runs: Mapping[str, Fact] = field(default_factory=dict)
    """The attempt of a run that ended last, by region."""
    failed_runs: Mapping[str, Fact] = field(default_factory=dict)
    failed_stages: Mapping[str, Fact] = field(default_factory=dict)
    origin: Fact | None = None
    """The first of all that count."""

    def __add__(self, other: Newest) -> Newest:
        """Return what is first and last of both."""
        origins = [fact for fact in (self.origin, other.origin) if fact]
        return Newest(
            _last((*self.stages.values(), *other.stages.values()), _REGION_AND_STAGE),
            _last((*self.checks.values(), *other.checks.values()), _REGION_AND_STAGE),
            _last((*self.runs.values(), *other.runs.values()), _REGION),
            _last((*self.failed_runs.values(), *other.failed_runs.values()), _REGION),
            _last((*self.failed_stages.values(), *other.failed_stages.values()), _REGION),
            min(origins, key=attrgetter("order"), default=None),
        )


@dataclass(frozen=True)
class Tallied:
    """What the facts of some days amount to."""

    days: Days
    newest: Newest
    runs: tuple[RegionRun, ...]


def numbers(marks: bytes) -> Iterable[int]:
    """Return marks as numbers."""
    return memoryview(marks).cast("I")


def tally(facts: Iterable[Fact]) -> Tallied:
    """Count all facts of some days of one pipeline; a day and those linked to it have to be given together."""
    found = list(facts)
    count = Counter([fact.day for fact in found])
    conflicts = Counter([fact.day for fact in found if fact.key.kind is _CONFLICT])
    trusted: dict[Kind, list[Fact]] = defaultdict(list)
    for fact in found:
        if fact.trust is _TRUSTED:
            trusted[fact.key.kind].append(fact)
    trusted.pop(_CONFLICT, None)
    runs = runs_in([*trusted[_STAGE], *trusted[_RUN]])
    of_day: dict[str, list[RegionRun]] = {day: [] for day in count}
    for run in runs:
        of_day[run.day].append(run)
    missing, lost = ({fact.day for fact in trusted[kind]} for kind in (Kind.MISSING, Kind.DAY))
    marks, linked = _spread(runs)
    standing, quiet = _standing(trusted[_INCIDENT]), _quiet(trusted[_SILENCE])
    days = {
        day: DayTally(
            facts=count[day],
            conflicts=conflicts[day],
            regions=_regions(group),
            won=min(filter(None, map(_won, group)), default=None),
            missing=day in missing,
            lost=day in lost,
            durations=_durations(group),
            marks=b"".join(sorted(marks[day])),
            linked=frozenset(linked[day]),
            standing=standing.get(day, ()),
            quiet=quiet.get(day, ()),
        )
        for day, group in of_day.items()
    }
    return Tallied(days, _newest(trusted), tuple(runs))


def _standing(incidents: list[Fact]) -> Mapping[str, tuple[Fact, ...]]:
    """Return by day the facts of incidents that are not settled."""
    by_day: dict[str, list[Fact]] = defaultdict(list)
    for fact in sorted(incidents, key=attrgetter("key.parts")):
        # What is older than events has no day of its own.
        if "event" in fact.told:
            by_day[fact.day].append(fact)
    return {day: tuple(_unsettled(told)) for day, told in by_day.items()}


def _unsettled(told: list[Fact]) -> Iterable[Fact]:
    # Most stages never meet one, and start sooner without.
    from lumen_action.incidents.folding import incidents_in
    from lumen_action.incidents.words import State

    # Whether a merge counts is known from all incidents together.
    names = {each.name for each in incidents_in(told) if not each.settled or each.state is State.MERGED}
    return (fact for fact in told if fact.told.get("incident") in names)


def _quiet(silences: list[Fact]) -> Mapping[str, tuple[Span, ...]]:
    """Return by day when its silences hold; a team that sets one with every deployment has thousands of them."""
    if not silences:
        return {}
    from lumen_action.incidents.silences import silences_in, spans_of

    by_day: dict[str, list[Silence]] = defaultdict(list)
    for silence in silences_in(silences):
        by_day[silence.day].append(silence)
    return {day: spans_of(found) for day, found in by_day.items()}


def marks_of(facts: Iterable[Fact]) -> set[int]:
    """Return the marks of the runs that these facts count for."""
    runs = {run_of(fact) for fact in facts if fact.trust is _TRUSTED and fact.key.kind in _HAPPENED}
    return set(numbers(b"".join(map(_mark, runs))))


def _spread(runs: Iterable[RegionRun]) -> tuple[dict[str, set[bytes]], dict[str, set[str]]]:
    """Return by day the marks of the runs with facts of it, and the other days of these runs."""
    named: dict[RunRef, set[str]] = defaultdict(set)
    for run in runs:
        named[run.ref].update([fact.day for fact in run.facts])
    marks: dict[str, set[bytes]] = defaultdict(set)
    linked: dict[str, set[str]] = defaultdict(set)
    for ref, days in named.items():
        for day in days:
            marks[day].add(_mark(ref))
            linked[day] |= days - {day}
    return marks, linked


def _mark(ref: RunRef) -> bytes:
    name = f"{ref.provider}\n{ref.host}\n{ref.repo}\n{ref.run}"
    return hashlib.blake2b(name.encode(), digest_size=MARK_BYTES).digest()


def _won(run: RegionRun) -> Won | None:
    return None if run.past.first_success_ms is None else (run.past.first_success_ms, run.region)


def _regions(runs: list[RegionRun]) -> dict[str, RegionTally]:
    by_region: dict[str, list[RegionRun]] = defaultdict(list)
    for run in runs:
        by_region[run.region].append(run)
    return {region: _region(by_region[region]) for region in sorted(by_region)}


def _region(runs: list[RegionRun]) -> RegionTally:
    stages: list[Fact] = []
    attempts: list[Fact] = []
    for run in runs:
        for fact in run.facts:
            (stages if fact.key.kind is _STAGE else attempts).append(fact)
    good = [fact for fact in stages if fact.outcome.good]
    bad = [fact for fact in stages if fact.outcome.bad]
    counted = [run.past.counted for run in runs if run.past.counted]
    outcomes = [run.past.outcome for run in runs]
    decided = [outcome for outcome in outcomes if outcome and outcome.counted]
    streak = next((past for past, outcome in enumerate(reversed(decided)) if outcome.good), len(decided))
    return RegionTally(
        runs=len(counted),
        success=sum(fact.outcome.good for fact in counted),
        failed=Counter(class_of(fact) for fact in counted if fact.outcome.bad),
        corrected=Counter(correction for run in runs for correction in run.past.corrections),
        stage_success=Counter([fact.key.stage for fact in good]),
        stage_failed=Counter([(fact.key.stage, class_of(fact)) for fact in bad]),
        attempts=Counter([fact.outcome for fact in attempts]),
        reruns=Counter(decision for run in runs for decision in _decisions(run)),
        first_try=Counter([fact.key.stage for fact in good if fact.tries == 1 and fact.key.attempt == 1]),
        retries=_retries([fact for fact in stages if fact.tries > 1]),
        streak=streak,
        unbroken=streak == len(decided),
        outcome=Outcome.SUCCESS if Outcome.SUCCESS in outcomes else outcomes[-1],
        first_seen_ms=min(run.began_ms for run in runs),
        last_run_ms=max((fact.ended_ms for fact in attempts), default=None),
    )


def _decisions(run: RegionRun) -> Iterable[Action]:
    """Return one decision for each job attempt that failed: that of its first failure."""
    first: dict[tuple[int, str], Action] = {}
    for fact in run.facts:
        if fact.failure:
            first.setdefault((fact.key.attempt, fact.key.job), fact.failure.decision)
    return first.values()


def _retries(stages: Iterable[Fact]) -> Counter[tuple[str, Outcome]]:
    """Count the tries after the first: the last of them ended as its stage did, those before failed."""
    found: Counter[tuple[str, Outcome]] = Counter()
    for fact in stages:
        found[fact.key.stage, fact.outcome] += 1
        if fact.tries > _TRIES_WITH_ONE_RETRY:
            found[fact.key.stage, Outcome.FAILURE] += fact.tries - _TRIES_WITH_ONE_RETRY
    return found


def _durations(runs: Iterable[RegionRun]) -> dict[Cause, Durations]:
    """Return how long attempts took by how they ended and why."""
    found: dict[Cause, list[int]] = defaultdict(list)
    for run in runs:
        for fact in run.facts:
            if fact.key.kind is _RUN and fact.duration_ms is not None:
                found[cause_of(fact)].append(fact.duration_ms)
    return {cause: Durations.of(each) for cause, each in found.items()}


def _newest(trusted: Mapping[Kind, list[Fact]]) -> Newest:
    facts = [fact for group in trusted.values() for fact in group]
    first_ms = min(map(_OBSERVED_AT, facts), default=0)
    first = [fact for fact in facts if fact.observed_at_ms == first_ms]
    return Newest(
        _last(trusted[_STAGE], _REGION_AND_STAGE),
        _last(trusted[_CHECK], _REGION_AND_STAGE),
        _last(trusted[_RUN], _REGION),
        _last((fact for fact in trusted[_RUN] if fact.outcome.bad), _REGION),
        _last((fact for fact in trusted[_STAGE] if fact.outcome.bad), _REGION),
        min(first, key=attrgetter("order"), default=None),
    )


def _last(facts: Iterable[Fact], name: Callable[[Fact], K]) -> dict[K, Fact]:
    """Return the fact of every name that ended last."""
    named: dict[K, list[Fact]] = defaultdict(list)
    for fact in facts:
        named[name(fact)].append(fact)
    return {name: _latest(group) for name, group in named.items()}


def _latest(facts: list[Fact]) -> Fact:
    ended = [fact.ended_ms for fact in facts]
    last_ms = max(ended)
    return max([fact for fact, ms in zip(facts, ended, strict=True) if ms == last_ms], key=attrgetter("key.parts"))
