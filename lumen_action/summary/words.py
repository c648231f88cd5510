"""The words and signs for outcomes, durations and times, the same wherever a person reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING

from lumen_action.model import Action, Decision, Outcome

if TYPE_CHECKING:
    # Most stages are green: their one line in the log needs none of these.
    from lumen_action.sli.state import DayState, RunResult, StageResult

RUN_STAGE = "run"
_UNNAMED_REGIONS = ("", "default")
_SECOND_MS = 1000
_BIRTH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Mark:
    """How an outcome is shown: a sign, the word beside it, and the verb of a sentence."""

    sign: str
    word: str
    verb: str


_MARKS = {
    Outcome.SUCCESS: Mark("✅", "success", "succeeded"),
    Outcome.FAILURE: Mark("❌", "failure", "failed"),
    Outcome.TIMEOUT: Mark("❌", "timeout", "timed out"),
    Outcome.ERROR: Mark("❌", "error", "ended in an error"),
    Outcome.MISSING: Mark("❌", "missing", "is missing"),
    Outcome.CANCELLED: Mark("⚪", "cancelled", "was cancelled"),
    Outcome.SKIPPED: Mark("⚪", "skipped", "was skipped"),
    None: Mark("⏳", "open", "has no result yet"),
}

_STEPS = {
    Action.RETRY_NOW: "retried here",
    Action.RERUN_LATER: "run again later",
    Action.TICKET: "not retried",
    Action.NOTHING: "nothing to do",
}


def mark(outcome: Outcome | None) -> Mark:
    """Return the signs of an outcome; None means that it is not known yet."""
    return _MARKS[outcome]


def badge(outcome: Outcome | None) -> str:
    """Return sign and word of an outcome."""
    shown = mark(outcome)
    return f"{shown.sign} {shown.word}"


def place(region: str) -> str:
    """Return ` in eu`, nothing where there is only one unnamed region."""
    return "" if region in _UNNAMED_REGIONS else f" in {region}"


def step(decision: Decision) -> str:
    """Return what happens next in a few words: the reason up to its colon."""
    return decision.reason.partition(": ")[0] or _STEPS[decision.action]


def took(duration_ms: int | None) -> str:
    """Return a duration in its two largest units, such as `1 m 12 s`."""
    if duration_ms is None:
        return ""
    if duration_ms < _SECOND_MS:
        return f"{max(0, duration_ms)} ms"
    seconds = (duration_ms + _SECOND_MS // 2) // _SECOND_MS
    for large, small, size in (("d", "h", 86_400), ("h", "m", 3_600), ("m", "s", 60)):
        if seconds >= size:
            rest = seconds % size * {"d": 24, "h": 60, "m": 60}[large] // size
            return f"{seconds // size} {large} {rest} {small}" if rest else f"{seconds // size} {large}"
    return f"{seconds} s"


def moment(at_ms: int | None, zone: tzinfo = timezone.utc) -> str:
    """Return date, time and the zone's name."""
    if at_ms is None:
        return ""
    try:
        local = (_BIRTH + timedelta(milliseconds=at_ms)).astimezone(zone)
    except OverflowError:
        return f"{at_ms} ms after 1970"
    return f"{local:%Y-%m-%d %H:%M} {zone}"


def day_line(day: DayState) -> str:
    """Return how a day stands: its outcome, who won it, and what each region says."""
    if day.outcome is None:
        said = "open"
    elif day.outcome.good and day.winner:
        said = f"{day.outcome}, won by {day.winner}"
    else:
        said = mark(day.outcome).word
    regions = ", ".join(f"{region} {mark(outcome).word}" for region, outcome in sorted(day.regions.items()))
    return f"{said} ({regions})" if regions else said


def first_cause(run: RunResult) -> StageResult | None:
    """Return the first stage that failed and says why."""
    return next((stage for stage in run.stages if stage.outcome.bad and stage.failure), None)
