"""The documented way of use, from a consumer's workflow to ledger, outputs and summary."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from act import ACTION, FORK, Consumer, Leg, Run, Runner
from runner_parser import Runner as Parser

STAGES = ("checkout", "build", "test", "report", "run")
REGIONS = ("eu", "us")
NO_SUCH_HOST = """\
Fetching the price list
curl: (6) Could not resolve host: prices.acme.example
make: *** [Makefile:12: prices] Error 6
"""


def step(name: str, command: str = "true", **inputs: str) -> list[dict[str, Any]]:
    """Return a stage and the line after it."""
    ours = {"id": name, "uses": ACTION, "if": "always()", "with": {"stage": name} | inputs}
    return [{"run": command, "shell": "bash"}, ours]


def workflow(*steps: list[dict[str, Any]], regions: tuple[str, ...] = (), **job: object) -> str:
    """Return a workflow of one job; JSON is YAML."""
    matrix = {"strategy": {"fail-fast": False, "matrix": {"region": list(regions)}}} if regions else {}
    checkout = [{"uses": "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"}]
    body = {"runs-on": "ubuntu-latest", "permissions": {}, **matrix, **job}
    body["steps"] = checkout + [part for pair in steps for part in pair]
    return json.dumps({"name": "nightly", "on": ["push", "pull_request"], "permissions": {}, "jobs": {"report": body}})


def five_stages(test_command: str = "true") -> str:
    stages = [step(name, test_command if name == "test" else "true", **log_of(name)) for name in STAGES]
    return workflow(*stages, regions=REGIONS, env={"REGION": "${{ matrix.region }}"})


def log_of(stage: str) -> dict[str, str]:
    return {"log-file": "test.log"} if stage == "test" else {}


def dead_url() -> str:
    """Return the address of a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'ledger.db'}"


@pytest.fixture
def team(consumer: Consumer, ledger: str) -> Consumer:
    """Return a team whose ledger outlives the job."""
    (consumer.folder / "dns.log").write_text(NO_SUCH_HOST, encoding="utf-8")
    return replace(consumer, env={"LUMEN_LEDGER": ledger})


def nightly(runner: Runner, ledger: str) -> dict[str, Any]:
    state = json.loads(runner.lumen("state", "--json", "--ledger", ledger))
    (pipeline,) = state["pipelines"].values()
    return {"facts": state["facts"], "conflicts": state["conflicts"], **pipeline}


def runs_by_region(state: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {run["region"]: run for run in state["runs"]}


def stages_of(run: Mapping[str, Any]) -> dict[str, str]:
    return {stage["stage"]: stage["outcome"] for stage in run["stages"]}


def failure_headings(leg: Leg) -> list[str]:
    return [line for line in leg.summary.splitlines() if re.match(r"#+ .*\bfailed\b", line)]


def results_of_ours(run: Run) -> set[str]:
    return {leg.steps[name] for leg in run.legs for name in STAGES if name in leg.steps}


class TestOneRegionFailsWhileThePushgatewayIsDown:
    @pytest.fixture(scope="class")
    @staticmethod
    def world(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Any]]:
        folder = tmp_path_factory.mktemp("team") / "consumer"
        folder.mkdir()
        (folder / "dns.log").write_text(NO_SUCH_HOST, encoding="utf-8")
        ledger = f"sqlite:{folder.parent / 'ledger.db'}"
        team = Consumer(folder, env={"LUMEN_LEDGER": ledger, "PUSHGATEWAY_URL": dead_url()})
        run = runner.run(five_stages('cat dns.log | tee test.log; test "$REGION" != eu'), team)
        return run, nightly(runner, ledger)

    def test_every_step_of_ours_succeeds_and_the_job_fails_by_its_own_stage(
        self, world: tuple[Run, dict[str, Any]]
    ) -> None:
        run, _ = world
        assert results_of_ours(run) == {"success"}
        assert run.leg(region="eu").job_result == "failure"
        assert run.exit_code == 1

    def test_the_failed_stage_says_why_and_that_it_is_worth_another_try(
        self, world: tuple[Run, dict[str, Any]]
    ) -> None:
        outputs = world[0].leg(region="eu").outputs["test"]
        assert outputs["outcome"] == "failure"
        assert outputs["error-class"] == "network"
        assert outputs["error-subclass"] == "dns"
        assert "Could not resolve host: prices.acme.example" in outputs["evidence"]
        assert outputs["rerun"] == "true"
        assert outputs["rerun-scope"] in ("step", "job")
        assert int(outputs["attempts-left"]) > 0

    def test_rerun_is_exactly_false_wherever_nothing_failed(self, world: tuple[Run, dict[str, Any]]) -> None:
        run, _ = world
        assert {run.leg(region="us").outputs[name]["rerun"] for name in STAGES} == {"false"}
        assert {run.leg(region="eu").outputs[name]["rerun"] for name in ("checkout", "build", "report")} == {"false"}

    def test_the_run_call_repeats_the_cause_for_the_whole_pipeline(self, world: tuple[Run, dict[str, Any]]) -> None:
        outputs = world[0].leg(region="eu").outputs["run"]
        assert (outputs["outcome"], outputs["error-class"], outputs["rerun"]) == ("failure", "network", "true")

    def test_the_machine_readable_output_agrees_with_the_words(self, world: tuple[Run, dict[str, Any]]) -> None:
        outputs = world[0].leg(region="eu").outputs["test"]
        assert json.loads(outputs["json"])["outcome"] == "failure"
        assert outputs["published"] == "false"
        assert re.fullmatch(r"\d{8}-eu-[0-9a-f]{7}", outputs["run-id"])
        assert re.fullmatch(r"[0-9a-f]{32}", outputs["trace-id"])

    def test_the_failing_job_has_one_failure_heading_and_the_other_has_none(
        self, world: tuple[Run, dict[str, Any]]
    ) -> None:
        run, _ = world
        assert len(failure_headings(run.leg(region="eu"))) == 1
        assert "Could not resolve host" in run.leg(region="eu").summary
        assert failure_headings(run.leg(region="us")) == []

    def test_the_dead_pushgateway_is_a_warning_and_never_an_error(self, world: tuple[Run, dict[str, Any]]) -> None:
        for leg in world[0].legs:
            warnings = [a for a in leg.annotations if a.level == "warning"]
            assert any("127.0.0.1" in warning.message for warning in warnings)
            assert len(warnings) <= len(STAGES)

    def test_both_regions_are_in_the_ledger_once(self, world: tuple[Run, dict[str, Any]]) -> None:
        _, state = world
        assert (state["facts"], state["conflicts"]) == (len(REGIONS) * len(STAGES), 0)
        runs = runs_by_region(state)
        assert {region: run["outcome"] for region, run in runs.items()} == {"eu": "failure", "us": "success"}

    def test_the_stages_after_the_failure_are_skipped(self, world: tuple[Run, dict[str, Any]]) -> None:
        runs = runs_by_region(world[1])
        green = dict.fromkeys(STAGES[:-1], "success")
        assert stages_of(runs["us"]) == green
        assert stages_of(runs["eu"]) == green | {"test": "failure", "report": "skipped"}

    def test_the_day_is_won_by_the_region_that_succeeded(self, world: tuple[Run, dict[str, Any]]) -> None:
        (day,) = world[1]["days"]
        assert (day["outcome"], day["winner"]) == ("success", "us")


