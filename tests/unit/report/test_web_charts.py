"""A chart's axis has even steps with zero, its labels do not touch, and what is drawn is what is counted."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outline import Outline

from lumen_action.report.document import BarChart, Line, LineChart, Stack, Tone
from lumen_action.report.web.charts import amount, drawing, numbers
from lumen_action.report.web.plane import NARROW, WIDE, apart, room, shown_labels, steps

MONTH = tuple(f"3-{day}" for day in range(1, 32))
finite = st.floats(-1e9, 1e9, allow_nan=False)


@given(finite, finite)
def test_an_axis_reaches_over_all_values_in_even_steps_with_zero(one: float, other: float) -> None:
    low, high = min(one, other, 0.0), max(one, other, 0.0)
    ticks = steps(low, high)
    assert ticks[0] <= low + 1e-9
    assert ticks[-1] >= high - 1e-9
    assert 2 <= len(ticks) <= 7
    assert 0 in ticks


@given(st.integers(0, 10**9))
def test_an_axis_of_counts_has_whole_steps(most: int) -> None:
    ticks = steps(0, max(1, most), whole=True)
    assert all(tick == int(tick) for tick in ticks)
    assert ticks[-1] >= most


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, (0, 20, 40, 60, 80, 100)),
        (-166.7, 100, (-200, -100, 0, 100)),
        (0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0, 8, (0, 2, 4, 6, 8)),
    ],
)
def test_axes_that_people_would_draw(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert [round(tick, 9) for tick in steps(low, high)] == list(expected)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=40), st.floats(2, 300))
def test_labels_do_not_touch_and_the_last_is_there(labels: list[str], distance: float) -> None:
    shown = shown_labels(labels, distance, 13)
    assert shown[-1] == len(labels) - 1
    widest = max(room(label, 13) for label in labels)
    assert all((after - before) * distance >= widest for before, after in pairwise(shown))


def test_korean_letters_take_more_room() -> None:
    assert room("월요일", 10) > room("Mon", 10)


@given(st.lists(st.floats(0, 200), max_size=8))
def test_labels_at_the_end_of_lines_are_moved_apart(wanted: list[float]) -> None:
    placed = sorted(apart(wanted, 17, 0, 200))
    assert all(after - before >= 17 - 1e-6 for before, after in pairwise(placed))
    assert all(-1e-6 <= place <= 200 + 1e-6 for place in placed)


def test_labels_with_room_stay_where_they_are() -> None:
    assert apart([100, 10, 50], 17, 0, 200) == [100, 10, 50]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (60.0, "%", "60 %"),
        (-166.66, "%", "\u2212166.7 %"),
        (-0.04, "%", "0 %"),
        (1204, "", "1,204"),
        (None, "%", ""),
    ],
)
def test_an_amount(value: float | None, unit: str, shown: str) -> None:
    assert amount(value, unit) == shown


def lines(*values: float | None, tone: Tone = Tone.GOOD) -> LineChart:
    labels = tuple(str(index) for index in range(len(values)))
    return LineChart("Left", "It fell.", labels, (Line("a", values, tone),))


def path(svg: str, kind: str) -> str:
    found = re.search(rf'<path class="{kind}[^"]*" d="([^"]*)"', svg)
    assert found
    return found[1]


def test_both_sizes_say_what_they_are() -> None:
    outline = Outline(drawing(lines(90, 80), "part-0"))
    assert [(svg["class"], svg["role"]) for svg in outline.tags("svg")] == [
        ("drawing broad", "img"),
        ("drawing small", "img"),
    ]
    assert [svg["viewbox"] for svg in outline.tags("svg")] == [
        f"0 0 {size.width} {size.height}" for size in (WIDE, NARROW)
    ]
    assert "Left It fell." in outline.text
    assert outline.text.count("80 %") == 4  # twice as a step of the axis, twice as the last value


def test_a_gap_is_a_gap() -> None:
    assert path(drawing(lines(90, 80, None, 60, 50), "k"), "line").count("M") == 2


def test_a_value_between_gaps_is_a_dot() -> None:
    svg = drawing(lines(90, 80, None, 60, None, 40, 30), "k")
    assert len([dot for dot in Outline(svg).tags("circle") if dot["r"] == "2.5"]) == 2  # once in each size


def test_only_a_line_alone_has_an_area_under_it() -> None:
    assert drawing(lines(90, 80), "k").count('class="area') == 2
    two = LineChart("Left", "", ("0", "1"), (Line("a", (1, 2)), Line("b", (3, 4))))
    assert 'class="area' not in drawing(two, "k")


def test_lines_of_one_tone_differ_in_dash_and_mark() -> None:
    four = LineChart("Left", "", ("0", "1"), tuple(Line(f"line {n}", (n, n), Tone.GOOD) for n in range(4)))
    svg = drawing(four, "k")
    assert len(set(re.findall(r'class="line good" d="[^"]*"((?: stroke-dasharray="[^"]*")?)', svg))) == 4
    assert all(f"{n} % line {n}" in Outline(svg).words for n in range(4))


def test_the_bars_are_as_high_as_their_counts() -> None:
    chart = BarChart("Runs", "", ("a", "b"), (Stack("good", (10, 20), Tone.GOOD), Stack("bad", (0, 10), Tone.BAD)))
    good, bad = re.findall(r'<path class="bar [a-z]+" [^>]*d="([^"]*)"', drawing(chart, "k"))[:2]
    (half, whole), (third,) = ([float(height) for height in re.findall(r"v([0-9.]+)", each)] for each in (good, bad))
    assert whole == pytest.approx(2 * half, abs=0.1)
    assert third == pytest.approx(half, abs=0.1)


def test_one_failure_among_thousands_can_be_seen() -> None:
    chart = BarChart("Runs", "", ("a",), (Stack("good", (5000,), Tone.GOOD), Stack("bad", (1,), Tone.BAD)))
    heights = re.findall(r"v([0-9.]+)h", drawing(chart, "k"))
    assert min(map(float, heights)) == 3


def test_stacks_differ_in_texture_even_in_one_tone() -> None:
    stacks = tuple(Stack(f"s{n}", (1,), tone) for n, tone in enumerate([Tone.BAD, Tone.BAD, Tone.GOOD, Tone.GOOD]))
    patterns = re.findall(
        r'<pattern id="[^"]*" (class.*?)</pattern>', drawing(BarChart("Runs", "", ("a",), stacks), "k")
    )
    assert len(set(patterns)) == 4


def test_a_month_has_room_for_its_labels() -> None:
    chart = BarChart("Runs", "", MONTH, (Stack("good", (7,) * 31, Tone.GOOD),))
    shown = [word for word in Outline(drawing(chart, "k")).words if word in MONTH]
    assert 4 <= shown.index("3-31") + 1 < 31
    assert len(shown) < 2 * 31


def test_the_numbers_are_those_of_the_chart() -> None:
    chart = BarChart("Runs", "", ("a", "b"), (Stack("good", (1, 1204), Tone.GOOD),))
    table = numbers(chart)
    assert (table.caption, table.head) == ("Runs", ("", "good"))
    assert [[cell.text for cell in row] for row in table.rows] == [["a", "1"], ["b", "1,204"]]


def test_an_axis_reaches_as_far_as_that_of_the_chart_beside_it() -> None:
    few = BarChart("Runs", "", ("a",), (Stack("good", (1,), Tone.GOOD),), 20)
    assert "20" in Outline(drawing(few, "k")).words


def test_only_marked_labels_stand_below_a_line() -> None:
    chart = LineChart("Left", "", ("1 May 18:00", "2 May"), (Line("a", (1, 2)),), marked=(1,))
    words = Outline(drawing(chart, "k")).words
    assert ("2 May" in words, "1 May 18:00" in words) == (True, False)
