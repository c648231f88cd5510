"""actions/publish and its two examples: the one publisher, on a runner of one's own and on hosted ones."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import servers
from act import REPOSITORY, Consumer, Event, Runner
from githost import GitHost
from receiver import start_receiver
from ruamel.yaml import YAML

from lumen_action.commands.publish import parser
from lumen_action.settings import OPTIONS

PUBLISH: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "actions" / "publish" / "action.yml")
INPUTS: dict[str, dict[str, Any]] = PUBLISH["inputs"]
(STEP,) = PUBLISH["runs"]["steps"]
BASH = shutil.which("bash") or "bash"
BY_HAND = Event("workflow_dispatch")
# Read by the step's script before there is a Python.
OF_THE_SCRIPT = {"python"}


def variable(name: str) -> str:
    return f"LUMEN_INPUT_{name.upper().replace('-', '_')}"


def test_inputs_are_settings_that_publishing_takes() -> None:
    options = {action.dest.replace("_", "-") for action in parser()._actions} - {"help", "json"}
    assert options | {"fail-on-error"} | OF_THE_SCRIPT == set(INPUTS)
    assert set(OPTIONS) >= set(INPUTS) - OF_THE_SCRIPT


@pytest.mark.parametrize(
    ("ended", "fail_on_error", "expected"),
    [(0, "", 0), (75, "", 0), (75, "false", 0), (75, "true", 75), (2, "", 2), (3, "", 3), (1, "", 1)],
)
def test_only_what_may_pass_is_forgiven(tmp_path: Path, ended: int, fail_on_error: str, expected: int) -> None:
    telling = f"import sys\nprint(sys.flags.isolated, sys.flags.utf8_mode, *sys.argv[1:])\nsys.exit({ended})\n"
    action = tmp_path / "the action" / "actions" / "publish"
    action.mkdir(parents=True)
    (tmp_path / "the action" / "entrypoint.py").write_text(telling, encoding="utf-8")
    script = tmp_path / "step.sh"
    script.write_text(STEP["run"], encoding="utf-8")
    environ = {variable(name): "" for name in INPUTS} | {variable("fail-on-error"): fail_on_error}
    environ |= {variable("python"): sys.executable, "GITHUB_ACTION_PATH": str(action), "PATH": "/nowhere"}
    command = [BASH, "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    done = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=False)
    first, *rest = done.stdout.splitlines()
    assert (first, done.returncode, done.stderr) == ("1 1 publish", expected, "")
    assert [line[:26] for line in rest] == (["::warning title=lumen::Not"] if (ended, expected) == (75, 0) else [])


@pytest.fixture
def serve(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., servers.Server]]:
    """Start a real server in a folder of its own; stop it at the end."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with contextlib.ExitStack() as started:

        def start(starter: Callable[..., servers.Server], *details: object, **more: object) -> servers.Server:
            server = starter(tmp_path_factory.mktemp("server"), *details, **more)
            started.callback(server.stop)
            return server

        yield start


def example(name: str) -> str:
    return (REPOSITORY / "examples" / name).read_text(encoding="utf-8")


def record(runner: Runner, ledger: str, pipeline: str, run: str) -> None:
    words = {
        "stage": "run",
        "outcome": "success",
        "region": "eu",
        "pipeline": pipeline,
        "run-id": run,
        "ledger": ledger,
    }
    runner.lumen("record", *(f"--{name}={word}" for name, word in words.items()))


def runs_shown(gateway: servers.Server) -> dict[str, float]:
    shown = servers.pushed(gateway).items()
    return {dict(labels)["pipeline"]: value for (name, labels), value in shown if name == "lumen_runs_total"}


