"""A file of checks: every fault is told at once, with its file, line and field, and what to write."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lumen_action.errors import ConfigError
from lumen_action.expectations import Expectation, expectation_of
from lumen_action.health.check import Check, ProbeKind
from lumen_action.health.kinds import COMMON, KEYS, WITH_EXPECT, Key
from lumen_action.slo.reading import Fields, Findings, Node
from lumen_action.yamlite import load_all

MOST_CHECKS = 256
_LONGEST_SECONDS = 300.0
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TOP = ("version", "checks")


def checks_of(text: str, name: str) -> tuple[Check, ...]:
    """Return the checks of a file; a ConfigError lists every mistake."""
    findings = Findings()
    documents = load_all(text, name)
    if len(documents) != 1:
        raise ConfigError(f"{name}: found {len(documents) or 'no'} documents; write one, that begins with `checks:`")
    document = documents[0]
    top = Node(document, (), document.value, findings).fields()
    checks: tuple[Check, ...] = ()
    if top is not None:
        top.only(_TOP)
        version = top.get("version")
        if version is not None and version.value != 1:
            version.refuse(version.shown, "write `version: 1`, or leave it out")
        wanted = top.need("checks", "[{name: gateway, kind: http, url: https://api.example/health}]")
        checks = _checks(wanted) if wanted else ()
    if findings.problems:
        raise ConfigError(findings.problems)
    return checks


def _checks(wanted: Node) -> tuple[Check, ...]:
    items = wanted.items()
    if len(items) > MOST_CHECKS:
        wanted.refuse(f"{len(items)} checks", f"write at most {MOST_CHECKS}; divide them into several files")
    made: dict[str, Check] = {}
    for item in items:
        check = _check(item)
        if check is None:
            continue
        if check.name in made:
            item.child("name", check.name).refuse(f"`{check.name}` a second time", "give each check a name of its own")
        made[check.name] = check
    return tuple(made.values())


def _check(item: Node) -> Check | None:
    fields = item.fields()
    if fields is None:
        return None
    name = fields.need_text("name", "gateway")
    if name and not _NAME.fullmatch(name):
        fields.node.child("name", name).refuse(
            fields.node.child("name", name).shown, "write up to 63 small letters, digits, - and _, such as `gateway`"
        )
    wanted = fields.need("kind", "http")
    kind = wanted.choice(ProbeKind) if wanted else None
    if kind is None:
        return None
    fields.only([*COMMON, *KEYS[kind]])
    said = {key: _value(fields, key, how) for key, how in {**COMMON, **KEYS[kind]}.items() if key not in _READ_ABOVE}
    timeout = said["timeout"]
    if isinstance(timeout, float) and timeout > _LONGEST_SECONDS:
        fields.node.child("timeout", timeout).refuse(f"{timeout:g} s", "write at most `5m`")
    return Check(
        name=name,
        kind=kind,
        wants={key: said[key] for key in KEYS[kind] if said[key] is not None},
        expect=_expectations(fields, kind),
        timeout_seconds=_number(said, "timeout"),
        tries=int(_number(said, "tries")),
        critical=bool(said["critical"]),
        slow_seconds=_number(said, "slow") if said["slow"] is not None else None,
    )


_READ_ABOVE = ("name", "kind", "expect")


def _value(fields: Fields, key: str, how: Key) -> object:
    node = fields.need(key, how.example) if how.needed else fields.get(key)
    if node is None:
        return how.default
    found = how.read(node)
    return how.default if found is None else found


def _number(said: Mapping[str, object], key: str) -> float:
    found = said[key]
    return float(found) if isinstance(found, (int, float)) else 0.0


def _expectations(fields: Fields, kind: ProbeKind) -> tuple[Expectation, ...]:
    # A value alone says nothing: that of `up` is there while it is 0.
    node = fields.need("expect", "value == 1") if kind is ProbeKind.PROMETHEUS else fields.get("expect")
    if node is None:
        return ()
    if kind not in WITH_EXPECT:
        node.refuse(f"conditions at the kind {kind.value}", "remove them: it answers no JSON")
        return ()
    found = []
    for item in [node] if isinstance(node.value, str) else node.items():
        try:
            found.append(expectation_of(item.text()))
        except ValueError as fault:
            item.refuse("no condition", str(fault))
    return tuple(found)
