"""What is wrong with runbooks that can be read: what cannot work, who has none, and what nobody tries."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from lumen_action.runbooks.conditions import condition_of, holds
from lumen_action.runbooks.inputs import FLAGS
from lumen_action.runbooks.markdown import anchors
from lumen_action.runbooks.placeholders import names_in
from lumen_action.runbooks.runbook import Deed, Input, InputKind, OnFailure, Runbook, Step, StepKind

DRILLED_DAYS = 30
_DAY_MS = 86_400_000
_FEWEST_WORDS = 5
_OPTIONS = ("-a", "-1", "-A", "--a", "--all", "-rf")
_REMOVING = frozenset({"prune", "restore", "--override-reason"})


class Level(str, Enum):
    """How bad it is."""

    FAULT = "fault"
    NOTE = "note"

    def __str__(self) -> str:
        """Print as the word."""
        return str(self.value)


@dataclass(frozen=True)
class Finding:
    """One thing to mend, or to know."""

    level: Level
    check: str
    runbook: str
    step: str
    said: str

    def __str__(self) -> str:
        """Print it with its place."""
        place = ": ".join(each for each in (self.runbook, self.step) if each)
        return f"{self.level}: {place}: {self.said}" if place else f"{self.level}: {self.said}"


@dataclass(frozen=True)
class Link:
    """An alert of a rule file, and the page that it leads to."""

    file: str
    alert: str
    url: str


@dataclass(frozen=True)
class Drills:
    """When each runbook was drilled last; None where nobody could look, with the reason."""

    last_ms: Mapping[str, int] | None
    why: str = ""


Missing = Callable[[Sequence[str]], str]
"""Says why a command cannot be run here, nothing where it can."""


def lint_steps(runbooks: Mapping[str, Runbook], missing: Missing) -> Iterator[Finding]:
    """Yield what is wrong with the steps of each runbook."""
    for runbook in runbooks.values():
        inputs = {each.name: each for each in runbook.inputs}
        may_lack: dict[str, Step] = {}
        for number, step in enumerate(runbook.steps):
            earlier = runbook.steps[:number]
            for check, level, said in (
                *_reached(step, inputs),
                *_told(step),
                *_tried(step, earlier),
                *_lacking(step, may_lack),
                *_runnable(step, missing),
                *_options(step, inputs),
                *_leaking(step, inputs),
            ):
                yield Finding(level, check, runbook.name, step.name, said)
            if step.keep and (step.when or step.on_failure is OnFailure.CONTINUE):
                may_lack[step.keep] = step


def lint_alerts(runbooks: Mapping[str, Runbook], alerts: Iterable[str]) -> Iterator[Finding]:
    """Yield alerts that no runbook is for."""
    known = {trigger.alert for runbook in runbooks.values() for trigger in runbook.triggers}
    for name in dict.fromkeys(alerts):
        if name not in known:
            said = f"the alert {name} has no runbook; add `- alert: {name}` to the `triggers` of one"
            yield Finding(Level.FAULT, "alert-without-runbook", "", "", said)


def lint_links(runbooks: Mapping[str, Runbook], links: Iterable[Link], pages: Collection[str]) -> Iterator[Finding]:
    """Yield alerts of rule files whose link leads to no section of the page, which is read at these addresses."""
    there = anchors(runbooks)
    for link in links:
        page, _, fragment = link.url.partition("#")
        if not link.url and link.alert.lower() not in there:
            said = f"{link.file}: {link.alert} has neither a runbook nor a `runbook_url`; add one of the two"
            yield Finding(Level.FAULT, "alert-without-runbook", "", "", said)
        elif not link.url:
            said = f"{link.file}: {link.alert} has no `runbook_url`, so whoever is called does not know where to look"
            yield Finding(Level.NOTE, "alert-without-link", "", "", said)
        # What the server fills in nobody knows before.
        elif page in pages and fragment not in there and "{{" not in fragment:
            what = f"leads to `#{fragment}`, which the page has not" if fragment else "leads to no section of the page"
            said = f"{link.file}: {link.alert} {what}; add `- alert: {link.alert}` to the `triggers` of a runbook"
            yield Finding(Level.FAULT, "link-to-nowhere", "", "", said)


def lint_drills(runbooks: Mapping[str, Runbook], drills: Drills, now_ms: int, *, asked: bool) -> Iterator[Finding]:
    """Yield runbooks that nobody has tried for 30 days; that nobody could look is a fault only where it was asked."""
    if drills.last_ms is None:
        level = Level.FAULT if asked else Level.NOTE
        yield Finding(level, "drills-unknown", "", "", f"when each was drilled cannot be known: {drills.why}")
        return
    for name in runbooks:
        last = drills.last_ms.get(name)
        if last is None or now_ms - last > DRILLED_DAYS * _DAY_MS:
            ago = "was never drilled" if last is None else f"was last drilled {(now_ms - last) // _DAY_MS} days ago"
            said = f"{ago}; try it with `lumen runbook drill {name}`, at least every {DRILLED_DAYS} days"
            yield Finding(Level.FAULT, "undrilled", name, "", said)


def lint_automatic(runbooks: Mapping[str, Runbook], automatic: Collection[str]) -> Iterator[Finding]:
    """Yield runbooks that are to start by themselves and cannot."""
    for name in automatic:
        runbook = runbooks.get(name)
        if runbook is None:
            said = f"`runbooks.automatic` names `{name}`, which is no runbook; remove it there"
            yield Finding(Level.FAULT, "automatic", "", "", said)
            continue
        if not runbook.triggers:
            yield Finding(Level.FAULT, "automatic", name, "", "nothing starts it; give it `triggers`")
        for each in runbook.inputs:
            if each.required and not each.from_label and not each.default:
                said = (
                    f"it needs `{each.name}`, which no alert gives; write `from_label`, a `default` or make it optional"
                )
                yield Finding(Level.FAULT, "automatic", name, "", said)


_Row = tuple[str, Level, str]


def _reached(step: Step, inputs: Mapping[str, Input]) -> Iterator[_Row]:
    """Yield that a condition holds for no value that its input can have, or for every one."""
    if not step.when:
        return
    name, _, _ = condition_of(step.when)
    asked = inputs.get(name)
    choices = _values(asked) if asked else ()
    found = {holds(step.when, {name: value}) for value in choices}
    if found == {False}:
        yield "unreachable", Level.FAULT, f"`{step.when}` never holds: `{name}` can be {_listed(choices)}"
    elif found == {True}:
        yield "condition", Level.NOTE, f"`{step.when}` always holds; leave it out"


def _values(asked: Input) -> tuple[str, ...]:
    """Return all values that an input can have, nothing where they cannot be listed."""
    listed = asked.choices or (FLAGS if asked.kind is InputKind.FLAG else ())
    return (*listed, *(() if asked.required or asked.default else ("",))) if listed else ()


def _listed(values: Iterable[str]) -> str:
    return ", ".join(each or "nothing" for each in values)


def _told(step: Step) -> Iterator[_Row]:
    for deed in filter(None, (step.deed, step.undo)):
        if deed.kind is StepKind.MANUAL and len(deed.instructions.split()) < _FEWEST_WORDS:
            said = "says too little for somebody who is called at night; write what to do, where, and when to confirm"
            yield "instructions", Level.FAULT, said


def _tried(step: Step, earlier: Sequence[Step]) -> Iterator[_Row]:
    if step.deed.kind is StepKind.WAIT and step.every_seconds >= step.timeout_seconds:
        yield "wait", Level.NOTE, "asks only once, since `every` is not shorter than `timeout`"
    changes = step.deed.kind in (StepKind.COMMAND, StepKind.HTTP) and not step.reads_only
    if changes and step.undo is None and not _only_adds(step.deed.argv):
        said = (
            "changes something and says not how to take that back; write `undo`, or `reads_only: true` if it only reads"
        )
        yield "undo", Level.NOTE, said
    if step.on_failure is OnFailure.ROLLBACK and not any(each.undo for each in earlier):
        said = "undoes what was done, but no step before it has an `undo`; write one, or `on_failure: stop`"
        yield "rollback", Level.FAULT, said


def _only_adds(argv: Sequence[str]) -> bool:
    """Tell whether it is ours and adds facts, or publishes what they amount to: nobody has to take that back."""
    return argv[:1] == ("lumen",) and not _REMOVING.intersection(argv)


def _lacking(step: Step, may_lack: Mapping[str, Step]) -> Iterator[_Row]:
    """Yield names that a step was to leave which may have been skipped or have failed."""
    for name in dict.fromkeys(each for text in texts_of(step) for each in names_in(text)):
        maker = may_lack.get(name)
        if maker and maker.when != step.when:
            said = (
                f"asks for `{name}`, which `{maker.name}` leaves only `when {maker.when}`; give both the same condition"
            )
            yield "kept", Level.FAULT, said
        elif maker and maker.on_failure is OnFailure.CONTINUE:
            said = f"asks for `{name}`, which `{maker.name}` does not leave where it fails; stop there, or ask for less"
            yield "kept", Level.FAULT, said


def _runnable(step: Step, missing: Missing) -> Iterator[_Row]:
    for deed in filter(None, (step.deed, step.undo)):
        if deed.argv and (why := missing(deed.argv)):
            yield "command", Level.NOTE, f"`{deed.argv[0]}` {why}"


def _options(step: Step, inputs: Mapping[str, Input]) -> Iterator[_Row]:
    """Yield inputs that may begin a word of a command and, by a pattern of their own, with a hyphen."""
    words = [word for deed in filter(None, (step.deed, step.undo)) for word in deed.argv if word.startswith("{{")]
    for name in dict.fromkeys(next(names_in(word), "") for word in words):
        pattern = inputs[name].pattern if name in inputs else ""
        if pattern and any(re.fullmatch(pattern, each) for each in _OPTIONS):
            said = f"the pattern of `{name}` lets it begin with `-` and be read as an option; begin it with `(?!-)`"
            yield "option", Level.NOTE, said


def _leaking(step: Step, inputs: Mapping[str, Input]) -> Iterator[_Row]:
    """Yield secrets that go to whatever address the label of an alert names: anybody may have written that."""
    for deed in filter(None, (step.deed, step.undo)):
        request = deed.request
        host = next(names_in(request.url), "") if request and request.url.startswith("{{") else ""
        if (
            request
            and host in inputs
            and inputs[host].from_label
            and any("$" in each for each in request.headers.values())
        ):
            said = f"sends a secret to `{host}`, which the label of an alert may name; take away its `from_label`"
            yield "leak", Level.FAULT, said


def texts_of(step: Step) -> Iterator[str]:
    """Yield every text of a step that values are filled into."""
    for deed in filter(None, (step.deed, step.undo)):
        yield from _texts(deed)


def _texts(deed: Deed) -> Iterator[str]:
    yield from (*deed.argv, *deed.env.values(), deed.instructions, deed.title, deed.text)
    if deed.request:
        yield from (deed.request.url, *deed.request.headers.values(), deed.request.body)
