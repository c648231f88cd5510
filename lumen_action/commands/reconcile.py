"""`lumen reconcile`: what jobs could not say themselves, from the CI's API."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lumen_action.commands import World
from lumen_action.commands.asked import flag, instant, telling, word
from lumen_action.commands.github import client_of, need_token, repository_of
from lumen_action.commands.lasting import deliver_waiting, lasting_ledger
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, RemoteError
from lumen_action.model import Fact
from lumen_action.model.instants import stamp_of
from lumen_action.reconcile import Reconciler, Report, Window
from lumen_action.sli.reconciling.missing import Rules

_LOST_CODE = 1


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "reconcile",
        "Ask the CI for jobs that were killed, cancelled, lost or timed out, or died before our step, and add the\n"
        "facts that the ledger lacks. What a job said itself is never contradicted; twice is once. The token for the\n"
        "API stands in LUMEN_TOKEN; it needs `actions: read`.",
        "lumen reconcile --repository org/app --ledger git:https://github.com/org/app --since 3d",
        ("pipeline", "region", "ledger", "config"),
    )
    made.add_argument("--repository", metavar="OWNER/NAME", help="whose runs; default: GITHUB_REPOSITORY")
    made.add_argument(
        "--since",
        metavar="TIME",
        help="look at every run created since then, as 36h, 7d or 2026-01-02; default: where the last call ended, at "
        "least the last 26 h",
    )
    made.add_argument("--runs", metavar="IDS", help="look at these runs only (e.g. 1234567890,1234567891)")
    made.add_argument("--dry-run", action="store_true", help="say what is missing and write nothing")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Reconcile a window; 75 when a part is left for the next call, 1 when something can never be known."""
    problems: list[str] = []
    window = _window(arguments, world, problems)
    repository = repository_of(arguments, world, problems)
    dry_run = flag(arguments, world, "dry-run", problems)
    session = session_of(arguments, world)
    need_token(session, problems)
    if problems:
        raise ConfigError(problems)
    tell = telling(world)
    report = _reconciled(session, repository, window, tell, dry_run=dry_run)
    if arguments.json:
        world.answer_json(_plain(report, dry_run=dry_run))
    for line in _lines(report, dry_run=dry_run):
        tell(line)
    if report.postponed:
        return RemoteError.exit_code
    return _LOST_CODE if report.lost else 0


def _reconciled(
    session: Session, repository: str, window: Window, tell: Callable[[str], None], *, dry_run: bool
) -> Report:
    from lumen_action.ciapi.runs import Runs

    settings = session.settings
    ledger = lasting_ledger(session, "what is found would end with this job")
    if not dry_run:
        deliver_waiting(session, tell)
    return Reconciler(
        runs=Runs(client_of(session, repository, tell)),
        ledger=ledger,
        rules=settings.reconcile or Rules(),
        calendar=settings.calendar,
        clock_ms=session.world.clock_ms,
        tell=tell,
        pipeline=settings.pipeline,
        region=settings.region,
        dry_run=dry_run,
    ).reconcile(window)


def _window(arguments: argparse.Namespace, world: World, problems: list[str]) -> Window:
    since, ids = word(arguments, world, "since"), word(arguments, world, "runs")
    if since and ids:
        problems.append("since: cannot be combined with `runs`; give one of them")
    words = ids.replace(",", " ").split()
    if not all(each.isascii() and each.isdigit() for each in words):
        problems.append(f"runs: `{ids[:40]}` is not a list of numbers; write `runs: 1234567890,1234567891`")
        words = []
    return Window(instant(since, world.clock_ms(), problems) if since else None, tuple(map(int, words)))


def _lines(report: Report, *, dry_run: bool) -> list[str]:
    verb = "missing" if dry_run else "added"
    lines = [f"{verb}: {_described(fact)}" for fact in report.added]
    lines += [f"lost: {what}" for what in report.lost]
    lines += [f"left for the next call: {what}" for what in report.postponed]
    waiting = f", {len(report.unfinished)} not finished" if report.unfinished else ""
    found = f"{len(report.added)} facts {verb}"
    lines.append(f"{report.runs} runs, {report.attempts} attempts looked at{waiting}; {found}; {report.calls} calls")
    return lines


def _described(fact: Fact) -> str:
    key = fact.key
    why = f": {fact.failure.name}" if fact.failure else ""
    name = f" ({fact.leg})" if fact.leg else ""
    return f"{fact.pipeline} {key.region} {fact.day} run {key.run} attempt {key.attempt}{name} {fact.outcome}{why}"


def _plain(report: Report, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "since": stamp_of(report.since_ms),
        "until": stamp_of(report.until_ms),
        "runs": report.runs,
        "attempts": report.attempts,
        "calls": report.calls,
        "added": [_plain_fact(fact) for fact in report.added],
        "unfinished": [str(run) for run in report.unfinished],
        "postponed": report.postponed,
        "lost": report.lost,
        "watermark": stamp_of(report.watermark_ms),
    }


def _plain_fact(fact: Fact) -> dict[str, object]:
    return {
        "pipeline": fact.pipeline,
        "region": fact.key.region,
        "day": fact.day,
        "run": fact.key.run,
        "attempt": fact.key.attempt,
        "job": fact.key.job,
        "leg": fact.leg,
        "outcome": fact.outcome.value,
        "error_class": fact.failure.error_class.value if fact.failure else None,
        "trust": fact.trust.value,
        "url": fact.url,
    }
