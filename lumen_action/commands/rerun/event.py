"""The run that a `workflow_run` event tells of, or the one that is named."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lumen_action.errors import ConfigError

_INPUTS = ("run", "attempt", "repository", "dry-run")


@dataclass(frozen=True)
class Asked:
    """Which attempt of which run, of which repository; without an attempt the latest."""

    repository: str
    run: int
    attempt: int | None
    dry_run: bool


def read_asked(arguments: argparse.Namespace, env: Mapping[str, str], problems: list[str]) -> Asked:
    """Return what is asked for by options, inputs or the event, adding every mistake to `problems`."""
    words = {name: _word(arguments, env, name) for name in _INPUTS}
    told = {} if words["run"] else _event(env, problems)
    run = words["run"] or told.get("id", "")
    attempt = words["attempt"] or ("" if words["run"] else told.get("run_attempt", ""))
    if not _is_number(run):
        problems.append(
            f"run: `{run[:40]}` is not the number of a run; write `--run 1234567890`"
            if run
            else "run: is missing; a workflow on `workflow_run` tells it by itself, else write `--run 1234567890`"
        )
    if attempt and not _is_number(attempt):
        problems.append(f"attempt: `{attempt[:40]}` is not a number from 1; write `--attempt 1`")
    if words["dry-run"] not in ("", "True", "true", "false"):
        problems.append(f"dry-run: `{words['dry-run'][:40]}` is not allowed; write `dry-run: true` or `dry-run: false`")
    repository = words["repository"] or env.get("GITHUB_REPOSITORY", "")
    if not repository:
        problems.append("repository: is missing; write `--repository org/app`")
    if problems:
        raise ConfigError(problems)
    return Asked(repository, int(run), int(attempt) if attempt else None, words["dry-run"] in ("True", "true"))


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and int(word) > 0


def _word(arguments: argparse.Namespace, env: Mapping[str, str], name: str) -> str:
    plain = name.replace("-", "_")
    # As an input of an Action `run` is a script, and LUMEN_ATTEMPT is that of a stage on a command line.
    variable = f"OF_{plain.upper()}" if name in ("run", "attempt") else plain.upper()
    said = (getattr(arguments, plain), *(env.get(f"{start}{variable}") for start in ("LUMEN_INPUT_", "LUMEN_")))
    return next((str(word) for word in said if word), "")


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
