"""Counts that somebody else made, from CSV and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from promises import DAY_MS, ms, promise

from lumen_action.errors import ConfigError
from lumen_action.measuring.counts import measured, source_of
from lumen_action.sli.days import Calendar
from lumen_action.slo.evaluating import evaluate
from lumen_action.slo.evaluation import Measured, Span, Tick
from lumen_action.slo.objective import CountsSource

NOW = ms("2026-03-31T12:00:00")
SPAN = Span(NOW - 30 * DAY_MS, NOW, NOW)
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def written(folder: Path, text: str, name: str = "counts.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def read(folder: Path, text: str, name: str = "counts.csv", calendar: Calendar | None = None) -> Measured:
    path = written(folder, text, name)
    return measured(source_of(path), folder, SPAN, calendar or Calendar())


def problems(folder: Path, text: str, name: str = "counts.csv", source: CountsSource | None = None) -> list[str]:
    path = written(folder, text, name)
    with pytest.raises(ConfigError) as caught:
        measured(source or source_of(path), folder, SPAN, Calendar())
    return caught.value.problems


@pytest.mark.parametrize(
    "text",
    [
        '{"bad": 987, "total": 1234567}',
        '{"good": 1233580, "total": 1234567}',
        '{"good": 1233580, "bad": 987}',
        '[{"FAILED": 900, "Requests": 1000000}, {"FAILED": "87", "Requests": 234567.0}]',
        '{"of": "api", "rows": [{"errors": 987, "count": 1234567}]}',
        '\ufeff{"ok": 1233580, "valid": 1234567}',
    ],
)
def test_every_form_of_json_is_the_guides_sample(tmp_path: Path, text: str) -> None:
    found = evaluate(promise(0.999), promise(0.999).objectives[0], SPAN, read(tmp_path, text, "counts.json"), None)
    assert (found.total, found.bad) == (1_234_567, 987)
    assert found.budget.left_percent == pytest.approx(20.05, abs=0.005)


@pytest.mark.parametrize(
    "text",
    [
        "good,total\n90,100\n5,10\n",
        "Total;Failures\n100;10\n10;5\n",
        "passed\tfailed\tnote\n90\t10\tx\n5\t5\ty\n",
        '\ufeffgood,total\r\n"90",100\r\n\r\n5,10\r\n',
        "good;total\r90;100\r5;10\r",
    ],
)
def test_every_form_of_csv_is_the_same(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert [(tick.total, tick.bad) for tick in found.ticks] == [(100, 10), (10, 5)]
    assert found.newest_ms is None
    assert found.notes == ("counts.csv has no column of times (day, date, timestamp, time): all its rows count",)


@pytest.mark.parametrize(
    ("written_as", "at"),
    [
        ("2026-03-30", "2026-03-30T00:00:00.001"),
        ("20260330", "2026-03-30T00:00:00.001"),
        ("2026-03-30T10:00:00Z", "2026-03-30T10:00:00"),
        ("2026-03-30 10:00:00", "2026-03-30T10:00:00"),
        ("2026-03-30T10:00:00+02:00", "2026-03-30T08:00:00"),
        (str(ms("2026-03-30T10:00:00") // 1000), "2026-03-30T10:00:00"),
        (str(ms("2026-03-30T10:00:00")), "2026-03-30T10:00:00"),
    ],
)
def test_rows_with_a_time_have_their_place_in_the_window(tmp_path: Path, written_as: str, at: str) -> None:
    found = read(tmp_path, f"day,good,total\n{written_as},9,10\n2026-01-01,1,10\n")
    assert found == Measured((Tick(ms(at), 10, 1),), ms(at), ("1 of 2 rows of counts.csv are not of the window",))


def test_rows_of_days_to_come_make_nothing_fresh(tmp_path: Path) -> None:
    found = read(tmp_path, "day,good,total\n2026-03-30,9,10\n2026-04-01,0,0\n")
    assert found.newest_ms == ms("2026-03-30T00:00:00.001")


def test_days_are_those_of_the_pipelines_zone(tmp_path: Path) -> None:
    found = read(tmp_path, "date,good,total\n2026-03-30,9,10\n2026-03-29,9,10\n", calendar=BERLIN)
    # The clock went forward on the 29th.
    assert [tick.at_ms - 1 for tick in found.ticks] == [ms("2026-03-28T23:00:00"), ms("2026-03-29T22:00:00")]


def test_a_document_names_its_columns(tmp_path: Path) -> None:
    written(tmp_path, "fine,all of it,total\n9,10,99\n")
    source = CountsSource("counts.csv", "Fine", "all of it", part_is_good=True)
    assert [(tick.total, tick.bad) for tick in measured(source, tmp_path, SPAN, Calendar()).ticks] == [(10, 1)]


def test_all_faults_are_told_together_each_with_its_place_and_fix(tmp_path: Path) -> None:
    text = "day,bad,total\nyesterday,1,10\n2026-03-04,-1,10\n2026-03-05,1.5,10\n2026-03-06,11,10\n2026-03-07,,5%\n"
    whole = "write a whole number of events, without separators, such as `1234567`"
    ratio = "write a number of events: a percentage has no counts, and without counts there is no budget"
    assert problems(tmp_path, text) == [
        f"counts: counts.csv line {told}"
        for told in (
            "2: day: found `yesterday`; write `2026-03-04`, `2026-03-04T12:00:00Z`, or seconds since 1970",
            "3: bad: found `-1`; write 0 or more: a count only adds up",
            f"4: bad: found `1.5`; {whole}",
            "5: bad: found 11, more than all 10; swap the columns, or count both over the same events",
            f"6: bad: found nothing; {whole}",
            f"6: total: found `5%`; {ratio}",
        )
    ]


def test_a_number_that_cannot_be_read_is_not_compared_with(tmp_path: Path) -> None:
    many, long = problems(tmp_path, "bad,total\n1,many\n1,1234567890123456\n")
    assert many.startswith("counts: counts.csv line 2: total: found `many`; write a whole number of events")
    assert long == "counts: counts.csv line 3: total: found `1234567890123456`; write a number of at most 15 digits"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("c.json", "93.5", "found `93.5`"),
        ("c.json", '{"availability": 93.5}', "found `availability`"),
        ("c.csv", "day,percent\n2026-03-04,93.5\n", "found `day`, `percent`"),
    ],
)
def test_a_percentage_alone_is_refused_with_the_reason(tmp_path: Path, name: str, text: str, words: str) -> None:
    (told,) = problems(tmp_path, text, name)
    assert words in told
    assert "without counts there is no budget" in told


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("c.json", "{", "is no JSON"),
        ("c.json", "[" * 100_000, "is no JSON"),
        ("c.json", "[1]", "row 1 is no object"),
        ("c.json", '{"a": [], "b": []}', "several lists"),
        ("c.json", "[]", "found no columns"),
        ("c.csv", "", "is empty"),
        ("c.csv", "good,total\n1\n", "line 2: found 1 cells, the header has 2"),
        ("c.csv", "good,Good,total\n1,1,1\n", "the column `Good` more than once"),
        ("c.csv", 'good,total\n"1,1\n', "is no CSV"),
        ("c.csv", "good,total\n" + "x,y\n" * 30, "and 40 more"),
        ("c.json", '{"good": true, "total": 1}', "good: found `True`"),
    ],
)
def test_a_broken_file_is_told_what_is_wrong(tmp_path: Path, name: str, text: str, words: str) -> None:
    assert words in "\n".join(problems(tmp_path, text, name))


def test_a_missing_column_or_file_is_named(tmp_path: Path) -> None:
    source = CountsSource("counts.csv", "goood", "total", part_is_good=True)
    assert problems(tmp_path, "good,total\n1,1\n", source=source) == [
        "counts: counts.csv: found no column `goood`; did you mean `good`?"
    ]
    with pytest.raises(ConfigError, match="cannot be read"):
        measured(CountsSource("none.csv", "good", "total", part_is_good=True), tmp_path, SPAN, Calendar())


def test_a_huge_file_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(ConfigError, match="larger than 16 MiB"):
        source_of(tmp_path / "huge.csv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(-40, 2)), min_size=1))
def test_csv_and_json_say_the_same_whatever_is_counted(tmp_path: Path, rows: list[tuple[int, int, int]]) -> None:
    days = [(good, bad, ms("2026-03-31") + day * DAY_MS) for good, bad, day in rows]
    lines = ["good,bad,timestamp", *(f"{good},{bad},{at_ms}" for good, bad, at_ms in days)]
    from_csv = read(tmp_path, "\n".join(lines))
    told = json.dumps([{"time": at_ms, "total": good + bad, "bad": bad} for good, bad, at_ms in days])
    from_json = read(tmp_path, told, "counts.json")
    assert from_csv.ticks == from_json.ticks
    inside = [(good, bad) for good, bad, at_ms in days if SPAN.begin_ms < at_ms <= NOW]
    assert sum(tick.bad for tick in from_csv.ticks) == sum(bad for _, bad in inside)
    assert sum(tick.total for tick in from_csv.ticks) == sum(good + bad for good, bad in inside)
