"""`lumen rules doctor`: what the vendors' own checkers let pass, in files and in running servers."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from lumen_action.alerting.checks.setup import Configured, File, Finding, Setup, Severity
from lumen_action.commands import World
from lumen_action.commands.parsers import plain_parser
from lumen_action.commands.rules.examining import Outcome, examine, greet
from lumen_action.commands.rules.reporting import as_lines, as_row, ordered, plural, summary
from lumen_action.errors import ConfigError, RemoteError
from lumen_action.http import HttpError
from lumen_action.ops.monitoring.gathering import Gathering
from lumen_action.ops.monitoring.live import ALERTMANAGER, GREETINGS, PROMETHEUS, PUSHGATEWAY, Server
from lumen_action.ops.monitoring.running import alertmanager_files, prometheus_files
from lumen_action.settings import load_settings
from lumen_action.sinks.series import CATALOGUE

_FILES = {
    "prometheus-config": ("F", "prometheus.yml; the rule files it names are read too"),
    "alertmanager-config": ("F", "alertmanager.yml; the templates it names are read too"),
    "dashboards": ("DIR", "a folder of Grafana dashboards as JSON"),
}
_URLS = {
    PROMETHEUS: ("U", "a running Prometheus"),
    ALERTMANAGER: ("U", "a running Alertmanager"),
    PUSHGATEWAY: ("U", "a running Pushgateway"),
}
_RUNNING: tuple[tuple[str, str, Callable[[Server], list[File]]], ...] = (
    ("prometheus-config", PROMETHEUS, prometheus_files),
    ("alertmanager-config", ALERTMANAGER, alertmanager_files),
)


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = plain_parser(
        "rules doctor",
        "Find what promtool and amtool let pass: variables that nobody expands, templates and receivers that are not\n"
        "there, queries that read something else than they say, servers that do not fit.\n"
        "`lumen doctor` looks at Lumen's own configuration, ledger and sinks.",
        "lumen rules doctor --prometheus-config prometheus.yml --alertmanager-config alertmanager.yml",
        "lumen rules doctor --prometheus-url http://prometheus:9090 --alertmanager-url http://alertmanager:9093",
    )
    for name, (metavar, what) in (*_FILES.items(), *_URLS.items()):
        made.add_argument(f"--{name}", metavar=metavar, help=what)
    made.add_argument("--config", metavar="FILE", help="lumen.yml: objectives and how often it runs")
    made.add_argument("--probe", action="store_true", help="open a connection to the hosts of receivers; sends nothing")
    made.add_argument("--json", action="store_true", help="print one JSON list, a row a check and finding")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print what every check found; 2 when something is wrong, 75 when a server does not answer."""
    given = {name: getattr(arguments, name.replace("-", "_")) for name in (*_FILES, *_URLS)}
    if not any(given.values()) and not arguments.config:
        raise ConfigError("nothing to look at; write `lumen rules doctor --prometheus-config prometheus.yml`")
    _refuse_malformed({name: url for name in _URLS if (url := given[name])})
    configured = _configured(arguments.config, world) if arguments.config else None
    remote_written = configured is not None and configured.remote_write
    servers = {sort: Server(url, remote_written) for sort in _URLS if (url := given[sort])}
    greeted = greet(servers)
    there = {sort: server for sort, server in servers.items() if not greeted[sort].findings}
    setup = _setup(given, there, configured, world.folder)
    outcomes = examine(setup, servers, greeted, world, probe=arguments.probe)
    findings = ordered([finding for outcome in outcomes for finding in outcome.findings])
    if arguments.json:
        world.answer_json([row for outcome in outcomes for row in _rows(outcome)])
    else:
        for line in (*as_lines(findings), *_remaining(outcomes)):
            world.answer(line)
        what = f"{plural(len(setup.files), 'file')} and {plural(len(servers), 'server')}"
        world.tell(summary(findings, f"{len(outcomes)} checks of {what}"))
    return _exit_code(findings)


def _refuse_malformed(urls: Mapping[str, str]) -> None:
    """Refuse what is no URL, without showing it: it may hold a password."""
    problems = [
        f"{name}: is no URL of http or https; write `--{name} http://server.example:9090`"
        for name, url in urls.items()
        if not _is_url(url)
    ]
    if problems:
        raise ConfigError(problems)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _configured(name: str, world: World) -> Configured:
    """Read what `lumen.yml` says; a ConfigError names every mistake in it."""
    settings = load_settings({"config": name}, world.env, world.folder)
    planned, calendar = settings.expected_runs_per_day, settings.calendar
    if planned is None and settings.schedule:
        planned = settings.schedule.runs_per_day(calendar.day_of(world.clock_ms()), calendar)
    return Configured(name, settings.objectives, planned, settings.remote_write is not None)


def _setup(
    given: Mapping[str, str | None], servers: Mapping[str, Server], configured: Configured | None, folder: Path
) -> Setup:
    """Read the files that were given; for those that were not, what the servers run with."""
    gathering = Gathering(folder)
    gathering.take([place for name in _FILES if (place := given[name])])
    running: list[File] = []
    for name, sort, files_of in _RUNNING:
        if sort in servers and not given[name]:
            with suppress(HttpError):  # what speaks the API without being the program does not tell
                running += files_of(servers[sort])
    files = [*gathering.files.values(), *running]
    return Setup(files, gathering.matches, frozenset(CATALOGUE), configured)


def _rows(outcome: Outcome) -> Iterator[Mapping[str, object]]:
    """Yield a row a finding, or one that says why there is none."""
    for finding in outcome.findings:
        yield {"looks_at": outcome.looks_at, **as_row(finding)}
    if not outcome.findings:
        status = "skipped" if outcome.reason else "ok"
        yield {
            "looks_at": outcome.looks_at,
            "check": outcome.name,
            "status": status,
            "file": None,
            "line": None,
            "found": outcome.reason,
            "fix": "",
        }


def _remaining(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield what was good, and what was not looked at and why."""
    good = [outcome.name for outcome in outcomes if not outcome.findings and not outcome.reason]
    if good:
        yield f"ok       {', '.join(good)}"
    skipped: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.reason:
            skipped.setdefault(outcome.reason, []).append(outcome.name)
    for reason, names in skipped.items():
        yield f"skipped  {', '.join(names)}: {reason}"


def _exit_code(findings: Sequence[Finding]) -> int:
    errors = {finding.check for finding in findings if finding.severity is Severity.ERROR}
    if errors - {check.name for check in GREETINGS}:
        return ConfigError.exit_code
    return RemoteError.exit_code if errors else 0
