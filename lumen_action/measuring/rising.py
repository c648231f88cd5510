"""Events from counters: exact differences of each series, whole through restarts, births, deaths and gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lumen_action.measuring.asking import Asking, Bundle
from lumen_action.measuring.stretches import Stretch, bundles, days_before, within
from lumen_action.promql import render
from lumen_action.promql.tree import METRIC_NAME, Matcher, Selector
from lumen_action.promserver import Labels, Series
from lumen_action.slo.counting import Rise, Term, over, rise

Key = tuple[tuple[str, str], ...]
Reading = tuple[Selector, Stretch]
"""One series in a stretch, sample by sample."""
Base = dict[Key, float | None]
"""What each series had reached; None where its first sample tells."""

LOOK_BACK_DAYS = 7
# How many times the samples of a series in a stretch are read one by one: 150 kB for a day of scrapes each 15 s.
_MOST_READ = 400
# Within so long all that was there when a Prometheus began has been scraped.
_BEGINNING_MS = 300_000
_BEGIN_STEPS, _SHORTEST_STEP_MS = 1000, 15_000


@dataclass(frozen=True)
class Levels:
    """What the series of a selector were in a stretch: their last value, and their lowest where none fell within it."""

    stretch: Stretch
    last: Mapping[Key, float]
    lowest: Mapping[Key, float]
    labels: Mapping[Key, Labels] = field(repr=False)


@dataclass
class Seen:
    """What a reader of the counts has to know; a series that two queries count is seen once."""

    falls: dict[Reading, Rise] = field(default_factory=dict)
    estimated: set[Reading] = field(default_factory=set)
    begun_ms: int | None = None

    def notes(self, moment: Callable[[int], str]) -> Iterator[str]:
        """Yield it in words."""
        if self.begun_ms is not None:
            yield f"Prometheus knows nothing of it before {moment(self.begun_ms)}: it is counted from there"
        if restarts := sum(fall.restarts for fall in self.falls.values()):
            yield f"counters restarted {_times(restarts)}; nothing of what they had reached is lost"
        if dips := sum(fall.dips for fall in self.falls.values()):
            yield f"counters fell for a scrape or two {_times(dips)}; that was an older state and no restart"
        if self.estimated:
            yield (
                "counters restarted too often to read each of them: "
                f"increase() estimated {_times(len(self.estimated))} what one rose"
            )


class Counters:
    """Counters on one server, and what was seen of them."""

    def __init__(self, asking: Asking) -> None:
        """Take where to ask."""
        self.seen = Seen()
        self._asking = asking
        self._read: dict[Reading, list[float]] = {}

    def rises(self, queries: Sequence[Sequence[Term]], stretches: Sequence[Stretch]) -> list[list[float | None]]:
        """Return by how much each query rose in each stretch; None where none of its series had a value."""
        selectors = list(dict.fromkeys(term.selector for terms in queries for term in terms))
        levels = {selector: self._levels(selector, stretches) for selector in selectors}
        bases = self._bases(levels, stretches[0].begin_ms)
        rises = {
            selector: self._rises(selector, bases[selector], levels[selector], stretches) for selector in selectors
        }
        return [[_summed(terms, rises, place) for place in range(len(stretches))] for terms in queries]

    def _levels(self, selector: Selector, stretches: Sequence[Stretch]) -> list[Levels]:
        def ask(bundle: Bundle) -> list[Levels]:
            last = self._asking.over(lambda length: over("last_over_time", selector, length), bundle)
            lowest = self._asking.over(lambda length: _lowest(selector, length), bundle)
            return [
                Levels(
                    stretch,
                    {_key(series): series.last for series in last[stretch.end_ms]},
                    {_key(series): series.last for series in lowest[stretch.end_ms]},
                    {_key(series): series.labels for series in last[stretch.end_ms]},
                )
                for stretch in bundle
            ]

        return [each for answer in self._asking.halving(bundles(stretches), ask) for each in answer]

    def _bases(self, levels: Mapping[Selector, Sequence[Levels]], begin_ms: int) -> dict[Selector, Base]:
        """Return what every series had reached at the begin; further back only for those that seem to be new."""
        bases: dict[Selector, Base] = {}
        *older, day = days_before(begin_ms, LOOK_BACK_DAYS)
        for selector, its in levels.items():
            known = self._reached(selector, [day])
            if any(key not in known for each in its for key in each.last):
                known = self._reached(selector, older) | known
            bases[selector] = known
        if not any(bases.values()) and (begun_ms := self._begun_ms(levels)) is not None:
            self.seen.begun_ms = begun_ms
            stretch = Stretch(begin_ms, begun_ms + _BEGINNING_MS)
            bases = {selector: dict.fromkeys(self._reached(selector, [stretch])) for selector in levels}
        return bases

    def _reached(self, selector: Selector, stretches: Sequence[Stretch]) -> Base:
        def ask(bundle: Bundle) -> Base:
            (answer,) = self._asking.over(lambda length: over("last_over_time", selector, length), bundle).values()
            return {_key(series): series.last for series in answer}

        found: Base = {}
        for reached in self._asking.halving([(stretch,) for stretch in stretches], ask):
            found |= reached
        return found

    def _begun_ms(self, levels: Mapping[Selector, Sequence[Levels]]) -> int | None:
        """Return when the first series appeared, None where Prometheus was there before and saw its birth."""
        filled = [each.stretch for its in levels.values() for each in its if each.last]
        if not filled:
            return None
        first = min(filled, key=lambda stretch: stretch.begin_ms)
        step = max(_SHORTEST_STEP_MS, first.length_ms // _BEGIN_STEPS)
        text = " or ".join(f"count({render(selector)})" for selector in levels)
        counts = self._asking.server.range(text, first.begin_ms, first.end_ms, step)
        begun_ms = min((series.samples[0][0] for series in counts), default=first.begin_ms)
        watched = self._asking.server.instant("count(last_over_time(up[1d]))", begun_ms - _BEGINNING_MS)
        return None if watched else begun_ms

    def _rises(
        self, selector: Selector, reached: Base, levels: Sequence[Levels], stretches: Sequence[Stretch]
    ) -> list[float | None]:
        self._read_ahead(selector, levels)
        rises: dict[Stretch, float | None] = dict.fromkeys(stretches)
        for each in levels:
            risen = 0.0
            for key in each.last:
                one = self._rise(selector, each, key, reached)
                risen += one.by
                reached[key] = one.reached
            if each.last:
                stretch = within(stretches, each.stretch.end_ms)
                rises[stretch] = (rises[stretch] or 0.0) + risen
        return list(rises.values())

    def _rise(self, selector: Selector, levels: Levels, key: Key, reached: Base) -> Rise:
        """Return how much a series rose in a stretch; one that nobody knew before was born at 0."""
        last, lowest, base = levels.last[key], levels.lowest.get(key), reached.get(key, 0.0)
        if lowest is not None and (base is None or base <= lowest):
            return Rise(last - (lowest if base is None else base), last)
        reading = (_only(selector, levels.labels[key]), levels.stretch)
        values = self._samples(reading, key)
        if values is None:
            self.seen.estimated.add(reading)
            return Rise(self._estimate(reading, key), last)
        found = rise(values[0] if base is None and values else base or 0.0, values)
        self.seen.falls[reading] = found
        return found

    def _read_ahead(self, selector: Selector, levels: Sequence[Levels]) -> None:
        """Read the series that fell, some at once."""
        fallen = [
            ((_only(selector, each.labels[key]), each.stretch), key)
            for each in levels
            for key in each.last
            if key not in each.lowest
        ]
        room = max(0, _MOST_READ - len(self._read))
        new = [one for one in fallen if one[0] not in self._read]
        self._asking.all(new[:room], lambda one: self._samples(*one))

    def _samples(self, reading: Reading, key: Key) -> list[float] | None:
        """Return every value of a series in a stretch, None when too many were read already."""
        if reading not in self._read:
            if len(self._read) >= _MOST_READ:
                return None
            selector, stretch = reading
            begin_ms = stretch.begin_ms - selector.offset_ms
            text = render(replace(selector, range_ms=stretch.length_ms))
            self._read[reading] = [
                value
                for series in self._asking.server.instant(text, stretch.end_ms)
                if _key(series) == key
                for at_ms, value in series.samples
                if at_ms > begin_ms
            ]
        return self._read[reading]

    def _estimate(self, reading: Reading, key: Key) -> float:
        selector, stretch = reading
        found = self._asking.server.instant(over("increase", selector, stretch.length_ms), stretch.end_ms)
        return next((series.last for series in found if _key(series) == key), 0.0)


def _summed(terms: Sequence[Term], rises: Mapping[Selector, Sequence[float | None]], place: int) -> float | None:
    known = [term.sign * risen for term in terms if (risen := rises[term.selector][place]) is not None]
    return sum(known) if known else None


def _lowest(selector: Selector, length_ms: int) -> str:
    return f"{over('min_over_time', selector, length_ms)} unless {over('resets', selector, length_ms)} > 0"


def _only(selector: Selector, labels: Labels) -> Selector:
    """Return what selects one series, and those that have more labels than it."""
    matchers = tuple(Matcher(name, "=", value) for name, value in labels.items() if name != METRIC_NAME)
    return replace(selector, name=labels.get(METRIC_NAME, selector.name), matchers=matchers)


def _key(series: Series) -> Key:
    return tuple(sorted((name, value) for name, value in series.labels.items() if name != METRIC_NAME))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
