"""Every query of the dashboards runs on a real Prometheus with a month of history, and says what happened."""

from __future__ import annotations

import contextlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grafana
import pytest
import replayed
import servers
from grafana import Asked, Choice
from replayed import BEGIN, DAY, END, HOUR

from lumen_action.model import Outcome

pytestmark = pytest.mark.slow

BOARDS = ("status.json", "reliability.json")
ALL: Choice = {"slo": ()}
CHOICES: dict[str, Choice] = {
    "everything": ALL,
    "as it opens": {"slo": ("run", "day")},
    "two pipelines": {**ALL, "pipeline": ("hourly", "nightly"), "window": ("7d",)},
    "one region": {**ALL, "pipeline": ("hourly",), "region": ("us",), "window": ("1d",)},
}
# What there is nothing to say of among those chosen: the start of every window was seen, one has no plan and no days.
SILENT = {
    ("two pipelines", "reliability.json"): {"Counts not known"},
    ("one region", "status.json"): {"Time left to the deadline"},
    ("one region", "reliability.json"): {"Counts not known", "Result of each day"},
}


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with contextlib.closing(_Stopped(tmp_path_factory.mktemp("month"))) as started:
        replayed.replay(started.server)
        yield started.server


class _Stopped:
    def __init__(self, directory: Path) -> None:
        try:
            self.server = replayed.start_prometheus(directory)
        except servers.MissingProgramError as missing:
            pytest.fail(str(missing), pytrace=False)

    def close(self) -> None:
        self.server.stop()


def answered(server: servers.Server, asked: Asked, since: str) -> list[dict[str, Any]]:
    if asked.instant:
        return replayed.ask(server, "query", query=asked.expr, time=END)
    start, end = (at - at % asked.step for at in (END - grafana.seconds(since), END))
    return replayed.ask(server, "query_range", query=asked.expr, start=start, end=end, step=asked.step)


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("name", BOARDS)
def test_every_query_runs_and_returns_data(month: servers.Server, name: str, choice: str) -> None:
    board = grafana.load(name)
    chosen = CHOICES[choice]
    sent = [*grafana.queries(board, chosen), *grafana.annotations(board, chosen)]
    silent = {asked.panel for asked in sent if not answered(month, asked, board["time"]["from"])}
    assert silent == SILENT.get((choice, name), set())


@pytest.mark.parametrize("name", BOARDS)
def test_without_any_series_nothing_is_shown_and_nothing_fails(
    running: Callable[..., servers.Server], name: str
) -> None:
    empty = running(replayed.start_prometheus)
    board = grafana.load(name)
    for asked in [*grafana.queries(board, ALL), *grafana.annotations(board, ALL)]:
        assert answered(empty, asked, board["time"]["from"]) == [], asked


@pytest.mark.parametrize("name", BOARDS)
def test_the_variables_find_pipelines_and_regions(month: servers.Server, name: str) -> None:
    board = grafana.load(name)
    found = {}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert asked
            selector = grafana.filled(asked[1], board, ALL)
            series = replayed.ask(month, "series", **{"match[]": selector, "start": END - DAY, "end": END})
            found[variable["name"]] = {each[asked[2]] for each in series}
    assert found == {"pipeline": {"nightly", "hourly", "deploy", "adopted"}, "region": {"eu", "us"}}


Values = dict[tuple[str, ...], float]


def shown(server: servers.Server, panel: str, ref: str, by: tuple[str, ...], choice: Choice = ALL) -> Values:
    """Return what a panel of the second dashboard shows now, by some labels."""
    asked = _asked("reliability.json", panel, ref, choice)
    return {
        tuple(series["metric"].get(label, "") for label in by): float(series["value"][1])
        for series in answered(server, asked, "now-30d")
    }


def drawn(
    server: servers.Server, panel: str, ref: str, choice: Choice = ALL
) -> list[tuple[dict[str, str], dict[int, float]]]:
    """Return the series that a panel of the second dashboard draws."""
    asked = _asked("reliability.json", panel, ref, choice)
    return [
        (series["metric"], {int(at): float(value) for at, value in series["values"]})
        for series in answered(server, asked, "now-30d")
    ]


def _asked(name: str, panel: str, ref: str, choice: Choice) -> Asked:
    (found,) = (each for each in grafana.queries(grafana.load(name), choice) if (each.panel, each.ref) == (panel, ref))
    return found


def history_days() -> range:
    return range(BEGIN + 3 * DAY, END - END % DAY, DAY)


def test_each_run_is_in_the_bar_of_its_day_and_in_no_other(month: servers.Server) -> None:
    # As published on the hour: what ended in the last hour of a day is seen in the first of the next.
    seen = Counter(
        (at - at % DAY, run.outcome.good)
        for run in replayed.runs()
        if run.pipeline == "hourly" and (at := run.ended - run.ended % HOUR + HOUR - 1) <= END
    )
    choice = {**ALL, "pipeline": ("hourly",)}
    for ref, good in (("A", True), ("B", False)):
        ((_, bars),) = drawn(month, "Runs per day", ref, choice)
        assert {day: bars[day] for day in history_days()} == {day: seen[day, good] for day in history_days()}


