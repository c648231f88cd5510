"""`lumen runbook render`: RUNBOOK.md from the runbooks."""

from __future__ import annotations

import argparse
from pathlib import Path

from lumen_action.commands import World
from lumen_action.commands.asked import flag, word
from lumen_action.commands.options import command_parser
from lumen_action.commands.runbook.crew import runbooks_of
from lumen_action.commands.session import session_of
from lumen_action.errors import ConfigError
from lumen_action.files import write_as_told
from lumen_action.runbooks.markdown import anchor, markdown

_PAGE = "RUNBOOK.md"


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = command_parser(
        "runbook render",
        "Write the page that alerts lead to: a section for each alert, and one for each runbook. `alerts.runbook` in\n"
        "lumen.yml says where the page of a team with runbooks of its own is read.",
        "lumen runbook render --check",
        ("config",),
    )
    made.add_argument("--out", metavar="FILE", help=f"where it is written (default {_PAGE})")
    made.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is out of date")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Write the page, or say whether it is out of date."""
    problems: list[str] = []
    only_check = flag(arguments, world, "check", problems)
    if problems:
        raise ConfigError(problems)
    session = session_of(arguments, world)
    runbooks = runbooks_of(session)
    text = markdown(runbooks)
    path = world.folder / Path(word(arguments, world, "out") or _PAGE)
    current = _is(path, text)
    if not only_check and not current:
        write_as_told("out", path, text)
    if arguments.json:
        told = {"file": str(path), "up_to_date": current, "written": not only_check and not current}
        world.answer_json({**told, "runbooks": {name: anchor(name) for name in runbooks}})
    elif only_check and not current:
        world.tell(f"{path}: is not what the runbooks say; run `lumen runbook render` and commit what it writes")
    else:
        world.tell(f"{path}: {'is up to date' if current else 'written'}")
    return int(only_check and not current)


def _is(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
