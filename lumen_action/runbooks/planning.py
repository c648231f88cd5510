"""What a run would do, step by step, and what nobody can know before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from lumen_action.errors import ConfigError
from lumen_action.runbooks.conditions import condition_of, holds
from lumen_action.runbooks.placeholders import names_in
from lumen_action.runbooks.preparing import Values, prepared, shown
from lumen_action.runbooks.runbook import Deed, Runbook, Step, StepKind

_LOOKING = frozenset({StepKind.COMMAND, StepKind.HTTP, StepKind.WAIT})


@dataclass(frozen=True)
class Known:
    """What is known when a step is looked at."""

    values: Values
    missing: Mapping[str, str]
    """Names that an earlier step would have left, and that step."""
    changing: tuple[str, ...] = ()
    """Earlier steps that would have changed something, which a dry run leaves as it is."""


@dataclass(frozen=True)
class Planned:
    """What would be done in one step."""

    step: Step
    number: int
    what: str
    """The command, the request or the message with the values in it; `{{ name }}` where one is not known."""
    undo: str = ""
    runs: bool = False
    """Whether a dry run does it as well."""
    skipped: bool = False
    before_changes: bool = False
    """Whether it looks at something that an earlier step would have changed."""
    notes: tuple[str, ...] = ()
    """What cannot be known."""
    fault: str = ""
    """Why it could not be done with these values."""


def planned(runbook: Runbook, number: int, known: Known) -> Planned:
    """Return what a step would do, counted from 1."""
    step = runbook.steps[number - 1]
    name = condition_of(step.when)[0] if step.when else ""
    if step.when and name not in known.missing and not holds(step.when, known.values.all):
        return Planned(step, number, "", skipped=True, notes=(f"not done, since not {step.when}",))
    try:
        what, undo = _shown(step.deed, known), _shown(step.undo, known) if step.undo else ""
    except ConfigError as fault:
        return Planned(step, number, "", fault=str(fault))
    missing = sorted({each for each in (name, *_names(step.deed)) if each in known.missing})
    notes = [f"`{each}` is not known before {known.missing[each]} is done" for each in missing]
    runs = step.reads_only and step.deed.kind in _LOOKING and not missing
    before = bool(known.changing) and step.deed.kind in _LOOKING
    if before:
        notes.append(f"sees things as they are before {', '.join(known.changing)}")
    return Planned(step, number, what, undo, runs, before_changes=before, notes=tuple(notes))


def _shown(deed: Deed, known: Known) -> str:
    holes = {name: f"{{{{ {name} }}}}" for name in known.missing}
    values = Values(known.values.inputs, {**known.values.kept, **holes})
    text = shown(prepared(deed, values, lambda name: f"${name}"))
    for hole in holes.values():
        text = text.replace(quote(hole, safe=""), hole)
    return text


def _names(deed: Deed) -> Iterator[str]:
    request = deed.request
    asked = (request.url, request.body, *request.headers.values()) if request else ()
    for text in (*deed.argv, *deed.env.values(), *asked, deed.instructions, deed.title, deed.text):
        yield from names_in(text)
