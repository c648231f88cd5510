"""Stacked bars: what is in them is told by how they are filled, and how much by the number above."""

from __future__ import annotations

from collections.abc import Sequence

from lumen_action.report.document import BarChart, Stack
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
from lumen_action.report.pdf.looks import FILLS, RIGHT
from lumen_action.report.pdf.marks import Words
from lumen_action.report.pdf.shapes import filling

HEIGHT = 96.0
_WIDEST_BAR = 34.0
_ABOVE = 9.0


def put_bar_chart(flow: Flow, chart: BarChart) -> None:
    """Put a chart below what stands already."""
    names = [stack.name for stack in chart.stacks]
    begin(flow, chart, _ABOVE + HEIGHT + TICK.leading + KEY.leading + key_height(flow, names))
    count = len(chart.x_labels)
    totals = [sum(_value(stack, at) for stack in chart.stacks) for at in range(count)]
    flow.y += _ABOVE
    scale = Scale(_whole_ticks(max([*totals, chart.reach, 1])), flow.y, HEIGHT)
    left = frame(flow, scale, RIGHT, "")
    apart = (RIGHT - left) / max(count, 1)
    width = min(apart * 0.7, _WIDEST_BAR)
    middles = [left + apart * (at + 0.5) for at in range(count)]
    for at, middle in enumerate(middles):
        _put_bar(flow, chart.stacks, at, (middle - width / 2, width), scale)
    _put_totals(flow, totals, middles, apart, scale)
    flow.y += HEIGHT
    names_below(flow, chart.x_labels, middles, flow.y)
    flow.y += TICK.leading + KEY.leading * 0.75
    put_key(
        flow,
        names,
        [filling(number, (-7, -3.5), 14, 7, FILLS[stack.tone]) for number, stack in enumerate(chart.stacks)],
    )


def _value(stack: Stack, at: int) -> int:
    return max(stack.values[at], 0) if at < len(stack.values) else 0


def _whole_ticks(high: int) -> tuple[float, ...]:
    """Return level lines for counts: there are no halves."""
    ticks = ticks_between(0, high)
    return ticks if all(tick == round(tick) for tick in ticks) else tuple(map(float, range(high + 1)))


def _put_bar(flow: Flow, stacks: Sequence[Stack], at: int, place: tuple[float, float], scale: Scale) -> None:
    x, width = place
    below = 0
    for number, stack in enumerate(stacks):
        value = _value(stack, at)
        if value:
            top, bottom = scale.y(below + value), scale.y(below)
            flow.put(*filling(number, (x, top), width, bottom - top, FILLS[stack.tone]))
            below += value


def _put_totals(flow: Flow, totals: Sequence[int], middles: Sequence[float], apart: float, scale: Scale) -> None:
    texts = [flow.drawable(said(total), TICK) if total else "" for total in totals]
    if max((flow.length(text, TICK) for text in texts), default=0.0) + 2 > apart:
        return
    for text, total, middle in zip(texts, totals, middles, strict=True):
        if text:
            x = middle - flow.length(text, TICK) / 2
            flow.put(Words((x, scale.y(total) - 2.5), text, TICK.size, TICK.ink))
