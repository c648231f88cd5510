"""Starting runbooks by themselves: only those that the team has named, within their cooldown and their cap."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from lumen_action.errors import ConfigError
from lumen_action.response.runbooks.records import Records
from lumen_action.runbooks.inputs import values_of
from lumen_action.runbooks.runbook import Runbook
from lumen_action.runbooks.standing import Standing
from lumen_action.runbooks.triggers import inputs_from, may_start, triggered


@dataclass(frozen=True)
class Cause:
    """What has happened: an alert with its labels, or a failure of a class."""

    alert: str = ""
    error_class: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """Return what facts say of it."""
        return f"alert:{self.alert}" if self.alert else f"class:{self.error_class}"


@dataclass(frozen=True)
class Start:
    """What is to be started."""

    runbook: Runbook
    values: Mapping[str, str]
    trigger: str
    generation: int
    """How often it was started for the same before: of all who start the next one, the first does."""


@dataclass(frozen=True)
class Answered:
    """What became of a runbook that is meant for it."""

    runbook: Runbook
    standing: Standing | None = None
    """How it stands when its runner is done with it; None when it was not started."""
    why: str = ""
    """Why it was not started."""


Begin = Callable[[Start], Standing | None]
"""Starts it and goes on with it; None when somebody else has just started it."""


def started_for(
    records: Records,
    runbooks: Mapping[str, Runbook],
    automatic: Collection[str],
    pipeline: str,
    cause: Cause,
    begin: Begin,
) -> Iterator[Answered]:
    """Start what is meant for an alert or a class of failure, and yield what became of each.

    `automatic` are the runbooks named in `runbooks.automatic`. What an alert says becomes an input only if it fits.
    """
    for called in triggered(runbooks, alert=cause.alert, error_class=cause.error_class):
        runbook = called.runbook
        if runbook.name not in automatic:
            yield Answered(runbook, why=f"it may not: write `runbooks: {{automatic: [{runbook.name}]}}` if it is to")
            continue
        rows = [row for row in records.rows(pipeline) if (row.runbook, row.trigger) == (runbook.name, cause.word)]
        if why := may_start(called.trigger, [row.started_ms for row in rows], records.clock_ms()):
            yield Answered(runbook, why=why)
            continue
        try:
            values = values_of(runbook, inputs_from(runbook, cause.labels))
        except ConfigError as fault:
            yield Answered(runbook, why="; ".join(fault.problems))
            continue
        standing = begin(Start(runbook, values, cause.word, len(rows)))
        yield Answered(runbook, standing, "" if standing else "somebody else has just started it for the same")
