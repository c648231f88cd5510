"""What both charts have: a field with level lines, names below, a key beside its sign, and the same in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lumen_action.report.document import BarChart, LineChart
from lumen_action.report.pdf.flow import Flow, Type
from lumen_action.report.pdf.looks import BODY, LEFT, LINE, RIGHT, SMALL, SOFT, WIDTH
from lumen_action.report.pdf.marks import Drawing, Words, moved, stroke

TICK = Type(7.0, SOFT)
KEY = Type(SMALL)
_KEY_SIGN = 16.0
_MOST_STEPS = 5
_AIR = 8.0
_APART = 4.0


@dataclass(frozen=True)
class Scale:
    """Values with the level lines that they are read from; the first and the last line bound the field."""

    ticks: tuple[float, ...]
    top: float
    height: float

    def y(self, value: float) -> float:
        """Return how far down a value stands."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.top + self.height * (high - value) / (high - low)


def ticks_between(low: float, high: float) -> tuple[float, ...]:
    """Return round values, a step of 1, 2 or 5 apart, that hold both and, as both may be equal, never only one."""
    reach = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(reach / _MOST_STEPS))
    step = next(size * power for size in (1, 2, 5, 10) if reach / (size * power) <= _MOST_STEPS)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    return tuple(number * step for number in range(first, last + 1))


def said(value: float) -> str:
    """Return a value with at most one decimal, as the page has it."""
    return f"{round(value, 1) + 0:,.1f}".removesuffix(".0")


def begin(flow: Flow, chart: LineChart | BarChart, height: float) -> None:
    """Put the title and the chart in words, where the field will fit below on the same page."""
    title, words = Type(BODY, bold=True), Type(SMALL, SOFT)
    above = [(text, kind, most) for text, kind, most in ((chart.title, title, 2), (chart.says, words, 6)) if text]
    flow.need(
        sum(len(flow.lines(text, kind, WIDTH, most)) * kind.leading for text, kind, most in above) + _AIR + height
    )
    for text, kind, most in above:
        flow.text(text, kind, most=most)
    flow.y += _AIR


def frame(flow: Flow, scale: Scale, right: float, unit: str) -> float:
    """Put the level lines with their values, that of zero the strong one; return where the field begins."""
    texts = [flow.drawable(f"{said(value)} {unit}".strip(), TICK) for value in scale.ticks]
    left = LEFT + max(flow.length(text, TICK) for text in texts) + 5
    for value, text in zip(scale.ticks, texts, strict=True):
        zero = value == 0
        y = scale.y(value)
        flow.put(stroke((left, y), (right, y), SOFT if zero else LINE, 0.9 if zero else 0.5))
        flow.put(Words((left - 5 - flow.length(text, TICK), y + 2.5), text, TICK.size, TICK.ink))
    return left


def names_below(flow: Flow, names: Sequence[str], middles: Sequence[float], y: float) -> None:
    """Put as many names as fit below their places, the first always."""
    texts = [flow.fitted(name, TICK, 70.0) for name in names]
    apart = middles[1] - middles[0] if len(middles) > 1 else WIDTH
    widest = max((flow.length(text, TICK) for text in texts), default=0.0) + _APART
    free = LEFT
    every = max(1, math.ceil(widest / max(apart, 0.1)))
    for text, middle in list(zip(texts, middles, strict=True))[::every]:
        length = flow.length(text, TICK)
        x = min(max(middle - length / 2, LEFT), RIGHT - length)
        if x >= free:
            flow.put(Words((x, y + TICK.size + 6), text, TICK.size, TICK.ink))
            free = x + length + _APART


def key_height(flow: Flow, names: Sequence[str]) -> float:
    """Return how much room the key takes."""
    return len(_key_rows(flow, names)) * KEY.leading


def put_key(flow: Flow, names: Sequence[str], signs: Sequence[Sequence[Drawing]]) -> None:
    """Put every name behind its sign, which was drawn as if its middle were at (0, 0)."""
    for row in _key_rows(flow, names):
        for number, x, text in row:
            flow.put(*(moved(mark, x + _KEY_SIGN / 2, flow.y + KEY.leading / 2) for mark in signs[number]))
            flow.put(*flow.line(text, (x + _KEY_SIGN + 4, flow.y), KEY))
        flow.y += KEY.leading


def _key_rows(flow: Flow, names: Sequence[str]) -> list[list[tuple[int, float, str]]]:
    rows: list[list[tuple[int, float, str]]] = [[]]
    x = LEFT
    for number, name in enumerate(names):
        text = flow.fitted(name, KEY, WIDTH / 2)
        length = _KEY_SIGN + 4 + flow.length(text, KEY)
        if rows[-1] and x + length > RIGHT:
            rows.append([])
            x = LEFT
        rows[-1].append((number, x, text))
        x += length + 14
    return rows
