"""The steps of a runbook's file; each asks only for what is known by then."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lumen_action.runbooks.conditions import condition_of
from lumen_action.runbooks.placeholders import NAME
from lumen_action.runbooks.readingdeeds import Allowed, deed_of
from lumen_action.runbooks.readingtexts import Names
from lumen_action.runbooks.runbook import READING_METHODS, Deed, Input, InputKind, OnFailure, Step, StepKind
from lumen_action.runbooks.words import seconds_of, whole_of
from lumen_action.slo.reading import Fields, Node

_STEP_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_STEP, _LONGEST_REST, _MOST_RETRIES, _MOST_STEPS = 6 * 3600, 600, 10, 50
_LONGEST_STEP_NAME = 40
_BARE = frozenset({InputKind.NUMBER, InputKind.FLAG})
_ALWAYS = frozenset({"name", "title", "when", "on_failure"})
_TRIED = frozenset({"timeout", "retries", "undo", "keep", "reads_only"})
_STEPS: Allowed = {
    StepKind.COMMAND: _ALWAYS | _TRIED | {"env"},
    StepKind.HTTP: _ALWAYS | _TRIED,
    StepKind.WAIT: _ALWAYS | {"timeout", "every", "keep", "env", "reads_only"},
    StepKind.MANUAL: _ALWAYS | {"undo"},
    StepKind.NOTIFY: _ALWAYS | {"timeout", "retries"},
    StepKind.INCIDENT: _ALWAYS,
}
_UNDOING: Allowed = {
    StepKind.COMMAND: frozenset({"env"}),
    **dict.fromkeys((StepKind.HTTP, StepKind.MANUAL, StepKind.NOTIFY, StepKind.INCIDENT), frozenset[str]()),
}


def steps_of(node: Node, inputs: Sequence[Input]) -> tuple[Step, ...]:
    """Read the steps, in which names of inputs and of what earlier steps kept may stand."""
    known = {each.name: each.kind for each in inputs}
    bare = frozenset(each.name for each in inputs if each.kind in _BARE and (each.required or each.default))
    made: dict[str, Step] = {}
    items = node.items()
    if len(items) > _MOST_STEPS:
        node.refuse(f"{len(items)} steps", f"write at most {_MOST_STEPS}, and another runbook for the rest")
    for item in items:
        fields = item.fields()
        if fields is None:
            continue
        step = _step(fields, Names(dict(known), bare))
        if step.name in made:
            item.refuse(f"a second step `{step.name}`", "give it another name")
        if step.keep in known:
            fields.node.child("keep", step.keep).refuse(f"`{step.keep}`, which is taken", "give it another name")
        made[step.name] = step
        if step.keep:
            known[step.keep] = InputKind.TEXT
    return tuple(made.values())


def _step(fields: Fields, names: Names) -> Step:
    name = fields.need_text("name", "look")
    if name and (not _STEP_NAME.fullmatch(name) or len(name) > _LONGEST_STEP_NAME):
        fields.node.child("name", name).refuse(f"`{name[:40]}`", "write lower-case words with hyphens, `free-disk`")
    deed = deed_of(fields, names, _STEPS)
    keep = fields.text("keep")
    if keep and not NAME.fullmatch(keep):
        fields.node.child("keep", keep).refuse(f"`{keep[:40]}`", "write lower-case letters, digits and `_`")
    on_failure = (found := fields.get("on_failure")) and found.choice(OnFailure)
    return Step(
        name=name,
        title=fields.text("title") or name.replace("-", " ").capitalize(),
        deed=deed,
        timeout_seconds=seconds_of(fields, "timeout", 60, 1, _LONGEST_STEP),
        every_seconds=seconds_of(fields, "every", 5, 1, _LONGEST_REST),
        retries=whole_of(fields, "retries", 0, 0, _MOST_RETRIES),
        on_failure=on_failure or OnFailure.STOP,
        undo=_undo(fields, replace(names, kinds={**names.kinds, keep: InputKind.TEXT}) if keep else names),
        reads_only=fields.flag("reads_only", default=_only_reads(deed)),
        when=_when(fields, names),
        keep=keep,
    )


def _undo(fields: Fields, names: Names) -> Deed | None:
    inner = (found := fields.get("undo")) and found.fields()
    return deed_of(inner, names, _UNDOING) if inner else None


def _when(fields: Fields, names: Names) -> str:
    found = fields.get("when")
    text = found.text().strip() if found else ""
    if not found or not text:
        return ""
    try:
        name, _, _ = condition_of(text)
    except ValueError as fault:
        found.refuse(found.shown, str(fault))
        return ""
    names.refuse_unknown(found, name)
    return text


def _only_reads(deed: Deed) -> bool:
    return deed.request is not None and deed.request.method in READING_METHODS
