"""Each complete workflow in examples/ does what its first lines promise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from act import REPOSITORY, Consumer, Event, Runner

EXAMPLES = REPOSITORY / "examples"
BY_HAND = Event("workflow_dispatch")


@pytest.fixture
def team(consumer: Consumer) -> Consumer:
    """Return a team whose stages are scripts; the tests fail in one of the two regions."""
    scripts = {
        "build.sh": "echo compiled",
        "test.sh": '[ "${REGION:-}" != eu-west-1 ] || { echo "E   AssertionError: 3 != 4"; '
        'echo "FAILED tests/test_prices.py::test_sum - AssertionError"; echo "1 failed, 9 passed in 0.12s"; exit 1; }',
        "report.sh": "echo written",
    }
    for name, text in scripts.items():
        script = consumer.folder / name
        script.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        script.chmod(0o755)
    return consumer


def test_basic(runner: Runner, team: Consumer) -> None:
    run = runner.run((EXAMPLES / "basic.yml").read_text(encoding="utf-8"), team, BY_HAND)
    assert run.exit_code == 0
    assert set(run.leg().steps.values()) == {"success"}
    assert run.leg().summary.count("\n#") + run.leg().summary.startswith("#") == 1


@pytest.mark.parametrize(
    ("upload", "fails", "tried"),
    [
        ("echo sent", False, 1),
        # Works the second time: the first leaves a trace.
        (
            '[ -e tried ] || { touch tried; echo "curl: (56) Recv failure: Connection reset by peer"; exit 56; }',
            False,
            2,
        ),
        ('echo "remote: HTTP Basic: Access denied. The provided password or token is incorrect"; exit 1', True, 1),
    ],
)
def test_retry(upload: str, fails: bool, tried: int, runner: Runner, team: Consumer) -> None:  # noqa: FBT001
    script = team.folder / "upload.sh"
    script.write_text(f"#!/bin/sh\necho uploading\n{upload}\n", encoding="utf-8")
    script.chmod(0o755)
    run = runner.run((EXAMPLES / "retry.yml").read_text(encoding="utf-8"), team, BY_HAND)
    assert (run.exit_code != 0) is fails
    assert [line.strip() for line in run.leg().log].count("uploading") == tried


def test_regions(runner: Runner, team: Consumer, tmp_path: Path) -> None:
    ledger = f"sqlite:{tmp_path / 'ledger.db'}"
    team = replace(team, variables={"LUMEN_LEDGER": ledger})
    run = runner.run((EXAMPLES / "regions.yml").read_text(encoding="utf-8"), team, BY_HAND)
    eu, ap = run.leg(region="eu-west-1"), run.leg(region="ap-northeast-2")
    assert "eu-west-1: failure build" in eu.log
    assert "worth running again" not in eu.log
    assert "ap-northeast-2: success" in [line.strip() for line in ap.log]
    state = json.loads(runner.lumen("state", "--json", "--ledger", ledger))
    assert state["facts"] == 10
    (day,) = state["pipelines"]["nightly-report"]["days"]
    assert (day["outcome"], day["winner"]) == ("success", "ap-northeast-2")
