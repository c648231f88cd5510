"""`lumen rules import`: objectives of OpenSLO, sloth and pyrra become OpenSLO documents."""

from __future__ import annotations

import argparse
from pathlib import Path

from lumen_action.commands import World
from lumen_action.commands.parsers import plain_parser
from lumen_action.commands.rules.documents import as_files, as_text, read_files, tell
from lumen_action.errors import ConfigError
from lumen_action.files import write_as_told
from lumen_action.slo.documents import AUTO, FORMS
from lumen_action.slo.openslo_writing import documents


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = plain_parser(
        "rules import",
        "Turn objectives of OpenSLO v1, sloth and pyrra into OpenSLO v1 documents. What changes on the way or is left\n"
        "behind is told in one line each; every fault of all files is told at once, and then nothing is written.",
        "lumen rules import sloth/*.yml pyrra/ --out slo",
    )
    made.add_argument(
        "files", metavar="FILE", nargs="+", help="documents, or folders of them; several may be in a file"
    )
    made.add_argument("--from", dest="form", choices=(AUTO, *FORMS), default=AUTO, help="whose they are (default auto)")
    made.add_argument(
        "--out", metavar="DIR", default="", help="write a file for each objective here; stdout if left out"
    )
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Read all files, tell what was lost, and write or print the documents."""
    taken = read_files(arguments.files, world.folder, arguments.form)
    tell(taken.notes, world)
    written = _write(world.folder / arguments.out, as_files(taken.book)) if arguments.out else []
    world.tell(f"objectives taken over: {len(taken.book.slos)}")
    if arguments.json:
        names = [slo.name for slo in taken.book.slos]
        answer = {"documents": documents(taken.book), "slos": names, "notes": list(taken.notes), "files": written}
        world.answer_json(answer)
    elif not arguments.out:
        world.answer(as_text(taken.book))
    return 0


def _write(folder: Path, files: dict[str, str]) -> list[str]:
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise ConfigError([f"out: {folder / name} is there already; name another folder" for name in there])
    for name, text in files.items():
        write_as_told("out", folder / name, text)
    return [str(folder / name) for name in files]
