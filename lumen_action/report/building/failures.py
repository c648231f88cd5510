"""Why runs failed: each once, by its class and by the signature that recognised it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

from lumen_action.model import ErrorClass, Failure
from lumen_action.report.building.taking import TakenRun
from lumen_action.report.model import Cause, RunLink

K = TypeVar("K", bound=Hashable)
Runs = Sequence[TakenRun]

NEWEST = 5
_UNKNOWN = Failure(ErrorClass.UNKNOWN, "unknown")


def classes_of(failed: Runs, before: Runs) -> tuple[Cause, ...]:
    """Count by class, also those that only the period before had; the most frequent come first."""
    now, then = (_grouped(runs, attrgetter("error_class")) for runs in (failed, before))
    return _by_count(
        Cause(name, name.value, "", len(runs), len(then.get(name, ())), _lost(runs), runs=_newest(runs))
        for name, runs in ((name, now.get(name, ())) for name in {**now, **then})
    )


def signatures_of(failed: Runs, before: Runs) -> tuple[Cause, ...]:
    """Count by signature, and what none recognised by its subclass; the newest line of each proves it."""
    now, then = (_grouped(runs, attrgetter("name", "signature")) for runs in (failed, before))
    return _by_count(_cause(runs, len(then.get(name, ()))) for name, runs in now.items())


def _by_count(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    return tuple(sorted(causes, key=lambda each: (-each.count, -each.before, each.name, each.signature)))


def _cause(runs: Runs, before: int) -> Cause:
    newest = _why(max(runs, key=_AGE))
    return Cause(
        newest.error_class,
        newest.name,
        newest.signature,
        len(runs),
        before,
        _lost(runs),
        newest.evidence,
        newest.line,
        _newest(runs),
    )


def _grouped(runs: Runs, name: Callable[[Failure], K]) -> Mapping[K, Runs]:
    found: dict[K, list[TakenRun]] = defaultdict(list)
    for run in runs:
        found[name(_why(run))].append(run)
    return found


def _why(run: TakenRun) -> Failure:
    return run.failure or _UNKNOWN


def _lost(runs: Runs) -> int:
    return sum(run.lost_ms for run in runs)


_AGE = attrgetter("ended_ms", "ref.run", "region")


def _newest(runs: Runs) -> tuple[RunLink, ...]:
    latest = sorted(runs, key=_AGE, reverse=True)[:NEWEST]
    return tuple(RunLink(run.run_id, run.region, run.day, run.url, run.stage) for run in latest)
