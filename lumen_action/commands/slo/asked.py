"""What was asked about: which objectives, at which moment."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import PurePath

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.options import command_parser
from lumen_action.commands.rules.documents import read_files, tell
from lumen_action.commands.rules.exporting import WINDOW, book_of
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, shown
from lumen_action.settings import Settings
from lumen_action.slo.headers import slug
from lumen_action.slo.objective import About, Duration, Objective, RollingWindow, Slo, SloBook
from lumen_action.slo.reading import nearest

SETTINGS = ("pipeline", "ledger", "config")
# Name, what to write, and what it means.
_OPTIONS = (
    ("counts", "FILE", "counts of events as CSV or JSON, in place of --slo"),
    ("target", "SHARE", "the share of the counts that has to be good, such as 0.999 or 99.9%%"),
    ("window", "30d", f"the days of the counts that matter (default {WINDOW})"),
    ("prometheus-url", "URL", "the Prometheus that the documents name no address of"),
    ("at", "TIME", "the moment that is asked about, such as 2026-03-04T12:00:00Z (default now)"),
)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,12})?|\.\d{1,12})\s?(%?)", re.ASCII)
_WINDOW = re.compile(r"([1-9]\d{0,3})([hdw])", re.ASCII)
_YEARS = range(1970, 3000)
_HUNDRED = 100
_SEPARATORS = re.compile(r"[\n,]")


@dataclass(frozen=True)
class Asked:
    """The objectives that were asked about, the moment, and who is asked."""

    session: Session
    book: SloBook
    at_ms: int
    prometheus_url: str = ""

    @property
    def zone(self) -> tzinfo:
        """Return the zone in which moments are shown."""
        return self.session.settings.calendar.zone


def slo_parser(name: str, description: str, example: str) -> argparse.ArgumentParser:
    """Make the parser of a command that takes objectives."""
    made = command_parser(name, description, example, SETTINGS)
    add_options(made)
    return made


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which objectives are meant."""
    about = "documents of objectives, or folders of them; several may be named (default: `slo:` of lumen.yml)"
    parser.add_argument("--slo", metavar="FILE", nargs="+", action="extend", help=about)
    for name, metavar, what in _OPTIONS:
        parser.add_argument(f"--{name}", metavar=metavar, help=what)
    parser.add_argument("--only", metavar="NAME", nargs="+", action="extend", help="only the objectives of these names")


def read_asked(arguments: argparse.Namespace, world: World, found: Sequence[str] = ()) -> Asked:
    """Return what was asked about; a ConfigError tells every mistake, after those that were found before."""
    problems = list(found)
    session = None
    try:
        session = session_of(arguments, world)
    except ConfigError as fault:
        problems += fault.problems
    settings = session.settings if session else Settings()
    at_ms = moment_asked(arguments, settings, world, problems)
    book = SloBook(())
    try:
        # What lumen.yml promises cannot be known while there is a fault in it.
        book = objectives_asked(arguments, settings, world, from_settings=session is not None)
    except ConfigError as fault:
        problems += fault.problems
    if problems or session is None:
        raise ConfigError(problems)
    return Asked(session, book, at_ms, word(arguments, world, "prometheus-url"))


def objectives_asked(
    arguments: argparse.Namespace, settings: Settings, world: World, *, from_settings: bool = True
) -> SloBook:
    """Return the objectives of --slo, of --counts, or of lumen.yml; a ConfigError tells every mistake."""
    files, counts = words(arguments, world, "slo"), word(arguments, world, "counts")
    problems: list[str] = []
    if files and counts:
        problems.append("counts: is given together with `slo`; remove one of them")
    if not counts:
        problems += [
            f"{name}: is only of use beside counts; add `--counts counts.csv`, or remove it"
            for name in ("target", "window")
            if word(arguments, world, name)
        ]
    book = SloBook(())
    try:
        if files:
            taken = read_files(files, world.folder)
            tell(taken.notes, world)
            book = taken.book
        elif counts:
            book = _counted(counts, arguments, world)
        elif from_settings:
            book = _promised(settings)
    except ConfigError as fault:
        problems += fault.problems
    if not problems and from_settings:
        book = _named(book, words(arguments, world, "only"), problems)
    if problems:
        raise ConfigError(problems)
    return book


