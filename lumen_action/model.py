"""The nouns of the project: frozen values that know nothing of clocks, files or networks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import Enum
from typing import Any, TypeVar

# Begins every line we print into a job's log, so that a later reading of that log does not quote ourselves.
OWN_MARK = "[lumen]"

T = TypeVar("T")

FACT_VERSION = 1
MAX_FACT_BYTES = 4096


class _Word(str, Enum):
    """A closed set of words that print and serialise as themselves on every Python version."""

    # Equal to its text, so with the hash of its text; the one of Enum is a slow function.
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return str(self.value)


class Outcome(_Word):
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


class ErrorClass(_Word):
    """The closed set behind the label `error_class`."""

    NETWORK = "network"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a class name, not a secret
    EXTERNAL_API = "external_api"
    BUILD = "build"
    DEPENDENCY = "dependency"
    ENVIRONMENT = "environment"
    UNKNOWN = "unknown"


class Scope(_Word):
    """Where trying again can help: nowhere, in the same step, on a fresh machine, or after the named time."""

    NONE = "none"
    STEP = "step"
    JOB = "job"
    DELAYED = "delayed"


class Kind(_Word):
    """The kinds of fact."""

    STAGE = "stage"
    RUN = "run"
    CHECK = "check"
    MISSING = "missing"
    DAY = "day"
    RERUN = "rerun"
    INCIDENT = "incident"
    CONFLICT = "conflict"
    NOTICE = "notice"


class Source(_Word):
    """Who observed a fact."""

    JOB = "job"
    API = "api"
    MANUAL = "manual"


class Trust(_Word):
    """Whether a fact may enter the SLI; what a fork reports is kept apart."""

    TRUSTED = "trusted"
    FORK = "fork"


class Action(_Word):
    """What a rerun decision asks for; also the label `decision` of `lumen_reruns_total`."""

    RETRY_NOW = "retry_now"
    RERUN_LATER = "rerun_later"
    TICKET = "ticket"
    NOTHING = "nothing"


def canonical(value: object) -> bytes:
    """Encode a JSON value so that equal values have equal bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


@dataclass(frozen=True, order=True)
class FactKey:
    """What the CI fixes about an observation; two observations with one key are the same event."""

    provider: str
    host: str
    repo: str
    run: str
    attempt: int
    job: str
    region: str
    kind: Kind
    stage: str

    @property
    def digest(self) -> str:
        """Return the ledger key in hex."""
        parts = ["v1", *(str(getattr(self, name)) for name in _KEY_FIELDS)]
        return hashlib.sha256(canonical(parts)).hexdigest()


_KEY_FIELDS = tuple(item.name for item in fields(FactKey))


@dataclass(frozen=True)
class Evidence:
    """The line that proves a verdict: redacted, clipped, numbered as in the original log from 1.

    `column` says where in that line stands what was recognised, from 1; 0 when that is not known.
    """

    line: int
    text: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    column: int = 0


@dataclass(frozen=True)
class Symptom:
    """A line that tells of what the cause led to."""

    line: int
    text: str
    name: str


@dataclass(frozen=True)
class Verdict:
    """Why something failed."""

    error_class: ErrorClass
    subclass: str
    signature: str
    scope: Scope
    confidence: float
    evidence: Evidence | None = None
    meaning: str = ""
    hint: str = ""
    runbook: str = ""
    fingerprint: str = ""
    retry_after_seconds: int | None = None
    symptoms: tuple[Symptom, ...] = ()
    """What the cause led to, in the order of the log."""

    @property
    def name(self) -> str:
        """Return class and subclass as people write them."""
        return f"{self.error_class}/{self.subclass}"


@dataclass(frozen=True)
class Decision:
    """What to do about a failure, and why in words."""

    action: Action
    scope: Scope
    reason: str
    delay_seconds: int = 0
    attempts_left: int = 0

    @property
    def rerun(self) -> bool:
        """Tell whether anything may run again; the only value a workflow should branch on."""
        return self.action in (Action.RETRY_NOW, Action.RERUN_LATER)


