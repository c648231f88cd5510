"""`lumen report build`, from the command line and a CI job to the files in a folder."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakegrafana import TOKEN, Grafana
from grafana import load
from reportfacts import HOUR, F, S, at, because, run, stage

from lumen_action import cli
from lumen_action.commands import World
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import ErrorClass, Fact

WEEK = [f"2026-03-0{number}" for number in range(2, 9)]
MONDAY_MS = at("2026-03-09", 9)
FACTS = [
    *(run(number, day) for number, day in enumerate(WEEK)),
    *(stage("build", number, day, minutes=number + 1) for number, day in enumerate(WEEK)),
    because(run(50, WEEK[3], F), ErrorClass.NETWORK, "dns", "curl-dns", "<script>alert(1)</script> | `x`"),
    because(run(51, "2026-02-24", F), ErrorClass.BUILD),
]
CONFIG = "pipeline: nightly\nslo: {run: 0.5, day: 0.9}\nexpected: {cron: ['0 2 * * *']}\n"
DOCUMENT = """apiVersion: openslo/v1
kind: SLO
metadata: {name: api-availability}
spec:
  service: shop
  indicator:
    metadata: {name: api-ratio}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: good_total}}}
        total: {metricSource: {type: Prometheus, spec: {query: all_total}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""


OTHERS = ("Nightly", "야간 배치", "release")


class Team:
    """A team's folder with a ledger, on a Monday morning."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_ms = folder, MONDAY_MS
        self.env = {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
        (folder / "lumen.yml").write_text(CONFIG)
        self.keep(FACTS)
        self.out = self.err = ""

    def keep(self, facts: list[Fact]) -> None:
        ledger = open_ledger(f"sqlite:{self.folder / 'ledger.db'}")
        for fact in facts:
            ledger.put(fact)
        ledger.close()

    def build(self, *words: str, ledger: str = "ledger.db") -> int:
        out, err = io.StringIO(), io.StringIO()
        world = World(env=self.env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        code = cli.main(["report", "build", "--ledger", f"sqlite:{self.folder / ledger}", *words], world)
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def files(self, folder: str = "lumen-reports") -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in sorted((self.folder / folder).iterdir())}

    def told(self, name: str = "nightly-2026-W10") -> dict[str, Any]:
        return dict(json.loads((self.folder / "lumen-reports" / f"{name}.json").read_text()))


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


def test_the_last_week_is_written_in_every_form_with_an_index(team: Team) -> None:
    assert team.build() == 0, team.err
    assert list(team.files()) == [
        "index.html",
        *(f"nightly-2026-W10.{form}" for form in ("csv", "html", "json", "md", "pdf")),
    ]
    assert team.out == (
        "nightly broke 1 of 2 promises, so features should wait: 7 of 8 runs succeeded in week 10, 200 % of the error "
        "budget of nightly-day is used, it is back on 29 March 2026 00:00 if nothing more fails; 1 failure, as many as "
        "the week before (network).\n"
    )
    assert "nightly: reading 2026-W09 and 2026-W10" in team.err
    assert "<script>alert" not in team.files()["nightly-2026-W10.html"].decode()


def test_every_number_is_that_of_the_ledger(team: Team) -> None:
    assert team.build("--format", "json") == 0
    told = team.told()
    assert (told["runs"]["good"], told["runs"]["bad"]) == (7, 1)
    assert told["runs_before"]["bad"] == 1
    by_name = {each["slo"]: each for each in told["objectives"]}
    of_runs = by_name["nightly-run"]
    assert (of_runs["good"], of_runs["bad"], of_runs["window_end"]) == (7, 2, "2026-03-09T00:00:00Z")
    assert len(of_runs["burn_down"]) == 29
    # Of 30 runs that are planned half may fail; one had before the week, and two have at its end.
    assert [point["budget_left_percent"] for point in (of_runs["burn_down"][0], of_runs["burn_down"][-1])] == [
        of_runs["budget_left_percent_before"],
        of_runs["budget_left_percent"],
    ]
    assert of_runs["budget_left_percent_before"] == pytest.approx(100 * 14 / 15)
    assert of_runs["budget_left_percent"] == pytest.approx(100 * 13 / 15)
    of_days = by_name["nightly-day"]
    assert (of_days["good"], of_days["bad"], of_days["budget_events"]) == (7, 6, 3)
    assert told["completeness"]["days_missing"] == []
    assert [row["stage"] for row in told["stages_slowest"]] == ["build"]
    assert told["files"] == {}


def test_a_week_that_is_over_is_written_byte_for_byte_again(team: Team) -> None:
    team.build()
    first = team.files()
    team.now_ms += 1000 * HOUR
    team.build("--date", "2026-03-08")
    assert team.files() == first


def test_a_late_fact_changes_the_week(team: Team) -> None:
    team.build("--format", "json")
    team.keep([replace(run(6, WEEK[6], region="us"), observed_at_ms=MONDAY_MS, ended_at_ms=MONDAY_MS)])
    team.build("--format", "json")
    assert (team.told()["runs"]["good"], team.told()["completeness"]["facts_late"]) == (8, 1)


@pytest.mark.parametrize(("period", "name"), [("day", "2026-03-08"), ("month", "2026-02"), ("week", "2026-W10")])
def test_without_a_date_the_last_period_that_is_over_is_meant(team: Team, period: str, name: str) -> None:
    assert team.build("--period", period, "--format", "json") == 0
    assert team.told(f"nightly-{name}")["finished"] is True


def test_a_period_that_goes_on_says_so(team: Team) -> None:
    team.now_ms = at("2026-03-05", 12)
    assert team.build("--date", "2026-03-05", "--format", "json") == 0
    told = team.told()
    assert (told["finished"], told["as_of"], len(told["days"])) == (False, "2026-03-05T12:00:00Z", 4)
    assert "so far in week 10" in team.out


def test_korean_is_asked_for_by_an_option_or_in_the_file(team: Team) -> None:
    team.build("--format", "md", "--language", "ko")
    by_option = team.files()["nightly-2026-W10.md"]
    (team.folder / "lumen.yml").write_text(f"{CONFIG}report: {{language: ko}}\n")
    team.build("--format", "md")
    assert team.files()["nightly-2026-W10.md"] == by_option
    assert "10주차에 실행 8건 중 7건이 성공했습니다" in by_option.decode()


def test_a_form_that_cannot_be_made_costs_no_other(team: Team) -> None:
    assert team.build("--pdf-font", "no-such-font.ttf") == 2
    assert "nightly-2026-W10.pdf" not in team.files()
    assert {"nightly-2026-W10.html", "nightly-2026-W10.md", "index.html"} <= team.files().keys()
    assert "error: " in team.err
    assert "no-such-font.ttf" in team.err
    assert "pdf" not in team.told()["files"]


def test_a_prometheus_that_does_not_answer_costs_only_its_objective(team: Team) -> None:
    (team.folder / "api.yml").write_text(DOCUMENT)
    words = ("--slo", "api.yml", "--prometheus-url", "http://127.0.0.1:9", "--format", "md,json")
    assert team.build(*words) == 75
    assert "api-availability" in team.told()["objectives_unmeasured"]
    assert team.told()["runs"]["good"] == 7
    assert "a source of it did not answer" in team.out


def test_every_pipeline_of_a_ledger_has_a_report_of_its_own(team: Team) -> None:
    (team.folder / "lumen.yml").write_text("slo: {run: 0.9}\n")
    team.keep([replace(run(70 + number, WEEK[0]), pipeline=name) for number, name in enumerate(OTHERS)])
    assert team.build("--format", "json", "--json") == 0
    told = json.loads(team.out)
    assert [each["pipeline"] for each in told] == ["Nightly", "nightly", "release", "야간 배치"]
    names = [Path(each["files"]["json"]).name for each in told]
    assert len(set(names)) == 4
    assert "release-2026-W10.json" in names
    assert all(each["sentence"] and each["period"] == "2026-W10" for each in told)


def test_a_ci_job_has_the_summary_and_the_outputs(team: Team) -> None:
    for name in ("output", "summary"):
        (team.folder / name).touch()
    team.env |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(team.folder / "output"),
        "GITHUB_STEP_SUMMARY": str(team.folder / "summary"),
        "RUNNER_TEMP": str(team.folder / "temp"),
        "LUMEN_INPUT_PERIOD": "week",
        "LUMEN_INPUT_FORMAT": "md,html",
        "LUMEN_INPUT_OUT": "site",
    }
    assert team.build() == 0, team.err
    assert (team.folder / "summary").read_text().startswith("# nightly: week 10 of 2026\n")
    entries = re.findall(r"(?sm)^([a-z]+)<<(\S+)\n(.*?)\n?\2$", (team.folder / "output").read_text())
    site = team.folder / "site"
    assert {name: value for name, _, value in entries} == {
        "sentence": (site / "nightly-2026-W10.md").read_text().split("**❌ ")[1].split("**")[0],
        "folder": str(site),
        "html": str(site / "nightly-2026-W10.html"),
        "pdf": "",
    }
    assert team.build("--summary", "off") == 0
    assert (team.folder / "summary").read_text().count("# nightly: week 10") == 1


def test_every_mistake_is_told_at_once(team: Team) -> None:
    words = ("--period", "year", "--date", "2026-02-30", "--format", "md,docx", "--language", "fr", "--slo", "none.yml")
    assert team.build(*words) == 2
    for name in ("period: `year`", "date: `2026-02-30`", "format: `docx`", "language: `fr`", "none.yml"):
        assert name in team.err


@pytest.mark.parametrize("day", ["2026-03-16", "9999-12-31", "0001-01-01", "tomorrow"])
def test_a_day_of_which_nothing_can_be_told_is_refused(team: Team, day: str) -> None:
    assert team.build("--date", day) == 2
    assert "date: " in team.err
    assert not (team.folder / "lumen-reports").exists()


def test_what_the_ledger_does_not_have_is_refused(team: Team) -> None:
    assert team.build("--pipeline", "release") == 2
    assert "the ledger has nothing of `release`; what it has: `nightly`" in team.err
    assert team.build(ledger="new.db") == 2
    assert "nothing yet" in team.err


def test_without_an_objective_there_is_a_report_all_the_same(team: Team) -> None:
    (team.folder / "lumen.yml").write_text("pipeline: nightly\n")
    assert team.build("--format", "json") == 0
    assert team.told()["objectives"] == []
    assert team.out.startswith("nightly has no objective")


def test_a_folder_that_cannot_be_written_is_told(team: Team) -> None:
    (team.folder / "file").write_text("")
    assert team.build("--out", "file") == 2
    assert "out: " in team.err


def test_days_lost_and_won_stand_in_the_report(team: Team) -> None:
    team.keep([run(60, "2026-02-25", S), run(61, "2026-02-26", F)])
    assert team.build("--date", "2026-02-25", "--format", "json") == 0
    assert team.told("nightly-2026-W09")["days_by_outcome"] == {"failure": 2, "success": 1, "missing": 3}


def test_letters_that_the_font_of_a_pdf_lacks_are_told(team: Team) -> None:
    team.keep([because(run(80, WEEK[0], F), ErrorClass.BUILD, evidence="\U0001f600")])
    assert team.build("--format", "pdf") == 0
    assert "warning: The PDF shows 1 letter by number" in team.err


CALENDAR = """apiVersion: openslo/v1
kind: SLO
metadata: {name: monthly}
spec:
  service: nightly
  indicator:
    metadata: {name: monthly}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: lumen, spec: {events: run, pipeline: nightly, outcome: success}}}
        total: {metricSource: {type: lumen, spec: {events: run, pipeline: nightly}}}
  timeWindow: [{duration: 1M, isRolling: false, calendar: {startTime: "2026-01-01 00:00:00", timeZone: UTC}}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.5}]
