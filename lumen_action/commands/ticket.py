"""`lumen ticket`: one ticket for each cause that trying again cannot mend."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from lumen_action.commands import World
from lumen_action.commands.asked import flag, instant, telling, word
from lumen_action.commands.github import client_of
from lumen_action.commands.lasting import deliver_waiting, lasting_ledger
from lumen_action.commands.options import command_parser
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, RemoteError
from lumen_action.ops.tickets import Draft, Tracker
from lumen_action.ops.tickets.cases import Case
from lumen_action.ops.tickets.deciding import Move, Rules
from lumen_action.ops.tickets.options import TicketOptions
from lumen_action.ops.tickets.owners import PLACES, CodeOwners, path_in, people
from lumen_action.ops.tickets.syncing import Assigned, Entry, Report, Syncer
from lumen_action.ops.tickets.writing import Writer
from lumen_action.summary.markdown import fence, link, plain, prose

_SINCE = "30d"
_MOST_CODEOWNERS_BYTES = 3 * 1024 * 1024
_VERBS = {
    Move.OPEN: "opened",
    Move.REOPEN: "reopened",
    Move.CLOSE: "closed",
    Move.COMMENT: "commented",
    Move.REWRITE: "rewritten",
    Move.WAIT: "waiting",
}


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "ticket",
        "Bring all tickets up to what the ledger says: one for each cause that asks for one, with an exact count;\n"
        "opened once, opened again when the cause comes back, closed after a quiet time and a success. The token\n"
        "stands in LUMEN_TOKEN, for GitLab in LUMEN_GITLAB_TOKEN; it needs `issues: write`. What the token may not\n"
        "do is printed for a person to paste.",
        "lumen ticket sync --repository org/app --ledger git:https://github.com/org/app --dry-run",
        ("ledger", "config"),
    )
    made.add_argument("subcommand", choices=("sync",), metavar="sync", help="the one thing it does")
    made.add_argument("--repository", metavar="OWNER/NAME", help="whose issues; default: the repository of the job")
    made.add_argument(
        "--since",
        metavar="TIME",
        help=f"open tickets for failures since then, as 36h, 7d or 2026-01-02, default {_SINCE}; those that are there "
        "are looked after however old",
    )
    made.add_argument("--dry-run", action="store_true", help="say what would be done and write nothing")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Sync the tickets; a tracker that fails is a warning, and 75 where failing was asked for."""
    problems: list[str] = []
    since_ms = instant(word(arguments, world, "since") or _SINCE, world.clock_ms(), problems)
    dry_run = flag(arguments, world, "dry-run", problems)
    session = session_of(arguments, world)
    options = session.settings.tickets or TicketOptions()
    tell = telling(world)
    tracker = tracker_of(session, options, word(arguments, world, "repository"), tell, problems)
    if problems or tracker is None or since_ms is None:
        raise ConfigError(problems)
    report = _synced(session, tracker, Rules(options, since_ms), tell, dry_run=dry_run)
    if arguments.json:
        world.answer_json(_plain(report, dry_run=dry_run))
    _summarise(session, report, tell, dry_run=dry_run)
    failed = bool(report.refused or report.problems)
    return RemoteError.exit_code if failed and session.settings.fail_on_error else 0


def _synced(session: Session, tracker: Tracker, rules: Rules, tell: Callable[[str], None], *, dry_run: bool) -> Report:
    settings, world = session.settings, session.world
    ledger = lasting_ledger(session, "what tickets are made of would not be kept", evidence=True)
    if not dry_run:
        deliver_waiting(session, tell)
    writer = Writer(
        secrets=settings.secrets,
        labels=rules.options.labels,
        runbook=settings.links.get("runbook", ""),
        quiet_days=rules.options.quiet_days,
        zone=settings.calendar.zone,
    )
    return Syncer(
        ledger=ledger,
        tracker=tracker,
        writer=writer,
        rules=rules,
        assigned=_assigned(rules.options, world.folder),
        clock_ms=world.clock_ms,
        tell=tell,
        dry_run=dry_run,
    ).sync()


