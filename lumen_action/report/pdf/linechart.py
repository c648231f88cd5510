"""Lines over time: gaps stay gaps, the line of zero is seen, and the last values stand beside their ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TypeGuard

from lumen_action.report.document import Line, LineChart, Tone
from lumen_action.report.pdf.axes import (
    KEY,
    TICK,
    Scale,
    begin,
    frame,
    key_height,
    names_below,
    put_key,
    said,
    ticks_between,
)
from lumen_action.report.pdf.flow import Flow
from lumen_action.report.pdf.looks import INKS, PALETTE, RIGHT
from lumen_action.report.pdf.marks import Path, Words, stroke
from lumen_action.report.pdf.shapes import DASHES, marker

HEIGHT = 130.0
_WIDEST_END = 60.0
_MOST_MARKERS = 12
_BEYOND = 1e12
_END_LEADING = 8.5
_BESIDE = 8.0


def put_line_chart(flow: Flow, chart: LineChart) -> None:
    """Put a chart below what stands already."""
    names = [line.name for line in chart.lines]
    begin(flow, chart, HEIGHT + TICK.leading + KEY.leading + key_height(flow, names))
    values = [value for line in chart.lines for value in line.values if known(value)]
    high = max([*values, 100.0 if chart.unit == "%" else 1.0])
    scale = Scale(ticks_between(min([*values, 0.0]), high), flow.y, HEIGHT)
    inks = _inks(chart.lines)
    ends = _ends(flow, chart, inks)
    right = RIGHT - max((flow.length(text, TICK) for _, text, _ in ends), default=0.0) - _BESIDE
    left = frame(flow, scale, right, chart.unit)
    count = max([len(chart.x_labels), *(len(line.values) for line in chart.lines)])
    across = [left + (right - left) * step / max(count - 1, 1) for step in range(count)]
    for number, (line, ink) in enumerate(zip(chart.lines, inks, strict=True)):
        _put_line(flow, line, number, ink, across, scale)
    _put_ends(flow, ends, right, scale)
    flow.y += HEIGHT
    marked = chart.marked or range(len(chart.x_labels))
    names_below(flow, [chart.x_labels[at] for at in marked], [across[at] for at in marked], flow.y)
    flow.y += TICK.leading + KEY.leading * 0.75
    put_key(
        flow,
        names,
        [
            [stroke((-8, 0), (8, 0), ink, 1.4, DASHES[number % len(DASHES)]), marker(number, (0, 0), 2.4, ink)]
            for number, ink in enumerate(inks)
        ],
    )


def known(value: float | None) -> TypeGuard[float]:
    """Tell whether there is something that can be drawn."""
    return value is not None and abs(value) < _BEYOND


def spread(wished: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Return places near the wished ones, in the same order, that do not collide and stay between two bounds."""
    order = sorted(range(len(wished)), key=lambda at: wished[at])
    places = [0.0] * len(wished)
    taken = low - apart
    for at in order:
        taken = places[at] = max(wished[at], taken + apart)
    above = high + apart
    for at in reversed(order):
        above = places[at] = min(places[at], above - apart)
    return places


def _inks(lines: Sequence[Line]) -> list[str]:
    """Return the colours of how the lines stand, where these tell them apart."""
    tones = [line.tone for line in lines]
    if len(set(tones)) == len(tones):
        return [PALETTE[0] if tone is Tone.PLAIN else INKS[tone] for tone in tones]
    return [PALETTE[number % len(PALETTE)] for number in range(len(lines))]


def _put_line(flow: Flow, line: Line, number: int, ink: str, across: Sequence[float], scale: Scale) -> None:
    places = [(x, scale.y(value)) if known(value) else None for x, value in zip(across, line.values, strict=False)]
    for there, group in groupby(places, key=lambda place: place is not None):
        run = tuple(place for place in group if place is not None)
        if there and len(run) > 1:
            flow.put(Path(run, ink=ink, width=1.4, dash=tuple(DASHES[number % len(DASHES)])))
    every = math.ceil(len(places) / _MOST_MARKERS) or 1
    for at, place in enumerate(places):
        alone = place is not None and not any(places[max(at - 1, 0) : at] + places[at + 1 : at + 2])
        if place is not None and (alone or at % every == 0 or at == len(places) - 1):
            flow.put(marker(number, place, 2.2, ink))


def _ends(flow: Flow, chart: LineChart, inks: Sequence[str]) -> list[tuple[float, str, str]]:
    """Return the last known value of every line, in figures and in words, with its colour."""
    lasts = [next((value for value in reversed(line.values) if known(value)), None) for line in chart.lines]
    return [
        (last, flow.fitted(f"{said(last)} {chart.unit}".strip(), TICK, _WIDEST_END), ink)
        for last, ink in zip(lasts, inks, strict=True)
        if known(last)
    ]


def _put_ends(flow: Flow, ends: Sequence[tuple[float, str, str]], right: float, scale: Scale) -> None:
    """Put the last values at the right of the field."""
    wished = [scale.y(value) for value, _, _ in ends]
    places = spread(wished, _END_LEADING, scale.top, scale.top + scale.height)
    for (_, text, ink), y in zip(ends, places, strict=True):
        flow.put(Words((right + _BESIDE, y + 2.5), text, TICK.size, ink))
