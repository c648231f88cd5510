"""Whether a window holds enough events to measure a target in, and what would make it so."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from lumen_action.slo.evaluation import Evaluation
from lumen_action.slo.evidence import Regime, clean_runs_to_show, fewest_runs, regime
from lumen_action.slo.objective import (
    Budgeting,
    CalendarWindow,
    Duration,
    Events,
    LedgerSource,
    Objective,
    RollingWindow,
    Slo,
    Window,
)
from lumen_action.slo.phrases import (
    amount,
    counted,
    exactly,
    length,
    named,
    noun,
    pace,
    target_percent,
    window_words,
)
from lumen_action.slo.slices import width_ms
from lumen_action.slo.spans import duration_ms

Planned = Callable[[Window], float | None]
"""How many events a whole window is planned to have; None where nobody planned them."""

_HUNDRED = 100
# What a sum of planned parts of events may lack.
_HAIR = 1e-6
_LEAST_TARGET = Fraction(1, 2)
_DAY_MS = 86_400_000
_LONGEST_DAYS = 3660
_FEWEST_DIGITS = 4
_PLAN, _WAIT = "write `expected-runs-per-day: 1` in lumen.yml, or ", "ask again when some are counted"
# Calendar periods that may take the place of a shorter one, with the days that they surely have.
_CALENDAR = ((Duration(1, "M"), 28), (Duration(1, "Q"), 90), (Duration(1, "Y"), 365))


class Standing(str, Enum):
    """What came of looking at an objective."""

    MEASURABLE = "measurable"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Volume:
    """How many events a whole window has, and how that is known."""

    events: Fraction
    known: str
    window_ms: int
    by_clock: bool = False
    planned: bool = False

    @property
    def per_day(self) -> Fraction:
        """Return the events of a day, in the mean of the window."""
        return self.events * _DAY_MS / self.window_ms


@dataclass(frozen=True)
class Finding:
    """What is found of one objective, and what to write where it cannot be measured."""

    name: str
    standing: Standing
    found: str
    fix: str = ""
    target: float | None = None
    """The target and the window that could be measured; each alone is enough, None where there is none."""
    window: Duration | None = None
    allowed: Fraction | None = None
    regime: Regime | None = None


def volume_of(evaluation: Evaluation) -> Volume | None:
    """Return the events of a whole window as planned, by the clock, or as counted; None where nobody knows."""
    slo, span, planned = evaluation.slo, evaluation.span, Fraction(str(evaluation.planned or 0))
    slice_ms = _slice_ms(slo, evaluation.objective)
    if planned and planned >= evaluation.total:
        return Volume(planned, "as planned", span.length_ms, by_clock=bool(slice_ms), planned=True)
    if slice_ms:
        return Volume(Fraction(span.length_ms // slice_ms), "by the clock", span.length_ms, by_clock=True)
    if not evaluation.total:
        return None
    counted_ms, how = span.end_ms - span.begin_ms, "as counted"
    if not span.rolls:
        how = "at the pace so far"
    # Where nothing is older than that, the source is younger than the window.
    for burn in evaluation.burns[:-1]:
        length_ms = duration_ms(named(burn.window))
        if _DAY_MS <= length_ms < counted_ms and burn.total == evaluation.total:
            counted_ms, how = length_ms, f"at {pace(burn.window)}"
            break
    return Volume(Fraction(evaluation.total) * span.length_ms / counted_ms, how, span.length_ms)


def _slice_ms(slo: Slo, objective: Objective) -> int:
    if slo.budgeting is not Budgeting.OCCURRENCES:
        return width_ms(objective.slice_window)
    return _DAY_MS if isinstance(slo.source, LedgerSource) and slo.source.events is Events.DAY else 0


def judged(evaluation: Evaluation, volume: Volume | None, planned: Planned = lambda _: None) -> Finding:
    """Tell whether a single failure breaks the objective, and propose what could be measured."""
    slo, objective, name = evaluation.slo, evaluation.objective, evaluation.name
    what, over = noun(slo, objective), window_words(slo.window)
    if volume is None or not volume.events:
        found = f"nobody knows how many {counted(2, what).partition(' ')[2]} there are {over}"
        return Finding(name, Standing.UNKNOWN, found, f"{_PLAN if what == 'run' else ''}{_WAIT}")
    allowed = (1 - exactly(objective.target)) * volume.events
    good_for = regime(float(allowed))
    lets = f"{target_percent(objective.target)} lets {amount(allowed)} be bad"
    room = f"{counted(volume.events, what)} {over}, {volume.known}: {lets}"
    if good_for is not Regime.R0:
        clean = counted(clean_runs_to_show(objective.target), what, "clean")
        found = f"{room}; {clean} in a row show it"
        return Finding(name, Standing.MEASURABLE, found, allowed=allowed, regime=good_for)
    target, window = _target(volume.events), _window(slo.window, objective.target, volume, planned)
    found = f"{room}, so a single one breaks it"
    fix = _fix(what, target, window, fewest_runs(objective.target), volume)
    return Finding(name, Standing.REFUSED, found, fix, target, window, allowed, good_for)


def _fix(what: str, target: float | None, longer: Duration | None, needed: int, volume: Volume) -> str:
    by_day = f"{amount(_per_day(needed, volume))} a day"
    ways = [
        f"promise {target_percent(target)}" if target else "",
        f"take a window of {length(longer)}" if longer else "",
        # Time does not pass faster.
        "" if volume.by_clock else f"have {counted(needed, what)} in this one ({by_day})",
    ]
    return ", or ".join(way for way in ways if way)


def _per_day(events: int, volume: Volume) -> Fraction:
    # Rounded up: what is proposed has to be enough.
    return Fraction(math.ceil(_HUNDRED * events * Fraction(_DAY_MS, volume.window_ms)), _HUNDRED)


def _target(events: Fraction) -> float | None:
    """Return the highest target that lets one event fail, rounded down so that it still does."""
    highest = 1 - 1 / events
    if highest < _LEAST_TARGET:
        return None
    steps = 10 ** max(_FEWEST_DIGITS, math.ceil(math.log10(events)))
    return float(Fraction(math.floor(highest * steps), steps))


def _window(window: Window, target: float, volume: Volume, planned: Planned) -> Duration | None:
    """Return the shortest window in which as many events as are planned in it, or else as now, let one fail."""
    needed = fewest_runs(target)
    days = math.ceil(needed / volume.per_day)

    def missing(longer: Window) -> int:
        # A schedule has days without a run: a longer window may have fewer than this one seems to promise.
        events = planned(longer) if volume.planned else None
        return 0 if events is None else max(0, math.ceil(needed - events - _HAIR))

    if isinstance(window, CalendarWindow):
        longer = (each for each, least in _CALENDAR if least >= days)
        return next((each for each in longer if not missing(replace(window, duration=each))), None)
    while days <= _LONGEST_DAYS and (more := missing(RollingWindow(Duration(days, "d")))):
        days += more
    return Duration(days, "d") if days <= _LONGEST_DAYS else None
