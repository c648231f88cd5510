"""Charts of the PDF: round level lines, labels that do not collide, gaps that stay gaps, and no colour alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdfreading import hangul

from lumen_action.report.document import BarChart, Line, LineChart, Stack, Tone
from lumen_action.report.pdf.axes import said, ticks_between
from lumen_action.report.pdf.barchart import put_bar_chart
from lumen_action.report.pdf.flow import Flow
from lumen_action.report.pdf.linechart import put_line_chart, spread
from lumen_action.report.pdf.looks import LEFT, RIGHT
from lumen_action.report.pdf.marks import Circle, Mark, Path, Words
from lumen_action.report.pdf.shapes import DASHES, MARKERS, filling, marker, sign

DAYS = tuple(f"3-{day}" for day in range(1, 32))


def drawn(chart: LineChart | BarChart) -> list[Mark]:
    flow = Flow(hangul())
    (put_line_chart if isinstance(chart, LineChart) else put_bar_chart)(flow, chart)  # type: ignore[operator]
    return flow.sheets[0].marks


def words(marks: list[Mark]) -> list[Words]:
    return [mark for mark in marks if isinstance(mark, Words)]


def lines_of(marks: list[Mark]) -> list[Path]:
    return [mark for mark in marks if isinstance(mark, Path) and mark.width == 1.4 and len(mark.places) > 1]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 100, (0, 20, 40, 60, 80, 100)),
        (-166.7, 100, (-200, -100, 0, 100)),
        (0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (0, 8, (0, 2, 4, 6, 8)),
        (0, 0, None),
    ],
)
def test_level_lines_are_round(low: float, high: float, ticks: tuple[float, ...] | None) -> None:
    assert ticks is None or ticks_between(low, high) == pytest.approx(ticks)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_level_lines_hold_every_value(low: float, reach: float) -> None:
    ticks = ticks_between(low, low + reach)
    slack = 1e-6 * max(abs(low), reach, 1)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + reach - slack
    assert 2 <= len(ticks) <= 8
    assert list(ticks) == sorted(set(ticks))


@given(st.lists(st.floats(0, 100), max_size=8))
def test_labels_do_not_collide_and_stay_in_order(wished: list[float]) -> None:
    places = spread(wished, 10, 0, 100)
    for (one, place), (other, next_place) in pairwise(sorted(zip(wished, places, strict=True))):
        assert one <= other
        assert next_place - place >= 10 - 1e-9
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in places)


def test_labels_that_have_room_stay_where_they_are() -> None:
    assert spread([50, 10, 90], 10, 0, 100) == [50, 10, 90]


@pytest.mark.parametrize(
    ("value", "text"), [(60.0, "60"), (-166.7, "-166.7"), (-0.04, "0"), (0.5, "0.5"), (1e9, "1,000,000,000")]
)
def test_values_are_said_in_few_digits(value: float, text: str) -> None:
    assert said(value) == text


def test_a_gap_is_no_line_and_a_value_between_two_gaps_is_a_dot() -> None:
    chart = LineChart("t", "", DAYS[:5], (Line("a", (50.0, 40.0, None, 30.0, None), Tone.GOOD),))
    marks = drawn(chart)
    (line, key) = lines_of(marks)
    assert len(line.places) == 2
    assert len([mark for mark in marks if isinstance(mark, Circle)]) == 3 + len([key])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_what_is_unknown_is_not_drawn(value: float | None) -> None:
    marks = drawn(LineChart("t", "", DAYS[:2], (Line("a", (value, value)),)))
    assert len(lines_of(marks)) == 1, "the key alone"


def test_below_zero_the_line_of_zero_is_the_strong_one() -> None:
    marks = drawn(LineChart("t", "", DAYS[:2], (Line("a", (10.0, -30.0)),)))
    levels = [mark for mark in marks if isinstance(mark, Path) and len(mark.places) == 2 and mark.width < 1]
    strong = max(levels, key=lambda mark: mark.width)
    zero = next(mark for mark in words(marks) if mark.text == "0 %")
    assert strong.places[0][1] == pytest.approx(zero.at[1] - 2.5)
    assert len([mark for mark in levels if mark.width == strong.width]) == 1


@pytest.mark.parametrize("count", [1, 2, 31, 200])
@pytest.mark.parametrize("name", ["3-{}", "2026-03-{} of a long name", "가나다 {}"])
def test_names_below_do_not_collide(count: int, name: str) -> None:
    labels = tuple(name.format(number) for number in range(count))
    for chart in (
        LineChart("t", "", labels, (Line("a", (1.0,) * count),)),
        BarChart("t", "", labels, (Stack("a", (1,) * count, Tone.GOOD),)),
    ):
        found = [mark for mark in words(drawn(chart)) if mark.text[:1] in "32가" and mark.size == 7.0]
        spans = sorted((mark.at[0], hangul().regular.width(mark.text, 7.0)) for mark in found if mark.text != "20 %")
        assert spans
        assert all(x + wide <= nxt + 0.01 for (x, wide), (nxt, _) in pairwise(spans))
        assert spans[0][0] >= LEFT - 0.01
        assert max(x + wide for x, wide in spans) <= RIGHT + 0.01


def test_lines_that_stand_equally_well_are_told_apart_without_colour() -> None:
    lines = tuple(Line(f"line {number}", (float(number), 5.0), Tone.GOOD) for number in range(6))
    keys = lines_of(drawn(LineChart("t", "", DAYS[:2], lines)))[-6:]
    assert len({mark.dash for mark in keys}) == 6
    assert len({mark.ink for mark in keys}) == 6
    shapes = {type(mark).__name__ + repr(getattr(mark, "places", "")) + mark.fill for mark in _markers()}
    assert len(shapes) == MARKERS == len(DASHES)


def _markers() -> list[Path | Circle]:
    return [marker(number, (0, 0), 2, "#000000") for number in range(MARKERS)]


def test_lines_have_the_colours_of_how_they_stand_where_these_differ() -> None:
    lines = (Line("a", (1.0, 2.0), Tone.GOOD), Line("b", (2.0, 3.0), Tone.BAD))
    assert {mark.ink for mark in lines_of(drawn(LineChart("t", "", DAYS[:2], lines)))} == {"#116329", "#a40e26"}


def test_bars_are_as_high_as_their_counts_and_say_them() -> None:
    marks = drawn(BarChart("t", "", DAYS[:2], (Stack("good", (4, 2), Tone.GOOD), Stack("bad", (0, 2), Tone.BAD))))
    boxes = [mark for mark in marks if isinstance(mark, Path) and len(mark.places) == 5]
    heights = [mark.places[2][1] - mark.places[0][1] for mark in boxes[:3]]
    assert heights == pytest.approx([heights[0], heights[0] / 2, heights[0] / 2])
    assert [mark.text for mark in words(marks)].count("4") == 3, "one level line and two bars"


def test_counts_have_no_halves() -> None:
    marks = drawn(BarChart("t", "", DAYS[:1], (Stack("good", (1,), Tone.GOOD),)))
    assert [mark.text for mark in words(marks)][:3] == ["t", "0", "1"]


def test_parts_of_a_bar_are_told_apart_without_colour() -> None:
    shapes = [tuple(map(repr, filling(number, (0, 0), 12, 9, "#000000"))) for number in range(4)]
    assert len(set(shapes)) == 4


@pytest.mark.parametrize("size", [(12.0, 9.0), (3.0, 100.0), (30.0, 0.4)])
def test_hatching_stays_in_its_bar(size: tuple[float, float]) -> None:
    width, height = size
    for number in range(4):
        for mark in filling(number, (10, 20), width, height, "#000000"):
            assert isinstance(mark, Path)
            assert all(10 <= x <= 10 + width and 20 <= y <= 20 + height for x, y in mark.places)


def test_every_tone_has_a_sign_of_its_own_but_plain() -> None:
    shapes = {
        tone: [type(mark).__name__ + str(len(getattr(mark, "places", ()))) for mark in sign(tone, (0, 0), 4)]
        for tone in Tone
    }
    assert shapes.pop(Tone.PLAIN) == []
    assert len(set(map(tuple, shapes.values()))) == len(Tone) - 1


def test_an_axis_reaches_as_far_as_that_of_the_chart_beside_it() -> None:
    marks = drawn(BarChart("t", "", DAYS[:1], (Stack("good", (1,), Tone.GOOD),), 20))
    assert "20" in [mark.text for mark in words(marks)]


def test_only_marked_labels_stand_below_a_line() -> None:
    shown = [mark.text for mark in words(drawn(LineChart("t", "", DAYS[:2], (Line("a", (1, 2)),), marked=(1,))))]
    assert (DAYS[1] in shown, DAYS[0] in shown) == (True, False)
