"""Incidents that are opened whenever the totals are published, where a team wants that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lumen_action.commands.asked import telling
from lumen_action.commands.session import Session
from lumen_action.model import Trust


def open_on_publish(session: Session, pipelines: Sequence[str]) -> None:
    """Let the rules of `incidents.open-on` look; whatever goes wrong with them is told and holds nothing up."""
    rules, tell = session.settings.incidents.get("open-on"), telling(session.world)
    if not rules or session.host.identity().trust is Trust.FORK:
        return
    if len(pipelines) != 1:
        tell("warning: incidents.open-on: the ledger has several pipelines, so name the one that is meant: --pipeline")
        return
    try:
        # Few teams have it, and publishing is on the path of many jobs.
        from lumen_action.commands.incident.detecting import detected

        named = session.settings.pipeline or pipelines[0]
        detected(replace(session, settings=replace(session.settings, pipeline=named)), rules)
    except Exception as fault:  # noqa: BLE001 - that incidents are not looked for may not keep totals from being shown
        tell(f"warning: incidents.open-on: not all was looked for: {fault}")
