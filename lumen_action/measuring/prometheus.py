"""From the queries of an objective to the events that a Prometheus counted, and when it last heard of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from lumen_action.addresses import address_fault
from lumen_action.errors import ConfigError, RemoteError
from lumen_action.http import HttpError
from lumen_action.measuring.asking import Asking
from lumen_action.measuring.ratios import Count, counts_of, selectors
from lumen_action.measuring.sampling import good_and_bad, sampled
from lumen_action.measuring.stretches import DAY_MS, Stretch, days_before, stretches_of, within
from lumen_action.promql import parse, render
from lumen_action.promql.tree import Selector
from lumen_action.promserver import Access, PrometheusOptions, PromServer, TooMuchError, remedy
from lumen_action.slo.counting import over, whole
from lumen_action.slo.evaluation import Measured, Span, Tick
from lumen_action.slo.objective import WINDOW_PLACEHOLDER, DataSource, RatioSource, Slo, ValueSource

_FINE_MS = 15_000
# What sums of parts of events may be off.
_HAIR = 1e-6


def access_of(name: str, data_sources: Sequence[DataSource], options: PrometheusOptions) -> Access:
    """Return where the queries of a data source are asked: at the URL of the settings, or else at its own."""
    details = next((each.details for each in data_sources if each.about.name == name), {})
    url = options.url or details.get("url", "")
    if not isinstance(url, str) or not url:
        raise ConfigError(
            "no Prometheus to ask; write `prometheus-url: https://prometheus.example` in lumen.yml, or "
            "`connectionDetails: {url: https://prometheus.example}` in the DataSource of the objective"
        )
    if fault := address_fault(url):
        raise ConfigError(f"DataSource {name}: connectionDetails.url: {fault}; write https://prometheus.example")
    return options.access(url)


def measured(
    source: RatioSource | ValueSource, slo: Slo, span: Span, server: PromServer, tell: Callable[[str], None]
) -> Measured:
    """Return the events of a span; a RemoteError says what to do."""
    asking = Asking(server, slo.name, tell)
    stretches = stretches_of(slo, span)
    query = source.total if isinstance(source, RatioSource) else source.query
    try:
        found = Measured() if not stretches else _ratio_or_value(source, asking, stretches)
        return replace(found, newest_ms=_newest_ms(query, server, span))
    except HttpError as fault:
        raise RemoteError(f"{fault}; {remedy(fault)}") from fault


def _ratio_or_value(source: RatioSource | ValueSource, asking: Asking, stretches: Sequence[Stretch]) -> Measured:
    return _ratio(source, asking, stretches) if isinstance(source, RatioSource) else _value(source, asking, stretches)


def _ratio(source: RatioSource, asking: Asking, stretches: Sequence[Stretch]) -> Measured:
    counts = counts_of(source, asking, stretches)
    totals = [max(total or 0.0, 0.0) for total in counts.totals]
    bads = [
        total - (part or 0.0) if source.part_is_good else part or 0.0
        for part, total in zip(counts.parts, totals, strict=True)
    ]
    kept, over = _fitted(bads, totals)
    notes = [*counts.notes, *_told(kept, over, counts.totals)]
    ticks = tuple(
        Tick(stretch.end_ms, total, min(bad, total))
        for stretch, total, bad in zip(stretches, whole(totals), whole(kept), strict=True)
        if total
    )
    return Measured(ticks, notes=tuple(notes))


def _fitted(bads: Sequence[float], totals: Sequence[float]) -> tuple[list[float], float]:
    """Keep the bad events of each stretch between none and all, and return those that fit nowhere.

    What is too much or too little belongs to the stretches before: an event is corrected after it was counted, and
    may be scraped after the total that it is a part of.
    """
    kept: list[float] = []
    over = 0.0
    for bad, total in zip(reversed(bads), reversed(totals), strict=True):
        fits = min(max(bad + over, 0.0), total)
        over += bad - fits
        kept.append(fits)
    return kept[::-1], over


def _told(kept: Sequence[float], over: float, totals: Sequence[Count]) -> Iterator[str]:
    if abs(over) > _HAIR:
        yield "the part is more than the total, or less than nothing; it is cut to fit"
    if any(total is not None and total < 0 for total in totals):
        yield "the total was less than nothing in some stretches; those do not count"
    if any(not float(count).is_integer() for count in (*kept, *(total or 0.0 for total in totals))):
        yield "the queries give parts of events, as increase() does; the numbers are rounded estimates"


def _value(source: ValueSource, asking: Asking, stretches: Sequence[Stretch]) -> Measured:
    expr = parse(source.query.replace(WINDOW_PLACEHOLDER, "5m"))
    found = sampled(asking, expr, stretches)
    counts: dict[Stretch, list[int]] = {stretch: [0, 0] for stretch in stretches}
    known = 0
    for at_ms, bad in good_and_bad(found.samples, source.threshold):
        count = counts[within(stretches, at_ms)]
        count[0] += 1
        count[1] += bad
        known += 1
    notes = ["the value was taken once a minute"] if found.stepped else []
    if unknown := len(found.samples) - known:
        notes.append(f"{unknown} samples are NaN and no event")
    return Measured(
        tuple(Tick(stretch.end_ms, total, bad) for stretch, (total, bad) in counts.items() if total),
        notes=tuple(notes),
    )


def _newest_ms(query: str, server: PromServer, span: Span) -> int | None:
    """Return the time of the newest sample of a query: of the last day, or else since the span began."""
    expr = parse(query.replace(WINDOW_PLACEHOLDER, "5m"))
    days = -(-max(span.end_ms - span.begin_ms, 1) // DAY_MS)
    found = [
        _newest_of(replace(each, range_ms=None, offset_ms=0, at=None), server, days_before(span.end_ms, days))
        for each in selectors(expr)
    ]
    return max((newest for newest in found if newest is not None), default=None)


def _newest_of(selector: Selector, server: PromServer, days: Sequence[Stretch]) -> int | None:
    def seen_ms(at_ms: int) -> int | None:
        newest = server.instant(f"max(timestamp({render(selector)}))", at_ms)
        return round(newest[0].last * 1000) if newest else None

    now = seen_ms(days[-1].end_ms)
    if now is not None:
        return now
    place = next((day for day in reversed(days) if _has_any(selector, server, day)), None)
    while place and place.length_ms > _FINE_MS:
        earlier, later = place.halves
        place = later if _has_any(selector, server, later) else earlier
    # What has ended is not seen any more, but it was there in these few seconds.
    return (seen_ms(place.end_ms) or place.end_ms) if place else None


def _has_any(selector: Selector, server: PromServer, stretch: Stretch) -> bool:
    try:
        return bool(server.instant(f"count({over('last_over_time', selector, stretch.length_ms)})", stretch.end_ms))
    except TooMuchError:
        return True
