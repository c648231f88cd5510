"""actions/report and its example: the week's report is built, kept, mailed and told once; a dead channel only warns."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import servers
from act import REPOSITORY, Consumer, Event, Run, Runner
from facts import fact
from hookreceiver import Receiver
from mailserver import PASSWORD, USER, MailServer
from ruamel.yaml import YAML

from lumen_action.commands.report import building, sending
from lumen_action.ledger.sqlite import SqliteLedger

ACTION: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "actions" / "report" / "action.yml")
EXAMPLE = (REPOSITORY / "examples" / "lumen-report.yml").read_text(encoding="utf-8")
INPUTS: dict[str, dict[str, Any]] = ACTION["inputs"]
(STEP,) = ACTION["runs"]["steps"]
BASH = shutil.which("bash") or "bash"
# Read by the step's script alone.
OF_THE_SCRIPT = {"python", "send", "fail-on-error"}
# act has neither artifacts nor Pages nor runs of before: what others' actions and `gh` do is left out.
OF_OTHERS = re.compile(r"      - (?:uses: actions/upload[^\n]+|name: Fetch[^\n]+)\n(?:        [^\n]*\n)+")


def variable(name: str) -> str:
    return f"LUMEN_INPUT_{name.upper().replace('-', '_')}"


def test_every_input_is_taken_by_building_or_by_sending() -> None:
    taken = {action.dest.replace("_", "-") for command in (building, sending) for action in command.parser()._actions}
    assert set(INPUTS) - OF_THE_SCRIPT <= taken


@pytest.mark.parametrize(
    ("codes", "send", "fail_on_error", "calls", "expected"),
    [
        ((0, 0), "", "", ["build"], 0),
        ((0, 0), "false", "", ["build"], 0),
        ((0, 0), "true", "", ["build", "send"], 0),
        ((0, 75), "true", "", ["build", "send"], 0),
        ((0, 75), "true", "true", ["build", "send"], 75),
        ((75, 0), "true", "", ["build", "send"], 0),
        ((75, 0), "true", "true", ["build", "send"], 75),
        ((2, 0), "true", "", ["build"], 2),
        ((0, 2), "true", "", ["build", "send"], 2),
        ((0, 0), "yes", "", [], 2),
    ],
)
def test_what_was_built_is_sent_and_only_what_may_pass_is_forgiven(
    tmp_path: Path, codes: tuple[int, int], send: str, fail_on_error: str, calls: list[str], expected: int
) -> None:
    ends = dict(zip(("build", "send"), codes, strict=True))
    telling = f"import sys\nprint('called', sys.argv[2])\nsys.exit({ends}[sys.argv[2]])\n"
    action = tmp_path / "the action" / "actions" / "report"
    action.mkdir(parents=True)
    (tmp_path / "the action" / "entrypoint.py").write_text(telling, encoding="utf-8")
    script = tmp_path / "step.sh"
    script.write_text(STEP["run"], encoding="utf-8")
    environ = {variable(name): "" for name in INPUTS} | {variable("fail-on-error"): fail_on_error}
    environ |= {variable("python"): sys.executable, variable("send"): send}
    environ |= {"GITHUB_ACTION_PATH": str(action), "PATH": "/nowhere"}
    command = [BASH, "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    done = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=False)
    called = [line.removeprefix("called ") for line in done.stdout.splitlines() if line.startswith("called ")]
    assert (called, done.returncode, done.stderr) == (calls, expected, "")
    forgiven = 75 in codes and fail_on_error != "true"
    assert ("::warning title=lumen::Not everything" in done.stdout) is forgiven


def test_the_example_has_the_steps_of_others_that_the_run_here_leaves_out() -> None:
    left_out = OF_OTHERS.findall(EXAMPLE)
    assert [part.split()[2].partition("@")[0] for part in left_out] == [
        "Fetch",
        "actions/upload-artifact",
        "actions/upload-pages-artifact",
    ]
    assert "gh run download" in left_out[0]


def last_week() -> datetime:
    """Return a noon of the week before."""
    return (datetime.now(timezone.utc) - timedelta(days=7)).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def team(consumer: Consumer, tmp_path: Path) -> Consumer:
    """Return a team with a run in the week before."""
    noon = last_week()
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    ledger.put(fact(at=int(noon.timestamp() * 1000), day=noon.date().isoformat()))
    ledger.close()
    return replace(
        consumer,
        env={"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        variables={"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}", "LUMEN_PAGES": "https://org.github.io/app/"},
    )


def config(team: Consumer, server: MailServer) -> None:
    assert server.certificate
    (team.folder / "lumen.yml").write_text(
        f"mail: {{host: 127.0.0.1, port: {server.port}, ca-file: '{server.certificate.authority}', "
        "from: reports@team.example, to: [ops@team.example]}\n",
        encoding="utf-8",
    )


def run(runner: Runner, team: Consumer, secrets: Mapping[str, str]) -> Run:
    workflow = OF_OTHERS.sub("", EXAMPLE[: EXAMPLE.index("\n  publish:")] + "\n")
    return runner.run(workflow, replace(team, secrets=secrets), Event("workflow_dispatch"))


def test_the_example_mails_the_week_with_its_pdf_once_and_a_rerun_sends_nothing(
    runner: Runner, team: Consumer, tmp_path: Path
) -> None:
    server = MailServer(servers.make_certificate(tmp_path))
    with server.serving(), Receiver().serving() as hook:
        config(team, server)
        secrets = {"LUMEN_SMTP_USER": USER, "LUMEN_SMTP_PASSWORD": PASSWORD, "LUMEN_ALERT_URL": hook.url}
        for _ in range(2):
            done = run(runner, team, secrets)
            assert done.exit_code == 0, done.leg().log
    ((mail,), (told,)) = (server.mails, [json.loads(body) for _, body in hook.got])
    week = last_week().strftime("%G-W%V")
    (pdf,) = mail.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()[:5]) == (f"nightly-{week}.pdf", b"%PDF-")
    sentence = done.leg().outputs["report"]["sentence"]
    assert mail.get_body(("plain",)).get_content().splitlines()[0] == sentence  # type: ignore[union-attr]
    assert told["data"]["sentence"] == sentence
    assert told["data"]["links"][0]["url"] == f"https://org.github.io/app/nightly-{week}.html"
    assert Path(done.leg().outputs["report"]["pdf"]).name == f"nightly-{week}.pdf"
    assert sentence in done.leg().summary


def test_a_dead_channel_warns_and_the_job_stays_green(runner: Runner, team: Consumer) -> None:
    with Receiver().serving() as hook:
        hook.answers = [(410, {})]
        done = run(runner, team, {"LUMEN_ALERT_URL": hook.url})
    assert done.exit_code == 0, done.leg().log
    warnings = [each.message for each in done.leg().annotations if each.level == "warning"]
    assert any("take LUMEN_ALERT_URL away" in each for each in warnings)
    assert not any("s3cr3t-path" in line for line in done.leg().log if "::add-mask" not in line)
