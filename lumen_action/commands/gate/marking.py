"""The decision at the commit that is to be deployed: a check run or a commit status of GitHub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lumen_action.commands.asked import telling
from lumen_action.commands.gate.asking import GateAsked
from lumen_action.commands.gate.telling import headline
from lumen_action.commands.github import client_of
from lumen_action.errors import LumenError
from lumen_action.gate.deciding import GateDecision
from lumen_action.gate.policy import Ruling

_CONCLUSIONS: Mapping[Ruling, str] = {
    Ruling.ALLOW: "success",
    Ruling.WARN: "neutral",
    Ruling.INCONCLUSIVE: "neutral",
    Ruling.BLOCK: "failure",
}
_NAME = "lumen gate"


def mark_commit(asked: GateAsked, decision: GateDecision, summary: str, warnings: list[str]) -> None:
    """Show the decision where it was asked for; what keeps it from being shown is a warning."""
    status, session = asked.wish.status, asked.session
    if status == "none" or asked.wish.dry_run:
        return
    repository, sha = session.world.env.get("GITHUB_REPOSITORY", ""), _sha(asked)
    if not (repository and sha and session.settings.token):
        warnings.append(f"status: a {status} is written from a job of GitHub Actions only, with the input `token`")
        return
    from lumen_action.ciapi.statuses import Shown, write_check_run, write_commit_status

    name = _NAME if asked.name == "gate" else f"{_NAME} {asked.name}"
    title = headline(decision)
    shown = Shown(name, sha, _CONCLUSIONS[decision.ruling], title, summary or title, session.host.identity().url)
    write = {"check": write_check_run, "commit": write_commit_status}[status]
    try:
        write(client_of(session, repository, telling(session.world)), shown)
    except LumenError as fault:
        warnings.append(f"status: the decision does not stand at the commit: {fault}")


def _sha(asked: GateAsked) -> str:
    """Return the commit that people look at: of a pull request its own head, not the merge that is tried."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        event = json.loads(Path(asked.session.world.env["GITHUB_EVENT_PATH"]).read_bytes())
        return str(event["pull_request"]["head"]["sha"])
    return asked.session.host.identity().sha