def tracker_of(
    session: Session, options: TicketOptions, repository: str, tell: Callable[[str], None], problems: list[str]
) -> Tracker | None:
    """Return where tickets go: where the team says, else the issues of the CI we run in."""
    env = session.world.env
    kind = options.tracker or ("gitlab" if env.get("GITLAB_CI") == "true" else "github")
    if kind not in ("github", "gitlab"):
        from lumen_action.ops.tickets.webhook import WebhookTickets

        return WebhookTickets(kind, secret=options.webhook_secret, tell=tell)
    project = repository or env.get("GITHUB_REPOSITORY" if kind == "github" else "CI_PROJECT_PATH", "")
    if "/" not in project.strip("/"):
        problems.append("repository: is missing or malformed; write `--repository org/app`")
    token = session.settings.token if kind == "github" else session.settings.gitlab_token or session.settings.token
    if not token:
        name = "LUMEN_TOKEN" if kind == "github" else "LUMEN_GITLAB_TOKEN"
        problems.append(f"token: is missing; set {name}, or `tickets: {{tracker: https://…}}` for a webhook")
    if problems:
        return None
    if kind == "gitlab":
        from lumen_action.ops.tickets.gitlab import GitLabAccess, GitLabIssues

        api = (env.get("CI_API_V4_URL") or "https://gitlab.com/api/v4").rstrip("/")
        return GitLabIssues(GitLabAccess(api, project, token), tell=tell)
    from lumen_action.ops.tickets.github import GitHubIssues

    return GitHubIssues(client_of(session, project, tell), env.get("GITHUB_SERVER_URL") or "https://github.com")


def _assigned(options: TicketOptions, folder: Path) -> Assigned:
    """Return who is asked about a case: whom the team names for its class, else who owns the file it points at."""
    rules = _code_owners(folder)

    def assigned(case: Case) -> tuple[tuple[str, ...], tuple[str, ...]]:
        named = options.assigned(case.failure)
        path = path_in(case.failure.evidence)
        owners = rules.owners(path) if rules and path and (folder / path).is_file() else ()
        return named or people(owners), owners

    return assigned


def _code_owners(folder: Path) -> CodeOwners | None:
    for place in PLACES:
        try:
            text = (folder / place).read_bytes()[:_MOST_CODEOWNERS_BYTES].decode(errors="replace")
        except OSError:
            continue
        return CodeOwners.parse(text)
    return None


def _summarise(session: Session, report: Report, tell: Callable[[str], None], *, dry_run: bool) -> None:
    """Say what was done where people look, with the texts that only a person can bring there."""
    for problem in (report.refused, *report.problems):
        if problem:
            session.host.notice("warning", "lumen", problem)
    tell(_counted(report, dry_run=dry_run))
    room, text = session.host.summary_room(), ""
    for draft in report.to_paste if not room else ():
        tell(f"\nopen this ticket by hand: {draft.title}\n\n{draft.body}")
    sections = [_heading(report, dry_run=dry_run), *map(_listed, report.moved(Move.OPEN, Move.REOPEN, Move.CLOSE))]
    sections += [f"- {prose(problem)}" for problem in report.problems]
    if report.refused:
        sections += [f"**Not allowed**: {prose(report.refused)}", *map(_pasted, report.to_paste)]
    for section in sections:
        if len(f"{text}{section}\n\n".encode()) <= room:
            text += f"{section}\n\n"
    if text and (report.entries or report.problems or report.refused):
        session.host.write_summary(text)


def _heading(report: Report, *, dry_run: bool) -> str:
    return f"### Tickets: {plain(_counted(report, dry_run=dry_run))}"


def _counted(report: Report, *, dry_run: bool) -> str:
    said = [f"{count} {verb}" for move, verb in _VERBS.items() if (count := len(report.moved(move)))]
    if report.to_paste:
        said.append(f"{len(report.to_paste)} to be opened by hand")
    done = ", ".join(said) or "nothing to do"
    return f"{report.cases} causes: {done}{' (dry run)' if dry_run else ''}"


def _listed(entry: Entry) -> str:
    name = link(entry.draft.title, entry.url) or plain(entry.draft.title)
    return f"- {_VERBS[entry.move]}: {name}, seen in {entry.case.count}"


def _pasted(draft: Draft) -> str:
    """Return a ticket for a person to paste; what is in the fence has no effect here."""
    labels = ", ".join(draft.labels)
    told = f"{draft.title}\n\n{draft.body}\n\n(labels: {labels})"
    return f"<details><summary>{plain(draft.title)}</summary>\n\n{fence(told, 'markdown')}\n\n</details>"


def _plain(report: Report, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "causes": report.cases,
        "writes": report.writes,
        **{verb: [_plain_entry(entry) for entry in report.moved(move)] for move, verb in _VERBS.items()},
        "problems": report.problems,
        "refused": report.refused,
        "to_paste": [
            {"title": draft.title, "body": draft.body, "labels": draft.labels, "assignees": draft.assignees}
            for draft in report.to_paste
        ],
    }


def _plain_entry(entry: Entry) -> dict[str, object]:
    failure = entry.case.failure
    return {
        "fingerprint": entry.case.fingerprint,
        "error_class": failure.error_class.value,
        "subclass": failure.subclass,
        "title": entry.draft.title,
        "count": entry.case.count,
        "url": entry.url,
    }
