"""The indicator of an OpenSLO document: where its numbers come from, and what makes them good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lumen_action.slo.objective import (
    MEASURED,
    WINDOW_PLACEHOLDER,
    Budgeting,
    Comparison,
    CountsSource,
    DataSource,
    Events,
    LedgerSource,
    RatioSource,
    Source,
    Threshold,
    ValueSource,
)
from lumen_action.slo.queries import bucket_bounds, promql, takes_a_quantile
from lumen_action.slo.reading import Fields, Node

LEDGER, PROMETHEUS, COUNTS = "lumen", "prometheus", "counts"
TYPES = (LEDGER, "Prometheus", COUNTS)
# sloth reads OpenSLO under a name of its own.
_ALIASES = {"prometheus-sloth": PROMETHEUS}

SUCCESS, FAILURE = "success", "failure"
_GOOD, _BAD = "good", "bad"
_SELECTS = ("pipeline", "region", "stage", "check")
_OF_STAGES = frozenset({"pipeline", "region", "stage"})
CHECKS = ("integrity", "restore", "report")
# A day belongs to the whole pipeline, and so does the age of its last success.
_SELECTED_BY: Mapping[Events, frozenset[str]] = {
    Events.RUN: frozenset({"pipeline", "region"}),
    Events.DAY: frozenset({"pipeline"}),
    Events.STAGE: _OF_STAGES,
    Events.FIRST_TRY: _OF_STAGES,
    Events.DURATION: _OF_STAGES,
    Events.FRESHNESS: frozenset({"pipeline", "region"}),
    Events.CHECK: frozenset({"pipeline", "check"}),
}
_SMALLER = frozenset({Comparison.LT, Comparison.LTE})


@dataclass(frozen=True)
class Metric:
    """A metric source of known type."""

    type: str
    data_source: str
    spec: Fields


@dataclass(frozen=True)
class Known:
    """What an indicator is read with."""

    data_sources: Mapping[str, DataSource]
    budgeting: Budgeting
    threshold: Threshold | None
    """Of the objective; None where it has none."""


def source_of(spec: Fields, known: Known) -> Source | None:
    """Return the source of an indicator, None with every fault told."""
    spec.only(("description", "thresholdMetric", "ratioMetric"))
    ratio, threshold = spec.get("ratioMetric"), spec.get("thresholdMetric")
    if (ratio is None) == (threshold is None):
        found = "both a ratioMetric and a thresholdMetric" if ratio else "neither a ratioMetric nor a thresholdMetric"
        spec.node.refuse(found, "give one of them")
        return None
    if ratio:
        fields = ratio.fields()
        return _ratio(fields, known) if fields else None
    fields = threshold.fields() if threshold else None
    return _measured(fields, known) if fields else None


def _ratio(ratio: Fields, known: Known) -> Source | None:
    ratio.only(("counter", "good", "bad", "total", "raw", "rawType"))
    if raw := ratio.get("raw"):
        raw.refuse("a ratio without its counts", "write `good` or `bad`, and `total`: a budget is counted in events")
        return None
    if ("good" in ratio) == ("bad" in ratio):
        found = "both `good` and `bad`" if "good" in ratio else "neither `good` nor `bad`"
        ratio.node.refuse(found, "write one of them beside `total`")
        return None
    word = _GOOD if _GOOD in ratio else _BAD
    part, total = (_metric(ratio.need(key, "{metricSource: …}"), known) for key in (word, "total"))
    if part is None or total is None:
        return None
    if (part.type, part.data_source) != (total.type, total.data_source):
        total.spec.node.refuse("another kind of source than that of `" + word + "`", "take both from one source")
        return None
    return _RATIOS[part.type](ratio, word, part, total)


def _measured(threshold: Fields, known: Known) -> Source | None:
    threshold.only(("metricSource",))
    metric = _metric(threshold.node, known)
    if metric is None:
        return None
    if metric.type == COUNTS:
        metric.spec.node.refuse("counts, which have no value to compare", "write a ratioMetric with `good` and `total`")
        return None
    if known.threshold is None:
        return None
    return (_measured_by_ledger if metric.type == LEDGER else _measured_by_query)(metric, known, known.threshold)


def _metric(holder: Node | None, known: Known) -> Metric | None:
    outer = holder.fields() if holder else None
    inner = outer.need("metricSource", "{type: Prometheus, spec: {query: …}}") if outer else None
    fields = inner.fields() if inner else None
    if fields is None:
        return None
    fields.only(("metricSourceRef", "type", "spec"))
    ref, word = fields.text("metricSourceRef"), fields.text("type")
    if ref and ref not in known.data_sources and (where := fields.get("metricSourceRef")):
        if not word:
            where.refuse(f"no DataSource `{ref}`", "add its document, or write `type` here")
            return None
        where.note(f"no DataSource `{ref}` among the documents; its address has to come from the settings")
    word = word or (known.data_sources[ref].type if ref else "")
    kind = _ALIASES.get(word.lower(), word.lower())
    spec = fields.need("spec", "{query: …}")
    if kind not in _RATIOS:
        fields.node.child("type", word).refuse(f"`{word}`", f"the sources that are known are {', '.join(TYPES)}")
        return None
    found = spec.fields() if spec else None
    return Metric(kind, ref, found) if found else None


def _counted_by_ledger(ratio: Fields, word: str, part: Metric, total: Metric) -> Source | None:
    ratio.flag("counter", default=True)
    outcome = SUCCESS if word == _GOOD else FAILURE
    wanted, all_of_them = _ledger(part, outcome), _ledger(total)
    if wanted is None or all_of_them is None:
        return None
    if wanted.events in MEASURED:
        node = part.spec.node
        node.refuse(f"`{wanted.events.value}` in a ratio", "write it as a thresholdMetric with `op` and `value`")
        return None
    if wanted != all_of_them:
        total.spec.node.refuse(
            "other events or another selection than above", f"repeat it without `outcome: {outcome}`"
        )
        return None
    return wanted


def _measured_by_ledger(metric: Metric, known: Known, threshold: Threshold) -> Source | None:
    found = _ledger(metric)
    if found is None:
        return None
    node = metric.spec.node
    if found.events not in MEASURED:
        node.refuse(
            f"`{found.events.value}`, which has no value to compare", "write a ratioMetric with `good` and `total`"
        )
        return None
    if threshold.comparison not in _SMALLER:
        node.refuse(f"`op: {threshold.comparison.value}` for seconds that should be few", "write `op: lte`")
        return None
    if found.events is Events.FRESHNESS and known.budgeting is not Budgeting.TIMESLICES:
        fix = "write `budgetingMethod: Timeslices` with `timeSliceWindow: 1h` and `timeSliceTarget: 1`"
        node.refuse("freshness, which lasts and does not happen", fix)
        return None
    return replace(found, threshold=threshold)


def _ledger(metric: Metric, outcome: str = "") -> LedgerSource | None:
    spec = metric.spec
    spec.only(("events", *_SELECTS, *(("outcome",) if outcome else ())))
    if outcome and (told := spec.need("outcome", outcome)) and told.value != outcome:
        told.refuse(told.shown, f"write `outcome: {outcome}`")
        return None
    told_events = spec.need("events", Events.RUN.value)
    events = told_events.choice(Events) if told_events else None
    if events is None:
        return None
    for key in _SELECTS:
        if (told := spec.get(key)) and key not in _SELECTED_BY[events]:
            told.refuse(f"a {key} for `events: {events.value}`", "remove it")
    if events is Events.CHECK and (named := spec.need("check", CHECKS[0])) and named.value not in CHECKS:
        named.refuse(named.shown, f"write one of {', '.join(CHECKS)}")
        return None
    pipeline, region, stage, check = (spec.text(key) for key in _SELECTS)
    return LedgerSource(events, pipeline, region, stage, data_source=metric.data_source, check=check)


def _counted_by_queries(ratio: Fields, word: str, part: Metric, total: Metric) -> Source | None:
    queries = []
    for metric in (part, total):
        metric.spec.only(("query", "queryType"))
        node = metric.spec.need("query", "sum(http_requests_total)")
        found = promql(node) if node else None
        if node and found and takes_a_quantile(found[1]):
            node.refuse("a percentile, which is no count", 'count the bucket `…_bucket{le="4.5"}` as `good`')
        queries.append(found[0] if found else "")
    if not all(queries):
        return None
    by_themselves = any(WINDOW_PLACEHOLDER in query for query in queries)
    if "counter" not in ratio:
        ratio.node.note(f"`counter` is missing; taken as `counter: {str(not by_themselves).lower()}`")
    counter = ratio.flag("counter", default=not by_themselves)
    if counter and by_themselves:
        found_so = f"`counter: true` with {WINDOW_PLACEHOLDER} in the query"
        ratio.node.refuse(found_so, "write `counter: false`: the query counts over the window by itself")
        return None
    return RatioSource(
        queries[0], queries[1], part_is_good=word == _GOOD, counter=counter, data_source=part.data_source
    )


def _measured_by_query(metric: Metric, known: Known, threshold: Threshold) -> Source | None:
    spec = metric.spec
    if "histogram" in spec:
        return _bucket(metric, threshold)
    spec.only(("query", "queryType", "histogram", "selector"))
    node = spec.need("query", "queue_length")
    found = promql(node) if node else None
    if node is None or found is None:
        return None
    if takes_a_quantile(found[1]) and known.budgeting is Budgeting.OCCURRENCES:
        fix = "write `histogram: NAME` in place of the query to count what is under the value, or slice the time"
        node.refuse("a percentile as an event", fix)
        return None
    return ValueSource(found[0], threshold, metric.data_source)


def _bucket(metric: Metric, threshold: Threshold) -> Source | None:
    """Count what a histogram has under a bound, which is exact where it is the bound of a bucket."""
    spec = metric.spec
    spec.only(("histogram", "selector"))
    name, matchers = spec.text("histogram"), spec.text("selector").strip("{} ")
    if threshold.comparison is not Comparison.LTE:
        spec.node.refuse(
            f"`op: {threshold.comparison.value}` for a histogram", "write `op: lte`: buckets include their bound"
        )
        return None
    joined = f"{matchers}," if matchers else ""
    good = f"sum({name}_bucket{{{joined}{bucket_bounds(threshold.value)}}})"
    total = f"sum({name}_count{{{matchers}}})" if matchers else f"sum({name}_count)"
    checked = promql(spec.node.child("selector" if matchers else "histogram", good))
    return (
        RatioSource(good, total, part_is_good=True, counter=True, data_source=metric.data_source) if checked else None
    )


def _counted_by_columns(ratio: Fields, word: str, part: Metric, total: Metric) -> Source | None:
    ratio.flag("counter", default=False)
    for metric in (part, total):
        metric.spec.only(("file", "column"))
    files = [metric.spec.need_text("file", "counts.csv") for metric in (part, total)]
    columns = [metric.spec.need_text("column", column) for metric, column in ((part, "good"), (total, "total"))]
    if files[0] != files[1]:
        total.spec.node.refuse("another file", "take both columns from one file")
    return (
        CountsSource(files[0], columns[0], columns[1], part_is_good=word == _GOOD) if all((*files, *columns)) else None
    )


_RATIOS: Mapping[str, Callable[[Fields, str, Metric, Metric], Source | None]] = {
    LEDGER: _counted_by_ledger,
    PROMETHEUS: _counted_by_queries,
    COUNTS: _counted_by_columns,
}
