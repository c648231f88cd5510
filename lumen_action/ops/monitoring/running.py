"""What servers run with, as files that the same checks can look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lumen_action.alerting.checks.reading import read
from lumen_action.alerting.checks.setup import File, Kind, Node
from lumen_action.ops.monitoring.live import Server, understood
from lumen_action.yamlite import Document


def prometheus_files(server: Server) -> list[File]:
    """Return the configuration and the rules that a Prometheus has loaded; paths in it are those of its machine."""
    with understood(server):
        text = server.json("/api/v1/status/config")["data"]["yaml"]
        groups = [_group(group) for group in server.json("/api/v1/rules")["data"]["groups"]]
        name = f"{server.name} (running rules)"
        rules = File(name, "", Kind.RULES, Node(Document(name, {"groups": groups}), {"groups": groups}))
        return [*_configuration(server, text, Kind.PROMETHEUS), rules]


def alertmanager_files(server: Server) -> list[File]:
    """Return the configuration that an Alertmanager has loaded; its secrets are not in it."""
    with understood(server):
        return _configuration(server, server.json("/api/v2/status")["config"]["original"], Kind.ALERTMANAGER)


def _configuration(server: Server, text: str, kind: Kind) -> list[File]:
    configuration = read(f"{server.name} (running configuration)", text)
    return [configuration] if configuration is not None and configuration.kind is kind else []


def _group(group: Mapping[str, Any]) -> dict[str, object]:
    return {"name": group["name"], "rules": [_rule(rule) for rule in group["rules"]]}


def _rule(rule: Mapping[str, Any]) -> dict[str, object]:
    kind = "alert" if rule["type"] == "alerting" else "record"
    return {kind: rule["name"], "expr": rule["query"], "labels": rule.get("labels", {})}
