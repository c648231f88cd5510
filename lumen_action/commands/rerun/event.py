"""The run that a `workflow_run` event tells of, or the one that is named."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lumen_action.commands import World
from lumen_action.commands.asked import flag, word
from lumen_action.commands.github import repository_of
from lumen_action.errors import ConfigError

# As an input of an Action `run` is a script, and LUMEN_ATTEMPT is that of a stage on a command line.
_VARIABLES = {"run": "OF_RUN", "attempt": "OF_ATTEMPT"}


@dataclass(frozen=True)
class Asked:
    """Which attempt of which run, of which repository; without an attempt the latest."""

    repository: str
    run: int
    attempt: int | None
    dry_run: bool


def read_asked(arguments: argparse.Namespace, world: World, problems: list[str]) -> Asked:
    """Return what is asked for by options, inputs or the event, adding every mistake to `problems`."""
    run, attempt = (word(arguments, world, name, variable) for name, variable in _VARIABLES.items())
    if not run:
        told = _event(world.env, problems)
        run, attempt = told.get("id", ""), attempt or told.get("run_attempt", "")
    if not _is_number(run):
        problems.append(
            f"run: `{run[:40]}` is not the number of a run; write `--run 1234567890`"
            if run
            else "run: is missing; a workflow on `workflow_run` tells it by itself, else write `--run 1234567890`"
        )
    if attempt and not _is_number(attempt):
        problems.append(f"attempt: `{attempt[:40]}` is not a number from 1; write `--attempt 1`")
    dry_run = flag(arguments, world, "dry-run", problems)
    repository = repository_of(arguments, world, problems)
    if problems:
        raise ConfigError(problems)
    return Asked(repository, int(run), int(attempt) if attempt else None, dry_run)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) > 0


def _event(env: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    path = env.get("GITHUB_EVENT_PATH", "")
    if not path:
        return {}
    try:
        payload = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        problems.append(f"GITHUB_EVENT_PATH: cannot be read: {fault}")
        return {}
    run = payload.get("workflow_run") if isinstance(payload, dict) else None
    return {name: str(run.get(name) or "") for name in ("id", "run_attempt")} if isinstance(run, dict) else {}
