"""Options of one command: given as such, as an input of the Action or by their environment name."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import datetime, timezone

from lumen_action.commands import World
from lumen_action.host.commands import disarm

_HOUR_MS = 3_600_000
_WHO = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER")
_SPAN = re.compile(r"([1-9][0-9]{0,3})([hd])")
_UNIT_MS = {"h": _HOUR_MS, "d": 24 * _HOUR_MS}


def word(arguments: argparse.Namespace, world: World, name: str, variable: str = "") -> str:
    """Return what was said first about an option; its environment name is that of the option or `variable`."""
    plain = name.replace("-", "_")
    end = variable or plain.upper()
    said = (getattr(arguments, plain), *(world.env.get(f"{start}{end}") for start in ("LUMEN_INPUT_", "LUMEN_")))
    return next((str(each) for each in said if each), "")


def flag(arguments: argparse.Namespace, world: World, name: str, problems: list[str]) -> bool:
    """Tell whether an option is set, noting a word that is neither yes nor no."""
    said = word(arguments, world, name)
    if said not in ("", "True", "true", "false"):
        problems.append(f"{name}: `{said[:40]}` is not allowed, expected `true` or `false`; write `{name}: true`")
    return said in ("True", "true")


def who_acts(world: World) -> str:
    """Return who runs the job, else who sits at this terminal; nothing where nobody can be known."""
    return next(filter(None, (world.env.get(name, "") for name in _WHO)), "")


def instant(text: str, now_ms: int, problems: list[str]) -> int | None:
    """Read a time as 36h, 7d or 2026-01-02, noting what is none."""
    span = _SPAN.fullmatch(text)
    if span:
        return now_ms - int(span[1]) * _UNIT_MS[span[2]]
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        problems.append(f"since: `{text[:40]}` is no time; write `since: 3d`, `since: 36h` or `since: 2026-01-02`")
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1000)


def telling(world: World) -> Callable[[str], None]:
    """Return what tells a person; names of jobs and lines of logs are foreign text, and a runner also obeys stderr."""
    if world.env.get("GITHUB_ACTIONS") == "true":
        return lambda text: world.tell(disarm(text))
    return world.tell
