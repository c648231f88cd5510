"""`lumen rules check`: rule files, configurations, templates and dashboards, before a server loads them."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

from lumen_action.alerting.checks.setup import Finding, Setup, Severity
from lumen_action.alerting.checks.table import CHECK, UNREAD, UNREAD_CHECKS
from lumen_action.commands import World
from lumen_action.commands.parsers import plain_parser
from lumen_action.commands.rules.reporting import as_lines, as_row, ordered, plural, summary
from lumen_action.errors import ConfigError
from lumen_action.ops.monitoring.gathering import Gathering
from lumen_action.ops.monitoring.vendors import AMTOOL, COMMANDS, PROMTOOL, find, vendor_findings


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = plain_parser(
        "rules check",
        "Check rule files, unit tests of rules, prometheus.yml, alertmanager.yml, templates and dashboards.\n"
        "The real promtool and amtool have their say where they are installed.",
        "lumen rules check",
        "lumen rules check rules/ deploy/alertmanager.yml --json",
    )
    made.add_argument("files", nargs="*", metavar="FILE|DIR", help="what to check (default: this folder)")
    made.add_argument("--json", action="store_true", help="print one JSON list")
    made.add_argument(f"--{PROMTOOL}", metavar="PATH", help="where promtool is (default: on the PATH)")
    made.add_argument(f"--{AMTOOL}", metavar="PATH", help="where amtool is (default: on the PATH)")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print every finding; 2 when something does not work."""
    tools = {name: find(name, getattr(arguments, name)) for name in (PROMTOOL, AMTOOL)}
    gathering = Gathering(world.folder)
    gathering.take(arguments.files or ["."])
    setup = Setup(list(gathering.files.values()), gathering.matches)
    if not setup.files:
        raise ConfigError(
            "files: found no rules, configuration, template or dashboard; name a file or a folder, such as `rules/`"
        )
    own = [finding for check in CHECK for finding in check.findings(setup)]
    findings = ordered(_merged(own, _vendors(gathering, tools, world)))
    if arguments.json:
        world.answer_json([as_row(finding) for finding in findings])
    else:
        for line in as_lines(findings):
            world.answer(line)
        for name, program in tools.items():
            if program is None and any(COMMANDS.get(file.kind, ("",))[0] == name for file in setup.files):
                world.tell(f"{name} is not installed: only our own reader has looked")
        world.tell(summary(findings, plural(len(setup.files), "file")))
    return ConfigError.exit_code if any(each.severity is Severity.ERROR for each in findings) else 0


def _vendors(gathering: Gathering, tools: Mapping[str, str | None], world: World) -> Mapping[str, Sequence[Finding]]:
    """Ask the vendors' own checkers, several at a time; return what they found by file."""
    asked = [
        (program, file)
        for file in gathering.files.values()
        if file.kind in COMMANDS and (program := tools[COMMANDS[file.kind][0]])
    ]
    found: dict[str, Sequence[Finding]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = {pool.submit(vendor_findings, program, file, gathering.path(file)): file for program, file in asked}
        for done, each in enumerate(as_completed(waiting), 1):
            found[waiting[each].name] = each.result()
            if world.stderr.isatty():
                world.tell(f"{done} of {len(asked)}: {waiting[each].name}")
    return found


def _merged(own: Sequence[Finding], vendors: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """Let a vendor's tool decide about what only our reader refuses, and leave out what both say."""
    merged: list[Finding] = []
    for finding in own:
        said = vendors.get(finding.fault.file)
        if finding.check not in UNREAD_CHECKS or said is None:
            merged.append(finding)
        elif not said:
            merged.append(replace(finding, severity=Severity.ADVICE))
        elif finding.check != UNREAD:
            merged.append(finding)
    broken = Counter(finding.fault.file for finding in merged if finding.severity is Severity.ERROR)
    merged += [each for name, found in vendors.items() if len(found) > broken[name] for each in found]
    return merged
