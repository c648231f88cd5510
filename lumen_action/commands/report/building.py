"""`lumen report build`: what happened in a day, week or month, as files that people and programs read."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lumen_action.commands import World
from lumen_action.commands.asked import flag, telling, word
from lumen_action.commands.options import command_parser
from lumen_action.commands.report import FOLDER
from lumen_action.commands.report.forms import FORMS
from lumen_action.commands.report.making import Wanted, Written, write_report
from lumen_action.commands.session import Session, session_of
from lumen_action.commands.slo.asked import objectives_asked, words
from lumen_action.errors import ConfigError, shown
from lumen_action.report.markdown import render
from lumen_action.report.model import PeriodKind
from lumen_action.report.web.index import refresh
from lumen_action.report.words import LANGUAGES

_KINDS = tuple(kind.value for kind in PeriodKind)
# Beyond these a calendar has no period before or after.
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_ALL = "all"


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "report build",
        "Write the report of a day, week or month from the ledger: files for people and programs, and an index.html\n"
        "over all reports of the folder. In a CI job the report also stands in the job summary. What one form lacks,\n"
        "such as a font for Korean in a PDF, costs no other; the exit code is then 2, or 75 where trying again helps.",
        "lumen report build --period week --date 2026-03-04 --language ko",
        ("pipeline", "ledger", "config", "summary"),
    )
    made.add_argument("--period", metavar="|".join(_KINDS), help="how long it reaches (default week)")
    made.add_argument(
        "--date", metavar="DAY", help="a day of the period, such as 2026-03-04 (default the last one over)"
    )
    made.add_argument("--out", metavar="FOLDER", help=f"where the files are written (default {FOLDER})")
    made.add_argument("--format", metavar="FORMS", help=f"some of {','.join(FORMS)} (default {_ALL})")
    made.add_argument(
        "--language", metavar="|".join(LANGUAGES), help="of the report (default report.language, else en)"
    )
    made.add_argument("--slo", metavar="FILE", nargs="+", action="extend", help="objectives, or folders of them")
    made.add_argument("--prometheus-url", metavar="URL", help="the Prometheus that the documents name no address of")
    made.add_argument("--pdf-font", metavar="FILE", help="TrueType font of the PDF (default report.pdf-font)")
    made.add_argument("--grafana", action="store_true", help="take a snapshot of the dashboard and link it")
    made.add_argument("--json", action="store_true", help="print one JSON list")
    made.set_defaults(counts=None, target=None, window=None, only=None)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Write the report of one pipeline, or of every one of the ledger."""
    wanted = _wanted(arguments, world)
    session, tell = wanted.session, telling(world)
    known = session.ledger().pipelines()
    named = session.settings.pipeline
    names = [named] if named else known
    if not names or named not in ("", *known):
        there = ", ".join(map(shown, known)) or "nothing yet"
        raise ConfigError(f"pipeline: the ledger has nothing of {shown(named)}; what it has: {there}")
    written = []
    for name in names:
        made = write_report(wanted, name, known)
        for file in made.files.values():
            tell(f"wrote {file}")
        _summarise(session, made)
        written.append(made)
    index = refresh(wanted.folder, wanted.language)
    _set_outputs(wanted, written, index)
    faults = {str(fault): fault for made in written for fault in made.faults}
    for fault in faults:
        tell(f"error: {fault}")
    if arguments.json:
        world.answer_json([_plain(made) for made in written])
    else:
        world.answer("\n".join(made.document.answer.text for made in written))
    return min((fault.exit_code for fault in faults.values()), default=0)


def _wanted(arguments: argparse.Namespace, world: World) -> Wanted:
    """Return what was asked for; a ConfigError tells every mistake."""
    session = session_of(arguments, world)
    settings = session.settings
    problems: list[str] = []
    kind = _choice("period", word(arguments, world, "period") or "week", _KINDS, problems)
    told = word(arguments, world, "language") or settings.report.get("language", "en")
    language = _choice("language", told, LANGUAGES, problems)
    day = _day(word(arguments, world, "date"), problems)
    grafana = flag(arguments, world, "grafana", problems)
    forms = _forms(word(arguments, world, "format") or _ALL, problems)
    book = None
    if words(arguments, world, "slo"):
        try:
            book = objectives_asked(arguments, settings, world)
        except ConfigError as fault:
            problems += fault.problems
    if problems:
        raise ConfigError(problems)
    return Wanted(
        session=session,
        kind=PeriodKind(kind),
        day=day,
        folder=world.folder / (word(arguments, world, "out") or FOLDER),
        forms=forms,
        language=language,
        pdf_font=word(arguments, world, "pdf-font") or settings.report.get("pdf-font", ""),
        book=book,
        prometheus_url=word(arguments, world, "prometheus-url"),
        grafana=grafana,
    )


def _choice(name: str, told: str, known: Sequence[str], problems: list[str]) -> str:
    if told not in known:
        problems.append(f"{name}: {shown(told)} is not one of {', '.join(known)}; write `--{name} {known[-1]}`")
        return known[0]
    return told


def _day(told: str, problems: list[str]) -> date | None:
    if not told:
        return None
    try:
        day = date.fromisoformat(told)
    except ValueError:
        day = date.min
    if _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return day
    problems.append(f"date: {shown(told)} is no day; write `--date 2026-03-04`")
    return None


def _forms(told: str, problems: list[str]) -> Sequence[str]:
    asked = [each.strip() for each in told.split(",") if each.strip()]
    problems += [
        f"format: {shown(form)} is not one of {', '.join(FORMS)}; write `--format md,html`"
        for form in asked
        if form not in (*FORMS, _ALL)
    ]
    return FORMS if _ALL in asked else [form for form in FORMS if form in asked]


def _summarise(session: Session, made: Written) -> None:
    room = session.host.summary_room()
    if room and session.settings.summary != "off" and (text := render(made.document, room)):
        session.host.write_summary(text)


def _set_outputs(wanted: Wanted, written: Sequence[Written], index: Path) -> None:
    """Hand on where the report is; of several pipelines the page is the index, and no PDF is that of all."""
    alone = written[0].files if len(written) == 1 else {}
    wanted.session.host.set_outputs(
        {
            "sentence": "\n".join(made.document.answer.text for made in written),
            "folder": str(wanted.folder),
            "html": str(alone.get("html", index)),
            "pdf": str(alone.get("pdf", "")),
        }
    )


def _plain(made: Written) -> dict[str, Any]:
    report = made.report
    return {
        "pipeline": report.pipeline,
        "period": report.period.name,
        "finished": report.finished,
        "sentence": made.document.answer.text,
        "files": {form: str(file) for form, file in made.files.items()},
        "faults": [str(fault) for fault in made.faults],
    }
