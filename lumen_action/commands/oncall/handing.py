"""`lumen oncall handoff`: the sheet for who comes next."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.oncall.common import asked, moment_asked, only_known, subcommand_parser
from lumen_action.commands.oncall.gathering import Gathering, sections
from lumen_action.commands.oncall.sheet import Sheet, as_json, as_markdown
from lumen_action.commands.rules.documents import read_files, tell
from lumen_action.commands.rules.exporting import book_of
from lumen_action.commands.session import Session
from lumen_action.commands.slo.asked import words
from lumen_action.errors import ConfigError
from lumen_action.files import write_as_told
from lumen_action.oncall.handover import hand_over
from lumen_action.slo.objective import SloBook


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = subcommand_parser(
        "handoff",
        "Make the sheet for who comes next: open incidents, runbooks that wait for a person, postmortems that are\n"
        "due, budgets, silences, what failed and what ended in the shift, and what is otherwise in the next one. In\n"
        "the twelve hours after a hand-off it is about that one, else about the next. What cannot be known says so.",
        "--roster oncall.yml --ledger git:https://github.com/org/app",
        "pipeline",
        "ledger",
    )
    made.add_argument("--layer", metavar="NAME", help="whose hand-off (default the first layer)")
    made.add_argument("--at", metavar="TIME", help="the moment to look from (default now)")
    about = "documents of objectives, or folders of them (default: `slo:` of lumen.yml)"
    made.add_argument("--slo", metavar="FILE", nargs="+", action="extend", help=about)
    made.add_argument("--output", metavar="FILE", help="write the sheet to a file as well")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Make it."""
    session, roster = asked(arguments, world)
    problems: list[str] = []
    layers = [each.name for each in roster.layers]
    named, said = word(arguments, world, "layer"), word(arguments, world, "at")
    only_known(named, "layer", layers, problems)
    at_ms = moment_asked(said, "at", roster.timezone, problems) if said else world.clock_ms()
    if problems or at_ms is None:
        raise ConfigError(problems)
    found = hand_over(roster, roster.layer(named or layers[0]), at_ms)
    gathering = Gathering(session, roster, found, at_ms, lambda: _book(arguments, session))
    sheet = Sheet(session.pipeline, found, at_ms, sections(gathering))
    text = as_markdown(sheet)
    output = word(arguments, world, "output")
    if output:
        write_as_told("output", world.folder / output, text)
    if arguments.json:
        world.answer_json(as_json(sheet))
    else:
        world.answer(text)
    return 0


def _book(arguments: argparse.Namespace, session: Session) -> SloBook:
    """Return the objectives that were named, else those of the settings."""
    files = words(arguments, session.world, "slo")
    if files:
        taken = read_files(files, session.world.folder)
        tell(taken.notes, session.world)
        return taken.book
    return book_of(session.settings) if session.settings.objectives else SloBook(())
