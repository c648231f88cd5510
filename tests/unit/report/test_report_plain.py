"""A report for programs: JSON that holds every number, and CSV that a spreadsheet reads without running it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from reportfacts import report_of, run
from sampledocuments import ENGLISH, KOREAN, REPORT

from lumen_action.report.csvs import render
from lumen_action.report.model import Counted, Report
from lumen_action.report.plain import plain_report
from lumen_action.report.web.listed import listed

FILES = {"html": "nightly-2026-W10.html"}


def test_everything_that_was_counted_is_there() -> None:
    told = json.loads(json.dumps(plain_report(REPORT, FILES)))
    assert told["report_version"] == 1
    assert told["period"] == {
        "kind": "week",
        "name": "2026-W10",
        "first": "2026-03-02",
        "last": "2026-03-08",
        "zone": "Asia/Seoul",
    }
    assert (told["as_of"], told["finished"]) == ("2026-03-08T15:00:00Z", True)
    assert told["sentence"] == {"en": ENGLISH.answer.text, "ko": KOREAN.answer.text}
    assert told["files"] == FILES
    assert told["runs"] == {"good": 47, "bad": 3, "total": 50, "other": 1, "open": 0, "good_percent": 94.0}
    assert [each["slo"] for each in told["objectives"]] == ["nightly-run", "nightly-day", "publish-stage"]
    assert told["objectives"][0]["budget_left_percent_before"] == 81.5
    assert told["objectives"][2]["burn_down"][0] == {"at": "2026-03-01T21:00:00Z", "budget_left_percent": None}
    assert told["days"][6] == {
        "day": "2026-03-08",
        "outcome": "missing",
        "expected": True,
        "runs": {"good": 0, "bad": 0, "total": 0, "other": 0, "open": 0, "good_percent": None},
        "regions": {},
    }
    assert told["failures_by_signature"][0]["newest_runs"][0]["url"] == "https://ci.example/acme/shop/runs/106"
    assert told["reruns"]["saved_seconds"] == 3480.0
    assert told["completeness"]["deadlines_missed"] == ["2026-03-07T17:00:00Z"]


def test_nothing_known_is_null_and_an_idle_week_has_all_keys() -> None:
    idle = plain_report(report_of([]), {})
    assert idle.keys() == plain_report(REPORT, {}).keys()
    assert idle["runs"]["good_percent"] is None
    assert idle["completeness"]["newest_fact_at"] is None
    assert idle["completeness"]["days_expected"] is None


@pytest.mark.parametrize("report", [REPORT, report_of([]), report_of([run(1, "2026-03-04")])])
def test_the_index_reads_it_back(report: Report) -> None:
    found = listed(json.dumps(plain_report(report, {})), "stem")
    assert (found.pipeline, found.period.name) == ("nightly", "2026-W10")


def test_the_runs_of_each_day_and_region_are_rows() -> None:
    rows = list(csv.reader(io.StringIO(render(REPORT), newline="")))
    assert rows[0] == ["day", "region", "good", "bad", "other", "open"]
    assert rows[1:3] == [["2026-03-02", "eu", "4", "0", "0", "0"], ["2026-03-02", "us", "4", "0", "0", "0"]]
    assert rows[-1] == ["2026-03-08", "", "0", "0", "0", "0"]
    assert len(rows) == 1 + 6 * 2 + 1


@pytest.mark.parametrize("region", ["=1+1|cmd'!A0", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(region: str) -> None:
    day = replace(REPORT.days[0], regions={region: Counted(1)})
    [_, row] = csv.reader(io.StringIO(render(replace(REPORT, days=(day,))), newline=""))
    assert row[1] == f"'{region}"


@pytest.mark.parametrize("region", ["eu", 'a "quoted", name', "two\nlines", "가"])
def test_any_other_name_is_read_back_as_it_is(region: str) -> None:
    day = replace(REPORT.days[0], regions={region: Counted(1)})
    [_, row] = csv.reader(io.StringIO(render(replace(REPORT, days=(day,))), newline=""))
    assert row[1] == region
