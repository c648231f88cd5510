"""What ended within a window, as exact differences of totals that only rise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lumen_action.alerting.rulefile import Record
from lumen_action.alerting.windows import SECONDS

# How long a push that landed late can hide newer totals, and how long Prometheus may be away.
_DIP = "2h"
# How long nothing may be published before a total is no longer believed.
BELIEVED = "36h"
# Where nothing was recorded yet, the start of a window is read from the published samples: one publish a day is enough.
_RAW = "26h"
# A window shorter than this says nothing while nobody publishes.
_SILENCE, _SILENCE_SECONDS = "3h", 3 * 3600

_REGION = ("pipeline", "region")
_STAGE, _CLASS, _DAY = (*_REGION, "stage"), (*_REGION, "error_class"), ("pipeline", "outcome")
_LONG = ("1d", "7d", "30d")
_BURNING = ("1h", "6h", "1d", "3d", "7d", "30d")
DAY_WINDOWS = ("1d", "3d", "7d", "30d")

# Where a total is made of several counters, their labels tell them apart, so that `or` keeps all and a sum is the net.
_TURNED_GOOD = 'max_over_time(lumen_runs_corrected_total{from!="success",to="success"}@)'
_TURNED_BAD = 'max_over_time(lumen_runs_corrected_total{from="success",to!="success"}@)'
_DAYS_TURNED = "max_over_time(lumen_days_corrected_total@)"


@dataclass(frozen=True)
class Total:
    """Published counters that make one total: what is believed of it, and its differences over some windows.

    `parts` are what it is the sum of; the span that is read stands where they have an `@`.
    """

    name: str
    parts: Sequence[str]
    labels: Sequence[str]
    by: Sequence[str]
    windows: Sequence[str] = tuple(SECONDS)

    @property
    def believed(self) -> str:
        """Return the record of what is believed of it."""
        return f"lumen:{self.name}:total"

    @property
    def group(self) -> str:
        """Return the labels of the group in which it is published."""
        return ", ".join(label for label in self.labels if label in _REGION)

    def shown(self, span: str, offset: str = "") -> str:
        """Return it from the highest values that were published within a span."""
        parts = "\nor ".join(part.replace("@", f"[{span}]{offset}") for part in self.parts)
        return f"sum by ({', '.join(self.labels)}) ({parts})"

    def then(self, window: str) -> str:
        """Return what was believed when the window began."""
        raw = self.shown(_RAW, f" offset {window}")
        return f"last_over_time({self.believed}[{_DIP}] offset {window})\nor {raw}"


def _highest(metric: str) -> str:
    return f"max_over_time({metric}@)"


RUNS = Total("runs", [_highest("lumen_runs_total")], _REGION, _REGION)
TOTALS = (
    RUNS,
    Total("runs_failed", [_highest("lumen_runs_failed_total"), f"-{_TURNED_GOOD}", _TURNED_BAD], _REGION, _REGION),
    Total(
        "runs_success",
        [_highest("lumen_runs_success_total"), _TURNED_GOOD, f"-{_TURNED_BAD}"],
        _REGION,
        _REGION,
        ("5m", "1h", *_LONG),
    ),
    Total("failures_by_class", [_highest("lumen_runs_failed_total")], _CLASS, _CLASS, _LONG),
    Total("stage_success", [_highest("lumen_stage_success_total")], _STAGE, ("pipeline", "stage"), _BURNING),
    Total("stage_failed", [_highest("lumen_stage_failed_total")], _STAGE, ("pipeline", "stage"), _BURNING),
    Total("stage_first_try", [_highest("lumen_stage_first_try_total")], _STAGE, ("pipeline", "stage"), _BURNING),
    Total("reruns", [_highest("lumen_reruns_total")], (*_REGION, "decision"), ("pipeline", "decision"), ("1d", "7d")),
    Total(
        "days",
        [
            _highest("lumen_days_total"),
            f'label_replace({_DAYS_TURNED}, "outcome", "$1", "to", "(.*)")',
            f'-label_replace({_DAYS_TURNED}, "outcome", "$1", "from", "(.*)")',
        ],
        _DAY,
        _DAY,
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
        labels = {"window": window}
        yield Record("lumen:runs:before", RUNS.then(window), labels)
        yield Record(
            "lumen:count_unknown:regions",
            f"""
            count by (pipeline) (
              lumen:region:start <= time() - {seconds} unless on (pipeline, region) {before}
              or {RUNS.believed} < on (pipeline, region) {before}
              {silent if seconds < _SILENCE_SECONDS else ""}
            )
            """,
            labels,
        )
        for total in TOTALS:
            if window in total.windows or window not in SECONDS:
                then = f"sum without (window) ({before})" if total is RUNS else total.then(window)
                yield Record(
                    f"lumen:{total.name}:ended",
                    f"""
                    sum by ({", ".join(total.by)}) ({total.believed} - ({then} or {total.believed} * 0))
                    unless on (pipeline) lumen:count_unknown:regions{{window="{window}"}}
                    """,
                    labels,
                )
