"""`lumen runbook lint`: faults in runbooks, alerts without one, and runbooks that nobody tries."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lumen_action import yamlite
from lumen_action.alerting.alerts import WATCHES
from lumen_action.alerting.rendering import RUNBOOK
from lumen_action.commands import World
from lumen_action.commands.asked import flag
from lumen_action.commands.listed import listed
from lumen_action.commands.options import command_parser
from lumen_action.commands.runbook.crew import runbooks_of
from lumen_action.commands.runbook.drills import drills_of
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError
from lumen_action.files import read_as_told
from lumen_action.runbooks.linting import (
    Finding,
    Level,
    Link,
    lint_alerts,
    lint_automatic,
    lint_drills,
    lint_links,
    lint_steps,
)
from lumen_action.runbooks.runbook import Runbook
from lumen_action.summary.markdown import visible

_LARGEST = 8 << 20


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = command_parser(
        "runbook lint",
        "Find runbooks that cannot work, alerts that none is for, links of alerts that lead nowhere, and runbooks\n"
        "that nobody has drilled for 30 days. Exit code 1 when anything has to be mended; notes do not fail.",
        "lumen runbook lint --rules rules/prometheus/lumen.rules.yml",
        ("ledger", "config"),
    )
    made.add_argument("--rules", metavar="FILE", action="append", help="rule files whose alerts lead to our page")
    made.add_argument("--drilled", action="store_true", help="fail as well when nobody can know what was drilled")
    made.add_argument("--json", action="store_true", help="print one JSON list")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print one line a finding; 1 when there are faults."""
    problems: list[str] = []
    asked = flag(arguments, world, "drilled", problems)
    if problems:
        raise ConfigError(problems)
    session = session_of(arguments, world)
    runbooks = runbooks_of(session)
    found = list(_found(session, runbooks, _links(listed(arguments, world, "rules"), world.folder), asked=asked))
    faults = sum(each.level is Level.FAULT for each in found)
    if arguments.json:
        keys = ("level", "check", "runbook", "step", "said")
        world.answer_json([{key: str(getattr(each, key)) for key in keys} for each in found])
    else:
        for each in sorted(found, key=lambda each: each.level.value):
            world.answer(visible(str(each)))
        world.tell(f"{len(runbooks)} runbooks looked at: {faults} faults, {len(found) - faults} notes")
    return int(bool(faults))


def _found(
    session: Session, runbooks: Mapping[str, Runbook], links: Sequence[Link], *, asked: bool
) -> Iterator[Finding]:
    settings = session.settings
    yield from lint_steps(runbooks, lambda argv: _missing(argv, session.world))
    yield from lint_alerts(runbooks, [watch.name for watch in WATCHES])
    yield from lint_links(runbooks, links, {RUNBOOK, settings.alerts.get("runbook", RUNBOOK)})
    yield from lint_automatic(runbooks, settings.runbooks.get("automatic", ()))
    yield from lint_drills(runbooks, drills_of(session), session.world.clock_ms(), asked=asked)


def _missing(argv: Sequence[str], world: World) -> str:
    if argv[0] == "lumen":
        name = argv[1] if len(argv) > 1 else ""
        known = name.isidentifier() and importlib.util.find_spec(f"lumen_action.commands.{name}")
        return "" if known else f"has no command `{name}`"
    if shutil.which(argv[0], path=world.env.get("PATH", "")) or (world.folder / argv[0]).is_file():
        return ""
    return "is not on this machine; where it is run, it has to be"


def _links(names: Sequence[str], folder: Path) -> list[Link]:
    """Return the alerts of rule files with their links; a ConfigError tells all that cannot be read."""
    problems: list[str] = []
    found: list[Link] = []
    for name in names:
        try:
            document = yamlite.load(read_as_told("rules", folder / name, _LARGEST, "give a rule file alone"), name)
        except ConfigError as fault:
            problems += fault.problems
            continue
        links = list(_links_in(document, name))
        found += links
        if not links:
            problems.append(f"rules: {name} holds no alert; give a rule file of Prometheus with `groups:`")
    if problems:
        raise ConfigError(problems)
    return found


def _links_in(document: object, name: str) -> Iterator[Link]:
    groups = document.get("groups") if isinstance(document, dict) else None
    for group in groups if isinstance(groups, list) else ():
        rules = group.get("rules") if isinstance(group, dict) else None
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, dict) and isinstance(alert := rule.get("alert"), str):
                notes = rule.get("annotations")
                url = notes.get("runbook_url") if isinstance(notes, dict) else ""
                yield Link(name, alert, url if isinstance(url, str) else "")
