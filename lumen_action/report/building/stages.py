"""Which stages take long, and which ones fail and succeed on the same commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import ceil

from lumen_action.report.building.taking import StageEvent
from lumen_action.report.model import StageRow

_HALF, _MOST = 50, 95


def stages_of(events: Iterable[StageEvent], before: Iterable[StageEvent]) -> tuple[StageRow, ...]:
    """Return a row for each stage of the period, by name."""
    now, then = _by_stage(events), _by_stage(before)
    return tuple(_row(stage, now[stage], then.get(stage, ())) for stage in sorted(now))


def slowest_of(rows: Iterable[StageRow]) -> tuple[StageRow, ...]:
    """Return the stages whose time is known, that with the longest usual time first."""
    known = [row for row in rows if row.median_ms is not None]
    return tuple(sorted(known, key=lambda row: (-(row.median_ms or 0), row.stage)))


def flakiest_of(rows: Iterable[StageRow]) -> tuple[StageRow, ...]:
    """Return the stages that had to be tried again, the one that most often did first."""
    again = [row for row in rows if row.again]
    return tuple(sorted(again, key=lambda row: (-row.again, -row.again / row.total, row.stage)))


def percentile(sorted_ms: Sequence[int], percent: int) -> int | None:
    """Return the smallest value that so many percent of all do not exceed, None of nothing."""
    return sorted_ms[ceil(percent * len(sorted_ms) / 100) - 1] if sorted_ms else None


def _by_stage(events: Iterable[StageEvent]) -> dict[str, list[StageEvent]]:
    found: dict[str, list[StageEvent]] = defaultdict(list)
    for event in events:
        found[event.stage].append(event)
    return found


def _row(stage: str, events: Sequence[StageEvent], before: Sequence[StageEvent]) -> StageRow:
    took_ms = _durations(events)
    return StageRow(
        stage=stage,
        total=len(events),
        failed=sum(not event.good for event in events),
        again=_again(events),
        median_ms=percentile(took_ms, _HALF),
        p95_ms=percentile(took_ms, _MOST),
        before_median_ms=percentile(_durations(before), _HALF),
    )


def _durations(events: Sequence[StageEvent]) -> list[int]:
    return sorted(max(0, event.duration_ms) for event in events if event.duration_ms is not None)


def _again(events: Sequence[StageEvent]) -> int:
    """Count the successes that took a retry, or came where the same commit had failed just before."""
    failed: set[tuple[str, str, str]] = set()
    again = 0
    for event in sorted(events, key=lambda event: (event.ended_ms, event.code, event.good)):
        if not event.good:
            failed.add(event.code)
        else:
            again += event.tries > 1 or event.code in failed
            failed.discard(event.code)
    return again
