"""`lumen incident report`: how incidents of some time were met, and what they cost."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import instant, telling, word
from lumen_action.commands.incident.common import desk_of, subcommand_parser
from lumen_action.commands.incident.costs import add_objectives, book_asked, costs
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError, IntegrityError, RemoteError
from lumen_action.response.postmortem import term_of
from lumen_action.response.reviewing import as_markdown, as_plain, as_text, chosen, review
from lumen_action.response.spending import Cost

SINCE = "90d"


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "report",
        "Show the incidents of some time: how many of which severity, how long people took to acknowledge, mitigate\n"
        "and resolve them (median and 90th percentile from the detection, with their number), who was not in time,\n"
        "what each cost in runs, days and error budget, and which postmortems and actions are owed.",
        "--since 90d --markdown >> $GITHUB_STEP_SUMMARY",
    )
    made.add_argument("--since", metavar="TIME", help=f"as 36h, 30d or 2026-01-02 (default {SINCE})")
    made.add_argument("--markdown", action="store_true", help="print Markdown")
    add_objectives(made)
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the report."""
    problems: list[str] = []
    now_ms = world.clock_ms()
    since_ms = instant(word(arguments, world, "since") or SINCE, now_ms, problems)
    session = session_of(arguments, world)
    if since_ms is None or problems:
        raise ConfigError(problems)
    desk = desk_of(session, "incidents are reported from the ledger that keeps them")
    known = desk.all()
    found: dict[str, Cost] = {}
    try:
        found = costs(session, book_asked(arguments, session), known, chosen(known, since_ms, now_ms))
    except (RemoteError, IntegrityError) as fault:
        telling(world)(f"warning: what they cost is left out: {fault}")
    made = review(desk.pipeline, known, since_ms, now_ms, found, term_of(session.settings))
    if arguments.json:
        world.answer_json(as_plain(made))
    else:
        world.answer(as_markdown(made) if arguments.markdown else as_text(made))
    return 0
