"""RUNBOOK.md: a section for each alert, to which the alert leads, and one for each runbook."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping

from lumen_action.runbooks.runbook import Deed, Input, OnFailure, Request, Runbook, Step, StepKind, Trigger
from lumen_action.runbooks.words import span

INTRODUCTION = """\
# Runbook

One section for each alert; `runbook_url` of an alert leads to it. A message names the pipeline, the region, the error
class and the latest failed run; start with that run's job summary, which has the line of the log that proves the cause.
Below the alerts are the runbooks that they call for: `lumen runbook run NAME` does what a machine can do, waits for you
where a person is needed, and puts each step on record. `--dry-run` says what it would do.

Who is told how: a **page** wakes somebody, a **ticket** waits for the morning, an **info** waits for the week
([Alertmanager](https://github.com/org/lumen-sli-action/blob/v1/docs/alertmanager.md)). To be left alone while you work
on it, silence the alert for some time:
`lumen silence set --pipeline nightly --match alertname=LumenPipelineFailing --for 2h --reason 'mending it'`, or
`amtool silence add alertname=LumenPipelineFailing pipeline=nightly --duration=2h --comment='...'`.

This file is made by `lumen runbook render` from the runbooks, which are files of YAML; change those.
"""
_WIDTH = 120
# A line that begins so would be the next entry of a list, a heading or a quotation.
_STRUCTURE = re.compile(r"([-+*#>]|\d+[.)])(\s|$)")
_SAID = (("Means", "means"), ("Look first", "look_first"), ("Do", "do"), ("Resolves", "resolves"))
_AFTER_FAILURE = {
    OnFailure.STOP: "",
    OnFailure.CONTINUE: "goes on where it fails",
    OnFailure.ROLLBACK: "undoes what was done where it fails",
}


def markdown(runbooks: Mapping[str, Runbook]) -> str:
    """Return the page: alerts by name, then runbooks by name."""
    alerts: dict[str, list[tuple[Runbook, Trigger]]] = {}
    ours_last = sorted(runbooks.values(), key=lambda each: (not each.own, each.name))
    for runbook in ours_last:
        for trigger in runbook.triggers:
            if trigger.alert:
                alerts.setdefault(trigger.alert, []).append((runbook, trigger))
    sections = [_alert(name, alerts[name]) for name in sorted(alerts)]
    sections += [section(runbooks[name]) for name in sorted(runbooks)]
    return "\n".join([INTRODUCTION, *sections])


def anchors(runbooks: Mapping[str, Runbook]) -> frozenset[str]:
    """Return where links into the page may lead."""
    alerts = (trigger.alert.lower() for runbook in runbooks.values() for trigger in runbook.triggers)
    return frozenset(each for each in (*alerts, *map(anchor, runbooks)) if each)


def anchor(runbook: str) -> str:
    """Return where a runbook stands."""
    return f"runbook-{runbook}"


def _alert(name: str, called: list[tuple[Runbook, Trigger]]) -> str:
    says = next((trigger for _, trigger in called if trigger.means), Trigger(means=called[0][0].means))
    bullets = [f"- **{title}:** {text}" for title, field in _SAID if (text := getattr(says, field))]
    runs = "; ".join(f"[{book.name}](#{anchor(book.name)}), `{start(book)}`" for book, _ in called)
    return "\n".join([f"## {name}", "", *_wrapped([*bullets, f"- **Runbook:** {runs}"], "  "), ""])


def start(runbook: Runbook) -> str:
    """Return the command that starts it, with the inputs that it needs."""
    needed = "".join(f" --input {each.name}={each.name.upper()}" for each in runbook.inputs if each.required)
    return f"lumen runbook run {runbook.name}{needed}"


def section(runbook: Runbook) -> str:
    """Return what the page says of a runbook."""
    started = [
        f"[{each.alert}](#{each.alert.lower()})" if each.alert else f"failures of the class `{each.error_class}`"
        for each in runbook.triggers
    ]
    lines = [f"## Runbook {runbook.name}", "", *_wrapped([f"**{runbook.title}.** {runbook.means}"]), ""]
    lines += [*_wrapped([f"For {', '.join(started)}."]), ""] if started else []
    lines += ["```", start(runbook), "```", ""]
    if runbook.inputs:
        lines += [*_wrapped([f"- {_input(each)}" for each in runbook.inputs], "  "), ""]
    for number, step in enumerate(runbook.steps, 1):
        lines += _step(number, step)
    return "\n".join([*lines, ""])


def _input(asked: Input) -> str:
    notes = [
        "needed" if asked.required else "",
        f"one of {', '.join(f'`{each}`' for each in asked.choices)}" if asked.choices else "",
        f"`{asked.default}` where it is not given" if asked.default else "",
        f"from the label `{asked.from_label}`" if asked.from_label else "",
    ]
    return "; ".join([f"`{asked.name}`: {asked.meaning}", *(note for note in notes if note)])


def _step(number: int, step: Step) -> Iterator[str]:
    indent = " " * (len(str(number)) + 2)
    notes = [
        f"only when `{step.when}`" if step.when else "",
        f"up to {span(step.timeout_seconds)}" if step.deed.kind is StepKind.WAIT else "",
        _AFTER_FAILURE[step.on_failure],
    ]
    said = "; ".join(note for note in notes if note)
    yield from _wrapped([f"{number}. **{step.title}**{f' ({said})' if said else ''}: {lead(step.deed)}"], indent)
    if step.deed.instructions:
        yield from ("", *textwrap.indent(step.deed.instructions.strip(), indent).splitlines(), "")
    if step.undo:
        by = f"{lead(step.undo)} {step.undo.instructions}".strip()
        yield from _wrapped([f"{indent}- Undone: {by}"], f"{indent}  ")


def lead(deed: Deed) -> str:
    """Say in a line of Markdown what is done."""
    return _LEADS[deed.kind](deed)


def _asked(deed: Deed) -> str:
    if deed.request:
        return _request(deed.request)
    # What is filled in stays one word, whatever it holds: there is nothing to quote.
    words = (word if "{{" in word and "'" not in word else shlex.quote(word) for word in deed.argv)
    return f"`{' '.join(words)}`"


def _request(request: Request) -> str:
    wanted = " or ".join(map(str, request.statuses))
    conditions = "".join(f", `{each.text}`" for each in request.expect)
    sent = f" with `{request.body}`" if request.body else ""
    return f"`{request.method} {request.url}`{sent}, expecting {wanted}{conditions}"


_LEADS: Mapping[StepKind, Callable[[Deed], str]] = {
    StepKind.COMMAND: _asked,
    StepKind.HTTP: _asked,
    StepKind.WAIT: lambda deed: f"until it holds: {_asked(deed)}",
    StepKind.MANUAL: lambda _: "for a person.",
    StepKind.NOTIFY: lambda deed: f"message ({deed.severity}): {deed.title}. {deed.text}",
    StepKind.INCIDENT: lambda deed: f"incident {deed.event}: {deed.text}",
}


def _wrapped(texts: Iterable[str], indent: str = "") -> Iterator[str]:
    """Yield the lines of paragraphs or entries; one that would change its meaning by being broken stays long."""
    for text in texts:
        plain = " ".join(text.split())
        start = text[: len(text) - len(text.lstrip())]
        lines = textwrap.wrap(
            plain,
            _WIDTH,
            initial_indent=start,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from [start + plain] if any(_STRUCTURE.match(each.lstrip()) for each in lines[1:]) else lines
