"""A runbook: what starts it, what it asks for, and its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lumen_action.expectations import Expectation

READING_METHODS = frozenset({"GET", "HEAD"})
"""What changes nothing at whoever is asked."""


class StepKind(str, Enum):
    """What a step does."""

    COMMAND = "command"
    HTTP = "http"
    WAIT = "wait"
    """Asks again and again, until it holds or the time is over."""
    MANUAL = "manual"
    """Waits for a person; CI has no keyboard, so the run stops there and is resumed."""
    NOTIFY = "notify"
    INCIDENT = "incident"


class OnFailure(str, Enum):
    """What follows a step that failed."""

    STOP = "stop"
    CONTINUE = "continue"
    ROLLBACK = "rollback"
    """Undo the steps that are done, the last first, then stop."""


class InputKind(str, Enum):
    """What an input may be."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    URL = "url"


@dataclass(frozen=True)
class Input:
    """A value that somebody gives to a run."""

    name: str
    meaning: str
    kind: InputKind = InputKind.TEXT
    required: bool = False
    default: str = ""
    pattern: str = ""
    """What a text has to fit as a whole; without one it is letters, digits and `._:/@+-`, and begins with no `-`."""
    choices: tuple[str, ...] = ()
    from_label: str = ""
    """The label of the alert that it is taken from."""


@dataclass(frozen=True)
class Request:
    """One HTTP request and what has to be true of its answer."""

    url: str
    """Values are filled in with `placeholders.in_url`."""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of a value, `$NAME` is taken from our own environment."""
    body: str = ""
    """With values in it, it is JSON, and they are filled in with `placeholders.in_json`."""
    statuses: tuple[int, ...] = (200,)
    expect: tuple[Expectation, ...] = ()


@dataclass(frozen=True)
class Deed:
    """What is done: exactly what belongs to the kind is set; texts may have `{{ name }}` of inputs and step outputs."""

    kind: StepKind
    argv: tuple[str, ...] = ()
    """Each word stays one word: what an input says never reaches a shell. `lumen` first is this very program, wherever
    it is installed, with the environment that it was given itself."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of the environment that a command is given, beside PATH, HOME and LANG; `$NAME` takes our own."""
    request: Request | None = None
    instructions: str = ""
    title: str = ""
    severity: str = ""
    event: str = ""
    """Of an incident: acknowledged, investigating, updated, mitigated, cause, resolved."""
    text: str = ""


@dataclass(frozen=True)
class Step:
    """One step; `reads_only` marks what a dry run may do as well."""

    name: str
    title: str
    deed: Deed
    timeout_seconds: float = 60.0
    every_seconds: float = 5.0
    retries: int = 0
    on_failure: OnFailure = OnFailure.STOP
    undo: Deed | None = None
    reads_only: bool = False
    when: str = ""
    """The condition `name == "value"` or `name != "value"` under which it is done; skipped else: `conditions.holds`."""
    keep: str = ""
    """Under which name later steps find what it printed or answered, up to 200 characters of its first line."""


@dataclass(frozen=True)
class Trigger:
    """An alert, or a class of failure, that this runbook is for; the texts are what RUNBOOK.md says of the alert."""

    alert: str = ""
    error_class: str = ""
    cooldown_minutes: int = 60
    most_a_day: int = 3
    means: str = ""
    look_first: str = ""
    do: str = ""
    resolves: str = ""

    @property
    def name(self) -> str:
        """Return what it is started by."""
        return self.alert or self.error_class


@dataclass(frozen=True)
class Runbook:
    """One file of `rules/runbooks/` or of the team's own folder."""

    name: str
    """Lower-case words with hyphens; the file is named like it."""
    title: str
    means: str
    """What has happened when this is needed, for a person."""
    triggers: tuple[Trigger, ...] = ()
    inputs: tuple[Input, ...] = ()
    steps: tuple[Step, ...] = ()
    drill: Mapping[str, str] = field(default_factory=dict)
    """The inputs of a drill, which is a run that changes nothing outside."""
    own: bool = False
    """Whether it is the team's."""
