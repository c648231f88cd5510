"""What ended within a window, as exact differences of totals that only rise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lumen_action.alerting.rulefile import Record
from lumen_action.alerting.windows import SECONDS

# How long a push that landed late can hide newer totals, how long Prometheus may be away, and how far the start of a
# window is read from published samples where nothing was recorded yet. Longer is dear: each window reads each series.
_DIP = "2h"
# How long before a window a region was seen that is not new in it.
_GAP = "1d"
# How long nothing may be published before a total is no longer believed.
BELIEVED = "36h"
# A window shorter than this says nothing while nobody publishes.
_SILENCE, _SILENCE_SECONDS = "3h", 3 * 3600

_REGION = ("pipeline", "region")
_STAGE = (*_REGION, "stage")
_LONG = ("1d", "7d", "30d")
BURNING = ("1h", "6h", "1d", "3d", "7d", "30d")
DAY_WINDOWS = ("1d", "3d", "7d", "30d")

# The labels by which each counter is published; of series that differ in others, such as the host that was scraped, the
# highest is believed: a runner that moved leaves its last totals behind.
_OWN: Mapping[str, Sequence[str]] = {
    "lumen_runs_total": _REGION,
    "lumen_runs_success_total": _REGION,
    "lumen_runs_failed_total": (*_REGION, "error_class"),
    "lumen_runs_corrected_total": (*_REGION, "from", "to"),
    "lumen_stage_success_total": _STAGE,
    "lumen_stage_failed_total": (*_STAGE, "error_class"),
    "lumen_stage_first_try_total": _STAGE,
    "lumen_reruns_total": (*_REGION, "decision"),
    "lumen_days_total": ("pipeline", "outcome"),
    "lumen_days_corrected_total": ("pipeline", "from", "to"),
}


def _highest(metric: str, matching: str = "") -> str:
    return f"max by ({', '.join(_OWN[metric])}) (max_over_time({metric}{matching}@))"


# Where a total is made of several counters, their labels tell them apart, so that `or` keeps all and a sum is the net.
_TURNED_GOOD = _highest("lumen_runs_corrected_total", '{from!="success",to="success"}')
_TURNED_BAD = _highest("lumen_runs_corrected_total", '{from="success",to!="success"}')
_DAYS_TURNED = _highest("lumen_days_corrected_total")


@dataclass(frozen=True)
class Total:
    """Published counters that make one total: what is believed of it, and its differences over some windows.

    `parts` are what it is the sum of; the span that is read stands where they have an `@`. What is believed is kept by
    `labels`, what is counted by some of them.
    """

    believed: str
    count: str
    parts: Sequence[str]
    labels: Sequence[str]
    by: Sequence[str]
    windows: Sequence[str] = tuple(SECONDS)

    @property
    def group(self) -> str:
        """Return the labels of the group in which it is published."""
        return ", ".join(label for label in self.labels if label in _REGION)

    def shown(self, span: str, offset: str = "") -> str:
        """Return it from the highest values that were published within a span."""
        parts = [part.replace("@", f"[{span}]{offset}") for part in self.parts]
        by = f"by ({', '.join(self.labels)}) "
        return parts[0] if len(parts) == 1 and by in parts[0] else f"sum {by}({' or '.join(parts)})"

    def then(self, window: str) -> str:
        """Return what was believed when the window began."""
        raw = self.shown(_DIP, f" offset {window}")
        return f"last_over_time({self.believed}[{_DIP}] offset {window})\nor {raw}"


def _total(name: str, parts: Sequence[str], labels: Sequence[str], windows: Sequence[str] = tuple(SECONDS)) -> Total:
    """Return a total that is counted without its region."""
    by = [label for label in labels if label != "region"]
    return Total(f"lumen:{name}:total", f"lumen:{name}:count", parts, labels, by, windows)


def _of_region(name: str, parts: Sequence[str], windows: Sequence[str] = tuple(SECONDS)) -> Total:
    """Return a total that is counted by region."""
    return Total(f"lumen:{name}:total", f"lumen:region_{name}:count", parts, _REGION, _REGION, windows)


RUNS = _of_region("runs", [_highest("lumen_runs_total")])
CLASSES = _total("failures_by_class", [_highest("lumen_runs_failed_total")], (*_REGION, "error_class"), _LONG)
TOTALS = (
    RUNS,
    _of_region("runs_failed", [_highest("lumen_runs_failed_total"), f"-{_TURNED_GOOD}", _TURNED_BAD]),
    _of_region(
        "runs_success",
        [_highest("lumen_runs_success_total"), _TURNED_GOOD, f"-{_TURNED_BAD}"],
        ("5m", "1h", *_LONG),
    ),
    CLASSES,
    _total("stage_success", [_highest("lumen_stage_success_total")], _STAGE, BURNING),
    _total("stage_failed", [_highest("lumen_stage_failed_total")], _STAGE, BURNING),
    _total("stage_first_try", [_highest("lumen_stage_first_try_total")], _STAGE, BURNING),
    _total("reruns", [_highest("lumen_reruns_total")], (*_REGION, "decision"), ("1d", "7d")),
    _total(
        "days",
        [
            _highest("lumen_days_total"),
            f'label_replace({_DAYS_TURNED}, "outcome", "$1", "to", "(.*)")',
            f'-label_replace({_DAYS_TURNED}, "outcome", "$1", "from", "(.*)")',
        ],
        ("pipeline", "outcome"),
        DAY_WINDOWS,
    ),
)


def beliefs() -> Iterator[Record]:
    """Yield what is believed of every total at this instant."""
    yield Record("lumen:region:seen", f"group by (pipeline, region) (last_over_time(lumen_runs_total[{BELIEVED}]))")
    yield Record(
        "lumen:region:start",
        f"max by (pipeline, region) (last_over_time(lumen_series_start_timestamp_seconds[{BELIEVED}]))",
    )
    for total in TOTALS:
        yield Record(
            total.believed,
            f"""
            {total.shown(_DIP)}
            or last_over_time({total.believed}[{_DIP}]) and on ({total.group}) lumen:region:seen
            """,
        )


def differences(windows: Mapping[str, int] = SECONDS) -> Iterator[Record]:
    """Yield what ended within every window, where its start is known; others than ours are periods of objectives."""
    for window, seconds in windows.items():
        before = f'lumen:runs:before{{window="{window}"}}'
        silent = f"or lumen:region:seen unless on (pipeline, region) last_over_time(lumen_runs_total[{_SILENCE}])"
        # Who does not say when a region began was there before the window, or it is new.
        there = f"{RUNS.believed} and on (pipeline, region) last_over_time(lumen_runs_total[{_GAP}] offset {window})"
        labels = {"window": window}
        yield Record("lumen:runs:before", RUNS.then(window), labels)
        yield Record(
            "lumen:count_unknown:regions",
            f"""
            count by (pipeline) (
              (lumen:region:start <= time() - {seconds} or {there}) unless on (pipeline, region) {before}
              or {RUNS.believed} < on (pipeline, region) {before}
              {silent if seconds < _SILENCE_SECONDS else ""}
            )
            """,
            labels,
        )
        for total in TOTALS:
            if window in total.windows or window not in SECONDS:
                then = f"sum without (window) ({before})" if total is RUNS else total.then(window)
                yield Record(total.count, difference(total, window, total.by, then), labels)


def difference(total: Total, window: str, by: Sequence[str], then: str) -> str:
    """Return what ended since then; a correction is counted when it is made, and nothing is below none."""
    return f"""
    clamp_min(
      sum by ({", ".join(by)}) (
        ({total.believed} - ({then} or {total.believed} * 0))
        unless on (pipeline) lumen:count_unknown:regions{{window="{window}"}}
      ),
      0
    )
    """