def test_a_lost_a_missing_and_a_good_day_have_their_tiles_on_that_day(month: servers.Server) -> None:
    ((labels, tiles),) = drawn(month, "Result of each day", "A")
    assert labels == {"pipeline": "nightly"}
    bad = {replayed.LOST_DAY: 2, replayed.MISSING_DAY: 3}
    expected = {day: bad.get((day - BEGIN) // DAY, 1) for day in history_days()}
    assert {day: tiles.get(day) for day in history_days()} == expected


def test_a_region_at_0_percent_stays_and_one_where_nothing_ran_is_no_number(month: servers.Server) -> None:
    by = ("pipeline", "region")
    month_long = shown(month, "Success ratio of each region", "A", by)
    assert month_long["deploy", "us"] == 0
    assert 0.8 < month_long["deploy", "eu"] < 1
    week = shown(month, "Success ratio of each region", "A", by, {**ALL, "window": ("7d",)})
    assert math.isnan(week["deploy", "us"])
    assert math.isnan(week["deploy", "eu"])


def test_a_verdict_is_given_only_where_the_runs_show_it(month: servers.Server) -> None:
    by = ("pipeline", "slo", "stage")
    verdict = shown(month, "Objectives, and what the runs show", "G", by)
    assert verdict["hourly", "first_try", "build"] == 0
    assert verdict["nightly", "day", "-"] == 1
    assert verdict["hourly", "stage", "test"] == 3
    assert ("deploy", "run", "-") not in verdict
    idle = shown(month, "Objectives, and what the runs show", "G", by, {**ALL, "window": ("7d",)})
    assert idle["deploy", "run", "-"] == -1


def test_the_rows_of_one_table_have_the_same_labels(month: servers.Server) -> None:
    by = ("pipeline", "slo", "stage")
    rows = {ref: set(shown(month, "Objectives, and what the runs show", ref, by)) for ref in "ABCDEFG"}
    assert rows["B"] == rows["A"]
    assert rows["C"] == rows["D"] == rows["E"]
    for ref in "CDEFG":
        assert rows[ref] <= rows["A"], ref
    assert ("deploy", "run", "-") in rows["C"]


def test_the_bounds_hold_the_ratio_between_them(month: servers.Server) -> None:
    by = ("pipeline", "slo", "stage")
    ratio, low, high = (shown(month, "Objectives, and what the runs show", ref, by) for ref in "CDE")
    assert all(low[row] <= value <= high[row] for row, value in ratio.items())
    assert 0 < low["deploy", "run", "-"] < high["deploy", "run", "-"] < 1


def test_the_budget_is_what_is_left_of_what_is_allowed(month: servers.Server) -> None:
    by = ("pipeline", "slo", "stage")
    allowed, used, left, share = (shown(month, "Error budget in events", ref, by) for ref in "ABCD")
    row = ("nightly", "run", "-")
    # Two regions on the lost day; the corrected failure is none.
    assert (round(allowed[row], 9), used[row], round(left[row], 9)) == (6, 2, 4)
    assert share[row] == pytest.approx(2 / 3)
    assert used["nightly", "day", "-"] == 2
    (burning,) = (
        points
        for labels, points in drawn(
            month, "Burn-down of the error budget", "A", {"pipeline": ("nightly",), "slo": ("run",)}
        )
        if labels["slo"] == "run"
    )
    assert burning[max(burning)] == pytest.approx(2 / 3)


def test_a_rerun_is_seen_to_have_helped(month: servers.Server) -> None:
    by = ("pipeline", "stage")
    saved = shown(month, "Did running it again help?", "D", by, {**ALL, "window": ("7d",)})
    truth = sum(run.saved for run in replayed.runs() if END - 7 * DAY < run.ended <= END)
    assert saved["hourly", "test"] == truth
    assert saved["hourly", "build"] == 0
    first, final = (shown(month, "Did running it again help?", ref, by) for ref in "BC")
    assert first["hourly", "test"] < final["hourly", "test"]


def test_failures_by_class_add_up_to_the_failed_runs(month: servers.Server) -> None:
    failed = [
        run
        for run in replayed.runs()
        if run.outcome is Outcome.FAILURE and END - 30 * DAY < run.ended - run.ended % HOUR + HOUR <= END
    ]
    month_long = shown(month, "Failures by class", "B", ("error_class",), {**ALL, "pipeline": ("hourly", "nightly")})
    assert sum(month_long.values()) == sum(run.pipeline != "deploy" for run in failed)


def test_each_region_has_one_last_run_with_all_it_says_of_itself(month: servers.Server) -> None:
    asked = _asked("status.json", "Last run of each pipeline and region", "A", ALL)
    rows = {
        (series["metric"]["pipeline"], series["metric"]["region"]): series["metric"]
        for series in answered(month, asked, "now-24h")
    }
    assert len(rows) == 7
    assert rows["hourly", "us"]["outcome"] == "failure"
    assert rows["hourly", "us"]["url"].endswith(rows["hourly", "us"]["run_id"])
    assert len(answered(month, asked, "now-24h")) == 7


def test_the_table_of_last_runs_has_the_runs_of_the_shown_time(month: servers.Server) -> None:
    asked = _asked("reliability.json", "Last runs", "A", {**ALL, "pipeline": ("nightly",)})
    known = {series["metric"]["run_id"] for series in answered(month, asked, "now-30d")}
    expected = {
        run.run_id for run in replayed.runs() if run.pipeline == "nightly" and END - 29 * DAY < run.ended <= END
    }
    assert expected <= known
