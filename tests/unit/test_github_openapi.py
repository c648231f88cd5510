"""The extract of GitHub's description of its API: all that is referred to, none of the words, and made by the tool."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTRACT = json.loads((ROOT / "tests" / "support" / "github-openapi.json").read_text(encoding="utf-8"))


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_everything_it_refers_to_is_there() -> None:
    held = {f"#/components/{kind}/{name}" for kind, group in EXTRACT["components"].items() for name in group}
    assert references(EXTRACT) == held


def test_a_field_that_is_called_like_a_word_for_people_is_kept() -> None:
    repository = EXTRACT["components"]["schemas"]["minimal-repository"]
    assert "description" in repository["properties"]
    assert set(repository["required"]) <= set(repository["properties"])


@pytest.mark.skipif(not list(ROOT.glob(".tools/octokit-openapi-*.tgz")), reason="`make openapi` fetches the whole")
def test_it_is_what_the_whole_description_says() -> None:
    done = subprocess.run(
        [sys.executable, "tools/github_openapi.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