@dataclass(frozen=True)
class Failure:
    """The part of a verdict that a fact keeps."""

    error_class: ErrorClass
    subclass: str
    signature: str = ""
    fingerprint: str = ""
    line: int | None = None
    evidence: str = ""
    meaning: str = ""
    hint: str = ""
    runbook: str = ""
    decision: Action = Action.NOTHING
    scope: Scope = Scope.NONE
    reason: str = ""
    delay_seconds: int = 0
    attempts_left: int = 0

    @property
    def name(self) -> str:
        """Return class and subclass as people write them."""
        return f"{self.error_class}/{self.subclass}"

    @classmethod
    def of(cls, verdict: Verdict, decision: Decision) -> Failure:
        """Keep what a fact needs of a verdict and the decision it led to."""
        return cls(
            error_class=verdict.error_class,
            subclass=verdict.subclass,
            signature=verdict.signature,
            fingerprint=verdict.fingerprint,
            line=verdict.evidence.line if verdict.evidence else None,
            evidence=verdict.evidence.text if verdict.evidence else "",
            meaning=verdict.meaning,
            hint=verdict.hint,
            runbook=verdict.runbook,
            decision=decision.action,
            scope=decision.scope,
            reason=decision.reason,
            delay_seconds=decision.delay_seconds,
            attempts_left=decision.attempts_left,
        )

    @property
    def verdict(self) -> Verdict:
        """Return the verdict as far as the fact kept it."""
        return Verdict(
            error_class=self.error_class,
            subclass=self.subclass,
            signature=self.signature,
            scope=self.scope,
            confidence=1.0 if self.signature else 0.0,
            evidence=Evidence(self.line, self.evidence) if self.line is not None else None,
            meaning=self.meaning,
            hint=self.hint,
            runbook=self.runbook,
            fingerprint=self.fingerprint,
        )

    @property
    def decided(self) -> Decision:
        """Return the decision as it was taken."""
        return Decision(self.decision, self.scope, self.reason, self.delay_seconds, self.attempts_left)


@dataclass(frozen=True)
class Fact:
    """One immutable observation.

    `pipeline`, `day` and all that follows are attributes, fixed at the first write. `observed_at_ms` is when the ledger
    could first know of it; `ended_at_ms` is when it ended, where that is another moment. `tries` is how often the stage
    was run in its step until it ended like this; each failed try before that has a fact of the kind `rerun`.
    """

    key: FactKey
    pipeline: str
    day: str
    outcome: Outcome
    observed_at_ms: int
    leg: str = ""
    run_id: str = ""
    failure: Failure | None = None
    duration_ms: int | None = None
    source: Source = Source.JOB
    trust: Trust = Trust.TRUSTED
    sha: str = ""
    url: str = ""
    trace_id: str = ""
    runner: str = ""
    pipeline_version: str = ""
    ended_at_ms: int | None = None
    tries: int = 1

    @property
    def ended_ms(self) -> int:
        """Return when it ended."""
        return self.observed_at_ms if self.ended_at_ms is None else self.ended_at_ms

    def body(self) -> dict[str, Any]:
        """Return the fact as a JSON object without its empty attributes."""
        key = {item.name: _plain(getattr(self.key, item.name)) for item in fields(self.key)}
        return {"v": FACT_VERSION, "key": key, **_without_defaults(self, skip=1)}

    def encode(self) -> bytes:
        """Return the canonical bytes, shortening the free text until they fit the limit."""
        encoded = canonical(self.body())
        if len(encoded) <= MAX_FACT_BYTES:
            return encoded
        return canonical(_shortened(self, len(encoded) - MAX_FACT_BYTES).body())

    @property
    def order(self) -> tuple[int, FactKey]:
        """Return what sorts facts the same way everywhere: the time, then the identity."""
        return (self.observed_at_ms, self.key)

    @property
    def statement(self) -> bytes:
        """Return what the fact claims, without what belongs to the act of observing it.

        The first writer fixes the day, and the delay of a retry is drawn at random.
        """
        body = self.body()
        for volatile in ("observed_at_ms", "ended_at_ms", "duration_ms", "runner", "day", "run_id"):
            body.pop(volatile, None)
        for volatile in ("delay_seconds", "attempts_left", "reason"):
            body.get("failure", {}).pop(volatile, None)
        return canonical(body)

    @classmethod
    def decode(cls, encoded: bytes | str) -> Fact:
        """Read a fact back; a ValueError says what is wrong with it."""
        try:
            text = encoded if isinstance(encoded, str) else encoded.decode()
            body, end = _READ_JSON(text)
            if end != len(text):
                raise ValueError(f"not a fact: something stands behind its end ({text[end : end + 20]!r})")
            return cls.from_body(body)
        except (KeyError, TypeError, AttributeError) as fault:
            raise ValueError(f"not a fact: {fault!r}") from fault

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Fact:
        """Return the fact that a JSON object tells of; the object is used up."""
        version = body.pop("v", None)
        if version != FACT_VERSION:
            raise ValueError(f"fact version {version!r} is not {FACT_VERSION}; update lumen-sli-action")
        key = body["key"]
        if key.keys() != _KEY_NAMES or not body.keys() >= _REQUIRED:
            raise KeyError(*sorted({*_KEY_NAMES ^ key.keys(), *_REQUIRED - body.keys()}))
        key["kind"] = _KINDS[key["kind"]]
        body["key"] = _made(FactKey, key)
        for name, word in _WORDS.items():
            if name in body:
                body[name] = word[body[name]]
        if "failure" in body:
            raw = body["failure"]
            read = {name: word[raw[name]] for name, word in _FAILURE_WORDS.items() if name in raw}
            body["failure"] = Failure(**raw | read)
        for unknown in body.keys() - _ATTRIBUTES:
            del body[unknown]
        return _made(cls, body)


