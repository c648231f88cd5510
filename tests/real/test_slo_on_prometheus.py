"""The five promises of an API on a real Prometheus: every number is that of the events that happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from fractions import Fraction

import apiworld
import pytest
import replayed
import servers
import slodocuments
from apiworld import DAY_MS, HOUR_MS, Event, World

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.measuring.prometheus import measured
from lumen_action.promserver import Access, PromServer, TooMuchError
from lumen_action.sinks.protobuf import TimeSeries
from lumen_action.slo.evaluating import evaluate
from lumen_action.slo.evaluation import Evaluation, Measured, Span
from lumen_action.slo.objective import (
    WINDOW_PLACEHOLDER,
    Budgeting,
    Comparison,
    Duration,
    RatioSource,
    Slo,
    Threshold,
    ValueSource,
)
from lumen_action.slo.spans import duration_ms

END_MS = 1_780_000_200_000
WINDOWS = {"1h": HOUR_MS, "6h": 6 * HOUR_MS, "1d": DAY_MS, "3d": 3 * DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS}
BAD: dict[str, Callable[[Event], bool]] = {
    "api-availability": lambda event: event.code.startswith("5"),
    "api-latency-most": lambda event: event.seconds > 2.5,
    "api-latency": lambda event: event.seconds > 4.5,
    "api-latency-slowest": lambda event: event.seconds > 10,
    "reward-stability": lambda event: not event.in_band,
}


@pytest.fixture(scope="module")
def world() -> World:
    """Return what happened."""
    return apiworld.world(END_MS)


@pytest.fixture(scope="module", params=[False, True], ids=["roomy", "narrow"])
def narrow(request: pytest.FixtureRequest) -> bool:
    """Return whether the server reads few samples at once."""
    return bool(request.param)


@pytest.fixture(scope="module")
def prometheus(*, narrow: bool, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PromServer]:
    """Return a Prometheus that scraped it."""
    options = ("--query.max-samples=100",) if narrow else ()
    server = replayed.start_prometheus(tmp_path_factory.mktemp("server"), *options)
    try:
        replayed.write(server, list(world.series))
        with closing(PromServer(Access(server.url))) as asked:
            yield asked
    finally:
        server.stop()


SLOS = {slo.name: slo for slo in slodocuments.taken((servers.ROOT / "rules/slo/api.yml").read_text()).book.slos}


def asked(slo: Slo, prometheus: PromServer, span: Span) -> Measured:
    """Measure an objective."""
    assert isinstance(slo.source, (RatioSource, ValueSource))
    return measured(slo.source, slo, span, prometheus, lambda _: None)


def rolling(slo: Slo, end_ms: int) -> Span:
    return Span(end_ms - duration_ms(slo.window.duration), end_ms, end_ms)


def evaluated(slo: Slo, prometheus: PromServer, end_ms: int) -> Evaluation:
    span = rolling(slo, end_ms)
    return evaluate(slo, slo.objectives[0], span, asked(slo, prometheus, span), None)


@pytest.mark.parametrize("name", BAD)
def test_every_promise_of_the_example_comes_to_what_happened(name: str, world: World, prometheus: PromServer) -> None:
    found = evaluated(SLOS[name], prometheus, world.asked_ms)
    events = {burn.window: world.between(world.asked_ms - WINDOWS[burn.window], world.asked_ms) for burn in found.burns}
    own = events[str(found.slo.window.duration)]
    assert (found.total, found.bad) == (len(own), sum(map(BAD[name], own)))
    assert {burn.window: (burn.total, burn.bad) for burn in found.burns} == {
        window: (len(inside), sum(map(BAD[name], inside))) for window, inside in events.items()
    }
    assert found.newest_ms == END_MS
    assert found.bad > 0


def test_every_day_of_a_month_comes_to_what_happened(world: World, prometheus: PromServer) -> None:
    slo = SLOS["api-availability"]
    ticks = asked(slo, prometheus, rolling(slo, world.asked_ms)).ticks
    begin_ms = world.asked_ms - 30 * DAY_MS
    for tick in ticks:
        events = world.between(begin_ms, tick.at_ms)
        assert (tick.total, tick.bad) == (len(events), sum(map(BAD["api-availability"], events))), tick
        begin_ms = tick.at_ms
    assert begin_ms == world.asked_ms


def test_a_narrow_server_refuses_what_a_day_holds(world: World, prometheus: PromServer, *, narrow: bool) -> None:
    """Otherwise nothing above would have shown that shorter stretches are asked for where a day is too much."""
    with pytest.raises(TooMuchError) if narrow else nullcontext():
        prometheus.instant('last_over_time(http_requests_total{job="api"}[1d])', world.asked_ms)


@pytest.mark.parametrize("function", ["increase", "rate"])
def test_a_rise_over_the_window_is_counted_exactly(function: str, world: World, prometheus: PromServer) -> None:
    slo = SLOS["api-availability"]
    part, total = (
        f'sum({function}(http_requests_total{{{more}job="api"}}[{WINDOW_PLACEHOLDER}]))'
        for more in ('code=~"5..",', "")
    )
    source = RatioSource(part, total, part_is_good=False, counter=False)
    found = asked(replace(slo, source=source), prometheus, rolling(slo, world.asked_ms))
    assert found.ticks == asked(slo, prometheus, rolling(slo, world.asked_ms)).ticks
    assert "increase() is replaced by exact differences" in found.notes


def test_a_query_that_counts_by_itself_counts_no_sample_twice(world: World, prometheus: PromServer) -> None:
    """The ends of the days are those of scrapes here, which a range includes at both ends before Prometheus 3."""
    total = f'sum(count_over_time(up{{job="api"}}[{WINDOW_PLACEHOLDER}]))'
    part = f'sum(count_over_time(up{{job="api",instance="c"}}[{WINDOW_PLACEHOLDER}]))'
    slo = replace(SLOS["api-availability"], source=RatioSource(part, total, part_is_good=False, counter=False))
    found = asked(slo, prometheus, rolling(slo, world.end_ms))
    scrapes = [
        (dict(labels)["instance"], at_ms)
        for (name, labels), samples in world.samples.items()
        for _, at_ms in samples
        if name == "up" and world.end_ms - 30 * DAY_MS < at_ms <= world.end_ms
    ]
    assert sum(tick.total for tick in found.ticks) == len(scrapes)
    assert sum(tick.bad for tick in found.ticks) == sum(machine == "c" for machine, _ in scrapes)


def test_samples_that_are_counts_are_summed(world: World, prometheus: PromServer) -> None:
    slo = replace(
        SLOS["api-latency"],
        source=RatioSource('sum(up{job="api",instance="a"})', 'sum(up{job="api"})', part_is_good=True, counter=False),
    )
    found = asked(slo, prometheus, rolling(slo, world.end_ms))
    scrapes = Counter(
        dict(labels)["instance"]
        for (name, labels), samples in world.samples.items()
        for _, at_ms in samples
        if name == "up" and world.end_ms - 7 * DAY_MS < at_ms <= world.end_ms
    )
    assert sum(tick.total for tick in found.ticks) == scrapes.total()
    assert sum(tick.bad for tick in found.ticks) == scrapes["b"] + scrapes["c"]


@pytest.mark.parametrize("method", [Budgeting.TIMESLICES, Budgeting.RATIO_TIMESLICES])
def test_slices_have_the_events_that_happened_in_them(method: Budgeting, world: World, prometheus: PromServer) -> None:
    slo = SLOS["api-latency"]
    objective = replace(slo.objectives[0], slice_target=0.93, slice_window=Duration(2, "h"))
    sliced = replace(slo, budgeting=method, objectives=(objective,))
    span, width = rolling(slo, world.asked_ms), 2 * HOUR_MS
    found = evaluate(sliced, objective, span, asked(sliced, prometheus, span), None)
    first = -(-span.begin_ms // width)
    slices = [world.between(n * width, (n + 1) * width) for n in range(first, span.end_ms // width)]
    shares = [Fraction(sum(map(BAD["api-latency"], events)), len(events)) for events in slices if events]
    assert found.total == len(shares)
    if method is Budgeting.TIMESLICES:
        assert found.bad == sum(share > Fraction(7, 100) for share in shares) > 0
    else:
        assert float(found.bad) == pytest.approx(float(sum(shares)))


def test_a_value_is_good_while_it_keeps_to_its_threshold(world: World, prometheus: PromServer) -> None:
    threshold = Threshold(Comparison.LTE, 30_000)
    query = 'http_request_duration_seconds_count{job="api"}'
    slo = replace(SLOS["api-latency"], source=ValueSource(query, threshold))
    span = rolling(slo, world.end_ms)
    found = asked(slo, prometheus, span)
    values = [
        value
        for (name, _), samples in world.samples.items()
        for value, at_ms in samples
        if name == "http_request_duration_seconds_count" and span.begin_ms < at_ms <= span.end_ms
    ]
    assert sum(tick.total for tick in found.ticks) == len(values)
    assert sum(tick.bad for tick in found.ticks) == sum(value > threshold.value for value in values) > 0
    assert not found.notes


def test_a_computed_value_is_taken_each_minute(world: World, prometheus: PromServer) -> None:
    slo = replace(SLOS["api-latency"], source=ValueSource('count(up{job="api"})', Threshold(Comparison.GTE, 3)))
    found = asked(slo, prometheus, Span(world.asked_ms - 4 * DAY_MS, world.asked_ms, world.asked_ms))
    assert sum(tick.total for tick in found.ticks) == 4 * 24 * 60
    # One of the three machines is away since, for as long as a Prometheus of these tests sees its last sample.
    away = apiworld.MACHINES[2].died * apiworld.SCRAPE_MS // apiworld.MINUTE_MS
    assert sum(tick.bad for tick in found.ticks) == pytest.approx(away - 59 + 3, abs=1)
    assert found.notes == ("the value was taken once a minute",)


def test_what_was_there_before_the_server_is_not_counted(running: Callable[..., servers.Server]) -> None:
    server = running(replayed.start_prometheus)
    begun_ms = END_MS - 3 * DAY_MS

    def counter(code: str, first: float, begin_ms: int) -> TimeSeries:
        samples = [(first + n, begin_ms + n * HOUR_MS // 2) for n in range((END_MS - begin_ms) * 2 // HOUR_MS + 1)]
        return TimeSeries((("__name__", "http_requests_total"), ("code", code), ("job", "api")), tuple(samples))

    replayed.write(server, [counter("200", 5_000_000, begun_ms), counter("500", 1, begun_ms + 2 * HOUR_MS)])
    slo = SLOS["api-availability"]
    with closing(PromServer(Access(server.url))) as prometheus:
        found = asked(slo, prometheus, rolling(slo, END_MS))
        assert sum(tick.bad for tick in found.ticks) == 70 * 2 + 1
        assert sum(tick.total for tick in found.ticks) == 72 * 2 + 70 * 2 + 1
        (note,) = found.notes
        assert note.startswith("Prometheus knows nothing of it before 2026-05-25 20:")
        ups = TimeSeries((("__name__", "up"),), ((1.0, begun_ms - HOUR_MS),))
        replayed.write(server, [ups])
        assert sum(tick.total for tick in asked(slo, prometheus, rolling(slo, END_MS)).ticks) > 5_000_000


def test_what_nobody_counted_is_nothing(prometheus: PromServer, world: World) -> None:
    source = RatioSource("sum(no_such_total)", "sum(no_such_total)", part_is_good=True, counter=True)
    slo = replace(SLOS["api-availability"], source=source)
    assert asked(slo, prometheus, rolling(slo, world.asked_ms)) == Measured()


def test_an_absent_part_is_no_event_of_a_total_that_is_there(prometheus: PromServer, world: World) -> None:
    total = 'sum(http_requests_total{job="api"})'
    for part_is_good in (True, False):
        source = RatioSource("sum(no_such_total) or vector(0)", total, part_is_good=part_is_good, counter=True)
        slo = replace(SLOS["api-latency"], source=source)
        ticks = asked(slo, prometheus, rolling(slo, world.asked_ms)).ticks
        assert [tick.bad for tick in ticks] == [tick.total * part_is_good for tick in ticks]
        assert ticks


def test_the_newest_sample_is_found_long_after_it(prometheus: PromServer, world: World) -> None:
    slo = SLOS["api-availability"]
    for later_ms in (5 * HOUR_MS, 3 * DAY_MS, 29 * DAY_MS):
        found = asked(slo, prometheus, rolling(slo, world.end_ms + later_ms))
        assert found.newest_ms == world.end_ms


def test_too_many_restarts_to_read_are_estimated_and_told(running: Callable[..., servers.Server]) -> None:
    server = running(replayed.start_prometheus)
    minutes = [(*range(31), *range(30)), range(61)]
    series = [
        TimeSeries(
            (("__name__", "http_requests_total"), ("code", f"{200 + n}"), ("job", "api")),
            tuple((float(value), END_MS - (60 - place) * 60_000) for place, value in enumerate(minutes[n == 0])),
        )
        for n in range(450)
    ]
    ups = TimeSeries((("__name__", "up"),), ((1.0, END_MS - DAY_MS),))
    replayed.write(server, [*series, ups])
    slo = replace(SLOS["api-latency"], source=SLOS["api-availability"].source)
    with closing(PromServer(Access(server.url))) as prometheus:
        found = asked(slo, prometheus, rolling(slo, END_MS + 60_000))
    restarts, estimates = found.notes[:2]
    assert restarts == "counters restarted 400 times; nothing of what they had reached is lost"
    assert "estimated 49 times" in estimates
    assert sum(tick.total for tick in found.ticks) == pytest.approx(449 * 59 + 60, rel=0.01)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sum(http_requests_total) / on (job) group_left () http_requests_total", "counter: false"),
        ("max by (job) (http_requests_total)", "is no sum of counters"),
    ],
)
def test_a_counter_that_cannot_be_compared_is_a_fault_of_the_document(
    query: str, said: str, prometheus: PromServer, world: World
) -> None:
    slo = replace(SLOS["api-latency"], source=RatioSource(query, query, part_is_good=True, counter=True))
    with pytest.raises(ConfigError, match=said):
        asked(slo, prometheus, rolling(slo, world.asked_ms))


def test_a_query_that_fails_says_why_and_what_to_do(prometheus: PromServer, world: World) -> None:
    query = 'up{job="api"} * on (job) up{job="api"}'
    slo = replace(SLOS["api-latency"], source=ValueSource(query, Threshold(Comparison.GTE, 1)))
    with pytest.raises(RemoteError, match=r"answered 422: .*many-to-many.*; correct the query"):
        asked(slo, prometheus, rolling(slo, world.asked_ms))