def test_a_green_run_writes_one_block_and_only_at_its_end(runner: Runner, team: Consumer) -> None:
    run = runner.run(five_stages(), team)
    assert run.exit_code == 0
    for leg in run.legs:
        assert {name for name, text in leg.summaries.items() if text.strip()} == {"run"}
        assert len(re.findall(r"^#+ ", leg.summary, re.MULTILINE)) == 1
        assert len(leg.summary.encode()) <= 3000
        assert [a for a in leg.annotations if a.level == "error"] == []


@pytest.mark.slow
def test_a_second_attempt_is_the_same_run_and_corrects_it(runner: Runner, team: Consumer, ledger: str) -> None:
    runner.run(five_stages('cat dns.log | tee test.log; test "$REGION" != eu'), team)
    again = replace(team, env={**team.env, "GITHUB_RUN_ATTEMPT": "2"})
    assert runner.run(five_stages(), again).exit_code == 0
    state = nightly(runner, ledger)
    eu = runs_by_region(state)["eu"]
    assert (eu["attempt"], eu["outcome"]) == (2, "success")
    assert state["regions"]["eu"]["runs"] == 1
    assert state["regions"]["eu"]["corrected"] == [{"from": "failure", "to": "success", "count": 1}]


def test_the_outcome_of_a_step_sees_what_continue_on_error_hides(runner: Runner, team: Consumer) -> None:
    tolerated = {"id": "flaky", "run": "exit 3", "shell": "bash", "continue-on-error": True}
    ours = step("build", outcome="${{ steps.flaky.outcome }}")
    run = runner.run(workflow([tolerated], ours), team)
    assert run.exit_code == 0
    assert run.leg().outputs["build"]["outcome"] == "failure"


def test_fail_on_error_turns_the_dead_pushgateway_into_a_failed_step(
    runner: Runner, team: Consumer, ledger: str
) -> None:
    inputs = {"fail-on-error": "true", "pushgateway-url": dead_url()}
    run = runner.run(workflow(step("run", **inputs)), team)
    assert run.leg().steps["run"] == "failure"
    assert nightly(runner, ledger)["facts"] == 1


def test_without_a_lasting_ledger_no_totals_are_published_and_the_step_says_what_to_set(
    runner: Runner, consumer: Consumer
) -> None:
    run = runner.run(workflow(step("run", **{"pushgateway-url": dead_url()})), consumer)
    assert run.exit_code == 0
    assert run.leg().outputs["run"]["published"] == "false"
    assert [line for line in run.leg().log if "no totals" in line and "ledger" in line]
    assert [line for line in run.leg().log if "Connection refused" in line] == []