"""


def test_a_month_that_is_over_is_measured_by_its_own_calendar_window(team: Team) -> None:
    (team.folder / "month.yml").write_text(CALENDAR)
    # It ends after midnight, and belongs to the day on which it was started.
    team.keep([replace(run(90, "2026-02-28"), observed_at_ms=at("2026-03-01", 2), ended_at_ms=at("2026-03-01", 2))])
    assert team.build("--slo", "month.yml", "--period", "month", "--date", "2026-02-28", "--format", "json") == 0
    [monthly] = team.told("nightly-2026-02")["objectives"]
    window = (monthly["window_begin"], monthly["window_end"])
    assert window == ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
    assert (monthly["good"], monthly["bad"]) == (1, 1)
    left = [point["budget_left_percent"] for point in monthly["burn_down"]]
    # Of 28 planned runs half may fail, and one did.
    assert (len(left), left[0], left[-1]) == (29, None, pytest.approx(100 * 13 / 14))


def test_the_dashboard_as_it_was_is_linked_in_every_form(team: Team) -> None:
    with Grafana(load("status.json"), root="https://grafana.example").serving() as grafana:
        team.env["LUMEN_GRAFANA_TOKEN"] = TOKEN
        (team.folder / "lumen.yml").write_text(f"{CONFIG}grafana: {{url: '{grafana.url}', dashboard: lumen-status}}\n")
        assert team.build("--grafana", "--pipeline", "nightly") == 0, team.err
    (kept,) = grafana.kept
    assert kept["name"] == "nightly 2026-W10"
    address = "https://grafana.example/dashboard/snapshot/abc"
    assert team.told()["links"] == {"snapshot": address}
    assert f'href="{address}"' in team.files()["nightly-2026-W10.html"].decode()
    assert address in team.files()["nightly-2026-W10.md"].decode()
    assert address.encode() in team.files()["nightly-2026-W10.pdf"]


def test_a_grafana_that_is_away_or_not_set_costs_one_warning_and_nothing_else(team: Team) -> None:
    assert team.build("--grafana", "--format", "json") == 0
    assert "LUMEN_GRAFANA_TOKEN" in team.err
    (team.folder / "lumen.yml").write_text(f"{CONFIG}grafana: {{url: 'http://127.0.0.1:9', dashboard: lumen-status}}\n")
    team.env["LUMEN_GRAFANA_TOKEN"] = TOKEN
    assert team.build("--grafana", "--format", "json") == 0
    assert team.err.count("no snapshot of the dashboard") == 1
    assert TOKEN not in team.out + team.err
    assert team.told()["links"] == {}


def test_where_nothing_was_heard_for_long_it_says_so_as_the_gate_does(team: Team) -> None:
    team.now_ms = at("2026-03-30", 9)
    (team.folder / "lumen.yml").write_text("pipeline: nightly\nslo: {run: 0.5}\n")
    assert team.build("--format", "json") == 0
    assert team.out.startswith("Nothing was heard of nightly since ")
    (team.folder / "lumen.yml").write_text("pipeline: nightly\nslo: {run: 0.5}\ngate: {max-age: 30d}\n")
    assert team.build("--format", "json") == 0
    assert team.out.startswith("nightly kept its promise")
