"""What the text formats look like; a strict reader written here reads them back."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lumen_action.sinks import Family, Group, Sample
from lumen_action.sinks.exposition import csv_text, json_text, openmetrics_text, prometheus_text

RUNS = Family("lumen_runs_total", "counter", "Runs.", (Sample(3, {}),))
DAYS = Family("lumen_days_total", "counter", "Days.", (Sample(1, {"outcome": "success"}),))
AGE = Family("lumen_age_seconds", "gauge", 'A "back\\slash"\nand a line.', (Sample(0.25, {}),))
EU = Group({"pipeline": "nightly", "region": "eu"}, (RUNS, AGE))
US = Group({"pipeline": "nightly", "region": "us"}, (RUNS,))
CLOSER = Group({"pipeline": "nightly"}, (DAYS,))

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]

LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)", re.DOTALL)


def read_labels(text: str) -> frozenset[tuple[str, str]]:
    found, position = [], 0
    while position < len(text):
        match = LABEL.match(text, position)
        assert match, f"not a label at {text[position:]!r}"
        found.append((match[1], re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), match[2])))
        position = match.end()
        if position < len(text):
            assert text[position] == ","
            position += 1
    assert len(dict(found)) == len(found)
    return frozenset(found)


def read_strictly(text: str, suffix: str = "") -> Series:
    """Read an exposition: HELP and TYPE once and first, all samples of a family together, LF at the end."""
    assert text.endswith("\n")
    series: Series = {}
    declared: list[str] = []
    lines = iter(text.removesuffix("\n").split("\n"))
    for line in lines:
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            kind = re.fullmatch(rf"# TYPE {name} (counter|gauge)", next(lines))
            assert kind, f"no TYPE after {line!r}"
            assert name not in declared
            declared.append(name)
            expected = name + (suffix if kind[1] == "counter" else "")
            continue
        match = SAMPLE.fullmatch(line)
        assert match, f"not a sample: {line!r}"
        assert match[1] == expected
        key = match[1], read_labels(match[2] or "")
        assert key not in series
        series[key] = float(match[3])
    return series


def as_series(*groups: Group) -> Series:
    return {
        (family.name, frozenset({**group.labels, **sample.labels}.items())): sample.value
        for group in groups
        for family in group.families
        for sample in family.samples
    }


def test_prometheus_text() -> None:
    assert prometheus_text([EU, US, CLOSER]) == (
        "# HELP lumen_runs_total Runs.\n"
        "# TYPE lumen_runs_total counter\n"
        'lumen_runs_total{pipeline="nightly",region="eu"} 3\n'
        'lumen_runs_total{pipeline="nightly",region="us"} 3\n'
        '# HELP lumen_age_seconds A "back\\\\slash"\\nand a line.\n'
        "# TYPE lumen_age_seconds gauge\n"
        'lumen_age_seconds{pipeline="nightly",region="eu"} 0.25\n'
        "# HELP lumen_days_total Days.\n"
        "# TYPE lumen_days_total counter\n"
        'lumen_days_total{pipeline="nightly",outcome="success"} 1\n'
    )


def test_openmetrics_names_a_counter_without_total_and_says_where_it_ends() -> None:
    assert openmetrics_text([EU, CLOSER]) == (
        "# HELP lumen_runs Runs.\n"
        "# TYPE lumen_runs counter\n"
        'lumen_runs_total{pipeline="nightly",region="eu"} 3\n'
        '# HELP lumen_age_seconds A \\"back\\\\slash\\"\\nand a line.\n'
        "# TYPE lumen_age_seconds gauge\n"
        'lumen_age_seconds{pipeline="nightly",region="eu"} 0.25\n'
        "# HELP lumen_days Days.\n"
        "# TYPE lumen_days counter\n"
        'lumen_days_total{pipeline="nightly",outcome="success"} 1\n'
        "# EOF\n"
    )


def test_json_is_one_list_of_families() -> None:
    assert json.loads(json_text([CLOSER])) == [
        {
            "name": "lumen_days_total",
            "type": "counter",
            "help": "Days.",
            "samples": [{"labels": {"pipeline": "nightly", "outcome": "success"}, "value": 1}],
        }
    ]


def test_csv_has_a_column_a_label_and_a_row_a_sample() -> None:
    assert csv_text([EU, CLOSER]) == (
        '"name","pipeline","region","outcome","value"\n'
        '"lumen_runs_total","nightly","eu","",3\n'
        '"lumen_age_seconds","nightly","eu","",0.25\n'
        '"lumen_days_total","nightly","","success",1\n'
    )


def test_nothing_is_still_a_valid_document() -> None:
    assert prometheus_text([]) == ""
    assert openmetrics_text([]) == "# EOF\n"
    assert json.loads(json_text([])) == []
    assert csv_text([]) == '"name","value"\n'


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (1.0, "1"), (0.99, "0.99"), (1_700_000_000.123, "1700000000.123"), (10**15, "1000000000000000")],
)
def test_numbers_are_exact_and_whole_ones_have_no_fraction(value: float, shown: str) -> None:
    text = prometheus_text([Group({}, (Family("x", "gauge", "X.", (Sample(value, {}),)),))])
    assert text.splitlines()[-1] == f"x {shown}"


numbers = st.one_of(st.integers(0, 2**53), st.floats(-1e18, 1e18))
# Anything a person, a branch or an attacker may name a pipeline or a stage.
hostile = st.text() | st.sampled_from(['"', "\\", "\\n", '\\"', "a\nb", "\r", "\x00", "} 1\nlumen_runs_total 9", "🌙"])


@st.composite
def some_groups(draw: st.DrawFn) -> list[Group]:
    stages = draw(st.lists(hostile, min_size=1, max_size=4, unique=True))
    samples = tuple(Sample(draw(numbers), {"stage": stage}) for stage in stages)
    family = Family("lumen_stage_success_total", "counter", draw(hostile), samples)
    pipelines = draw(st.lists(hostile, min_size=1, max_size=3, unique=True))
    return [Group({"pipeline": pipeline}, (family,)) for pipeline in pipelines]


@given(some_groups())
def test_any_label_comes_back_from_prometheus_text(groups: list[Group]) -> None:
    assert read_strictly(prometheus_text(groups)) == as_series(*groups)


@given(some_groups())
def test_any_label_comes_back_from_openmetrics(groups: list[Group]) -> None:
    body, end, rest = openmetrics_text(groups).rpartition("# EOF\n")
    assert (end, rest) == ("# EOF\n", "")
    assert read_strictly(body, suffix="_total") == as_series(*groups)


@given(some_groups())
def test_any_label_comes_back_from_json(groups: list[Group]) -> None:
    (family,) = json.loads(json_text(groups))
    found = {(family["name"], frozenset(item["labels"].items())): item["value"] for item in family["samples"]}
    assert found == as_series(*groups)


@given(some_groups())
def test_any_label_comes_back_from_csv(groups: list[Group]) -> None:
    assume("\x00" not in csv_text(groups))  # the reader of Python 3.10 stops at NUL
    rows = csv.DictReader(io.StringIO(csv_text(groups), newline=""))
    found = {
        (row["name"], frozenset({"pipeline": row["pipeline"], "stage": row["stage"]}.items())): float(row["value"])
        for row in rows
    }
    assert found == as_series(*groups)