def _made(kind: type[T], values: dict[str, Any]) -> T:
    """Make a frozen value of names that were looked at: a constructor takes three times as long."""
    made = object.__new__(kind)
    object.__setattr__(made, "__dict__", values)
    return made


# A ledger of a million facts is read through these; `json.loads` would guess the encoding of each.
_READ_JSON = json.JSONDecoder().raw_decode
_ATTRIBUTES = frozenset(item.name for item in fields(Fact))
_REQUIRED = frozenset(item.name for item in fields(Fact) if item.default is MISSING)
_KEY_NAMES = frozenset(_KEY_FIELDS)
_KINDS: Mapping[str, Kind] = {word.value: word for word in Kind}
_WORDS: Mapping[str, Mapping[str, Enum]] = {
    name: {word.value: word for word in words}
    for name, words in (("outcome", Outcome), ("source", Source), ("trust", Trust))
}
_FAILURE_WORDS: Mapping[str, Mapping[str, Enum]] = {
    name: {word.value: word for word in words}
    for name, words in (("error_class", ErrorClass), ("decision", Action), ("scope", Scope))
}


def _plain(value: object) -> object:
    """Return a JSON value."""
    if isinstance(value, Enum):
        return value.value
    return _without_defaults(value) if isinstance(value, Failure) else value


def _without_defaults(record: Fact | Failure, skip: int = 0) -> dict[str, Any]:
    """Return the fields that say more than their default, so that a reader can restore every one."""
    said = {}
    for item in fields(record)[skip:]:
        value = getattr(record, item.name)
        if value != item.default:
            said[item.name] = _plain(value)
    return said


def _shortened(fact: Fact, excess: int) -> Fact:
    """Drop the free text first: what remains is bounded by the settings' own limits."""
    failure = fact.failure
    if failure and failure.evidence:
        kept = failure.evidence.encode()[: max(0, len(failure.evidence.encode()) - excess - 8)]
        failure = replace(failure, evidence=kept.decode(errors="ignore"), meaning="", hint="", reason="")
    return replace(fact, failure=failure, url=fact.url[:500])
