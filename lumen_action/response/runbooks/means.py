"""What deeds are done with, and what becomes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lumen_action.errors import ConfigError
from lumen_action.failure.redaction import redact
from lumen_action.http import Timing
from lumen_action.response.incidents import Incidents
from lumen_action.runbooks.runbook import Deed
from lumen_action.runbooks.standing import Event
from lumen_action.running.signals import Signals

_MOST_LINES, _LONGEST_LINE = 60, 300


@dataclass(frozen=True)
class Saying:
    """What a run of a runbook tells people."""

    execution: str
    runbook: str
    title: str
    text: str
    severity: str = ""
    mark: str = ""
    """The same for every try of this, and another for the next."""
    over: bool = False
    """Whether this ends what was told under the same mark."""
    at_once: bool = False
    """Whether it has to arrive now."""


Tell = Callable[[Saying], str]
"""Tells people; returns why that failed, nothing where it did not."""


@dataclass(frozen=True)
class Ourselves:
    """How `lumen` is run as a command of a runbook: the same program, which works on the same ledger."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)

    name = "lumen"


@dataclass(frozen=True)
class Means:
    """The world that deeds are done in."""

    env: Mapping[str, str]
    signals: Signals
    timing: Timing
    notify: Tell
    incidents: Incidents | None = None
    secrets: Sequence[str] = field(default=(), repr=False)
    ourselves: Ourselves | None = None
    """Nobody has to put us on the PATH."""

    def clean(self, text: str, more: Sequence[str] = ()) -> str:
        """Take the secrets out of a text, `more` of which only this step knows."""
        return redact(text, (*self.secrets, *more))


@dataclass(frozen=True)
class Task:
    """One deed of a run, with every value in it."""

    deed: Deed
    execution: str
    runbook: str
    step: str
    actor: str
    incident: str
    seconds: float
    """How long it may take."""
    every_seconds: float = 5.0
    secrets: Sequence[str] = field(default=(), repr=False)
    """What the deed was given out of our environment."""

    @property
    def mark(self) -> str:
        """Return what is the same for every try of this step."""
        return f"{self.execution} {self.step}"


@dataclass(frozen=True)
class Result:
    """What became of a deed."""

    event: Event
    why: str = ""
    """Why it failed."""
    told: Mapping[str, str] = field(default_factory=dict)
    """What its fact says beside that."""
    printed: str = ""
    """What it printed or answered; may hold secrets."""

    @property
    def good(self) -> bool:
        """Tell whether it is done."""
        return self.event is Event.DONE


class Environment:
    """Our own environment as texts of a runbook may read it, and what they have read."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Read nothing yet."""
        self._env = env
        self.read: list[str] = []

    def __call__(self, name: str) -> str:
        """Return a variable; a ConfigError when it is not set."""
        if name not in self._env:
            raise ConfigError(f"{name}: is not set in the environment, and the step asks for ${name}")
        self.read.append(self._env[name])
        return self._env[name]


def failed(why: str, told: Mapping[str, str] | None = None, printed: str = "") -> Result:
    """Return that it did not work."""
    return Result(Event.FAILED, why, told or {}, printed)


def digest_of(printed: bytes) -> str:
    """Return the SHA-256 of an output."""
    return hashlib.sha256(printed).hexdigest()


def excerpt(printed: str) -> Iterator[str]:
    """Yield the lines that people are shown of what a command printed: the first ones, none of them endless."""
    lines = [line.rstrip() for line in printed.splitlines()]
    yield from (f"  | {line[:_LONGEST_LINE]}" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"  | … and {len(lines) - _MOST_LINES} more lines"


def last_line(text: str) -> str:
    """Return the last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
