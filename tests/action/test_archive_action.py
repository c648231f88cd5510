"""actions/archive and its example: a job freezes, uploads and verifies, a later one verifies again and restores."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from act import REPOSITORY, Consumer, Event, Runner
from ruamel.yaml import YAML

from lumen_action.commands.archive import SUBCOMMANDS, drilling, freezing, restoring, uploading, verifying
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Kind

ACTION: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "actions" / "archive" / "action.yml")
EXAMPLE = (REPOSITORY / "examples" / "lumen-verify.yml").read_text(encoding="utf-8")
(STEP,) = ACTION["runs"]["steps"]
BASH = shutil.which("bash") or "bash"
KEY = base64.b64encode(bytes(range(32))).decode()
COMMANDS = {"freeze": freezing, "upload": uploading, "verify": verifying, "restore": restoring, "drill": drilling}
# Read by the step's script, by the host, or under another name: a version is looked for by `--at`.
NOT_OPTIONS = {"command", "fail-on-error", "job-id", "matrix", "token", "python"}
CHECKOUT = {"uses": "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"}


def test_every_input_is_an_option_of_one_of_its_commands() -> None:
    assert set(COMMANDS) <= set(SUBCOMMANDS)
    taken = {each.dest.replace("_", "-") for command in COMMANDS.values() for each in command.parser()._actions}
    assert set(ACTION["inputs"]) - NOT_OPTIONS <= taken


@pytest.mark.parametrize(
    ("asked", "codes", "fail_on_error", "calls", "expected"),
    [
        ("verify", {}, "", ["verify"], 0),
        ("freeze upload verify", {}, "", ["freeze", "upload", "verify"], 0),
        ("freeze, upload\nverify", {}, "", ["freeze", "upload", "verify"], 0),
        ("freeze upload verify", {"upload": 2}, "", ["freeze", "upload"], 2),
        ("freeze upload verify", {"upload": 75}, "", ["freeze", "upload"], 75),
        ("freeze upload verify", {"upload": 75}, "true", ["freeze", "upload"], 75),
        ("freeze upload verify", {"upload": 75}, "false", ["freeze", "upload", "verify"], 0),
        ("verify", {"verify": 3}, "false", ["verify"], 3),
        ("", {}, "", [], 2),
        ("prune", {}, "", [], 2),
        ("verify; echo oh no", {}, "", [], 2),
    ],
)
def test_commands_run_in_their_order_until_one_fails(
    tmp_path: Path, asked: str, codes: dict[str, int], fail_on_error: str, calls: list[str], expected: int
) -> None:
    telling = f"import sys\nprint('called', sys.argv[2])\nsys.exit({codes}.get(sys.argv[2], 0))\n"
    action = tmp_path / "the action" / "actions" / "archive"
    action.mkdir(parents=True)
    (tmp_path / "the action" / "entrypoint.py").write_text(telling, encoding="utf-8")
    script = tmp_path / "step.sh"
    script.write_text(STEP["run"], encoding="utf-8")
    environ = {f"LUMEN_INPUT_{name.upper().replace('-', '_')}": "" for name in ACTION["inputs"]}
    environ |= {"LUMEN_INPUT_COMMAND": asked, "LUMEN_INPUT_FAIL_ON_ERROR": fail_on_error}
    environ |= {"LUMEN_INPUT_PYTHON": sys.executable, "GITHUB_ACTION_PATH": str(action), "PATH": "/nowhere"}
    command = [BASH, "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    done = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=False)
    called = [line.removeprefix("called ") for line in done.stdout.splitlines() if line.startswith("called ")]
    assert (called, done.returncode, done.stderr) == (calls, expected, "")


@pytest.fixture
def team(consumer: Consumer, tmp_path: Path) -> Consumer:
    """Return a team that keeps archives in two folders."""
    stores = f"stores: ['file:{tmp_path / 'one'}', 'file:{tmp_path / 'two'}']"
    (consumer.folder / "lumen.yml").write_text(f"pipeline: nightly\narchive: {{{stores}}}\n", encoding="utf-8")
    return replace(
        consumer,
        variables={"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}"},
        secrets={"LUMEN_ARCHIVE_KEY": KEY},
    )


def steps(*asked: dict[str, str], make: str) -> str:
    """Return a workflow that makes a report and does with archives what is asked."""
    uses = [
        {
            "id": f"archive{number}",
            "uses": "org/lumen-sli-action/actions/archive@v1",
            "env": {"LUMEN_ARCHIVE_KEY": "${{ secrets.LUMEN_ARCHIVE_KEY }}"},
            "with": {"ledger": "${{ vars.LUMEN_LEDGER }}", **each},
        }
        for number, each in enumerate(asked)
    ]
    job = {"runs-on": "ubuntu-latest", "steps": [CHECKOUT, {"run": make, "shell": "bash"}, *uses]}
    return json.dumps({"name": "nightly", "on": "push", "jobs": {"archive": job}})


def test_a_report_is_frozen_kept_twice_verified_and_given_back(runner: Runner, team: Consumer, tmp_path: Path) -> None:
    kept = {"command": "freeze upload verify", "paths": "reports\nnotes.txt", "level": "3"}
    back = {"command": "restore", "to": str(tmp_path / "back"), "only": "reports/*"}
    make = "mkdir -p reports && echo 'all is well' > reports/week.md && echo hello > notes.txt"
    done = runner.run(steps(kept, back, make=make), team)
    assert done.exit_code == 0, done.leg().log
    leg = done.leg()
    told = leg.outputs["archive0"]
    assert told["archive"] == f"nightly/{told['day']}/default/1"
    assert (told["verdict"], leg.outputs["archive1"]["restored"]) == ("ok", str(tmp_path / "back"))
    assert (tmp_path / "back" / "reports" / "week.md").read_text(encoding="utf-8") == "all is well\n"
    assert not (tmp_path / "back" / "notes.txt").exists()
    for store in ("one", "two"):
        assert (tmp_path / store / f"{told['archive']}.lumen").is_file()
    assert "Archives uploaded" in leg.summary
    assert not any(KEY in line for line in leg.log if "::add-mask" not in line)
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    happened = sorted(fact.key.stage for fact in ledger.scan() if fact.key.kind is Kind.ARTIFACT)
    ledger.close()
    assert happened == ["freeze", "restore", "upload", "upload", "verify", "verify"]

    # The example sees in the morning that a bit has changed in one of the stores.
    sealed = tmp_path / "two" / f"{told['archive']}.lumen"
    body = bytearray(sealed.read_bytes())
    body[-1] ^= 1
    sealed.write_bytes(body)
    morning = runner.run(EXAMPLE, team, Event("workflow_dispatch", {"inputs": {"level": "2"}}))
    assert morning.exit_code != 0
    assert morning.leg().outputs["verify"]["verdict"] == "mismatch"
    (error,) = [each for each in morning.leg().annotations if each.level == "error" and "SHA-256" in each.message]
    assert str(tmp_path / "two") in error.message
