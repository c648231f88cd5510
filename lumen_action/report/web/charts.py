"""Charts as SVG that needs no script: once broad and once small, of which a page shows the one that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lumen_action.report.document import BarChart, Cell, Line, LineChart, Stack, Table, Tone
from lumen_action.report.web.plane import NARROW, WIDE, Plane, Size, apart, room, shown_labels, steps
from lumen_action.report.web.shell import text

_SIZES = (WIDE, NARROW)
_DASHES = ("", "7 5", "2 4", "10 4 2 4")
_MARKS = (
    '<circle cx="{x}" cy="{y}" r="4.5"/>',
    '<path d="M{x} {y}m-4.5-4.5h9v9h-9z"/>',
    '<path d="M{x} {y}m0-6l5.5 9.5h-11z"/>',
    '<path d="M{x} {y}m0-6l6 6l-6 6l-6-6z"/>',
)
_TEXTURES = (
    "",
    '<path d="M0 0V6" stroke-width="3"/>',
    '<circle cx="3" cy="3" r="1.5"/>',
    '<path d="M0 3H6" stroke-width="2.4"/>',
)
_FIRST_TEXTURE: Mapping[Tone, int] = {Tone.BAD: 1, Tone.WARN: 2, Tone.IDLE: 3}
_SLANTED = ' patternTransform="rotate(45)"'
_WHOLE = 100.0
_LEAST_SEEN = 3.0
_WIDEST_BAR = 44.0
_MOST_TOTALS = 14
_LONGEST_NAME = 22
_LONGEST_LABEL = 20
_NAME = 80
_SAYS = 1000


def drawing(chart: LineChart | BarChart, key: str) -> str:
    """Return the legend and both drawings of a chart; `key` makes what they are called by unique on a page."""
    return _line_drawing(chart, key) if isinstance(chart, LineChart) else _bar_drawing(chart, key)


def shows(chart: LineChart | BarChart) -> bool:
    """Tell whether there is anything to draw."""
    if isinstance(chart, LineChart):
        return any(value is not None for line in chart.lines for value in line.values)
    return any(value for stack in chart.stacks for value in stack.values)


def numbers(chart: LineChart | BarChart) -> Table:
    """Return what a chart shows as a table."""
    unit, parts = (chart.unit, chart.lines) if isinstance(chart, LineChart) else ("", chart.stacks)
    rows = tuple(
        (Cell(label), *(Cell(amount(part.values[index], unit), number=True) for part in parts))
        for index, label in enumerate(chart.x_labels)
    )
    return Table(chart.title, ("", *(part.name for part in parts)), rows)


def amount(value: float | None, unit: str) -> str:
    """Return a value with at most one decimal and its unit; nothing for none."""
    if value is None:
        return ""
    number = f"{round(value, 1) + 0:,.1f}".removesuffix(".0").replace("-", "\u2212")
    return f"{number} {unit}" if unit else number


def _line_drawing(chart: LineChart, key: str) -> str:
    legend = "".join(
        f'<li><svg class="{line.tone.value}" viewBox="0 0 34 12" width="34" height="12">'
        f'<path class="line" d="M1 6H33"{_dash(index)}/>{_mark(index, 17, 6)}</svg>{text(line.name)}</li>'
        for index, line in enumerate(chart.lines)
    )
    drawn = "".join(_framed(chart, key, size, "".join(_lines(chart, size))) for size in _SIZES)
    return (f'<ul class="legend small" aria-hidden="true">{legend}</ul>\n' if len(chart.lines) > 1 else "") + drawn


def _bar_drawing(chart: BarChart, key: str) -> str:
    textures = [f"{key}-{index}" for index in range(len(chart.stacks))]
    patterns = "".join(map(_pattern, textures, chart.stacks, _texture_of(chart.stacks)))
    legend = "".join(
        f'<li><svg viewBox="0 0 14 14" width="14" height="14">'
        f'<rect x="1" y="1" width="12" height="12" class="bar {stack.tone.value}" fill="url(#{texture})"/></svg>'
        f"{text(stack.name)}</li>"
        for texture, stack in zip(textures, chart.stacks, strict=True)
    )
    drawn = "".join(_framed(chart, key, size, "".join(_bars(chart, size, textures))) for size in _SIZES)
    # A pattern inside a drawing that is not shown would be gone for the other one too.
    return (
        f'<svg class="unseen" aria-hidden="true" width="0" height="0"><defs>{patterns}</defs></svg>'
        f'<ul class="legend" aria-hidden="true">{legend}</ul>\n{drawn}'
    )


def _framed(chart: LineChart | BarChart, key: str, size: Size, inner: str) -> str:
    name = f"{key}-{size.name}"
    return (
        f'<svg class="drawing {size.name}" viewBox="0 0 {_at(size.width)} {_at(size.height)}" role="img" '
        f'aria-labelledby="{name}-title {name}-says"><title id="{name}-title">{text(chart.title, _NAME)}</title>'
        f'<desc id="{name}-says">{text(chart.says, _SAYS)}</desc>'
        f'<g font-size="{_at(size.letters)}">{inner}</g></svg>\n'
    )


# Lines


@dataclass(frozen=True)
class _End:
    """Where a line ends, and what stands beside that."""

    index: int
    line: Line
    x: float
    y: float
    label: str


def _lines(chart: LineChart, size: Size) -> Iterator[str]:
    known = [value for line in chart.lines for value in line.values if value is not None]
    whole = _WHOLE if chart.unit == "%" else 0.0
    ticks = steps(min([0.0, *known]), max([whole, *known]))
    labels = [(line, _end_label(line, chart.unit, size, len(chart.lines))) for line in chart.lines]
    plane = _plane(
        size, ticks, chart.unit, right=16 + max((room(label, size.letters) for _, label in labels), default=0)
    )
    count = len(chart.x_labels)
    distance = (plane.right - plane.left) / max(1, count - 1)
    places = [plane.left + index * distance for index in range(count)] if count > 1 else [plane.right]
    yield from _axes(plane, size, ticks, chart.unit)
    marked = chart.marked or range(count)
    yield from _below(plane, size, [places[at] for at in marked], [chart.x_labels[at] for at in marked])
    ends = []
    for index, (line, label) in enumerate(labels):
        points = [None if value is None else (x, plane.up(value)) for x, value in zip(places, line.values, strict=True)]
        runs = list(_runs(points))
        if len(chart.lines) == 1:
            yield from (_area(run, plane.up(0), line.tone) for run in runs if len(run) > 1)
        path = "".join(f"M{'L'.join(f'{_at(x)} {_at(y)}' for x, y in run)}" for run in runs if len(run) > 1)
        yield f'<path class="line {line.tone.value}" d="{path}"{_dash(index)}/>' if path else ""
        yield from (
            f'<circle class="dot {line.tone.value}" cx="{_at(x)}" cy="{_at(y)}" r="2.5"/>'
            for run in runs
            if len(run) == 1
            for x, y in run
        )
        if runs:
            x, y = runs[-1][-1]
            ends.append(_End(index, line, x, y, label))
    heights = apart([end.y for end in ends], size.letters * 1.3, plane.top, plane.bottom)
    for end, height in zip(ends, heights, strict=True):
        yield f'<g class="dot {end.line.tone.value}">{_mark(end.index, end.x, end.y)}</g>'
        yield (
            f'<text class="end-label {end.line.tone.value}" x="{_at(plane.right + 12)}" '
            f'y="{_at(height + size.letters * 0.35)}">{text(end.label)}</text>'
        )


def _end_label(line: Line, unit: str, size: Size, lines: int) -> str:
    last = next((value for value in reversed(line.values) if value is not None), None)
    if last is None:
        return ""
    name = line.name if len(line.name) <= _LONGEST_NAME else f"{line.name[: _LONGEST_NAME - 1]}…"
    return f"{amount(last, unit)} {name}" if lines > 1 and size is WIDE else amount(last, unit)


def _runs(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """Yield what lies between two gaps."""
    run: list[tuple[float, float]] = []
    for point in [*points, None]:
        if point is not None:
            run.append(point)
        elif run:
            yield run
            run = []


def _area(run: Sequence[tuple[float, float]], zero: float, tone: Tone) -> str:
    line = "L".join(f"{_at(x)} {_at(y)}" for x, y in run)
    return f'<path class="area {tone.value}" d="M{_at(run[0][0])} {_at(zero)}L{line}V{_at(zero)}z"/>'


def _dash(index: int) -> str:
    dash = _DASHES[index % len(_DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _mark(index: int, x: float, y: float) -> str:
    return _MARKS[index % len(_MARKS)].format(x=_at(x), y=_at(y))


# Bars


def _bars(chart: BarChart, size: Size, textures: Sequence[str]) -> Iterator[str]:
    totals = [sum(stack.values[index] for stack in chart.stacks) for index in range(len(chart.x_labels))]
    ticks = steps(0, max([1, chart.reach, *totals]), whole=True)
    plane = _plane(size, ticks, "", right=4)
    band = (plane.right - plane.left) / max(1, len(totals))
    width = min(_WIDEST_BAR, band * 0.72)
    places = [plane.left + (index + 0.5) * band for index in range(len(totals))]
    yield from _axes(plane, size, ticks, "")
    yield from _below(plane, size, places, chart.x_labels)
    reached = [plane.up(0)] * len(totals)
    for texture, stack in zip(textures, chart.stacks, strict=True):
        path = ""
        for index, value in enumerate(stack.values):
            if value > 0:
                # One failure among hundreds of runs has to be seen.
                height = max(_LEAST_SEEN, plane.up(0) - plane.up(value))
                reached[index] -= height
                path += (
                    f"M{_at(places[index] - width / 2)} {_at(reached[index])}h{_at(width)}v{_at(height)}h-{_at(width)}z"
                )
        yield f'<path class="bar {stack.tone.value}" fill="url(#{texture})" d="{path}"/>' if path else ""
    for place, top, total in zip(places, reached, totals, strict=True):
        label = f"{total:,}"
        if total and len(totals) <= _MOST_TOTALS and room(label, size.letters) + 4 < band:
            yield f'<text class="middle" x="{_at(place)}" y="{_at(top - 5)}">{label}</text>'


def _texture_of(stacks: Sequence[Stack]) -> list[int]:
    """Return a texture for each stack: none twice in one tone."""
    tones = [stack.tone for stack in stacks]
    return [
        (_FIRST_TEXTURE.get(tone, 0) + tones[:index].count(tone)) % len(_TEXTURES) for index, tone in enumerate(tones)
    ]


def _pattern(name: str, stack: Stack, texture: int) -> str:
    return (
        f'<pattern id="{name}" class="bar {stack.tone.value}" width="6" height="6" patternUnits="userSpaceOnUse"'
        f'{_SLANTED if texture == 1 else ""}><rect width="6" height="6"/>{_TEXTURES[texture]}</pattern>'
    )


# What both have


def _plane(size: Size, ticks: Sequence[float], unit: str, *, right: float) -> Plane:
    left = max(room(amount(tick, unit), size.letters) for tick in ticks) + 8
    return Plane(left, size.width - right, size.letters * 1.5, size.height - size.letters * 2.3, ticks[0], ticks[-1])


def _axes(plane: Plane, size: Size, ticks: Sequence[float], unit: str) -> Iterator[str]:
    across = _at(plane.right - plane.left)
    grid = "".join(f"M{_at(plane.left)} {_at(plane.up(tick))}h{across}" for tick in ticks if tick)
    yield f'<path class="grid" d="{grid}"/><path class="zero" d="M{_at(plane.left)} {_at(plane.up(0))}h{across}"/>'
    for tick in ticks:
        y = plane.up(tick) + size.letters * 0.35
        yield f'<text class="end" x="{_at(plane.left - 6)}" y="{_at(y)}">{text(amount(tick, unit))}</text>'


def _below(plane: Plane, size: Size, places: Sequence[float], labels: Sequence[str]) -> Iterator[str]:
    short = [label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…" for label in labels]
    distance = places[1] - places[0] if len(places) > 1 else plane.right - plane.left
    for index in shown_labels(short, distance, size.letters):
        half = room(short[index], size.letters) / 2
        x = min(max(places[index], half), size.width - half)
        yield (
            f'<text class="middle" x="{_at(x)}" y="{_at(size.height - size.letters * 0.6)}">{text(short[index])}</text>'
        )


def _at(number: float) -> str:
    return f"{round(number, 1) + 0:.1f}".removesuffix(".0")
