"""What an index shows of a report, read from its JSON file, in which anything may stand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lumen_action.report.document import Tone
from lumen_action.report.model import Period, PeriodKind
from lumen_action.slo.evaluation import Judgement, Status

_NAMES: Mapping[PeriodKind, re.Pattern[str]] = {
    PeriodKind.DAY: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    PeriodKind.WEEK: re.compile(r"[0-9]{4}-W[0-9]{2}"),
    PeriodKind.MONTH: re.compile(r"[0-9]{4}-[0-9]{2}"),
}
_DAY = _NAMES[PeriodKind.DAY]
# The first that any objective is in tells of all; the words are those of `Words.told`.
_WORST: tuple[tuple[tuple[str, str], Tone], ...] = (
    (("verdict", Judgement.VIOLATED.value), Tone.BAD),
    (("status", Status.EXHAUSTED.value), Tone.BAD),
    (("status", Status.WARNING.value), Tone.WARN),
    (("status", Status.NO_DATA.value), Tone.IDLE),
    (("verdict", Judgement.NOT_ENOUGH_EVIDENCE.value), Tone.IDLE),
    (("status", Status.HEALTHY.value), Tone.GOOD),
)


@dataclass(frozen=True)
class Listed:
    """A report in a list of them; `state` is a group of words and one of them, None without an objective."""

    stem: str
    pipeline: str
    period: Period
    sentences: Mapping[str, str]
    finished: bool
    state: tuple[str, str] | None
    tone: Tone


class NotJsonError(ValueError):
    """A file that ends like JSON and is none."""


def listed(content: str, stem: str) -> Listed:
    """Read a report's JSON file; a ValueError when it is none."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise NotJsonError from None
    known = _mapping(told)
    if type(known.get("report_version")) is not int or type(known.get("finished")) is not bool:
        raise ValueError("no report")
    objectives = known.get("objectives")
    if not isinstance(objectives, list):
        raise ValueError("no objectives")
    state, tone = _state([_mapping(each) for each in objectives])
    sentences = {str(language): _text(said) for language, said in _mapping(known.get("sentence")).items()}
    if "en" not in sentences:
        raise ValueError("no sentence")
    return Listed(
        stem,
        _text(known.get("pipeline")),
        _period(_mapping(known.get("period"))),
        sentences,
        known["finished"],
        state,
        tone,
    )


def _state(objectives: list[Mapping[str, Any]]) -> tuple[tuple[str, str] | None, Tone]:
    for (group, word), tone in _WORST:
        if any(objective.get(group) == word for objective in objectives):
            return (group, word), tone
    return None, Tone.PLAIN


def _period(told: Mapping[str, Any]) -> Period:
    kind, name = PeriodKind(told.get("kind")), _text(told.get("name"))
    if not _NAMES[kind].fullmatch(name):
        raise ValueError("no period")
    first, last = _day(told.get("first")), _day(told.get("last"))
    return Period(kind, name, first, last, 0, 0, "")


def _day(told: object) -> str:
    day = _text(told)
    if not _DAY.fullmatch(day):
        raise ValueError("no day")
    return date.fromisoformat(day).isoformat()


def _text(told: object) -> str:
    if not isinstance(told, str) or not told:
        raise ValueError("no text")
    return told


def _mapping(told: object) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise ValueError("no mapping")
    return told
