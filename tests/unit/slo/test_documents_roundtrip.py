"""Objectives that are written as OpenSLO documents read back as the same objectives."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from slodocuments import taken

from lumen_action.slo.indicators import CHECKS
from lumen_action.slo.objective import (
    MEASURED,
    About,
    AlertCondition,
    AlertPolicy,
    Budgeting,
    CalendarWindow,
    Comparison,
    CountsSource,
    DataSource,
    Duration,
    Events,
    LedgerSource,
    NotificationTarget,
    Objective,
    RatioSource,
    RollingWindow,
    Slo,
    SloBook,
    Threshold,
    ValueSource,
)
from lumen_action.slo.openslo_writing import documents
from lumen_action.yamlite.writing import dump_all

names = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True)
# Anything that can be printed, but not blanks alone.
needed = st.builds(
    "{}{}".format,
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12),
    st.sampled_from("wé':#1"),
)
words = needed | st.just("")
label_values = needed | st.lists(needed, min_size=1, max_size=2).map(tuple)
durations = st.builds(Duration, st.integers(1, 400), st.sampled_from("hdw"))
floats = st.floats(-1e12, 1e12, allow_nan=False)
shares = st.floats(1e-6, 1, exclude_max=True, allow_nan=False)
# Only the comparisons that make sense for seconds.
few_seconds = st.builds(Threshold, st.sampled_from([Comparison.LT, Comparison.LTE]), floats)
queries = st.sampled_from(["sum(a_total)", 'b_total{code=~"5.."}', 'sum(rate(c{d="a\\"b\\n"}[5m]))'])
windowed = queries.map(lambda query: f"sum(increase({'x'}[{{{{.window}}}}])) + {query}")


said = st.tuples(
    words,
    words,
    st.dictionaries(names, label_values, max_size=1),
    st.dictionaries(names, needed, max_size=1),
)


@st.composite
def ledger_sources(draw: st.DrawFn) -> LedgerSource:
    events = draw(st.sampled_from(Events))
    region = "" if events in {Events.DAY, Events.CHECK} else draw(words)
    check = draw(st.sampled_from(CHECKS)) if events is Events.CHECK else ""
    stage = draw(words) if events in {Events.STAGE, Events.FIRST_TRY, Events.DURATION} else ""
    threshold = draw(few_seconds) if events in MEASURED else None
    return LedgerSource(events, draw(words), region, stage, threshold, draw(st.sampled_from(["", "ledger"])), check)


metrics = st.sampled_from(["", "metrics"])
sources = st.one_of(
    ledger_sources(),
    st.builds(RatioSource, queries, queries, part_is_good=st.booleans(), counter=st.booleans(), data_source=metrics),
    st.builds(
        RatioSource, windowed, windowed, part_is_good=st.booleans(), counter=st.just(value=False), data_source=metrics
    ),
    st.builds(ValueSource, queries, st.builds(Threshold, st.sampled_from(Comparison), floats), metrics),
    st.builds(CountsSource, needed, needed, needed, part_is_good=st.booleans()),
)
starts = st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)).map(lambda each: each.replace(microsecond=0))  # noqa: DTZ001
windows = st.builds(RollingWindow, durations) | st.builds(
    CalendarWindow,
    st.builds(Duration, st.integers(1, 12), st.sampled_from("dwMQY")),
    starts,
    st.sampled_from(["UTC", "Asia/Seoul", "America/New_York"]),
)


objectives = {
    budgeting: st.builds(
        Objective,
        shares,
        words,
        shares if budgeting is Budgeting.TIMESLICES else st.none(),
        st.none() if budgeting is Budgeting.OCCURRENCES else durations,
    )
    for budgeting in Budgeting
}
alerts = st.tuples(
    needed, st.floats(0.1, 100), durations, durations | st.none(), needed, st.tuples(*[st.booleans()] * 3)
)


@st.composite
def slos(draw: st.DrawFn, name: str, service: str, policies: tuple[AlertPolicy, ...]) -> Slo:
    source = draw(sources)
    fresh = isinstance(source, LedgerSource) and source.events is Events.FRESHNESS
    budgeting = Budgeting.TIMESLICES if fresh else draw(st.sampled_from(Budgeting))
    may_have_two = isinstance(source, RatioSource | CountsSource) or source.threshold is None
    promised = [draw(objectives[budgeting]) for _ in range(1 + (may_have_two and draw(st.booleans())))]
    about, indicator = About(name, *draw(said)), About(draw(names), *draw(said))
    return Slo(about, service, indicator, source, tuple(promised), draw(windows), budgeting, policies)


@st.composite
def books(draw: st.DrawFn) -> SloBook:
    severity, threshold, lookback, after, target, flags = draw(alerts)
    heard = NotificationTarget(About("chat", *draw(said)), target)
    condition = AlertCondition(About("fast", *draw(said)), severity, threshold, lookback, after)
    policy = AlertPolicy(About("page", *draw(said)), condition, (heard,), *flags)
    deaf = AlertPolicy(About("log"), condition, ())
    service = About(draw(names), *draw(said))
    ledger = DataSource(About("ledger", *draw(said)), "lumen", {"url": draw(needed), "tries": [1, 2.5, None, True]})
    return SloBook(
        (draw(slos("a", service.name, (policy, deaf))), draw(slos("b", service.name, ()))),
        (service,),
        (ledger, DataSource(About("metrics"), "Prometheus")),
    )


@settings(max_examples=60, deadline=None)
@given(books())
def test_what_is_written_reads_back_the_same(book: SloBook) -> None:
    text = dump_all(documents(book))
    read = taken(text)
    assert read.problems == ()
    assert read.book == book


@settings(max_examples=10, deadline=None)
@given(books())
def test_another_reader_reads_the_same_documents(book: SloBook) -> None:
    written = documents(book)
    assert list(YAML(typ="safe", pure=True).load_all(dump_all(written))) == written
