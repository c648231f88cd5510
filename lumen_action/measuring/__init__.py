"""From ledgers, servers and files to what objectives came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.ledger import Ledger
from lumen_action.measuring.daily import Days, DaysOf
from lumen_action.promserver import PromServer
from lumen_action.sli.days import Calendar
from lumen_action.sli.schedule import Schedule
from lumen_action.slo.evaluating import evaluate
from lumen_action.slo.evaluation import Evaluation, Measured, Span
from lumen_action.slo.objective import (
    CountsSource,
    Events,
    LedgerSource,
    Objective,
    RatioSource,
    Slo,
    Source,
    ValueSource,
)
from lumen_action.slo.spans import span_of


@dataclass(frozen=True)
class Places:
    """Where sources are found; each is opened only when an objective asks for it."""

    ledger: Callable[[], Ledger]
    calendar: Calendar
    planned: Callable[[Slo, Span], float | None]
    """The events a whole window is expected to have, where that is known."""
    folder: Path
    """From which files of counts are named."""
    prometheus: Callable[[str], PromServer]
    """By the name of a data source, empty for the one of the settings."""
    tell: Callable[[str], None]
    schedule: Schedule | None = None
    """When runs are expected, so that a day without one is known to be bad."""
    days_of: DaysOf = Days.of
    """How a pipeline of the ledger is read, for who has read a part of it before."""


@dataclass(frozen=True)
class Question:
    """One promise of an objective, and the time over which its events are wanted."""

    slo: Slo
    objective: Objective
    span: Span


def measure(slos: Sequence[Slo], places: Places, now_ms: int) -> list[Evaluation]:
    """Return what every promise of the objectives came to in its window."""
    asked = [Question(slo, each, span_of(slo.window, now_ms, zone_of)) for slo in slos for each in slo.objectives]
    return [
        evaluate(each.slo, each.objective, each.span, measured, places.planned(each.slo, each.span))
        for each, measured in zip(asked, read(asked, places), strict=True)
    ]


def read(asked: Sequence[Question], places: Places) -> list[Measured]:
    """Return what the sources say to each question.

    A RemoteError names the objectives whose source does not answer, a ConfigError every fault of files.
    """
    answers: dict[int, Measured] = {}
    for sources, reader in _READERS:
        numbers = [number for number, each in enumerate(asked) if isinstance(each.slo.source, sources)]
        if numbers:
            answers |= zip(numbers, reader([asked[number] for number in numbers], places), strict=True)
    return [answers[number] for number in range(len(asked))]


def zone_of(name: str) -> tzinfo:
    """Return the time zone of a calendar window; readers of documents have refused unknown names."""
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def _ledger(asked: Sequence[Question], places: Places) -> list[Measured]:
    """Ask the ledger once for all, and only once for what several promises share."""
    from lumen_action.measuring.ledger import Asked, measured

    def question(source: LedgerSource, each: Question) -> Asked:
        return Asked(source, each.span, each.objective.slice_window if source.events is Events.FRESHNESS else None)

    wanted = [question(each.slo.source, each) for each in asked if isinstance(each.slo.source, LedgerSource)]
    different = list(dict.fromkeys(wanted))
    try:
        found = measured(places.ledger(), different, places.calendar, places.schedule, places.days_of)
    except RemoteError as fault:
        names = ", ".join(dict.fromkeys(each.slo.name for each in asked))
        raise RemoteError(f"{names}: {fault}") from fault
    by_question = dict(zip(different, found, strict=True))
    return [by_question[each] for each in wanted]


def _counts(asked: Sequence[Question], places: Places) -> list[Measured]:
    """Read every file, so that all faults are told together."""
    from lumen_action.measuring.counts import measured

    found, problems = [], []
    for each in asked:
        if isinstance(each.slo.source, CountsSource):
            try:
                found.append(measured(each.slo.source, places.folder, each.span, places.calendar))
            except ConfigError as fault:
                problems += fault.problems
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return found


def _prometheus(asked: Sequence[Question], places: Places) -> list[Measured]:
    """Ask a server once for all promises of an objective."""
    from lumen_action.measuring.prometheus import measured

    found: dict[tuple[str, Span], Measured] = {}
    for each in asked:
        slo, source = each.slo, each.slo.source
        if isinstance(source, (RatioSource, ValueSource)) and (slo.name, each.span) not in found:
            server = places.prometheus(source.data_source)
            found[slo.name, each.span] = measured(source, slo, each.span, server, places.tell)
    return [found[each.slo.name, each.span] for each in asked]


_Reader = Callable[[Sequence[Question], Places], list[Measured]]
# Files first: a fault in one is told before anybody waits for a server.
_READERS: Sequence[tuple[tuple[type[Source], ...], _Reader]] = (
    ((CountsSource,), _counts),
    ((LedgerSource,), _ledger),
    ((RatioSource, ValueSource), _prometheus),
)
