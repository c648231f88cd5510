"""One report: read from the ledger, put into words, and written as files."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from lumen_action.commands.asked import telling
from lumen_action.commands.planned import freshness
from lumen_action.commands.report.dashboard import snapshot
from lumen_action.commands.report.forms import Made, rendered
from lumen_action.commands.report.promising import promised
from lumen_action.commands.rules.exporting import book_of
from lumen_action.commands.session import Session
from lumen_action.commands.slo.asked import Asked as AskedSlos
from lumen_action.commands.slo.places import places, planned
from lumen_action.errors import ConfigError, LumenError, RemoteError
from lumen_action.files import write_atomically
from lumen_action.measuring.daily import Days
from lumen_action.model import Fact
from lumen_action.report.building import Asked, Beside, build
from lumen_action.report.building.plan import Plan
from lumen_action.report.building.taking import Taken, take
from lumen_action.report.composing import compose
from lumen_action.report.document import Document
from lumen_action.report.model import SNAPSHOT, PeriodKind, Report
from lumen_action.report.periods import days_of, last_finished, moments_of, period_before, period_of
from lumen_action.report.words import words_of
from lumen_action.slo.headers import slug
from lumen_action.slo.objective import LedgerSource, Slo, SloBook

_TELL_EVERY_MS = 3000
# Two weeks; the facts of two months of many runs would fill the memory.
_MOST_REMEMBERED = 14


@dataclass(frozen=True)
class Wanted:
    """What was asked for, checked; `book` are the objectives of documents, None where those of lumen.yml are meant."""

    session: Session
    kind: PeriodKind
    day: date | None
    folder: Path
    forms: Sequence[str]
    language: str
    pdf_font: str
    book: SloBook | None
    prometheus_url: str
    grafana: bool


@dataclass(frozen=True)
class Written:
    """One report and what came of it."""

    report: Report
    document: Document
    files: dict[str, Path]
    faults: Sequence[LumenError]


def write_report(wanted: Wanted, pipeline: str, known: Sequence[str]) -> Written:
    """Make the report of a pipeline and write its files; what one form lacks costs no other."""
    with _uncollected():
        report = _report(wanted, pipeline)
    document = compose(report, words_of(wanted.language))
    stem = f"{_stem(pipeline, known)}-{report.period.name}"
    contents, faults = rendered(
        Made(report, document, wanted.pdf_font, telling(wanted.session.world)), wanted.forms, stem
    )
    files = {form: wanted.folder / f"{stem}.{form}" for form in contents}
    for form, file in files.items():
        try:
            write_atomically(file, contents[form])
        except OSError as fault:
            raise ConfigError(f"out: {file} cannot be written ({fault.strerror}); name another place") from None
    silent = [RemoteError(why) for why in dict.fromkeys(report.unmeasured.values())]
    return Written(report, document, files, [*silent, *faults])


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of cycles out: facts have none, and looking for them takes a third of all time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _report(wanted: Wanted, pipeline: str) -> Report:
    session = wanted.session
    settings = session.settings
    calendar, now_ms = settings.calendar, session.world.clock_ms()
    tell = telling(session.world)
    if wanted.day:
        period = period_of(wanted.kind, wanted.day, calendar.zone, settings.timezone)
    else:
        period = last_finished(wanted.kind, now_ms, calendar.zone, settings.timezone)
    if period.begin_ms > now_ms:
        raise ConfigError(
            f"date: {period.name} has not begun yet; write an earlier day, such as `--date {period.first}`"
        )
    before = period_before(period, calendar.zone)
    days = Days.of(session.ledger(), pipeline)
    days = replace(days, facts_of=_remembering(days.facts_of, days_of(before) + days_of(period)))
    asked = Asked(pipeline, period, before, Plan(calendar, settings.schedule, next(iter(days.names), None)), now_ms)
    tell(f"{pipeline}: reading {before.name} and {period.name}")
    taken = days.reduce(asked.plan.days_needed(before, period), _telling_progress(wanted, pipeline, tell))
    points_ms = [at_ms for at_ms in moments_of(period, calendar.zone) if at_ms < asked.as_of_ms] + [asked.as_of_ms]
    slos = _slos(wanted, pipeline)
    where = places(AskedSlos(session, SloBook(tuple(slos)), asked.as_of_ms, wanted.prometheus_url))
    where = replace(
        where,
        planned=planned(replace(settings, pipeline=pipeline), asked.as_of_ms),
        days_of=lambda ledger, name: days if name == pipeline else Days.of(ledger, name),
    )
    found = promised(slos, where, points_ms)
    young = freshness(settings, pipeline)
    promises = (replace(each, stale=bool(young.fault(each.now, asked.as_of_ms))) for each in found.promises)
    links = dict(settings.links)
    if wanted.grafana and (kept := snapshot(session, pipeline, period, tell)):
        links[SNAPSHOT] = kept
    return build(asked, taken, Beside(tuple(promises), links, tuple(found.notes), found.unmeasured))


def _remembering(facts_of: Callable[[str], Iterable[Fact]], days: Sequence[str]) -> Callable[[str], Iterable[Fact]]:
    """Return what reads the last of these days once: the objectives ask for them again."""
    known: dict[str, list[Fact]] = {}
    kept = frozenset(days[-_MOST_REMEMBERED:])

    def remembered(day: str) -> Iterable[Fact]:
        if day not in kept:
            return facts_of(day)
        if day not in known:
            known[day] = list(facts_of(day))
        return known[day]

    return remembered


def _telling_progress(wanted: Wanted, pipeline: str, tell: Callable[[str], None]) -> Callable[[list[Fact]], Taken]:
    """Return what takes the facts of a day, and now and then says how far it is."""
    calendar, clock_ms = wanted.session.settings.calendar, wanted.session.world.clock_ms
    told_ms = clock_ms()

    def taking(facts: list[Fact]) -> Taken:
        nonlocal told_ms
        if facts and clock_ms() - told_ms >= _TELL_EVERY_MS:
            told_ms = clock_ms()
            tell(f"{pipeline}: read up to {max(fact.day for fact in facts)}")
        return take(facts, calendar)

    return taking


def _slos(wanted: Wanted, pipeline: str) -> list[Slo]:
    """Return the objectives of a pipeline, and those that are of none."""
    settings = wanted.session.settings
    if wanted.book is None:
        return list(book_of(replace(settings, pipeline=pipeline)).slos)
    return [
        slo
        for slo in wanted.book.slos
        if not isinstance(slo.source, LedgerSource) or slo.source.pipeline in ("", pipeline)
    ]


def _stem(pipeline: str, known: Sequence[str]) -> str:
    """Return how the files of a pipeline begin, which no other one of the ledger has."""
    plain = slug(pipeline)
    same = [name for name in {*known, pipeline} if slug(name) == plain]
    if len(same) == 1 and plain != slug(""):
        return plain
    return f"{plain}-{hashlib.sha256(pipeline.encode()).hexdigest()[:8]}"
