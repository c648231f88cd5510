"""When the alerts of a world fire: exactly, at each run and at each moment a run leaves a window."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby, pairwise
from operator import itemgetter

from lumen_action.alerting.spans import Span, intersection, not_within, union
from lumen_action.alerting.windows import LADDER, USUAL, Rung
from lumen_action.alerting.worlds import World
from lumen_action.slo.evidence import shows_burn

Judge = Callable[[Rung, float, int, int], bool]
"""Says of (rung, target, failed, runs) whether a window fires; more runs never make it fire."""
MostRuns = Callable[[int], int]
"""Says among how many runs at most so many failures fire a window."""


@dataclass(frozen=True)
class Fired:
    """When somebody is told; a page silences the ticket that tells the same."""

    pages: Sequence[Span]
    tickets: Sequence[Span]


def watch(world: World, target: float, in_a_row: int) -> Fired:
    """Return when our alerts fire: on burns that are proven and go on, and on rows of failures."""
    failures = _failures(world)
    goes_on = {short: _goes_on(world, failures, short) for short in {rung.short_seconds for rung in LADDER}}
    burns = {
        rung: intersection(
            _fires(world, failures, rung.long_seconds, partial(_most_runs, _proven, rung, target)),
            goes_on[rung.short_seconds],
        )
        for rung in LADDER
    }
    rows = [_rows(world.times, failed, in_a_row) for failed in world.failed]
    everywhere = rows[0]
    for row in rows[1:]:
        everywhere = intersection(everywhere, row)
    fast, slow = _by_severity(burns)
    return Fired(union(fast, everywhere), union(not_within(slow, fast), not_within(union(*rows), everywhere)))


def watch_usually(world: World, target: float) -> Fired:
    """Return when the alerts of the usual table fire: when both windows burn too fast."""
    failures = _failures(world)
    burns = {}
    for rung in USUAL:
        most_runs = partial(_most_runs, _too_fast, rung, target)
        long, short = (
            _fires(world, failures, seconds, most_runs) for seconds in (rung.long_seconds, rung.short_seconds)
        )
        burns[rung] = intersection(long, short)
    fast, slow = _by_severity(burns)
    return Fired(fast, not_within(slow, fast))


def _proven(rung: Rung, target: float, failed: int, runs: int) -> bool:
    return shows_burn(failed, runs, rung.factor, target, rung.failures)


def _too_fast(rung: Rung, target: float, failed: int, runs: int) -> bool:
    return failed / runs > rung.factor * (1 - target)


def _by_severity(burns: Mapping[Rung, Sequence[Span]]) -> tuple[list[Span], list[Span]]:
    page, ticket = (
        union(*(spans for rung, spans in burns.items() if rung.severity == severity)) for severity in ("page", "ticket")
    )
    return page, ticket


def _failures(world: World) -> list[tuple[int, int]]:
    """Return when runs failed, and in how many regions."""
    regions = Counter(position for failed in world.failed for position in failed)
    return [(world.times[position], regions[position]) for position in sorted(regions)]


@lru_cache(maxsize=1 << 16)
def _most_runs(judge: Judge, rung: Rung, target: float, failed: int) -> int:
    """Return among how many runs at most so many failures fire a window; 0 where they never do."""
    if failed < 1 or not judge(rung, target, failed, failed):
        return 0
    fires, silent = failed, 2 * failed
    while judge(rung, target, failed, silent):
        fires, silent = silent, 2 * silent
    while silent - fires > 1:
        middle = (fires + silent) // 2
        if judge(rung, target, failed, middle):
            fires = middle
        else:
            silent = middle
    return fires


def _fires(world: World, failures: Sequence[tuple[int, int]], window: int, most_runs: MostRuns) -> list[Span]:
    """Return when the window holds so few runs that its failures fire it."""
    regions = len(world.failed)
    changes = sorted([*failures, *((time + window, -count) for time, count in failures)])
    found: list[Span] = []
    failed = 0
    moments = [(time, sum(map(itemgetter(1), group))) for time, group in groupby(changes, itemgetter(0))]
    for (start, change), (end, _) in pairwise(moments):
        failed += change
        most = most_runs(failed) // regions
        if most:
            found.extend(_with_at_most(world.times, window, most, (start, end)))
    return union(found)


def _with_at_most(times: Sequence[int], window: int, most: int, within: Span) -> Iterator[Span]:
    """Yield when the window holds at most so many runs; it holds what ended after its start and not after its end."""
    start, end = within
    last, first = bisect_right(times, start), bisect_right(times, start - window)
    last_end, first_end = bisect_left(times, end), bisect_left(times, end - window)
    held = last - first
    if held - (first_end - first) > most:
        return
    if held + (last_end - last) <= most:
        yield within
        return
    changes = sorted(
        [(time, 1) for time in times[last:last_end]] + [(time + window, -1) for time in times[first:first_end]]
    )
    since = start if held <= most else None
    for time, group in groupby(changes, itemgetter(0)):
        held += sum(map(itemgetter(1), group))
        if held > most and since is not None:
            yield since, time
            since = None
        elif held <= most and since is None:
            since = time
    if since is not None:
        yield since, end


def _goes_on(world: World, failures: Sequence[tuple[int, int]], window: int) -> list[Span]:
    """Return when a run failed within the window or the last run of a region did."""
    times = world.times
    return union((time, max(time + window, _next(times, time))) for time, _ in failures)


def _next(times: Sequence[int], time: int) -> int:
    """Return when the next run ends; after the last one nothing changes any more."""
    later = bisect_right(times, time)
    return times[later] if later < len(times) else time + 1


def _rows(times: Sequence[int], failed: Sequence[int], in_a_row: int) -> list[Span]:
    """Return when so many runs in a row had failed, until the next good one."""
    found: list[Span] = []
    row = 0
    for earlier, position in pairwise([-2, *failed]):
        row = row + 1 if position == earlier + 1 else 1
        if row >= in_a_row:
            found.append((times[position], _next(times, times[position])))
    return union(found)
