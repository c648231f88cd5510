"""Whether the stack stands, and where to look."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stack.programs import Server, ask

_PATIENCE_SECONDS = 60.0
_JOBS = {"pushgateway", "node", "prometheus", "alertmanager"}
_GRAPHS = (
    ("success ratio of the last day", 'lumen:sli:ratio{window="1d"}', "30d"),
    ("error budget left", "1 - lumen:budget_consumed:ratio", "30d"),
    ("failures by class", 'sum by (error_class) (lumen:failures_by_class:count{window="1d"})', "30d"),
    ("alerts of the month", 'ALERTS{alertstate="firing"}', "30d"),
    ("failed runs in a row", "lumen:consecutive_failures:count", "1h"),
)


def wait(prometheus: Server) -> list[str]:
    """Wait until everything is scraped, evaluated and connected; return what is not."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while (found := list(faults(prometheus))) and time.monotonic() < give_up_at:
        time.sleep(0.2)
    return found


def faults(prometheus: Server) -> Iterator[str]:
    """Yield what does not work yet, or not at all."""
    targets = ask(prometheus, "/api/v1/targets", state="active")["activeTargets"]
    if missing := _JOBS - {target["labels"]["job"] for target in targets}:
        yield f"Prometheus has no target of {', '.join(sorted(missing))} yet"
    for target in targets:
        if target["health"] != "up":
            yield f"{target['scrapeUrl']} is {target['health']}: {target['lastError'] or 'not scraped yet'}"
    for rule in _rules(prometheus):
        if rule["health"] != "ok":
            yield f"rule {rule['name']} is {rule['health']}: {rule.get('lastError', 'not evaluated yet')}"
    if not ask(prometheus, "/api/v1/alertmanagers")["activeAlertmanagers"]:
        yield "Prometheus has not found the Alertmanager yet"


def _rules(prometheus: Server) -> list[dict[str, Any]]:
    return [rule for group in ask(prometheus, "/api/v1/rules")["groups"] for rule in group["rules"]]


def pages(prometheus: Server) -> bool:
    """Tell whether anything fires that pages."""
    alerts = ask(prometheus, "/api/v1/alerts")["alerts"]
    return any(each["state"] == "firing" and each["labels"]["severity"] == "page" for each in alerts)


def standing(prometheus: Server) -> str:
    """Say what stands, in one line."""
    rules = _rules(prometheus)
    targets = ask(prometheus, "/api/v1/targets", state="active")["activeTargets"]
    records = {rule["name"] for rule in rules if rule["type"] == "recording"}
    names = set(ask(prometheus, "/api/v1/label/__name__/values"))
    firing = sorted({rule["name"] for rule in rules if rule.get("state") == "firing"})
    return (
        f"{len(targets)} targets up, {len(rules)} rules healthy, {len(records & names)} of {len(records)} recorded "
        f"names have data; firing: {', '.join(firing) or 'nothing'}"
    )


def addresses(prometheus: Server, places: Mapping[str, str], folder: Path) -> str:
    """Return what a person is told at the start."""
    lines = [f"  {name:<15} {place}" for name, place in places.items()]
    graphs = [f"  {title}\n    {_graph(prometheus, expr, span)}" for title, expr, span in _GRAPHS]
    return "\n".join(
        [
            *lines,
            f"  {'ledger':<15} .venv/bin/lumen state --ledger sqlite:{folder / 'ledger.db'}",
            "",
            "look at",
            f"  alerts\n    {prometheus.url}/classic/alerts",
            *graphs,
            "",
            "Grafana is not in Debian: point yours at the Prometheus above and import rules/grafana/*.json,",
            "or use examples/compose.",
        ]
    )


def _graph(prometheus: Server, expr: str, span: str) -> str:
    query = urllib.parse.urlencode({"g0.expr": expr, "g0.range_input": span, "g0.tab": 0})
    return f"{prometheus.url}/classic/graph?{query}"
