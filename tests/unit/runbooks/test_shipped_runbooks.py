"""The runbooks that come with us: whole, for every alert, with commands that exist."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lumen_action.alerting.alerts import WATCHES
from lumen_action.cli import COMMANDS
from lumen_action.errors import ConfigError
from lumen_action.model import ErrorClass
from lumen_action.runbookfiles import RUNBOOKS, load_runbooks
from lumen_action.runbooks.inputs import values_of
from lumen_action.runbooks.linting import lint_alerts, lint_steps
from lumen_action.runbooks.markdown import markdown
from lumen_action.runbooks.placeholders import filled
from lumen_action.runbooks.runbook import Deed, Runbook, StepKind

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = load_runbooks(None)
EXAMPLES = {"url": "https://service.example", "number": "3", "flag": "true", "text": "x"}


def deeds(runbook: Runbook) -> Iterator[Deed]:
    for step in runbook.steps:
        yield step.deed
        if step.undo:
            yield step.undo


def parsed(words: list[str]) -> argparse.Namespace:
    """Parse words as the command would that they name; argparse ends the test where they do not fit."""
    package = f"lumen_action.commands.{words[0]}"
    command = importlib.import_module(package)
    if subcommands := getattr(command, "SUBCOMMANDS", None):
        command = importlib.import_module(f"{package}.{subcommands[words[1]][0]}")
        words = words[1:]
    arguments: argparse.Namespace = command.parser().parse_args(words[1:])
    return arguments


def test_the_three_for_services_and_those_for_pipelines_are_there() -> None:
    assert {
        "model-downshift",
        "runaway-rollback",
        "latency-scale-up",
        "stalled",
        "stage-failed",
        "integrity-mismatch",
        "token-expired",
        "dependency",
        "environment",
        "slo-burn",
    } <= set(SHIPPED)


def test_every_alert_and_every_class_of_failure_has_one() -> None:
    classes = {trigger.error_class for runbook in SHIPPED.values() for trigger in runbook.triggers}

    assert list(lint_alerts(SHIPPED, [watch.name for watch in WATCHES])) == []
    assert {each.value for each in ErrorClass} <= classes


def test_no_alert_calls_for_two() -> None:
    alerts = [trigger.alert for runbook in SHIPPED.values() for trigger in runbook.triggers if trigger.alert]

    assert len(alerts) == len(set(alerts))


def test_nothing_is_to_be_said_against_their_steps() -> None:
    assert [str(each) for each in lint_steps(SHIPPED, lambda _: "")] == []


@pytest.mark.parametrize("runbook", SHIPPED.values(), ids=lambda each: each.name)
def test_each_can_be_drilled_and_ends_by_looking_whether_it_helped(runbook: Runbook) -> None:
    looks = [step for step in runbook.steps if step.reads_only or step.deed.kind in (StepKind.WAIT, StepKind.MANUAL)]

    assert runbook.drill
    assert values_of(runbook, runbook.drill)
    assert len(looks) >= 2


@pytest.mark.parametrize("runbook", SHIPPED.values(), ids=lambda each: each.name)
def test_what_it_says_can_be_filled_with_any_inputs(runbook: Runbook) -> None:
    values = {each.name: each.default or EXAMPLES[each.kind.value] for each in runbook.inputs}
    keeps = {step.keep: "x" for step in runbook.steps if step.keep}
    for deed in deeds(runbook):
        for text in (*deed.argv, deed.instructions, deed.title, deed.text):
            assert "{{" not in filled(text, {**values, **keeps})


@pytest.mark.parametrize(
    "words",
    sorted(
        {tuple(deed.argv) for runbook in SHIPPED.values() for deed in deeds(runbook) if deed.argv[:1] == ("lumen",)}
    ),
    ids=" ".join,
)
def test_commands_of_our_own_exist_and_take_these_words(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert words[1] in COMMANDS
    try:
        parsed([filled(word, dict.fromkeys(_names(word), "x")) for word in words[1:]])
    except SystemExit:
        pytest.fail(capsys.readouterr().err)


def _names(word: str) -> list[str]:
    return word.replace("{{", " ").replace("}}", " ").split() if "{{" in word else []


def test_runbook_md_is_what_they_say() -> None:
    assert (ROOT / "RUNBOOK.md").read_text(encoding="utf-8") == markdown(SHIPPED)


def test_they_are_files_of_their_names_and_nothing_else_lies_there() -> None:
    assert sorted(path.name for path in RUNBOOKS.iterdir()) == [f"{name}.yml" for name in sorted(SHIPPED)]


def test_a_team_adds_its_own_and_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "stalled.yml").write_text("title: Ours\nmeans: It.\nsteps: [{name: a, manual: Do it.}]\n")
    (tmp_path / "aaa.yaml").write_text("title: New\nmeans: It.\nsteps: [{name: a, manual: Do it.}]\n")
    (tmp_path / "README.md").write_text("no runbook")
    found = load_runbooks(tmp_path)

    assert set(found) == {*SHIPPED, "aaa"}
    assert list(found) == sorted(found)
    assert {name for name, each in found.items() if each.own} == {"stalled", "aaa"}
    assert found["stalled"].title == "Ours"


def test_faults_of_all_files_of_a_team_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("titel: x")
    (tmp_path / "b.yml").write_bytes(b"\xff")
    (tmp_path / "c.yml").write_text("a: [")
    with pytest.raises(ConfigError) as fault:
        load_runbooks(tmp_path)

    assert {each.split(" ")[0].strip(":") for each in fault.value.problems} == {"a.yml", "runbook", "c.yml"}


def test_one_name_stands_for_one_file(tmp_path: Path) -> None:
    for ending in ("yml", "yaml"):
        (tmp_path / f"a.{ending}").write_text("title: x\nmeans: y\nsteps: [{name: a, manual: Do it.}]\n")
    with pytest.raises(ConfigError, match="there is `a` twice"):
        load_runbooks(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"runbooks\.folder: .* is no folder"):
        load_runbooks(tmp_path / "none")
