"""What the README says about inputs and outputs is what action.yml says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import readme_tables

ACTION = {
    "inputs": {
        "stage": {"description": "Stage that just ended.", "required": True},
        "region": {"description": "Where it ran,\n  one | another.", "default": "${{ matrix.region }}"},
        "log-file": {"description": "The log.", "default": ""},
        "fail-on-error": {"description": "Fail too.", "default": "false"},
    },
    "outputs": {"rerun": {"description": "Exactly `true` or `false`.", "value": "${{ steps.lumen.outputs.rerun }}"}},
}
README = "".join(f"<!-- generated:{name} -->\nold\n<!-- /generated -->\n" for name in ("usage", "inputs", "outputs"))


def test_an_input_is_a_row_with_its_default_and_its_meaning() -> None:
    assert readme_tables.inputs_table(ACTION).splitlines()[2:] == [
        "| `stage` | **required** | Stage that just ended. |",
        "| `region` | `${{ matrix.region }}` | Where it ran, one \\| another. |",
        "| `log-file` |  | The log. |",
        "| `fail-on-error` | `false` | Fail too. |",
    ]


def test_an_output_is_a_row_with_its_meaning() -> None:
    assert readme_tables.outputs_table(ACTION).splitlines()[2:] == ["| `rerun` | Exactly `true` or `false`. |"]


def test_the_block_to_copy_is_yaml_with_each_default_as_the_string_it_is() -> None:
    block = readme_tables.usage_block(ACTION)
    (step,) = YAML(typ="safe").load(block.removeprefix("```yaml\n").removesuffix("```\n"))
    assert step["with"] == {"stage": "build", "region": "${{ matrix.region }}", "log-file": "", "fail-on-error": False}
    assert "    # Stage that just ended. Required.\n    stage: build\n" in block


@pytest.mark.parametrize("value", ["", "1.10", "* x", "a: b", 'say "hi"', "back\\slash", "${{ toJSON(matrix) }}", "#"])
def test_any_default_survives_the_block(value: str) -> None:
    action: dict[str, Any] = {"inputs": {"x": {"description": "X.", "default": value}}}
    block = readme_tables.usage_block(action)
    (step,) = YAML(typ="safe").load(block.removeprefix("```yaml\n").removesuffix("```\n"))
    assert step["with"] == {"x": value}


def test_only_what_stands_between_the_markers_is_rewritten_and_once_is_enough() -> None:
    once = readme_tables.filled(f"before\n{README}after\n", ACTION)
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "old" not in once
    assert readme_tables.filled(once, ACTION) == once


@pytest.mark.parametrize("readme", ["", README.replace("outputs", "inputs"), README.replace("usage", "unknown")])
def test_a_missing_doubled_or_unknown_block_is_refused(readme: str) -> None:
    with pytest.raises(ValueError, match="needs each of"):
        readme_tables.filled(readme, ACTION)
