"""One immutable observation, its identity, and the bytes in which ledgers keep it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import Enum
from operator import attrgetter
from typing import Any, TypeVar

from lumen_action.model.verdict import Failure
from lumen_action.model.words import Action, ErrorClass, Kind, Outcome, Scope, Source, Trust

T = TypeVar("T")

FACT_VERSION = 1
MAX_FACT_BYTES = 4096
# What all details together may take of a fact that is too long.
_DETAILS_BYTES = 1000

Details = tuple[tuple[str, str], ...]
"""Texts by name, in the order of their names: a fact can be a member of a set."""


def details(told: Mapping[str, str]) -> Details:
    """Return texts by name as a fact keeps them; one that is empty says nothing."""
    if not all(isinstance(text, str) for text in told.values()):
        raise ValueError("not a fact: details are texts")
    return tuple(sorted((name, text) for name, text in told.items() if text))


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
    def parts(self) -> tuple[str | int, ...]:
        """Return the fields in order, which are compared much faster than keys."""
        return _KEY_PARTS(self)

    @property
    def digest(self) -> str:
        """Return the ledger key in hex."""
        return hashlib.sha256(canonical(["v1", *map(str, self.parts)])).hexdigest()


_KEY_FIELDS = tuple(item.name for item in fields(FactKey))
_KEY_PARTS: Callable[[FactKey], tuple[str | int, ...]] = attrgetter(*_KEY_FIELDS)


@dataclass(frozen=True)
class Fact:
    """One immutable observation.

    `pipeline`, `day` and all that follows are attributes, fixed at the first write. `observed_at_ms` is when the ledger
    could first know of it; `ended_at_ms` is when it ended, where that is another moment. `tries` is how often the stage
    was run in its step until it ended like this; each failed try before that has a fact of the kind `rerun`. `details`
    are what a kind says beside all that, as short texts by name.
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
    details: Details = ()

    @property
    def ended_ms(self) -> int:
        """Return when it ended."""
        return self.observed_at_ms if self.ended_at_ms is None else self.ended_at_ms

    @property
    def told(self) -> Mapping[str, str]:
        """Return the details by name."""
        return dict(self.details)

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
        if "details" in body:
            body["details"] = details(body["details"])
        if not _ATTRIBUTES.issuperset(body):
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
    if isinstance(value, tuple):
        return dict(value)
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
    told = tuple(
        (name, text.encode()[: _DETAILS_BYTES // len(fact.details)].decode(errors="ignore"))
        for name, text in fact.details
    )
    return replace(fact, failure=failure, url=fact.url[:500], details=told)
