"""`lumen rules export`: the objectives of `lumen.yml` as OpenSLO documents."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.options import command_parser, given
from lumen_action.commands.rules.documents import as_text
from lumen_action.errors import ConfigError
from lumen_action.settings import Settings, load_settings
from lumen_action.slo.headers import slug
from lumen_action.slo.objective import About, Duration, Events, LedgerSource, Objective, RollingWindow, Slo, SloBook
from lumen_action.slo.openslo_writing import documents

WINDOW = Duration(30, "d")
_LONGEST_NAME = 62


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = command_parser(
        "rules export",
        "Write the objectives of lumen.yml (`slo: {run: 0.95, day: 0.95}`) as OpenSLO v1 documents, which other tools\n"
        "read, and which can say more: other windows, regions, stages, durations.",
        "lumen rules export > slo/nightly.yml",
        ("config", "pipeline"),
    )
    made.add_argument("--json", action="store_true", help="print one JSON list")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the documents."""
    settings = load_settings(given(arguments), world.env, world.folder, required=("pipeline",))
    if not settings.objectives:
        raise ConfigError("slo: no objective is set; write `slo: {run: 0.95}` in lumen.yml")
    book = book_of(settings)
    if arguments.json:
        world.answer_json(documents(book))
    else:
        world.answer(as_text(book))
    return 0


def book_of(settings: Settings) -> SloBook:
    """Return the objectives that the settings promise, each over 30 days."""
    service = About(slug(settings.pipeline), settings.pipeline)
    slos = tuple(_slo(settings.pipeline, Events(name), target) for name, target in settings.objectives.items())
    return SloBook(slos, (service,))


def _slo(pipeline: str, events: Events, target: float) -> Slo:
    # What tells the objectives of a pipeline apart is never cut off.
    kind = slug(events.value)
    name = f"{slug(pipeline)[: _LONGEST_NAME - len(kind)].rstrip('-.')}-{kind}"
    return Slo(
        About(name),
        slug(pipeline),
        About(name),
        LedgerSource(events, pipeline),
        (Objective(target),),
        RollingWindow(WINDOW),
    )
