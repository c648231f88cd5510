"""A snapshot of the Grafana dashboard of a period, for a report to link."""

from __future__ import annotations

from collections.abc import Callable

from lumen_action.commands.session import Session
from lumen_action.http import HttpError
from lumen_action.report.model import Period

_TOKEN = "LUMEN_GRAFANA_TOKEN"  # noqa: S105 - the name of a variable


def snapshot(session: Session, pipeline: str, period: Period, tell: Callable[[str], None]) -> str:
    """Return the address of a snapshot of the dashboard, nothing after one warning where there is none."""
    from lumen_action.ops.grafana.snapshot import Wanted, take

    told, token = session.settings.grafana, session.world.env.get(_TOKEN, "").strip()
    if not (told.get("url") and told.get("dashboard") and token):
        tell(
            "warning: no snapshot: set `grafana: {url: https://grafana.example.com, dashboard: lumen-reliability}` "
            f"in lumen.yml and the secret {_TOKEN}"
        )
        return ""
    end_ms = min(period.end_ms, session.world.clock_ms())
    name = f"{pipeline} {period.name}"
    wanted = Wanted(told["url"], told["dashboard"], token, name, period.begin_ms, end_ms, {"pipeline": pipeline})
    try:
        return take(wanted, tell)
    except HttpError as fault:
        tell(f"warning: no snapshot of the dashboard: {fault}")
        return ""
