"""What docs/runbooks.md says of the format is what the reader knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from lumen_action.runbookfiles import load_runbooks
from lumen_action.runbooks import words
from lumen_action.runbooks.linting import Level, lint_steps
from lumen_action.runbooks.reading import runbook_of

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "runbooks.md").read_text(encoding="utf-8")


def table_behind(mark: str) -> list[list[str]]:
    """Return the cells of the table that follows a mark, without its head."""
    found = re.search(rf"<!-- {mark} -->\n\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", DOCS)
    assert found, mark
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in found[1].splitlines()]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("runbook", words.RUNBOOK_KEYS),
        ("trigger", words.TRIGGER_KEYS),
        ("input", words.INPUT_KEYS),
        ("step", words.STEP_KEYS),
        ("request", words.REQUEST_KEYS),
        ("notify", words.NOTIFY_KEYS),
        ("incident", words.INCIDENT_KEYS),
    ],
)
def test_each_table_has_the_fields_of_the_reader(name: str, fields: Mapping[str, str]) -> None:
    assert table_behind(f"fields: {name}") == [[f"`{field}`", meaning] for field, meaning in fields.items()]


def test_those_that_come_with_us_are_listed_with_what_starts_them() -> None:
    shipped = load_runbooks(None)

    assert f"{len(shipped)} come with us" in DOCS
    assert table_behind("shipped") == [
        [f"`{each.name}`", each.title, ", ".join(f"`{trigger.name}`" for trigger in each.triggers)]
        for each in shipped.values()
    ]


def test_the_example_can_be_read_and_has_no_fault() -> None:
    (example,) = re.findall(r"```yaml\n# runbooks/(.*?)\n(.*?)```", DOCS, re.DOTALL)
    runbook = runbook_of(example[1], example[0])

    assert [each for each in lint_steps({runbook.name: runbook}, lambda _: "") if each.level is Level.FAULT] == []
    assert runbook.drill


def test_every_check_of_lint_is_in_its_table() -> None:
    source = (Path(words.__file__).parent / "linting.py").read_text(encoding="utf-8")
    checks = set(re.findall(r'Level\.(?:FAULT|NOTE), "([a-z-]+)"', source))
    checks |= set(re.findall(r'yield "([a-z-]+)", Level', source)) | {"drills-unknown"}

    assert checks == {
        name
        for row in re.findall(r"^\| (`.*?`) \| (?:fault|note)", DOCS, re.MULTILINE)
        for name in re.findall(r"`([a-z-]+)`", row)
    }
