"""The closed sets of words."""

from __future__ import annotations

from enum import Enum

# Begins every line we print into a job's log, so that a later reading of that log does not quote ourselves.
OWN_MARK = "[lumen]"


class Word(str, Enum):
    """A closed set of words that print and serialise as themselves on every Python version."""

    # Equal to its text, so with the hash of its text; the one of Enum is a slow function.
    __hash__ = str.__hash__

    def __str__(self) -> str:
        """Return the word."""
        return str(self.value)


class Outcome(Word):
    """How a stage or run ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMEOUT = "timeout"
    ERROR = "error"
    MISSING = "missing"

    good: bool
    """Whether it counts as a success."""
    counted: bool
    """Whether it enters the SLI; cancelled and skipped are shown apart."""
    bad: bool
    """Whether it counts as a failure."""

    def __init__(self, word: str) -> None:
        """Say it once for each word: these are asked for every fact of a ledger."""
        self.good = word == "success"
        self.counted = word not in ("cancelled", "skipped")
        self.bad = self.counted and not self.good


class ErrorClass(Word):
    """The closed set behind the label `error_class`."""

    NETWORK = "network"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a class name, not a secret
    EXTERNAL_API = "external_api"
    BUILD = "build"
    DEPENDENCY = "dependency"
    ENVIRONMENT = "environment"
    UNKNOWN = "unknown"


class Scope(Word):
    """Where trying again can help: nowhere, in the same step, on a fresh machine, or after the named time."""

    NONE = "none"
    STEP = "step"
    JOB = "job"
    DELAYED = "delayed"


class Kind(Word):
    """The kinds of fact."""

    STAGE = "stage"
    RUN = "run"
    CHECK = "check"
    MISSING = "missing"
    DAY = "day"
    RERUN = "rerun"
    INCIDENT = "incident"
    GATE = "gate"
    ARTIFACT = "artifact"
    RUNBOOK = "runbook"
    SILENCE = "silence"
    CONFLICT = "conflict"
    NOTICE = "notice"


class Source(Word):
    """Who observed a fact."""

    JOB = "job"
    API = "api"
    MANUAL = "manual"


class Trust(Word):
    """Whether a fact may enter the SLI; what a fork reports is kept apart."""

    TRUSTED = "trusted"
    FORK = "fork"


class Action(Word):
    """What a rerun decision asks for; also the label `decision` of `lumen_reruns_total`."""

    RETRY_NOW = "retry_now"
    RERUN_LATER = "rerun_later"
    TICKET = "ticket"
    NOTHING = "nothing"
