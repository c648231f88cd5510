"""A runbook's file, read with every fault told together: file, line, field, what was found, what to write."""

from __future__ import annotations

import re
from pathlib import PurePath

from lumen_action.errors import ConfigError
from lumen_action.model import ErrorClass
from lumen_action.runbooks.inputs import faults_of, values_of
from lumen_action.runbooks.placeholders import NAME
from lumen_action.runbooks.readingsteps import steps_of
from lumen_action.runbooks.runbook import Input, InputKind, Runbook, Trigger
from lumen_action.runbooks.words import INPUT_KEYS, RUNBOOK_KEYS, TRIGGER_KEYS, seconds_of, whole_of
from lumen_action.slo.reading import Fields, Findings, Node
from lumen_action.yamlite import load_all

_FILE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ALERT = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]{0,99}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LONGEST_NAME = 60
_MINUTE = 60
_LONGEST_COOLDOWN = 7 * 86_400
_MOST_A_DAY = 100


def runbook_of(text: str, name: str) -> Runbook:
    """Read a runbook that is named like its file; a ConfigError tells every fault of it."""
    documents = load_all(text, name)
    findings = Findings()
    if len(documents) != 1:
        raise ConfigError(f"{name}: found {len(documents)} documents; write one runbook a file")
    root = Node(documents[0], (), documents[0].value, findings)
    stem = PurePath(name).stem
    if not _FILE.fullmatch(stem) or len(stem) > _LONGEST_NAME:
        root.refuse(
            f"the file name `{stem[:_LONGEST_NAME]}`", "name it in lower-case words with hyphens, `disk-full.yml`"
        )
    fields = root.fields()
    made = _runbook(fields, stem) if fields else None
    if made and not findings.problems:
        _check_drill(root, made)
    if made is None or findings.problems:
        raise ConfigError(findings.problems)
    return made


def _runbook(fields: Fields, name: str) -> Runbook:
    fields.only(RUNBOOK_KEYS)
    inputs = _inputs(fields)
    found = fields.need("steps", "[{name: look, command: [lumen, state]}]")
    return Runbook(
        name=name,
        title=fields.need_text("title", "Free the disk"),
        means=fields.need_text("means", "The disk of a runner is full."),
        triggers=_triggers(fields),
        inputs=inputs,
        steps=steps_of(found, inputs) if found else (),
        drill=_drill(fields),
    )


def _inputs(fields: Fields) -> tuple[Input, ...]:
    inner = (found := fields.get("inputs")) and found.fields()
    if not inner:
        return ()
    made = []
    for name in inner:
        node = inner.need(name, "{meaning: the pipeline it is about}")
        if not NAME.fullmatch(name):
            inner.node.child(name, None).refuse(f"the name `{name[:40]}`", "write lower-case letters, digits and `_`")
        elif node and (asked := node.fields()):
            made.append(_input(asked, name))
    return tuple(made)


def _input(fields: Fields, name: str) -> Input:
    fields.only(INPUT_KEYS)
    kind = (found := fields.get("kind")) and found.choice(InputKind)
    label = fields.text("from_label")
    if label and not _LABEL.fullmatch(label):
        fields.node.child("from_label", label).refuse(
            f"`{label[:40]}`", "write the name of a label, such as `pipeline`"
        )
    made = Input(
        name=name,
        meaning=fields.need_text("meaning", "the pipeline it is about"),
        kind=kind or InputKind.TEXT,
        required=fields.flag("required", default=False),
        default=_scalar(fields, "default"),
        pattern=_pattern(fields, kind or InputKind.TEXT),
        choices=tuple(each.text() for each in found.items()) if (found := fields.get("choices")) else (),
        from_label=label,
    )
    if made.choices and (made.pattern or made.kind is not InputKind.TEXT):
        fields.node.refuse("`choices` beside a pattern or another kind", "keep `choices` alone: they are texts")
    elif made.default:
        for fault in faults_of(made, made.default):
            fields.node.child("default", made.default).refuse(f"a default that {fault}", "write one that fits")
    return made


def _scalar(fields: Fields, key: str) -> str:
    """Return a text, a number or a truth as a text: that is what all inputs are in the end."""
    found = fields.get(key)
    if found is None or found.value == "":
        return ""
    if isinstance(found.value, bool):
        return str(found.value).lower()
    return str(found.value) if isinstance(found.value, (int, float)) else found.text()


def _pattern(fields: Fields, kind: InputKind) -> str:
    found = fields.get("pattern")
    if not found:
        return ""
    pattern = found.text()
    if kind is not InputKind.TEXT:
        found.refuse(f"a pattern for a {kind.value}", "leave it out, or leave `kind` out")
    try:
        re.compile(pattern)
    except re.error as fault:
        found.refuse(f"a pattern that cannot be read ({fault})", "write a regular expression that fits the whole value")
        return ""
    return pattern


def _triggers(fields: Fields) -> tuple[Trigger, ...]:
    found = fields.get("triggers")
    if not found:
        return ()
    made: list[Trigger] = []
    for node in found.items():
        inner = node.fields()
        trigger = _trigger(inner) if inner else None
        if trigger and trigger.name in {each.name for each in made}:
            node.refuse(f"`{trigger.name}` a second time", "keep one of the two")
        elif trigger:
            made.append(trigger)
    return tuple(made)


def _trigger(fields: Fields) -> Trigger | None:
    fields.only(TRIGGER_KEYS)
    alert, error_class = fields.text("alert"), ""
    if ("alert" in fields) == ("error_class" in fields):
        fields.node.refuse("not one of alert and error_class", "write `- alert: NAME` or `- error_class: NAME`")
        return None
    if alert and not _ALERT.fullmatch(alert):
        fields.node.child("alert", alert).refuse(
            f"`{alert[:40]}`", "write the name of an alert, such as `LumenDayLost`"
        )
    if found := fields.get("error_class"):
        chosen = found.choice(ErrorClass)
        error_class = chosen.value if chosen else ""
    return Trigger(
        alert=alert,
        error_class=error_class,
        cooldown_minutes=int(seconds_of(fields, "cooldown", 60 * _MINUTE, _MINUTE, _LONGEST_COOLDOWN)) // _MINUTE,
        most_a_day=whole_of(fields, "most_a_day", 3, 1, _MOST_A_DAY),
        means=fields.text("means"),
        look_first=fields.text("look_first"),
        do=fields.text("do"),
        resolves=fields.text("resolves"),
    )


def _drill(fields: Fields) -> dict[str, str]:
    inner = (found := fields.get("drill")) and found.fields()
    return {name: _scalar(inner, name) for name in inner} if inner else {}


def _check_drill(root: Node, runbook: Runbook) -> None:
    """Refuse inputs of a drill that no run would take."""
    try:
        values_of(runbook, runbook.drill)
    except ConfigError as fault:
        for problem in fault.problems:
            root.child("drill", None).refuse(f"inputs of a drill that no run takes: {problem}", "write them in `drill`")
