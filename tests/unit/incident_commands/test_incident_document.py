"""docs/incidents.md says what the program does: states, severities, commands, inputs of the Action."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alertpayloads import alert, payload
from brokenteam import BrokenTeam
from ruamel.yaml import YAML

from lumen_action.commands import incident
from lumen_action.commands.incident import SUBCOMMANDS
from lumen_action.failure.redaction import redact
from lumen_action.incidents.aliases import severity_of
from lumen_action.incidents.machine import COMMANDS, MOVES
from lumen_action.incidents.words import RESPONSE_MINUTES, Severity, State
from lumen_action.response.alerts import alerts_of
from lumen_action.response.detecting import RULES

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "incidents.md").read_text(encoding="utf-8")
ACTION: dict[str, Any] = YAML(typ="safe").load(ROOT / "actions" / "incident" / "action.yml")
# What has no use in a workflow, what only a workflow gives, and what later parts of an incident's life take.
NOT_INPUTS = {"help", "json", "markdown", "open", "create", "report"}
NOT_OPTIONS = {"command", "token", "job-id", "matrix", "python"}


def rows() -> Iterator[str]:
    for event, moves in MOVES.items():
        before = (
            "every one" if len(moves) == len(State) else ", ".join(state.value for state in State if state in moves)
        )
        targets = {target.value for state, target in moves.items() if target is not state} or {"as before"}
        command = f"`{COMMANDS[event]}`" if event in COMMANDS else "by itself"
        yield f"| {command} | {event.value} | {before} | {', '.join(targets)} |"


def test_the_table_of_states_is_that_of_the_program() -> None:
    table = DOCUMENT[DOCUMENT.index("| command | what happens") :].partition("\n\n")[0]
    assert table.splitlines()[2:] == list(rows())


@pytest.mark.parametrize("severity", Severity)
def test_severities_have_the_deadlines_and_names_that_it_says(severity: Severity) -> None:
    (row,) = re.findall(rf"\| {severity.shown} \| (\d+) minutes \| (.*) \|", DOCUMENT)
    assert int(row[0]) == RESPONSE_MINUTES[severity]
    assert {severity_of(name) for name in re.findall(r"`([^`]+)`", row[1]) if name != "open"} == {severity}


def test_rules_have_the_severities_that_it_says() -> None:
    told = dict(re.findall(r"\| `([a-z-]+)` \| .* \| (Sev\d) \|", DOCUMENT))
    assert told == {name: rule.severity.shown for name, rule in RULES.items()}


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_sub_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"lumen_action.commands.incident.{SUBCOMMANDS[name][0]}")
    with pytest.raises(SystemExit):
        module.parser().parse_args(["--help"])
    assert re.search(rf"example:\s+lumen incident {name}", capsys.readouterr().out)


def test_the_older_forms_are_a_sub_command() -> None:
    for words in (["--create", "{}"], ["--create={}"], ["--ack", "INC"], ["--report"]):
        read = incident.parser().parse_args([*words, "--ledger", "x"])
        assert (read.subcommand, read.words) == ("seed", [*words, "--ledger", "x"])
    assert incident.parser().parse_args(["open", "--create"]).words == ["--create"]


def test_inputs_of_the_action_are_the_options_of_its_commands() -> None:
    later = {"postmortem", "report", "mirror", "action"}
    modules = [importlib.import_module(f"{incident.__name__}.{file}") for file, _ in SUBCOMMANDS.values()]
    own = [module for (name, _), module in zip(SUBCOMMANDS.items(), modules, strict=True) if name not in later]
    options = {option.dest.replace("_", "-") for module in own for option in module.parser()._actions}
    assert options - NOT_INPUTS == set(ACTION["inputs"]) - NOT_OPTIONS
    script = ACTION["runs"]["steps"][0]["run"]
    allowed = set(re.findall(r"[a-z-]+", re.findall(r"\n  (.*)\) ;;", script)[0]))
    assert allowed == set(SUBCOMMANDS) - {"seed", "action", "list"}


@pytest.mark.slow
def test_the_largest_payload_that_its_configuration_lets_alertmanager_send_is_taken(team: BrokenTeam) -> None:
    (most,) = re.findall(r"max_alerts: (\d+)", DOCUMENT)
    labels = {f"label{n}": "v" * 40 for n in range(20)}
    told = [alert(f"A{n}", labels=labels, annotations={"description": "d" * 1000}) for n in range(int(most))]
    assert len(alerts_of(payload(*told), team.now_ms, redact)) == int(most)
