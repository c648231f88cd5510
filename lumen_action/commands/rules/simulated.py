"""What a simulation answers, as JSON and as lines for a terminal."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lumen_action.alerting.simulating import SEVERITIES, Alarms, Detection, Detections, Simulation, Spread
from lumen_action.alerting.windows import LADDER, MONTH_DAYS, Rung
from lumen_action.alerting.worlds import DAY
from lumen_action.slo.evidence import budget, failures_to_fire, highest_target, regime

NAMES = {"ours": "Lumen", "usual": "usual windows"}
_BAR = 24
_WITHIN_RUNS = (1, 2, 3, 5, 10, 30, 100, 300)
_MINUTE = 60
_UNITS = (("days", DAY), ("hours", 3600), ("minutes", _MINUTE))
_MANY = 10


def as_json(simulation: Simulation) -> dict[str, Any]:
    """Return the answer as JSON values."""
    pipeline = simulation.pipeline
    runs = _runs_a_month(simulation)
    return {
        "pipeline": {
            "runs_per_day": pipeline.runs_per_day,
            "regions": pipeline.regions,
            "calendar": pipeline.calendar,
            "target": pipeline.target,
            "outage_minutes": pipeline.outage_seconds // _MINUTE,
        },
        "budget_runs_per_month": round(budget(runs, pipeline.target), 3),
        "regime": regime(budget(runs, pipeline.target)).name,
        "highest_measurable_target": round(highest_target(runs), 6),
        "failures_in_a_row_to_page": pipeline.in_a_row,
        "windows": [
            {"window": rung.long, "severity": rung.severity, "runs": held, "failures_to_fire": fewest}
            for rung, held, fewest in _ladder(simulation)
        ],
        "days": simulation.days,
        "stated_days": simulation.stated_days,
        "worlds": simulation.worlds,
        "burns": simulation.burns,
        "healthy_failure_rate": round(pipeline.healthy_rate, 9),
        "healthy": {name: _plain_alarms(each) for name, each in simulation.healthy.items()},
        "failure_rate": simulation.failure_rate,
        "stated": {name: _plain_alarms(each) for name, each in simulation.stated.items()},
        "outage": {name: _plain_detections(each) for name, each in simulation.outage.items()},
        "burn": simulation.burn and {name: _plain_detections(each) for name, each in simulation.burn.items()},
    }


def _plain_alarms(alarms: Alarms) -> dict[str, Any]:
    return {"pages_per_month": _plain_spread(alarms.page), "tickets_per_month": _plain_spread(alarms.ticket)}


def _plain_detections(detections: Detections) -> dict[str, Any]:
    return {"page": _plain_detection(detections.page), "any": _plain_detection(detections.any)}


def _plain_detection(detection: Detection) -> dict[str, Any]:
    return {
        "share_detected": detection.share,
        "runs": detection.runs and _plain_spread(detection.runs),
        "seconds": detection.seconds and _plain_spread(detection.seconds),
    }


def _plain_spread(spread: Spread) -> dict[str, float]:
    return {"mean": round(spread.mean, 4), "low": round(spread.low, 4), "high": round(spread.high, 4)}


def _runs_a_month(simulation: Simulation) -> int:
    # Four weeks and two days, as a month has on average in any calendar.
    pipeline = simulation.pipeline
    return round(len(pipeline.times(70)) / 70 * MONTH_DAYS) * pipeline.regions


def _ladder(simulation: Simulation) -> Iterator[tuple[Rung, int, int | None]]:
    """Yield each window with how many runs it holds on a busy stretch, and how many failures of them fire it."""
    pipeline = simulation.pipeline
    times = pipeline.times(21)
    for rung in LADDER:
        held = max(at + 1 - bisect_right(times, end - rung.long_seconds) for at, end in enumerate(times))
        runs = held * pipeline.regions
        yield rung, runs, failures_to_fire(runs, rung.factor, pipeline.target, rung.failures)


def as_lines(simulation: Simulation) -> Iterator[str]:
    """Yield the answer as lines for a person."""
    pipeline = simulation.pipeline
    runs = _runs_a_month(simulation)
    allowed = budget(runs, pipeline.target)
    regions = "1 region" if pipeline.regions == 1 else f"{pipeline.regions} regions"
    yield f"{pipeline.runs_per_day} runs a day in {regions} ({pipeline.calendar}), target {_percent(pipeline.target)}"
    yield f"{allowed:.4g} of {runs} runs a month may fail; {regime(allowed).name}, {regime(allowed).value}"
    windows = ", ".join(
        f"{rung.long} {fewest} of {held}" if fewest else f"{rung.long} off"
        for rung, held, fewest in _ladder(simulation)
    )
    yield f"what fires: {pipeline.in_a_row} failures in a row; in a window {windows}"
    yield ""
    yield from _table(
        [
            ("a month of 30 days", NAMES["ours"], NAMES["usual"]),
            *_alarm_rows("half the budget rate", pipeline.healthy_rate, simulation.healthy, pipeline.target),
            *_alarm_rows("as stated", simulation.failure_rate, simulation.stated, pipeline.target),
        ]
    )
    yield ""
    yield from _table(
        [
            ("how soon it is told", NAMES["ours"], NAMES["usual"]),
            *_detection_rows("outage, all runs fail", simulation.outage),
            *_detection_rows(f"{_percent(simulation.failure_rate)} of the runs fail", simulation.burn or {}),
        ]
    )
    yield ""
    yield from _bars("outage: paged within", simulation.outage)
    if simulation.burn:
        yield from _bars(f"{_percent(simulation.failure_rate)} fail: paged within", simulation.burn)
    yield f"{simulation.worlds} worlds of {simulation.days} days, as stated of {simulation.stated_days}."
    yield f"{simulation.burns} outages, and as many burns, each after a good week, are followed for 30 days."
    yield "In brackets is what 95 of 100 lie between. What fires again after it resolved counts again, however soon;"
    yield "a page silences the ticket that tells the same."


def _alarm_rows(name: str, rate: float, alarms: Mapping[str, Alarms], target: float) -> Iterator[Sequence[str]]:
    kind = "false " if rate <= 1 - target else ""
    for severity in SEVERITIES:
        cells = (_around(getattr(alarms[rules], severity)) for rules in NAMES)
        yield f"{kind}{severity}s, {name}: {_percent(rate)} fail", *cells


def _detection_rows(name: str, detections: Mapping[str, Detections]) -> Iterator[Sequence[str]]:
    if detections:
        yield f"{name}: a page", *(_told(detections[rules].page) for rules in NAMES)
        yield f"{name}: a page or a ticket", *(_told(detections[rules].any) for rules in NAMES)


def _around(spread: Spread) -> str:
    return f"{spread.mean:.2f} ({spread.low:.2f} to {spread.high:.2f})"


def _told(detection: Detection) -> str:
    if not detection.runs or not detection.seconds:
        return "never"
    runs, seconds = detection.runs, detection.seconds
    unit, size = next((each for each in _UNITS if seconds.mean >= 2 * each[1]), _UNITS[-1])
    low, high = seconds.low / size, seconds.high / size
    text = f"{_short(runs.mean)} {_runs(runs.mean)}, {_short(seconds.mean / size)} {unit}"
    found = "" if detection.share == 1 else f" in {100 * detection.share:.0f} % of them"
    return f"{text} ({_short(low)} to {_short(high)}){found}"


def _runs(count: float) -> str:
    return "run" if count == 1 else "runs"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= _MANY or number == int(number) else f"{number:.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:.6g} %"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _bars(title: str, detections: Mapping[str, Detections]) -> Iterator[str]:
    """Yield how many burns are paged within a growing number of runs, up to where nothing more is gained."""
    shares = {rules: {runs: detections[rules].page.share_within(runs) for runs in _WITHIN_RUNS} for rules in NAMES}
    ends = (runs for runs in _WITHIN_RUNS if all(each[runs] >= each[_WITHIN_RUNS[-1]] for each in shares.values()))
    last = next(ends)
    yield f"{title:<32}  {NAMES['ours']:<{_BAR + 6}}  {NAMES['usual']}"
    for runs in _WITHIN_RUNS:
        if runs <= last:
            bars = (f"{'#' * round(each[runs] * _BAR):<{_BAR}} {100 * each[runs]:>3.0f} %" for each in shares.values())
            yield f"{runs:>27} {_runs(runs):<4}  " + "  ".join(bars)
    yield ""