def moment_asked(arguments: argparse.Namespace, settings: Settings, world: World, problems: list[str]) -> int:
    """Return the moment that was asked about, noting what is none; a clock without a zone is that of lumen.yml."""
    told = word(arguments, world, "at")
    if not told:
        return world.clock_ms()
    try:
        moment = datetime.fromisoformat(told.replace("Z", "+00:00"))
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - no moment anybody means, in whatever zone
    if moment.year in _YEARS:
        local = moment if moment.tzinfo else moment.replace(tzinfo=settings.calendar.zone)
        return int(local.timestamp() * 1000)
    problems.append(
        f"at: {shown(told)} is no time from {_YEARS[0]} to {_YEARS[-1]}; "
        "write `--at 2026-03-04T12:00:00Z` or `--at 2026-03-04`"
    )
    return world.clock_ms()


def words(arguments: argparse.Namespace, world: World, name: str) -> Sequence[str]:
    """Return all words of an option that may be repeated; in the environment they are lines, or divided by commas."""
    told = getattr(arguments, name)
    if told:
        return list(told)
    return [each.strip() for each in _SEPARATORS.split(word(arguments, world, name)) if each.strip()]


def _promised(settings: Settings) -> SloBook:
    if not settings.objectives:
        raise ConfigError(
            "slo: no objective is set; write `slo: {run: 0.95}` in lumen.yml, or name documents with `--slo slo/`, "
            "or counts with `--counts counts.csv --target 99.9%`"
        )
    if not settings.pipeline:
        raise ConfigError("pipeline: is missing, so nobody knows whose objectives these are; write `pipeline: nightly`")
    return book_of(settings)


def _counted(file: str, arguments: argparse.Namespace, world: World) -> SloBook:
    """Return one objective over a file of counts."""
    from lumen_action.measuring.counts import source_of

    problems: list[str] = []
    target = _target(word(arguments, world, "target"), problems)
    window = _window(word(arguments, world, "window"), problems)
    try:
        source = replace(source_of(world.folder / file), file=file)
    except ConfigError as fault:
        raise ConfigError([*problems, *fault.problems]) from None
    if problems or target is None or window is None:
        raise ConfigError(problems)
    about = About(slug(PurePath(file).stem))
    return SloBook((Slo(about, about.name, about, source, (Objective(target),), RollingWindow(window)),))


def _target(text: str, problems: list[str]) -> float | None:
    if not text:
        problems.append("target: is missing; write `--target 0.999` or `--target 99.9%` beside --counts")
        return None
    found = _SHARE.fullmatch(text)
    share = Decimal(found[1]) / (_HUNDRED if found[2] else 1) if found else Decimal(0)
    if 0 < share < 1:
        return float(share)
    if share == 1:
        fix = "no budget is left for a single failure; write `--target 0.999`"
    elif 1 < share < _HUNDRED:
        fix = f"write `--target {text}%`"
    else:
        fix = "write a share such as `--target 0.999` or `--target 99.9%`"
    problems.append(f"target: {shown(text)} is not between 0 and 1; {fix}")
    return None


def _window(text: str, problems: list[str]) -> Duration | None:
    if not text:
        return WINDOW
    found = _WINDOW.fullmatch(text)
    if found:
        return Duration(int(found[1]), found[2])
    problems.append(f"window: {shown(text)} is no number of hours, days or weeks; write `--window 30d`")
    return None


def _named(book: SloBook, only: Sequence[str], problems: list[str]) -> SloBook:
    """Return the objectives of some names, noting what there is none of."""
    if not book.slos:
        problems.append("slo: the documents hold no objective; add one of `kind: SLO`")
    if not only:
        return book
    known: Mapping[str, Slo] = {name: slo for slo in book.slos for name in _names(slo)}
    for name in only:
        if name not in known:
            named = ", ".join(f"`{slo.name}`" for slo in book.slos)
            problems.append(
                f"only: there is no objective {shown(name)}{nearest(name, known) or f'; there are {named}'}"
            )
    meant = [known[name] for name in only if name in known]
    return replace(book, slos=tuple(slo for slo in book.slos if slo in meant))


def _names(slo: Slo) -> Iterator[str]:
    yield slo.name
    yield from (f"{slo.name} {objective.target!r}" for objective in slo.objectives)
