"""`lumen slo`, from files and ledgers to lines, JSON and exit codes."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from facts import fact
from loopback import answering
from slodocuments import lumen, prometheus, slo_text

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.commands.slo import SUBCOMMANDS
from lumen_action.ledger.opening import Place, open_ledger
from lumen_action.model import Outcome

NOW = "2026-03-04T12:00:00Z"
SEED = ("--counts", "seed.json", "--target", "99.9%")
REWARDS = ("--counts", "rewards.csv", "--target", "0.95")
NIGHTLY = "expected-runs-per-day: 1\n"


class Terminal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str] = {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
        self.out = self.err = ""

    @property
    def ledger(self) -> str:
        return f"sqlite:{self.folder / 'ledger.db'}"

    def promise(self, text: str) -> None:
        """Write lumen.yml for the pipeline and its ledger."""
        self.write("lumen.yml", f"pipeline: nightly\nledger: {self.ledger}\n{text}\n")

    def run(self, *words: str, at: str = NOW) -> int:
        out, err = io.StringIO(), io.StringIO()
        moment = ("--at", at) if at else ()
        code = main(["slo", *words, *moment], World(env=self.env, folder=self.folder, stdout=out, stderr=err))
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def json(self, *words: str, code: int = 0, at: str = NOW) -> Any:  # noqa: ANN401 - whatever JSON holds
        assert self.run(*words, "--json", at=at) == code, self.err
        return json.loads(self.out)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def nights(self, count: int, *failed: int) -> None:
        """Record a run each night up to the third of March, some nights ago a failure."""
        ledger = open_ledger(
            self.ledger,
            Place(env={}, cache=self.folder, dies_with_job=(), machine_dies=False),
        )
        for night in range(count):
            at = datetime(2026, 3, 4, 2, 30, tzinfo=timezone.utc) - timedelta(days=night)
            outcome = Outcome.FAILURE if night in failed else Outcome.SUCCESS
            at_ms, day = int(at.timestamp() * 1000), at.date().isoformat()
            ledger.put(fact("run", outcome, run=str(night), at=at_ms, day=day))
        ledger.close()


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    made = Terminal(tmp_path)
    made.write("seed.json", '{"bad": 987, "total": 1234567}')
    made.write("rewards.csv", "day,failed,total\n2026-03-01,20,400\n2026-03-02,45,600\n")
    return made


def test_the_sample_has_used_79_95_percent_and_is_met(terminal: Terminal) -> None:
    assert terminal.run("report", *SEED) == 0
    assert "  used     79.95 %   987 bad, 1,234.57 may be\n  left     20.05 %   247.57 more may be bad" in terminal.out
    assert "  status   healthy\n  verdict  met\n" in terminal.out
    assert terminal.out.endswith("\n1 objective: 1 healthy; 1 met\n")
    assert terminal.run("check", *SEED) == 0
    assert terminal.out == "met  seed: 99.92 % of 99.9 %, 79.95 % of the budget used, healthy\n"


def test_the_sample_has_no_pace_because_nobody_says_when_it_was_counted(terminal: Terminal) -> None:
    one = terminal.json("report", *SEED)["objectives"][0]
    assert one["burn"] == {"30d": pytest.approx(0.7994705)}
    assert (one["exhausts_at"], one["recovers_at"], one["data_timestamp"]) == (None, None, None)
    assert "ahead" not in terminal.out


def test_130_percent_used_is_exhausted_and_fails_the_check(terminal: Terminal) -> None:
    assert terminal.run("report", *REWARDS, "--window", "7d") == 0
    assert (
        "  used      130 %   65 bad, 50 may be\n  left      -30 %   15 too many\n  status   exhausted" in terminal.out
    )
    assert terminal.run("check", *REWARDS) == 1
    assert terminal.out == "violated  rewards: 93.5 % of 95 %, 130 % of the budget used, exhausted\n"
    assert terminal.err == "1 objective: 1 exhausted; 1 violated\n"


def test_json_is_one_object_with_all_objectives_and_totals(terminal: Terminal) -> None:
    answer = terminal.json("report", *REWARDS)
    assert answer["evaluated_at"] == NOW
    (one,) = answer["objectives"]
    assert (one["slo"], one["source"], one["window"], one["target"]) == ("rewards", "counts", "30d", 0.95)
    assert (one["bad"], one["total"], one["budget_used_percent"], one["budget_left_percent"]) == (65, 1000, 130, -30)
    assert answer["totals"] == {
        "healthy": 0, "warning": 0, "exhausted": 1, "no_data": 0, "met": 0, "violated": 1, "not_enough_evidence": 0,
    }  # fmt: skip
    assert terminal.json("check", *REWARDS, code=1) == answer
    assert terminal.json("explain", *REWARDS) == answer
    assert terminal.run("report", *REWARDS, "--format", "json") == 0
    assert json.loads(terminal.out) == answer


def test_no_event_is_no_data_and_never_100_percent(terminal: Terminal) -> None:
    terminal.write("none.json", '{"bad": 0, "total": 0}')
    asked = ("--counts", "none.json", "--target", "0.95")
    one = terminal.json("report", *asked)["objectives"][0]
    assert (one["status"], one["verdict"]) == ("no_data", "not_enough_evidence")
    assert all(one[key] is None for key in ("actual", "actual_percent", "budget_used_percent", "budget_left_percent"))
    assert terminal.run("report", *asked) == 0
    assert "100 %" not in terminal.out
    assert terminal.run("check", *asked) == 0
    assert terminal.run("check", *asked, "--strict") == 1


def test_lumen_yml_promises_over_its_ledger(terminal: Terminal) -> None:
    terminal.nights(30, 3)
    terminal.promise(NIGHTLY + "slo: {run: 0.95, day: 0.95}")
    found = "96.67 % of 95 %, 66.67 % of the budget used, healthy"
    assert terminal.run("check") == 0
    assert terminal.out.splitlines() == [
        f"not enough evidence  nightly-{one}: {found}; 63 more clean {one}s show it" for one in ("run", "day")
    ]
    assert terminal.run("check", "--only", "nightly-day", "--strict") == 1
    assert terminal.out.count("\n") == 1


def test_planned_runs_of_the_configured_pipeline_are_the_volume(terminal: Terminal) -> None:
    terminal.nights(10)
    terminal.promise(NIGHTLY + "slo: {run: 0.9}")
    one = terminal.json("report")["objectives"][0]
    assert (one["total"], one["planned"], one["budget_events"]) == (10, 30, 3)
    terminal.write("slo/other.yml", slo_text(indicator=lumen("events: run, pipeline: other")))
    assert terminal.json("report", "--slo", "slo")["objectives"][0]["planned"] is None


def test_scheduled_days_of_the_window_are_planned(terminal: Terminal) -> None:
    terminal.nights(2)
    week = "expected: {cron: ['0 2 * * 1-5']}\n"
    terminal.promise(f"{week}slo: {{day: 0.9, run: 0.9}}")
    planned = {each["slo"]: each["planned"] for each in terminal.json("report")["objectives"]}
    # From Tuesday, 3 February, to Wednesday, 4 March.
    assert planned == {"nightly-day": 22, "nightly-run": pytest.approx(30 * 20 / 28)}


def test_another_moment_is_asked_about(terminal: Terminal) -> None:
    terminal.nights(30, 3)
    terminal.promise(NIGHTLY + "timezone: Asia/Seoul\nslo: {run: 0.95}")
    assert terminal.run("report", at="2026-02-20") == 0
    assert terminal.out.startswith("Objectives at 2026-02-20 00:00 Asia/Seoul\n")
    assert "17 of 17 runs good" in terminal.out


def test_explain_tells_every_step_of_one_objective(terminal: Terminal) -> None:
    terminal.nights(30, 3)
    terminal.promise(NIGHTLY + "slo: {run: 0.95, day: 0.9}")
    assert terminal.run("explain", "nightly-run") == 0
    assert terminal.out.startswith("nightly-run\n  counts    the ledger: runs that ended well")
    assert "  budget    (1 - 0.95) x 30 runs = 1.5 may be bad\n" in terminal.out
    assert "            63 more clean runs bring that to 4.998 %\n" in terminal.out
    assert "nightly-day" not in terminal.out


def test_lint_refuses_99_percent_of_a_nightly_and_proposes_what_can_be_measured(terminal: Terminal) -> None:
    terminal.promise(NIGHTLY + "slo: {run: 0.99, first-try: 0.9}")
    refused, unknown = terminal.json("lint", code=2)
    assert refused == {
        "slo": "nightly-run",
        "status": "refused",
        "field": "target",
        "found": "30 runs over the last 30 days, as planned: 99 % lets 0.3 be bad, so a single one breaks it",
        "fix": "promise 96.66 %, or take a window of 100 days, or have 100 runs in this one (3.34 a day)",
        "proposed_target_percent": 96.66,
        "proposed_window": "100d",
        "failures_allowed": 0.3,
        "regime": "R0",
    }
    assert (unknown["status"], unknown["failures_allowed"], unknown["fix"]) == (
        "unknown", None, "ask again when some are counted",
    )  # fmt: skip
    terminal.promise(NIGHTLY + "slo: {run: 0.9666}")
    assert terminal.run("lint") == 0
    assert "coarse: under 10 failures fit" in terminal.out
    assert terminal.err == "1 objective: 1 measurable\n"


def test_lint_proposes_a_window_that_holds_as_many_scheduled_days_as_it_takes(terminal: Terminal) -> None:
    week = "expected: {cron: ['0 2 * * 1-5']}\n"
    terminal.promise(week)
    indicator = lumen("events: day, pipeline: nightly")
    # Of the twelve hours before noon every one has a midnight; of the days of a week two have no run.
    terminal.write("slo/days.yml", slo_text(indicator=indicator).replace("30d", "12h"))
    (refused,) = terminal.json("lint", "--slo", "slo", code=2, at="2026-03-04T08:00:00Z")
    proposed = refused["proposed_window"]
    terminal.write("slo/days.yml", slo_text(indicator=indicator).replace("30d", proposed))
    (fits,) = terminal.json("lint", "--slo", "slo", at="2026-03-04T08:00:00Z")
    assert (fits["status"], fits["failures_allowed"]) == ("measurable", 1)


def test_markdown_goes_to_a_file(terminal: Terminal) -> None:
    assert terminal.run("report", *REWARDS, "--format", "markdown", "--output", "out/slo.md") == 0
    assert terminal.out == ""
    written = (terminal.folder / "out" / "slo.md").read_text("utf-8")
    assert "| rewards | 95 % | 93.5 % | 130 % | -30 % | ❌ exhausted | violated |\n" in written
    assert written.endswith("if nothing more fails\n")


def test_options_come_from_the_environment_too(terminal: Terminal) -> None:
    terminal.env |= {
        "LUMEN_COUNTS": "rewards.csv", "LUMEN_TARGET": "95%", "LUMEN_WINDOW": "7d", "LUMEN_AT": NOW,
        "LUMEN_FORMAT": "markdown",
    }  # fmt: skip
    assert terminal.run("report", at="") == 0
    assert terminal.out.startswith("## Objectives at 2026-03-04 12:00 UTC")
    terminal.env = {"LUMEN_SLO": "a.yml, b.yml", "LUMEN_ONLY": "b", "HOME": str(terminal.folder)}
    for name in "ab":
        terminal.write(f"{name}.yml", slo_text(name=name, indicator=lumen("events: run, pipeline: nightly")))
    assert [
        each["slo"] for each in terminal.json("report", "--ledger", f"sqlite:{terminal.folder}/none.db")["objectives"]
    ] == ["b"]


def test_a_source_that_does_not_answer_hides_no_other(terminal: Terminal) -> None:
    terminal.nights(30)
    terminal.write("slo/a.yml", slo_text(name="runs", indicator=lumen("events: run, pipeline: nightly")))
    terminal.write("slo/b.yml", slo_text(name="api", indicator=prometheus("sum(good_total)", "sum(all_total)")))
    with answering(lambda request: request.reply(401, {}, b"no")) as url:
        answer = terminal.json("report", "--slo", "slo", "--ledger", terminal.ledger, "--prometheus-url", url, code=75)
    runs, api = answer["objectives"]
    assert (runs["total"], runs["status"]) == (30, "healthy")
    assert (api["total"], api["status"], api["actual"]) == (0, "no_data", None)
    assert api["notes"] != []
    assert terminal.err.startswith("error: nothing is known of api: ")
    assert "LUMEN_PROMETHEUS_TOKEN" in terminal.err


def test_every_mistake_is_told_together(terminal: Terminal) -> None:
    terminal.write("lumen.yml", "timezone: Nowhere\n")
    asked = ("--slo", "gone.yml", "--counts", "seed.json", "--format", "xml")
    assert terminal.run("report", *asked, at="soon") == 2
    for told in (
        "timezone: `Nowhere`",
        "at: `soon` is no time",
        "format: `xml` is not known",
        "counts: is given together with `slo`",
        "gone.yml cannot be read",
    ):
        assert told in terminal.err


@pytest.mark.parametrize("at", ["0001-01-01", "1969-12-31T23:59:59Z", "9999-12-31"])
def test_a_moment_of_no_pipeline_is_refused_with_all_other_mistakes(terminal: Terminal, at: str) -> None:
    terminal.env["LUMEN_STRICT"] = "maybe"
    assert terminal.run("check", *SEED, at=at) == 2
    strict, moment = terminal.err.splitlines()
    assert strict.startswith("error: strict: `maybe` is not allowed")
    assert moment.startswith(f"error: at: `{at}` is no time from 1970 to 2999; write `--at 2026-03-04T12:00:00Z`")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "slo: no objective is set; write `slo: {run: 0.95}` in lumen.yml, or name documents with `--slo slo/`"),
        (("--target", "0.9"), "target: is only of use beside counts"),
        (("--window", "7d"), "window: is only of use beside counts"),
        (("--counts", "seed.json"), "target: is missing; write `--target 0.999` or `--target 99.9%`"),
        (("--counts", "seed.json", "--target", "99.9"), "write `--target 99.9%`"),
        (("--counts", "seed.json", "--target", "1"), "no budget is left for a single failure"),
        (("--counts", "seed.json", "--target", "100%"), "no budget is left for a single failure"),
        (("--counts", "seed.json", "--target", "nine"), "target: `nine` is not between 0 and 1"),
        (("--counts", "seed.json", "--target", "0.9", "--window", "1M"), "window: `1M` is no number of hours"),
        (("--counts", "seed.json", "--target", "0.9", "--window", "99999w"), "window: `99999w` is no number of hours"),
        (("--counts", "gone.json", "--target", "0.9"), "gone.json cannot be read"),
        (("--slo", "x.yml", "--only", "y"), "only: there is no objective `y`; there are `x`"),
    ],
)
def test_a_mistake_names_the_option_and_what_to_write(terminal: Terminal, words: tuple[str, ...], told: str) -> None:
    terminal.write("x.yml", slo_text(indicator=lumen("events: run, pipeline: nightly")))
    assert terminal.run("check", *words) == 2
    assert told in terminal.err
    assert terminal.out == ""


def test_objectives_of_nobody_are_refused(terminal: Terminal) -> None:
    terminal.write("lumen.yml", "slo: {run: 0.95}\n")
    assert terminal.run("report") == 2
    assert "pipeline: is missing, so nobody knows whose objectives these are" in terminal.err


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["slo", name, "--help"])
    shown = capsys.readouterr().out
    assert "--slo FILE" in shown
    assert f"lumen slo {name}" in shown.partition("\nexample:")[2]


def test_hostile_names_print_nothing_that_a_runner_obeys(terminal: Terminal) -> None:
    terminal.env["GITHUB_ACTIONS"] = "true"
    text = slo_text(indicator=lumen("events: run, pipeline: nightly"))
    named = text.replace("metadata: {name: x}", 'metadata: {name: x, displayName: "a\\n::error::b"}')
    terminal.write("x.yml", named)
    for name in ("report", "check", "explain"):
        terminal.run(name, "--slo", "x.yml", "--ledger", f"sqlite:{terminal.folder}/none.db")
        assert "\n::error::b" not in terminal.out