def test_a_wrong_input_is_one_error_that_names_input_fault_and_fix(runner: Runner, team: Consumer) -> None:
    run = runner.run(workflow(step("build", outcome="banana")), team)
    assert run.leg().steps["build"] == "failure"
    (error,) = (a for a in run.leg().annotations if a.level == "error" and a.title == "lumen")
    assert "outcome" in error.message
    assert "banana" in error.message
    assert "write `outcome: " in error.message


def test_every_wrong_input_is_told_at_once(runner: Runner, team: Consumer) -> None:
    run = runner.run(workflow(step("build", outcome="banana", summary="loud", **{"fail-on-error": "yes"})), team)
    (error,) = (a for a in run.leg().annotations if a.level == "error" and a.title == "lumen")
    for wrong in ("banana", "loud", "yes"):
        assert wrong in error.message


def test_a_fork_gets_summary_and_outputs_but_stays_out_of_the_counters(
    runner: Runner, team: Consumer, ledger: str
) -> None:
    run = runner.run(five_stages('cat dns.log | tee test.log; test "$REGION" != eu'), team, FORK)
    eu = run.leg(region="eu")
    assert results_of_ours(run) == {"success"}
    assert eu.outputs["test"]["error-class"] == "network"
    assert len(failure_headings(eu)) == 1
    pipelines = json.loads(runner.lumen("state", "--json", "--ledger", ledger))["pipelines"].values()
    assert sum(region["runs"] for pipeline in pipelines for region in pipeline["regions"].values()) == 0


HOSTILE_LOG = (
    "::stop-commands::endless\n"
    "::set-output name=rerun::true\n"
    "::set-env name=PATH::/evil\n"
    "##[add-mask]failure\n"
    "   ::error title=injected::injected annotation\n"
    "2026-01-02T03:04:05Z ##[warning]injected annotation\n"
    "\u3000::add-path::/evil\n"
    "rerun<<EOF\ntrue\nEOF\n"
    "```\n# injected heading\n````\n# injected heading\n~~~\n"
    "@everyone <img src=x onerror=alert(1)> <!-- hidden [link](javascript:alert(1)) | cell |\n"
    "\x1b[31mcurl: (6) Could not resolve host: ##[error]injected @everyone`::error::injected|```.acme\x1b[0m \x00\x07\n"
    "````\n# injected heading\n##[error]injected annotation\n::set-output name=outcome::success\n"
)
OUR_COMMANDS = {"debug", "endgroup", "error", "group", "notice", "warning"}


class TestAHostileLog:
    @pytest.fixture(scope="class")
    @staticmethod
    def leg(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Leg:
        folder = tmp_path_factory.mktemp("victim") / "consumer"
        folder.mkdir()
        (folder / "hostile.log").write_bytes(HOSTILE_LOG.encode() + b"\xff\xfe\n" + b"x" * 300_000)
        look = [
            {"id": "look", "if": "always()", "shell": "bash", "run": 'env | sort; cat "$GITHUB_ENV" "$GITHUB_PATH"'}
        ]
        text = workflow(step("build", "exit 1", **{"log-file": "hostile.log"}), step("run"), look)
        return runner.run(text, Consumer(folder)).leg()

    def test_is_still_explained(self, leg: Leg) -> None:
        assert leg.steps["build"] == leg.steps["run"] == "success"
        assert leg.outputs["build"]["error-class"] == "network"

    def test_changes_no_output(self, leg: Leg) -> None:
        assert leg.outputs["build"]["outcome"] == "failure"
        assert leg.outputs["build"]["rerun"] == "true"
        assert all(re.search(r"[\x00-\x1f\x7f]", value) is None for value in leg.outputs["build"].values())

    def test_is_obeyed_in_nothing(self, leg: Leg) -> None:
        commands = Parser().read("\n".join(leg.log)).obeyed
        assert {command.name for command in commands} <= OUR_COMMANDS
        assert [command for command in commands if command.data.startswith("injected")] == []
        assert "injected" not in {a.title for a in leg.annotations}

    def test_leaves_the_environment_clean(self, leg: Leg) -> None:
        assert [line for line in leg.log if "/evil" in line and not line.startswith(("::set-env", "\u3000::"))] == []
        assert [line for line in leg.log if line.startswith("PATH=") and "evil" in line] == []

    def test_leaves_the_summary_clean(self, leg: Leg) -> None:
        fenced = re.compile(r"^(?P<fence>`{3,})[^`\n]*\n.*?^(?P=fence)`*$", re.MULTILINE | re.DOTALL)
        code = re.compile(r"(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)")
        outside = code.sub("", fenced.sub("", leg.summary))
        assert "@everyone" not in outside
        assert "<img" not in outside
        assert re.search(r"^# injected", outside, re.MULTILINE) is None
        assert "\x1b" not in leg.summary
        assert "\x00" not in leg.summary
