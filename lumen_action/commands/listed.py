"""Options that are given several times: as such, or one a line as an input of the Action or in the environment."""

from __future__ import annotations

import argparse

from lumen_action.commands import World


def listed(arguments: argparse.Namespace, world: World, name: str) -> list[str]:
    """Return what was said first about an option that is a list."""
    given: list[str] | None = getattr(arguments, name)
    if given:
        return given
    told = world.env.get(f"LUMEN_INPUT_{name.upper()}") or world.env.get(f"LUMEN_{name.upper()}", "")
    return [line.strip() for line in told.splitlines() if line.strip()]
