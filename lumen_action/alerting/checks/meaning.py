"""What queries say about runs: read by Prometheus without complaint, and wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from lumen_action.promql import Expr, Selected, selectors
from lumen_action.promql.tree import Aggregation, Binary, Call, Number, Selector, children

Said = tuple[str, str]
"""What was found and what to write instead."""
Reading = Callable[[Expr], Iterator[Said]]

OURS = re.compile(r"(?:job:)?lumen[_:]\w[\w:]*")
_COUNTER = re.compile(r"lumen_\w+_total")
_EXTRAPOLATING = frozenset({"increase", "rate", "irate", "delta", "idelta"})
_PER_SCRAPE = frozenset({"sum_over_time", "count_over_time"})
# One sample of these is one run, so counting samples counts runs.
_SAMPLES_ARE_RUNS = frozenset({"lumen_run_event"})
_EXPORTED = ("exported_job", "exported_instance")
_SETS = frozenset({"and", "unless"})
_PIPELINE_ONLY = frozenset(
    [
        *("lumen_days_total", "lumen_report_generated", "lumen_ledger_seq"),
        *("lumen_remote_integrity_ok", "lumen_remote_integrity_verdict", "lumen_restore_ok"),
        *("lumen_remote_verify_level", "lumen_remote_verify_timestamp_seconds"),
        "lumen_restore_drill_timestamp_seconds",
        *("lumen_slo_objective_ratio", "lumen_expected_runs_per_day", "lumen_next_deadline_timestamp_seconds"),
        *("lumen_consecutive_failures_threshold", "lumen_suppressed_until_timestamp_seconds", "lumen_alert_suppressed"),
        "lumen_suppression_planned_start_timestamp_seconds",
        "lumen_suppression_planned_end_timestamp_seconds",
        *("lumen_incidents_open", "lumen_incident_ack_breached", "lumen_incident_ack_deadline_timestamp_seconds"),
        *("lumen_postmortem_due_timestamp_seconds", "lumen_runbook_last_drill_timestamp_seconds"),
    ]
)


def parts(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and everything in it."""
    yield expr
    for child in children(expr):
        yield from parts(child)


def extrapolated(expr: Expr) -> Iterator[Said]:
    """Say which counts of runs are estimates."""
    read = [
        f"`{call.function}({metric}[…])`"
        for call in parts(expr)
        if isinstance(call, Call) and call.function in _EXTRAPOLATING
        for metric in _metrics(call)
        if _COUNTER.fullmatch(metric)
    ]
    if read:
        found = f"{' and '.join(dict.fromkeys(read))}: it misses the first run of a series and reads fractions"
        yield found, "read `lumen:runs:count{window=…}` and the like, which are exact"


def scrape_dependent(expr: Expr) -> Iterator[Said]:
    """Say which values depend on how often Prometheus scrapes."""
    for call in parts(expr):
        if isinstance(call, Call) and call.function in _PER_SCRAPE and isinstance(call.arguments[-1], Selector):
            metric = call.arguments[-1].name or ""
            if metric.startswith("lumen_") and metric not in _SAMPLES_ARE_RUNS:
                found = f"`{call.function}({metric}[…])` counts scrapes, so its value depends on the scrape interval"
                yield found, "use `avg_over_time` for a share of time, and `lumen:runs:count` for runs"


def idle_is_bad(expr: Expr) -> Iterator[Said]:
    """Say where a window without runs reads 0 instead of nothing."""
    for part in parts(expr):
        if isinstance(part, Binary) and part.operator == "/" and _ours(part) and _clamped(part.right):
            found = "a ratio by `clamp_min(…, 1)`: where nothing ran it reads 0 %, and its complement 100 %"
            yield found, "write `a / (b > 0)`, or read `lumen:sli:ratio`"


def _clamped(expr: Expr) -> bool:
    is_clamp = isinstance(expr, Call) and expr.function == "clamp_min"
    return is_clamp and isinstance(expr, Call) and isinstance(expr.arguments[1], Number) and _ours(expr)


def never_equal(expr: Expr) -> Iterator[Said]:
    """Say where two sides can never be about the same thing."""
    for part in parts(expr):
        if isinstance(part, Binary) and part.operator in _SETS and part.matching is None:
            sides = [_plain_metrics(side) for side in (part.left, part.right)]
            of_pipeline = [bool(side) and side <= _PIPELINE_ONLY for side in sides]
            if all(sides) and of_pipeline[0] != of_pipeline[1]:
                found = f"`{part.operator}` between series with a region and series without: never both"
                yield found, f"write `{part.operator} on (pipeline)`"


def _plain_metrics(expr: Expr) -> set[str]:
    """Return our series whose labels reach the outside: nothing behind an aggregation does."""
    if isinstance(expr, Aggregation):
        return set()
    if isinstance(expr, Selector):
        return {expr.name} if expr.name and expr.name.startswith("lumen_") else set()
    return {metric for child in children(expr) for metric in _plain_metrics(child)}


def fixed_age(expr: Expr) -> Iterator[Said]:
    """Say where a pipeline is called late by an age that does not know its schedule."""
    for part in parts(expr):
        if isinstance(part, Binary) and part.operator in {">", ">="} and isinstance(part.left, Binary):
            ago = part.left
            clocked = ago.operator == "-" and isinstance(ago.left, Call) and ago.left.function == "time"
            constant = not selectors(part.right)
            if clocked and constant and "lumen_pipeline_last_run_timestamp" in _metrics(ago.right):
                found = "an age of the last run as a limit: it pages between two runs, or too late"
                yield found, "write `time() > lumen_next_deadline_timestamp_seconds`"


def exported(expr: Expr) -> Iterator[Said]:
    """Say where labels are used that only a job without honor_labels has."""
    for part in parts(expr):
        for label in (label for label in _labels(part) if label in _EXPORTED):
            fix = f"scrape the Pushgateway with `honor_labels: true` and write `{label.removeprefix('exported_')}`"
            yield f"the label `{label}`", fix


def _labels(expr: Expr) -> Sequence[str]:
    if isinstance(expr, Selector):
        return [matcher.label for matcher in expr.matchers]
    if isinstance(expr, Aggregation):
        return expr.grouping.labels if expr.grouping else ()
    if isinstance(expr, Binary) and expr.matching:
        return (*expr.matching.labels, *expr.matching.include)
    return ()


def names(expr: Expr) -> Iterator[str]:
    """Yield the names of our series that a query reads."""
    for metric in _metrics(expr):
        if OURS.fullmatch(metric):
            yield metric


def _metrics(expr: Expr) -> list[str]:
    found: Sequence[Selected] = selectors(expr)
    return [each.metric for each in found if each.metric]


def _ours(expr: Expr) -> bool:
    return any(True for _ in names(expr))


READINGS: tuple[tuple[str, Reading], ...] = (
    ("extrapolated-count", extrapolated),
    ("scrape-dependent", scrape_dependent),
    ("idle-is-bad", idle_is_bad),
    ("never-equal", never_equal),
    ("fixed-age", fixed_age),
    ("exported-label", exported),
)
