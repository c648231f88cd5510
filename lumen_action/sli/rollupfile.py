"""A rollup as the ledger keeps it."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import astuple, fields
from operator import attrgetter
from typing import Any

from lumen_action.model import Action, ErrorClass, Fact, Outcome, canonical
from lumen_action.sli.durations import Durations
from lumen_action.sli.rollup import Rollup
from lumen_action.sli.tally import DayTally, Newest, RegionTally

# Raised whenever the same facts are to amount to something else than before, or are written differently.
_VERSION = 7
# The newest facts of each kind, and what each is known by.
_NEWEST: Mapping[str, Callable[[Fact], Any]] = {
    "stages": attrgetter("key.region", "key.stage"),
    "checks": attrgetter("key.region", "key.stage"),
    "runs": attrgetter("key.region"),
    "failed_runs": attrgetter("key.region"),
    "failed_stages": attrgetter("key.region"),
}


def encode(rollup: Rollup) -> bytes:
    """Return the rollup as JSON that vouches for itself."""
    said = {
        "mark": rollup.mark,
        "days": {day: _day(tallied) for day, tallied in rollup.days.items()},
        **{name: [fact.body() for fact in getattr(rollup.newest, name).values()] for name in _NEWEST},
        "origin": rollup.newest.origin and rollup.newest.origin.body(),
    }
    body = canonical(said)
    return b"%s\n%s" % (_seal(body), body)


def decode(sealed: bytes) -> Rollup | None:
    """Read a rollup back; None when it is not what this version has written."""
    seal, _, body = sealed.partition(b"\n")
    if seal != _seal(body):
        return None
    said: dict[str, Any] = json.loads(body)
    newest = Newest(
        **{name: {named(fact): fact for fact in map(Fact.from_body, said[name])} for name, named in _NEWEST.items()},
        origin=Fact.from_body(said["origin"]) if said["origin"] else None,
    )
    return Rollup(said["mark"], {day: _day_of(each) for day, each in said["days"].items()}, newest)


def _seal(body: bytes) -> bytes:
    return hashlib.sha256(b"%d %s" % (_VERSION, body)).hexdigest().encode()


def _day(day: DayTally) -> dict[str, Any]:
    said = {
        "facts": day.facts,
        "conflicts": day.conflicts,
        "regions": {name: _region(region) for name, region in day.regions.items()},
        "won": day.won and list(day.won),
        "missing": day.missing,
        "lost": day.lost,
        "durations": [[*_words(cause), *astuple(spread)] for cause, spread in day.durations.items()],
        "marks": b64encode(day.marks).decode(),
        "linked": sorted(day.linked),
        "standing": [fact.body() for fact in day.standing],
        "quiet": day.quiet,
    }
    return {name: value for name, value in said.items() if value}


def _day_of(said: Mapping[str, Any]) -> DayTally:
    return DayTally(
        facts=said.get("facts", 0),
        conflicts=said.get("conflicts", 0),
        regions={name: _region_of(region) for name, region in said.get("regions", {}).items()},
        won=tuple(said["won"]) if "won" in said else None,
        missing=said.get("missing", False),
        lost=said.get("lost", False),
        durations={
            (Outcome(outcome), ErrorClass(cause) if cause else None): Durations(count, total, low, high, tuple(buckets))
            for outcome, cause, count, total, low, high, buckets in said.get("durations", ())
        },
        marks=b64decode(said.get("marks", "")),
        linked=frozenset(said.get("linked", ())),
        standing=tuple(map(Fact.from_body, said.get("standing", ()))),
        quiet=tuple((begins, ends) for begins, ends in said.get("quiet", ())),
    )


_OUTCOMES: Mapping[str, Outcome] = {word.value: word for word in Outcome}
_CLASSES: Mapping[str, ErrorClass] = {word.value: word for word in ErrorClass}
_ACTIONS: Mapping[str, Action] = {word.value: word for word in Action}
# The counts of a region and how each part of what they are counted by is read; a word without a table is itself.
_COUNTS: Mapping[str, tuple[Mapping[str, str] | None, ...]] = {
    "failed": (_CLASSES,),
    "corrected": (_OUTCOMES, _OUTCOMES),
    "stage_success": (None,),
    "stage_failed": (None, _CLASSES),
    "attempts": (_OUTCOMES,),
    "reruns": (_ACTIONS,),
    "first_try": (None,),
    "retries": (None, _OUTCOMES),
}
_REST = tuple(item for item in fields(RegionTally) if item.name not in _COUNTS)


def _region(region: RegionTally) -> dict[str, Any]:
    counts = {
        name: [[*_words(key), count] for key, count in getattr(region, name).items()]
        for name in _COUNTS
        if getattr(region, name)
    }
    rest = {item.name: getattr(region, item.name) for item in _REST}
    return counts | {item.name: rest[item.name] for item in _REST if rest[item.name] != item.default}


def _region_of(said: Mapping[str, Any]) -> RegionTally:
    values: dict[str, Any] = dict(said)
    for name in _COUNTS.keys() & said.keys():
        values[name] = _counts_of(name, said[name])
    if "outcome" in values:
        values["outcome"] = _OUTCOMES[values["outcome"]]
    return RegionTally(**values)


def _counts_of(name: str, rows: list[list[Any]]) -> dict[Any, int]:
    """Read counts; there are some for every day and region of a pipeline, so each way is written out."""
    first, *more = _COUNTS[name]
    if not more:
        return {first[word]: count for word, count in rows} if first else dict(rows)
    [second] = more
    if second is None:
        return {}
    if first:
        return {(first[word], second[other]): count for word, other, count in rows}
    return {(word, second[other]): count for word, other, count in rows}


def _words(key: object) -> list[str | None]:
    """Return a name in parts as JSON has it."""
    parts = key if isinstance(key, tuple) else (key,)
    return [part and str(part) for part in parts]
