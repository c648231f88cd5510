"""Incidents as the older scripts write them: one JSON object, read liberally, with every mistake told together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from lumen_action.errors import ConfigError, shown
from lumen_action.incidents.aliases import WANTED, severity_of
from lumen_action.incidents.words import Severity

_EXAMPLE = """'{"title": "uploads fail", "severity": "Sev2", "components": ["upload"]}'"""
_NAMES: Mapping[str, str] = {
    "title": "title",
    "summary": "title",
    "name": "title",
    "severity": "severity",
    "sev": "severity",
    "priority": "severity",
    "description": "text",
    "details": "text",
    "text": "text",
    "components": "components",
    "component": "components",
    "affected_components": "components",
    "services": "components",
    "region": "region",
    "detected_at": "detected_at",
    "started_at": "detected_at",
    "detected_by": "detected_by",
    "reporter": "detected_by",
    "responder": "responder",
    "key": "key",
}
"""As it is written -> what is meant."""


@dataclass(frozen=True)
class Created:
    """What a script reports."""

    title: str
    severity: Severity
    text: str = ""
    components: tuple[str, ...] = ()
    region: str = ""
    detected_at: str = ""
    detected_by: str = ""
    responder: str = ""
    """Who has it already."""
    key: str = ""
    unknown: tuple[str, ...] = ()
    """Warnings about what is not understood and left out."""


def created_of(text: str) -> Created:
    """Read what a script reports; a ConfigError tells every mistake."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise ConfigError(f"create: {shown(text)} is no JSON object; write `lumen incident --create {_EXAMPLE}`")
    problems: list[str] = []
    meant: dict[str, tuple[str, Any]] = {}
    for name, value in told.items():
        field = _NAMES.get(_plain(name), "")
        # The first of several names for the same has the say, so that a title is not lost to a summary.
        if field and value is not None:
            meant.setdefault(field, (name, value))
    texts = {field: _text(*meant[field], problems) for field in meant if field not in ("components", "severity")}
    components = _components(*meant.get("components", ("components", [])), problems)
    severity = _severity(meant, problems)
    if not texts.get("title") and not any(problem.startswith("create: title ") for problem in problems):
        problems.append(f"create: title is missing; write `lumen incident --create {_EXAMPLE}`")
    if problems:
        raise ConfigError(problems)
    unknown = tuple(_unknown(name) for name in told if _plain(name) not in _NAMES)
    return Created(severity=severity, components=components, unknown=unknown, **texts)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _text(name: str, value: object, problems: list[str]) -> str:
    if isinstance(value, str):
        return value.strip()
    problems.append(f'create: {name} is {shown(json.dumps(value))}, expected a text; write "{name}": "…"')
    return ""


def _severity(meant: Mapping[str, tuple[str, Any]], problems: list[str]) -> Severity:
    name, value = meant.get("severity", ("severity", Severity.SEV3.value))
    found = severity_of(value)
    if found is None:
        problems.append(f"create: {name} is {shown(json.dumps(value))}; write {WANTED}")
    return found or Severity.SEV3


def _components(name: str, value: object, problems: list[str]) -> tuple[str, ...]:
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        problems.append(f'create: {name} is {shown(json.dumps(value))}, expected a list of names; write ["upload"]')
        return ()
    return tuple(dict.fromkeys(each.strip().replace(",", " ") for each in listed if each.strip()))


def _unknown(name: str) -> str:
    near = get_close_matches(_plain(name), _NAMES, n=1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    return f"create: {shown(name)} is not known and left out{hint}"
