"""What the commands have in common that ask GitHub about the runs or issues of a repository."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from lumen_action.commands import World
from lumen_action.commands.asked import word
from lumen_action.commands.session import Session

if TYPE_CHECKING:
    from lumen_action.ciapi.client import Client


def client_of(session: Session, repository: str, tell: Callable[[str], None]) -> Client:
    """Return what asks the API about a repository; it is let go of when the command is over."""
    from lumen_action.ciapi.client import Access, Client

    url = (session.world.env.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/")
    client = Client(Access(url, repository, session.settings.token), tell=tell)
    session.world.closing.callback(client.close)
    return client


def repository_of(arguments: argparse.Namespace, world: World, problems: list[str]) -> str:
    """Return the repository that was named, else that of the job, noting what is none."""
    repository = word(arguments, world, "repository") or world.env.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII):
        problems.append("repository: is missing or malformed; write `--repository org/app`")
    return repository


def need_token(session: Session, problems: list[str]) -> None:
    """Note that there is no token."""
    if not session.settings.token:
        problems.append(
            "token: is missing; in a workflow the action takes it by itself, on a command line set LUMEN_TOKEN"
        )
