"""`lumen incident mirror`: an issue of GitHub for each incident, both ways."""

from __future__ import annotations

import argparse

from lumen_action.commands import World
from lumen_action.commands.asked import telling
from lumen_action.commands.github import client_of, need_token, repository_of
from lumen_action.commands.incident.common import cleaner_of, desk_of, subcommand_parser
from lumen_action.commands.notify.common import of_fork
from lumen_action.commands.session import Session, session_of
from lumen_action.errors import ConfigError, LumenError, RemoteError
from lumen_action.response.mirroring import Mirrored, mirror


def parser() -> argparse.ArgumentParser:
    """Say what the sub-command takes."""
    made = subcommand_parser(
        "mirror",
        "Keep an issue of GitHub for each incident. What people do there comes back: a label sev1 to sev4 or state:…,\n"
        "an assignee, closing and opening again. The token stands in LUMEN_TOKEN and needs `issues: write`. May be\n"
        "called as often as wanted, and by several jobs at once.",
        "--repository org/app --ledger git:https://github.com/org/app",
    )
    made.add_argument("--repository", metavar="OWNER/NAME", help="whose issues; default: the repository of the job")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Bring incidents and issues together; what a service refuses is a warning, and 75 at a terminal."""
    session = session_of(arguments, world)
    return 0 if of_fork(session, world) else _mirrored(arguments, session)


def also_mirrored(session: Session) -> None:
    """Bring incidents and issues together after another command; what hinders it is a warning."""
    from lumen_action.ops.mirror.issues import MirrorIssues

    world, settings = session.world, session.settings
    repository = world.env.get("GITHUB_REPOSITORY", "")
    if not (repository and settings.token):
        telling(world)(
            "warning: incidents.mirror: needs the repository in GITHUB_REPOSITORY and a token in LUMEN_TOKEN"
        )
        return
    try:
        issues = MirrorIssues(client_of(session, repository, telling(world)))
        problems = mirror(desk_of(session), issues, cleaner_of(session)).problems
    except LumenError as fault:
        problems = [str(fault)]
    for problem in problems:
        session.host.notice("warning", "lumen incident", problem)


def _mirrored(arguments: argparse.Namespace, session: Session) -> int:
    from lumen_action.ops.mirror.issues import MirrorIssues

    world, problems = session.world, list[str]()
    tell = telling(world)
    repository = repository_of(arguments, world, problems)
    need_token(session, problems)
    if problems:
        raise ConfigError(problems)
    done = mirror(desk_of(session), MirrorIssues(client_of(session, repository, tell)), cleaner_of(session))
    for problem in done.problems:
        session.host.notice("warning", "lumen incident mirror", problem)
    if arguments.json:
        world.answer_json(
            {
                "opened": done.opened,
                "written": done.written,
                "taken_over": done.taken_over,
                "problems": done.problems,
            }
        )
    else:
        world.answer(_told(done))
    failed = done.failed and (session.settings.fail_on_error or not session.host.identity().in_job)
    return RemoteError.exit_code if failed else 0


def _told(done: Mirrored) -> str:
    lines = [
        *(f"opened {url}" for url in done.opened),
        *done.taken_over,
        *(f"brought up to date {url}" for url in done.written),
    ]
    return "\n".join(lines) or "incidents and issues tell the same"
