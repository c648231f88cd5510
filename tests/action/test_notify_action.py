"""actions/notify and its example: a night that fails is told by itself, and its end to whoever was told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from act import REPOSITORY, Consumer, Event, Run, Runner
from hookreceiver import Receiver
from ruamel.yaml import YAML

from lumen_action.commands.notify import SUBCOMMANDS, flushing, testing, wish

ACTION: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "actions" / "notify" / "action.yml")
EXAMPLE = (REPOSITORY / "examples" / "lumen-notify.yml").read_text(encoding="utf-8")
# What has no use in a workflow, and what only a workflow gives.
NOT_INPUTS = {"help", "json", "again", "dry-run"}
NOT_OPTIONS = {"command", "job-id", "job-status", "matrix", "python"}


def test_inputs_are_the_options_of_all_its_commands() -> None:
    options = {action.dest.replace("_", "-") for each in (wish, flushing, testing) for action in each.parser()._actions}
    assert options - NOT_INPUTS == set(ACTION["inputs"]) - NOT_OPTIONS
    assert all(f"`{name}`" in ACTION["inputs"]["command"]["description"] for name in SUBCOMMANDS)


def night(runner: Runner, team: Consumer, attempt: int, test: str, secrets: Mapping[str, str]) -> Run:
    for name, text in (("build.sh", "echo compiled"), ("test.sh", test)):
        script = team.folder / name
        script.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        script.chmod(0o755)
    env = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "GITHUB_RUN_ATTEMPT": str(attempt)}
    return runner.run(EXAMPLE, replace(team, env=env, secrets=secrets), Event("workflow_dispatch"))


@pytest.mark.slow
def test_a_night_that_fails_is_told_and_the_green_one_after_it_too(
    runner: Runner, consumer: Consumer, tmp_path: Path
) -> None:
    team = replace(consumer, variables={"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}"})
    broken = 'echo "E   AssertionError: 3 != 4"; echo "FAILED tests/test_prices.py::test_sum - AssertionError"; exit 1'
    with Receiver().serving() as hook, Receiver().serving() as slack:
        slack.answers = [(410, {})]
        secrets = {"LUMEN_ALERT_URL": hook.url, "LUMEN_SLACK_WEBHOOK": slack.url}
        failed = night(runner, team, 1, broken, secrets)
        assert failed.exit_code != 0
        green = night(runner, team, 2, "echo fine", secrets)
        assert green.exit_code == 0, green.leg().log
        told, over = (json.loads(body)["data"] for _, body in hook.got)
    assert (told["subject"], told["severity"], told["error_class"]) == ("nightly: test failed", "error", "build")
    assert "AssertionError" in told["sentence"]
    assert told["links"][0]["url"].startswith("https://github.com/acme/reports/actions/runs/")
    assert (over["thread"], over["resolved"], over["times"]) == (told["thread"], True, 1)
    # A channel that is dead warns and fails nothing, and whom it did not reach hears no end.
    warnings = [each.message for each in failed.leg().annotations if each.level == "warning"]
    assert any("slack to" in each for each in warnings)
    assert len(slack.got) == 1
    assert "webhook to" in failed.leg().summary
    assert not any("s3cr3t-path" in line for line in failed.leg().log if "::add-mask" not in line)
