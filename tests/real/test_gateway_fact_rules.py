"""The rules over a Pushgateway that is the ledger count runs and days exactly."""

from __future__ import annotations

from pathlib import Path

import ruletest
import servers
from ruletest import Expected, Given

RULES = servers.ROOT / "rules" / "prometheus" / "gateway_facts.rules.yml"
TOTALS = servers.ROOT / "rules" / "prometheus" / "lumen.rules.yml"
SERIES = "lumen_run_completed_timestamp_seconds"
HOUR = 3600


def run(number: str, ended_hour: float, outcome: str = "success", *, day: str = "1", **more: str) -> Given:
    """Return one attempt, shown from the hour it ended, the clock starting at 0."""
    labels = {"pipeline": "p", "region": "eu", "run": number, "attempt": "1", "outcome": outcome, "day": day, **more}
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
    shown = int(-(-ended_hour // 1))
    return {"series": f"{SERIES}{{{pairs}}}", "values": f"_x{shown} {ended_hour * HOUR:.0f}x1000"}


def expecting(record: str, at_hour: int, value: float | None, **labels: str) -> Expected:
    """Expect one sample, or none."""
    wanted = {"pipeline": "p", **labels}
    pairs = ",".join(f'{label}="{text}"' for label, text in wanted.items())
    samples = [] if value is None else [{"labels": f"{record}{{{pairs}}}", "value": value}]
    return {"expr": f"{record}{{{pairs}}}", "eval_time": f"{at_hour}h", "exp_samples": samples}


def runs(at_hour: int, value: float | None, window: str = "7d") -> Expected:
    return expecting("lumen:runs:count", at_hour, value, window=window)


def failed(at_hour: int, value: float | None, window: str = "7d") -> Expected:
    return expecting("lumen:runs_failed:count", at_hour, value, window=window)


def days(at_hour: int, value: float | None, outcome: str, window: str = "7d") -> Expected:
    return expecting("lumen:days:count", at_hour, value, outcome=outcome, window=window)


def promtool_agrees(promtool: str, directory: Path, given: list[Given], expected: list[Expected]) -> None:
    ruletest.promtool_agrees(promtool, directory, [RULES, TOTALS], "1h", given, expected)


def test_promtool_accepts_the_rules(promtool: str) -> None:
    ruletest.promtool_accepts(promtool, RULES)


def test_three_days_in_two_regions_one_of_them_lost(promtool: str, tmp_path: Path) -> None:
    given = [
        run("a", 1, day="1", region="kr"),
        run("a", 1.5, "failure", day="1", region="us"),
        run("b", 25, "failure", day="2", region="kr"),
        run("b", 25.5, "failure", day="2", region="us"),
        run("c", 49, day="3", region="us"),
    ]
    expected = [
        runs(72, 5),
        failed(72, 3),
        days(72, 2, "success"),
        days(72, 1, "failure"),
        runs(170, 3),
        failed(170, 2),
        days(170, 1, "success"),
        days(170, 1, "failure"),
        runs(400, 0),
        failed(400, 0),
        days(400, 0, "success"),
        days(400, 0, "failure"),
        runs(400, 5, "30d"),
    ]
    promtool_agrees(promtool, tmp_path, given, expected)


def test_a_run_leaves_every_window_by_itself(promtool: str, tmp_path: Path) -> None:
    expected = [
        runs(9, None, "1h"),
        runs(10, 1, "1h"),
        runs(11, 0, "1h"),
        runs(33, 1, "1d"),
        runs(34, 0, "1d"),
        runs(177, 1, "7d"),
        runs(178, 0, "7d"),
        runs(729, 1, "30d"),
        runs(730, 0, "30d"),
    ]
    promtool_agrees(promtool, tmp_path, [run("a", 10)], expected)


def test_a_run_counts_when_it_was_first_decided_and_as_its_latest_attempt_says(promtool: str, tmp_path: Path) -> None:
    given = [
        run("turned-good", 1, "failure"),
        run("turned-good", 5, "success", attempt="2"),
        run("cancelled-first", 1, "cancelled"),
        run("cancelled-first", 2, "timeout", attempt="2"),
        run("two-legs", 3, "success", leg="3.10"),
        run("two-legs", 4, "success", leg="3.11"),
        run("never-decided", 1, "skipped"),
    ]
    expected = [
        runs(1, 1),
        failed(1, 1),
        runs(6, 3),
        failed(6, 1),
        # The second attempt is no new run in a window that no longer holds the first.
        runs(26, 1, "1d"),
        failed(26, 0, "1d"),
    ]
    promtool_agrees(promtool, tmp_path, given, expected)


def test_runs_of_one_number_in_two_repositories_are_two(promtool: str, tmp_path: Path) -> None:
    given = [run("1", 1, repo="org/a"), run("1", 1, repo="org/b"), run("1", 1, repo="org/b", host="ghes.example")]
    promtool_agrees(promtool, tmp_path, given, [runs(2, 3)])


def test_a_day_is_lost_when_no_clock_can_still_win_it(promtool: str, tmp_path: Path) -> None:
    given = [run("a", 1, "failure"), run("b", 20, "failure"), run("c", 2, "cancelled", day="2")]
    expected = [
        days(31, 0, "failure"),
        days(32, 1, "failure"),
        days(55, 1, "failure", "1d"),
        days(56, 0, "failure", "1d"),
        days(100, 1, "failure"),
        days(100, 0, "success"),
    ]
    promtool_agrees(promtool, tmp_path, given, expected)


def test_a_late_success_wins_the_day_it_belongs_to(promtool: str, tmp_path: Path) -> None:
    given = [run("a", 1, "failure"), run("a", 40, attempt="2")]
    expected = [days(39, 1, "failure"), days(41, 0, "failure"), days(41, 1, "success")]
    promtool_agrees(promtool, tmp_path, given, expected)


def test_both_kinds_of_ledger_can_be_counted_beside_each_other(promtool: str, tmp_path: Path) -> None:
    given = [
        run("a", 1),
        {"series": 'lumen_runs_total{pipeline="q",region="eu"}', "values": "_x1 7x1000"},
        {"series": 'lumen_series_start_timestamp_seconds{pipeline="q",region="eu"}', "values": "_x1 3600x1000"},
    ]
    promtool_agrees(
        promtool, tmp_path, given, [runs(5, 1), expecting("lumen:runs:count", 5, 7, pipeline="q", window="7d")]
    )
