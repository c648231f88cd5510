"""`lumen signatures import`: another project's rules become a file of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path

from lumen_action.catalogue import OWN_RULES_BYTES, load_catalogue
from lumen_action.commands import World
from lumen_action.commands.parsers import plain_parser
from lumen_action.errors import ConfigError
from lumen_action.files import read_as_told, write_as_told
from lumen_action.rulebooks import FORMATS, Imported, imported
from lumen_action.yamlite.writing import dump


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = plain_parser(
        "signatures import",
        "Turn the rule file of another project into a file of one's own. What is lost, guessed or left out is told\n"
        "in one line a rule; read it, and the lines marked `# check:`, before you trust the file.",
        "lumen signatures import retry-patterns.json --output .lumen/signatures.yml",
    )
    made.add_argument("file", help="the rules: JSON, YAML, or the text of an issue with a JSON block")
    made.add_argument("--format", choices=tuple(FORMATS), default="", help="whose they are; seen by itself if left out")
    made.add_argument("--output", metavar="PATH", default="", help="a new file, such as .lumen/signatures.yml")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print or write the own rule file, and say in one line a rule what was lost, guessed or left out."""
    given = Path(arguments.file)
    text = read_as_told("file", world.folder / given, OWN_RULES_BYTES, "give the file of the rules alone")
    made = imported(text, given.name, arguments.format, load_catalogue().signatures)
    for result in made.results:
        world.tell(result.described())
    kept = sum(result.row is not None for result in made.results)
    world.tell(f"{kept} of {len(made.results)} rules taken over from {given.name} ({made.form})")
    if arguments.output:
        _write(world.folder / arguments.output, dump(made.document, made.comments))
    if arguments.json:
        world.answer_json(_plain(made))
    elif not arguments.output:
        world.answer(dump(made.document, made.comments))
    return 0


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise ConfigError(f"output: {path} is there already; name a new file and join the two by hand")
    write_as_told("output", path, text)


def _plain(made: Imported) -> dict[str, object]:
    return {
        "format": made.form,
        "document": made.document,
        "rules": [
            {
                "place": result.place,
                "id": result.id or None,
                "left_out": result.left_out or None,
                "notes": list(result.notes),
            }
            for result in made.results
        ],
    }
