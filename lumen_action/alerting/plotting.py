"""A drawing of a simulation: how soon trouble is paged, and how often a healthy pipeline is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from lumen_action.alerting.simulating import Alarms, Detection, Simulation

_NAMES = {"ours": "Lumen", "usual": "usual windows"}
_WIDTH, _HEIGHT = 980, 440
_TOP, _BOTTOM = 112, 376
_LEFT_PANEL, _RIGHT_PANEL = (64, 456), (576, 916)
_GOOD_PAGES = 0.2
_FEWEST_PAGES, _MOST_PAGES = 0.01, 100.0
_PAGE_TICKS = ((0.01, "≤ 0.01"), (0.1, "0.1"), (1, "1"), (10, "10"), (100, "100"))
_SHARES = (0, 25, 50, 75, 100)
_FEWEST_RUNS_SHOWN = 10

_STYLE = """
svg { --back: #ffffff; --ink: #1b1f24; --faint: #5d6672; --grid: #dfe3e8; --ours: #0b63c5; --usual: #b4460f }
@media (prefers-color-scheme: dark) {
  svg { --back: #12161b; --ink: #e8ebef; --faint: #a3adba; --grid: #2e3640; --ours: #6db3ff; --usual: #ff9a5c }
}
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink) }
.title { font-size: 19px; font-weight: 600 } .panel { font-size: 15px; font-weight: 600 } .faint { fill: var(--faint) }
.back { fill: var(--back) } .grid { stroke: var(--grid) } .good { stroke: var(--faint); stroke-dasharray: 2 4 }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round } .burn { stroke-dasharray: 7 5 }
.ours { stroke: var(--ours) } .usual { stroke: var(--usual) }
.dot.ours { fill: var(--ours) } .dot.usual { fill: var(--usual) }
.hollow { fill: var(--back); stroke-width: 2.5 }
.end { text-anchor: end } .middle { text-anchor: middle }
"""

Scale = Callable[[float], float]
"""Says where a value stands in the drawing."""


def svg(simulation: Simulation, by_frequency: Mapping[int, Mapping[str, Alarms]]) -> str:
    """Draw how soon trouble is paged, and how often healthy pipelines of other frequencies are."""
    pipeline = simulation.pipeline
    regions = "" if pipeline.regions == 1 else f" in {pipeline.regions} regions"
    title = f"{pipeline.runs_per_day} runs a day{regions}, target {_percent(pipeline.target)}"
    frequencies = {**by_frequency, pipeline.runs_per_day: simulation.healthy}
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title what">',
            f'<title id="title">Alerts of a pipeline with {title}</title>',
            f'<desc id="what">{_described(simulation)}</desc>',
            f"<style>{_STYLE}</style>",
            f'<rect class="back" width="{_WIDTH}" height="{_HEIGHT}"/>',
            f'<text class="title" x="24" y="36">{title}</text>',
            *_legend(simulation),
            *_detection_panel(simulation),
            *_frequency_panel(simulation, dict(sorted(frequencies.items()))),
            "</svg>\n",
        ]
    )


def _described(simulation: Simulation) -> str:
    ours, usual = (simulation.healthy[rules].page.mean for rules in _NAMES)
    outage = ", ".join(
        f"{name} after {page.runs.mean:.1f} runs" if page.runs else f"{name} never"
        for name, page in ((name, simulation.outage[rules].page) for rules, name in _NAMES.items())
    )
    return (
        f"While {_percent(simulation.pipeline.healthy_rate)} of the runs fail, half of what the target allows, Lumen "
        f"pages {ours:.2f} times a month and the usual windows {usual:.2f} times. An outage is paged by {outage}."
    )


def _legend(simulation: Simulation) -> Iterator[str]:
    kinds = [("ours", "", "Lumen, outage"), ("usual", "", "usual windows, outage")]
    if simulation.burn:
        rate = _percent(simulation.failure_rate)
        kinds = [*kinds, ("ours", " burn", f"Lumen, {rate} fail"), ("usual", " burn", f"usual windows, {rate} fail")]
    at = 24
    for rules, burn, name in kinds:
        yield f'<path class="line {rules}{burn}" d="M{at} 58h30"/><text x="{at + 38}" y="62">{name}</text>'
        at += 62 + 7 * len(name)


def _detection_panel(simulation: Simulation) -> Iterator[str]:
    burns = [("", simulation.outage), *([(" burn", simulation.burn)] if simulation.burn else [])]
    pages = [(rules, burn, told[rules].page) for burn, told in burns for rules in reversed(_NAMES)]
    most = max([_FEWEST_RUNS_SHOWN, *(page.each[-1] for _, _, page in pages if page.each)])
    across = _logarithmic((1, most), _LEFT_PANEL)
    up = _linear((0, 100), (_BOTTOM, _TOP))
    yield from _frame(
        _LEFT_PANEL,
        "Chance that a page has come, after so many runs",
        "runs since it began",
        [(across(tick), f"{tick:,}") for tick in _decades(most)],
        [(up(share), f"{share} %") for share in _SHARES],
    )
    for rules, burn, page in pages:
        yield f'<path class="line {rules}{burn}" d="{_steps(page, most, across, up)}"/>'


def _steps(page: Detection, most: int, across: Scale, up: Scale) -> str:
    """Return the path of the share of burns that are paged."""
    begin, *later = sorted({1, *page.each})
    steps = (f"H{across(runs):.1f}V{up(100 * page.share_within(runs)):.1f}" for runs in later)
    return f"M{across(begin):.1f} {up(100 * page.share_within(begin)):.1f}{''.join(steps)}H{across(most):.1f}"


def _frequency_panel(simulation: Simulation, frequencies: Mapping[int, Mapping[str, Alarms]]) -> Iterator[str]:
    own = simulation.pipeline.runs_per_day
    across = _logarithmic((min(frequencies), max(frequencies)), _RIGHT_PANEL)
    level = _logarithmic((_FEWEST_PAGES, _MOST_PAGES), (_BOTTOM, _TOP))

    def up(pages: float) -> float:
        return level(min(_MOST_PAGES, max(_FEWEST_PAGES, pages)))

    yield from _frame(
        _RIGHT_PANEL,
        f"False pages a month while {_percent(simulation.pipeline.healthy_rate)} fail, by frequency",
        "runs a day (hollow: yours)",
        _apart([(across(runs), str(runs)) for runs in frequencies]),
        [(up(pages), name) for pages, name in _PAGE_TICKS],
    )
    left, right = _RIGHT_PANEL
    yield f'<path class="good" d="M{left} {up(_GOOD_PAGES):.1f}H{right}"/>'
    yield f'<text class="faint" x="{right + 10}" y="{up(_GOOD_PAGES) + 4:.1f}">{_GOOD_PAGES}</text>'
    for rules in reversed(_NAMES):
        points = [(runs, across(runs), up(told[rules].page.mean)) for runs, told in frequencies.items()]
        yield f'<path class="line {rules}" d="M' + "L".join(f"{x:.1f} {y:.1f}" for _, x, y in points) + '"/>'
        for runs, x, y in points:
            kind = "hollow" if runs == own else "dot"
            pages = frequencies[runs][rules].page.mean
            told = f"{_NAMES[rules]}, {runs} runs a day: {pages:.2f} false pages a month"
            yield f'<circle class="{kind} {rules}" cx="{x:.1f}" cy="{y:.1f}" r="5"><title>{told}</title></circle>'


def _frame(
    panel: tuple[int, int],
    title: str,
    below: str,
    across: Iterable[tuple[float, str]],
    up: Iterable[tuple[float, str]],
) -> Iterator[str]:
    """Yield a panel's title, grid and scales."""
    left, right = panel
    yield f'<text class="panel" x="{left - 40}" y="{_TOP - 18}">{title}</text>'
    for y, name in up:
        yield f'<path class="grid" d="M{left} {y:.1f}H{right}"/>'
        yield f'<text class="faint end" x="{left - 8}" y="{y + 4:.1f}">{name}</text>'
    for x, name in across:
        yield f'<path class="grid" d="M{x:.1f} {_BOTTOM}v6"/>'
        yield f'<text class="faint middle" x="{x:.1f}" y="{_BOTTOM + 22}">{name}</text>'
    yield f'<text class="faint middle" x="{(left + right) / 2:.0f}" y="{_BOTTOM + 48}">{below}</text>'


def _decades(most: int) -> Iterator[int]:
    """Yield 1, 3, 10, 30 and so on."""
    tick = 1
    while tick <= most:
        yield tick
        if 3 * tick <= most:
            yield 3 * tick
        tick *= 10


def _apart(ticks: Sequence[tuple[float, str]], room: float = 26) -> Iterator[tuple[float, str]]:
    """Yield the ticks whose names do not run into the one before."""
    last = -math.inf
    for x, name in ticks:
        if x - last >= room:
            yield x, name
            last = x


def _linear(values: tuple[float, float], places: tuple[float, float]) -> Scale:
    (low, high), (start, end) = values, places
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _logarithmic(values: tuple[float, float], places: tuple[float, float]) -> Scale:
    scale = _linear((math.log(values[0]), math.log(values[1])), places)
    return lambda value: scale(math.log(value))


def _percent(share: float) -> str:
    return f"{100 * share:.6g} %"