def test_lumen_publish_yml_shows_all_pipelines_of_the_ledger_and_again_after_the_gateway_lost_them(
    runner: Runner, consumer: Consumer, serve: Callable[..., servers.Server], tmp_path: Path
) -> None:
    gateway, ledger = serve(servers.start_pushgateway), f"sqlite:{tmp_path / 'ledger.db'}"
    team = replace(consumer, variables={"LUMEN_LEDGER": ledger, "PUSHGATEWAY_URL": gateway.url})
    for pipeline, runs in (("nightly", 2), ("upload", 1)):
        for number in range(runs):
            record(runner, ledger, pipeline, f"{pipeline}-{number}")
    assert runner.run(example("lumen-publish.yml"), team, BY_HAND).exit_code == 0
    assert runs_shown(gateway) == {"nightly": 2, "upload": 1}
    gateway.stop()
    empty = serve(servers.start_pushgateway, port=int(gateway.url.rpartition(":")[2]))
    assert runs_shown(empty) == {}
    assert runner.run(example("lumen-publish.yml"), team, BY_HAND).exit_code == 0
    assert runs_shown(empty) == {"nightly": 2, "upload": 1}


@pytest.mark.slow
def test_lumen_publish_yml_with_a_dead_gateway_warns_and_stays_green(
    runner: Runner, consumer: Consumer, tmp_path: Path
) -> None:
    ledger = f"sqlite:{tmp_path / 'ledger.db'}"
    record(runner, ledger, "nightly", "1")
    team = replace(consumer, variables={"LUMEN_LEDGER": ledger, "PUSHGATEWAY_URL": "http://127.0.0.1:9"})
    run = runner.run(example("lumen-publish.yml"), team, BY_HAND)
    assert run.exit_code == 0
    assert [annotation.level for annotation in run.leg().annotations] == ["warning"]
    assert [line for line in run.leg().log if "127.0.0.1:9" in line and "was not updated" in line]


def test_lumen_publish_yml_without_a_sink_says_what_to_set(runner: Runner, consumer: Consumer, tmp_path: Path) -> None:
    team = replace(consumer, variables={"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}"})
    run = runner.run(example("lumen-publish.yml"), team, BY_HAND)
    assert run.exit_code == 1
    (error,) = (a for a in run.leg().annotations if a.level == "error" and a.title == "lumen")
    assert "nowhere to publish" in error.message


def team_of_two_regions(consumer: Consumer, variables: Mapping[str, str]) -> Consumer:
    scripts = {"build.sh": "echo compiled", "test.sh": '[ "$REGION" != eu-west-1 ] || { echo "1 failed"; exit 1; }'}
    for name, text in scripts.items():
        script = consumer.folder / name
        script.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        script.chmod(0o755)
    return replace(consumer, variables=variables)


@pytest.mark.slow
def test_hosted_yml_records_in_git_and_appends_totals_and_runs_of_both_regions(
    runner: Runner, consumer: Consumer, serve: Callable[..., servers.Server], tmp_path: Path
) -> None:
    prometheus = serve(start_receiver, "10m")
    with GitHost.create(tmp_path).serving() as host:
        ledger = f"git:{host.url}"
        url = f"{prometheus.url}/api/v1/write"
        team = team_of_two_regions(consumer, {"LUMEN_LEDGER": ledger, "LUMEN_REMOTE_WRITE_URL": url})
        run = runner.run(example("hosted.yml"), team, BY_HAND)
        assert run.exit_code == 1  # by the region's own test
        assert set(run.leg("publish").steps.values()) == {"success"}
        assert json.loads(runner.lumen("state", "--json", "--ledger", ledger))["facts"] == 6
        found = servers.query(prometheus, "sum by (pipeline, region) (lumen_runs_total)")
        assert found == {
            (("pipeline", "hosted-report"), ("region", region)): 1 for region in ("eu-west-1", "ap-northeast-2")
        }
        events = servers.query(prometheus, "sum by (region, outcome) (count_over_time(lumen_run_event[1h]))")
        assert events == {
            (("outcome", "failure"), ("region", "eu-west-1")): 1,
            (("outcome", "success"), ("region", "ap-northeast-2")): 1,
        }
        failed = servers.query(prometheus, "sum by (region) (lumen_runs_failed_total)")
        assert failed == {(("region", "eu-west-1"),): 1, (("region", "ap-northeast-2"),): 0}
