"""Reports that were built before, found by their JSON and read back as far as a message needs them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lumen_action.errors import ConfigError
from lumen_action.files import read_as_told
from lumen_action.ops.notify.message import one_line
from lumen_action.report.model import SNAPSHOT, Period, PeriodKind
from lumen_action.report.periods import period_of
from lumen_action.slo.evaluation import Status
from lumen_action.summary.markdown import address

_MOST_BYTES = 16 * 1024 * 1024
FIELD = "out"


@dataclass(frozen=True)
class Standing:
    """How one objective stood at the end of the period; what was not known is None."""

    name: str
    status: str
    target: float
    actual: float | None
    left_percent: float | None


@dataclass(frozen=True)
class Built:
    """A report in a folder."""

    file: Path
    pipeline: str
    period: Period
    finished: bool
    sentence: Mapping[str, str]
    good: int
    bad: int
    objectives: tuple[Standing, ...]
    unmeasured: tuple[str, ...]
    """The objectives of which a source did not answer."""
    snapshot: str = ""
    """Where the dashboard of the period is kept."""

    @property
    def pdf(self) -> bytes | None:
        """Return the PDF that was built beside it, if there is one."""
        try:
            return self.file.with_suffix(".pdf").read_bytes()
        except OSError:
            return None


def find_reports(place: Path, kind: PeriodKind, pipeline: str, day: str = "") -> list[Built]:
    """Return the report of a file, or of a folder the newest of each pipeline, or that of a day."""
    if place.is_file():
        text = read_as_told(FIELD, place, _MOST_BYTES, "name the JSON of a report")
        return [_read(place, text)]
    newest: dict[str, Built] = {}
    for built in _in_folder(sorted(place.glob("*.json"))):
        period = built.period
        fits = (
            period.kind is kind and pipeline in ("", built.pipeline) and (not day or period.first <= day <= period.last)
        )
        if fits and (built.pipeline not in newest or newest[built.pipeline].period.first < period.first):
            newest[built.pipeline] = built
    if not newest:
        of = (f" of {pipeline}" if pipeline else "") + (f" with the day {day}" if day else "")
        raise ConfigError(
            f"{FIELD}: {place} holds no report of a {kind.value}{of}; build one with "
            f"`lumen report build --period {kind.value} --out {place}`, with json among its forms"
        )
    return [newest[name] for name in sorted(newest)]


def _in_folder(files: Iterable[Path]) -> Iterator[Built]:
    """Yield what is a report; a site may hold other JSON too."""
    for file in files:
        try:
            yield _read(file, read_as_told(FIELD, file, _MOST_BYTES, "name the JSON of a report"))
        except ConfigError:
            continue


def _read(file: Path, text: str) -> Built:
    try:
        told = json.loads(text)
        period, runs = told["period"], told["runs"]
        return Built(
            file=file,
            pipeline=one_line(str(told["pipeline"])),
            period=period_of(
                PeriodKind(period["kind"]), date.fromisoformat(period["first"]), _zone(period["zone"]), period["zone"]
            ),
            finished=bool(told["finished"]),
            sentence={str(language): one_line(str(sentence)) for language, sentence in told["sentence"].items()},
            good=int(runs["good"]),
            bad=int(runs["bad"]),
            objectives=tuple(map(_standing, told["objectives"])),
            unmeasured=tuple(map(one_line, told["objectives_unmeasured"])),
            snapshot=address(str(told["links"].get(SNAPSHOT, ""))),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        raise ConfigError(
            f"{FIELD}: {file} is not the JSON of a report; name a folder or a file that `lumen report build` wrote"
        ) from None


def _standing(told: Mapping[str, Any]) -> Standing:
    return Standing(
        name=one_line(str(told["display_name"] or told["slo"])),
        status=Status(told["status"]).value,
        target=_number(told["target"]),
        actual=_known(told["actual"]),
        left_percent=_known(told["budget_left_percent"]),
    )


def _known(value: object) -> float | None:
    return None if value is None else _number(value)


def _number(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError):  # a machine without zones: a few hours do not matter to a message
        return timezone.utc
