"""What must hold for every file of the repository."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
ITSELF = "org/lumen-sli-action"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def tracked() -> list[Path]:
    """Return what a commit of the working tree would hold."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def load(file: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(file))


TRACKED = tracked()
ACTIONS = [file for file in TRACKED if file.name in ("action.yml", "action.yaml")]
WORKFLOWS = [
    file
    for file in TRACKED
    if file.suffix in (".yml", ".yaml")
    and (file.parent == ROOT / ".github" / "workflows" or (ROOT / "examples" in file.parents and "jobs" in load(file)))
]
EXAMPLES = [file for file in TRACKED if ROOT / "examples" in file.parents]


def steps_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from document.get("runs", {}).get("steps", [])
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", [])


def test_there_is_something_to_look_at() -> None:
    assert "action.yml" in [name_of(file) for file in ACTIONS]
    assert {".github/workflows/ci.yml", "examples/basic.yml", "examples/regions.yml"} <= set(map(name_of, WORKFLOWS))


@pytest.mark.parametrize("file", [f for f in TRACKED if f.suffix in (".yml", ".yaml")], ids=name_of)
def test_yaml_parses(file: Path) -> None:
    list(YAML(typ="safe").load_all(file))


@pytest.mark.parametrize("file", WORKFLOWS, ids=name_of)
def test_a_workflow_grants_nothing_at_the_top_and_each_job_says_what_it_needs(file: Path) -> None:
    workflow = load(file)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert "permissions" in job, name
        assert "write-all" not in str(job["permissions"]), name


@pytest.mark.parametrize("file", [*ACTIONS, *WORKFLOWS], ids=name_of)
def test_what_is_used_is_pinned_by_its_commit_or_is_our_own(file: Path) -> None:
    for step in steps_of(load(file)):
        used = step.get("uses", "./")
        ours = f"{used.partition('@')[0]}/".startswith(f"{ITSELF}/")
        assert used.startswith("./") or ours or PINNED.fullmatch(used), used


@pytest.mark.parametrize("file", [*ACTIONS, *WORKFLOWS], ids=name_of)
def test_no_expression_is_pasted_into_a_script(file: Path) -> None:
    assert [step["run"] for step in steps_of(load(file)) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("file", ACTIONS, ids=name_of)
def test_an_action_is_composite_and_uses_nothing_else(file: Path) -> None:
    runs = load(file)["runs"]
    assert runs["using"] == "composite"
    assert [step for step in runs["steps"] if "uses" in step] == []


# Written in pieces, so that this file does not hold what it looks for.
UNWANTED = {
    "the path of a machine it was written on": re.compile(
        r"/wor" + r"k/(?:main|shared|\.library)|/roo" + r"t/\.|/op" + r"t/(?:pypi|wheels)"
    ),
    "a private registry": re.compile(r"(?:index-url|registry)\s*[=:]\s*https?://(?!pypi\.org|registry\.npmjs\.org)"),
    "an unfinished merge": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_holds(what: str) -> None:
    found = []
    for file in TRACKED:
        text = file.read_bytes().decode("utf-8", errors="replace")
        found += [f"{name_of(file)}: {match.group()}" for match in UNWANTED[what].finditer(text)]
    assert found == []


def test_the_readme_says_what_action_yml_says() -> None:
    done = subprocess.run(
        [sys.executable, "tools/readme_tables.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("file", EXAMPLES, ids=name_of)
def test_an_example_is_named_by_a_test_that_runs_or_checks_it(file: Path) -> None:
    # The demo plays its logs, and a test plays the demo.
    demo = ROOT / "lumen_action" / "commands" / "demo.py"
    tests = [f for f in TRACKED if ROOT / "tests" in f.parents and f.suffix == ".py" and f != Path(__file__)]
    assert [name_of(user) for user in [*tests, demo] if file.name in user.read_text(encoding="utf-8")]


def test_links_between_our_pages_lead_somewhere() -> None:
    pages = [file for file in TRACKED if file.suffix == ".md" and ROOT / "tests" not in file.parents]
    broken = [
        f"{name_of(page)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if not target.startswith(("http://", "https://", "mailto:")) and not (page.parent / target).exists()
    ]
    assert broken == []
