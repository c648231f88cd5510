"""What a step of a runbook's file does: exactly one thing, with only the fields that go with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lumen_action.runbooks.readingcommands import argv_of, env_of
from lumen_action.runbooks.readingrequests import request_of
from lumen_action.runbooks.readingtexts import Names
from lumen_action.runbooks.runbook import Deed, StepKind
from lumen_action.runbooks.words import INCIDENT_KEYS, NOTIFY_KEYS, STEP_KEYS, one_of
from lumen_action.slo.reading import Fields, Node

EVENTS = ("acknowledged", "investigating", "updated", "mitigated", "cause", "resolved")
SEVERITIES = ("critical", "error", "warning", "info")

Allowed = Mapping[StepKind, frozenset[str]]
"""The kinds that may stand there, and which fields beside each."""


def deed_of(fields: Fields, names: Names, allowed: Allowed) -> Deed:
    """Return what is done, and refuse fields that do not go with it."""
    fields.only(STEP_KEYS)
    given = [kind for kind in StepKind if kind.value in fields]
    if len(given) != 1 or given[0] not in allowed:
        what = " and ".join(kind.value for kind in given) or "nothing to do"
        fields.node.refuse(what, f"write exactly one of {', '.join(kind.value for kind in allowed)}")
        return Deed(StepKind.MANUAL)
    kind = given[0]
    for key in fields:
        if key in STEP_KEYS and key not in allowed[kind] and key != kind.value:
            fields.node.child(key, None).refuse(f"a field that does not go with {kind.value}", "remove it")
    node = fields.need(kind.value, "…")
    return _READERS[kind](fields, node, names) if node else Deed(kind)


def _command(fields: Fields, node: Node, names: Names) -> Deed:
    return Deed(StepKind.COMMAND, argv=argv_of(node, names), env=env_of(fields, names))


def _http(_: Fields, node: Node, names: Names) -> Deed:
    inner = node.fields()
    return Deed(StepKind.HTTP, request=request_of(inner, names) if inner else None)


def _wait(fields: Fields, node: Node, names: Names) -> Deed:
    inner = node.fields()
    if inner is None:
        return Deed(StepKind.WAIT)
    if "command" in inner:
        inner.only(("command",))
        found = inner.need("command", "[lumen, doctor]")
        return Deed(StepKind.WAIT, argv=argv_of(found, names) if found else (), env=env_of(fields, names))
    if "env" in fields:
        fields.node.child("env", None).refuse("variables for a request", "remove it; `env` goes with a command")
    return Deed(StepKind.WAIT, request=request_of(inner, names))


def _manual(_: Fields, node: Node, names: Names) -> Deed:
    return Deed(StepKind.MANUAL, instructions=names.text(node))


def _notify(_: Fields, node: Node, names: Names) -> Deed:
    inner = node.fields()
    if inner is None:
        return Deed(StepKind.NOTIFY)
    inner.only(NOTIFY_KEYS)
    return Deed(
        StepKind.NOTIFY,
        title=names.needed(inner, "title", "The disk is free again"),
        text=names.needed(inner, "text", "The pipeline can run again."),
        severity=one_of(inner, "severity", SEVERITIES, "warning"),
    )


def _incident(_: Fields, node: Node, names: Names) -> Deed:
    inner = node.fields()
    if inner is None:
        return Deed(StepKind.INCIDENT)
    inner.only(INCIDENT_KEYS)
    inner.need("event", "updated")
    return Deed(
        StepKind.INCIDENT,
        event=one_of(inner, "event", EVENTS, "updated"),
        text=names.needed(inner, "text", "The credential was renewed."),
    )


_READERS: Mapping[StepKind, Callable[[Fields, Node, Names], Deed]] = {
    StepKind.COMMAND: _command,
    StepKind.HTTP: _http,
    StepKind.WAIT: _wait,
    StepKind.MANUAL: _manual,
    StepKind.NOTIFY: _notify,
    StepKind.INCIDENT: _incident,
}
