"""The package, installed as any other: nothing of the checkout is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_an_installed_package_brings_its_rules_and_its_demo(tmp_path: Path) -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "site"), "."]
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(copy)], check=True)
    subprocess.run(install, cwd=copy, check=True)
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "LUMEN_STATE_DIR": str(tmp_path / "state")}
    said = [
        subprocess.run(
            [sys.executable, "-m", "lumen_action.cli", *words],
            cwd=tmp_path,
            env=env,
            input=b"curl: (6) Could not resolve host: registry.example.org\n",
            capture_output=True,
            check=True,
        ).stdout.decode()
        for words in (["classify", "-"], ["demo"])
    ]
    assert said[0].splitlines()[-1].startswith("network dns ")
    assert "won by eu-west-1" in said[1]


def test_every_package_of_the_tree_is_installed() -> None:
    found = {
        str(file.parent.relative_to(ROOT)).replace(os.sep, ".") for file in ROOT.glob("lumen_action/**/__init__.py")
    }
    listed = set(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("packages = [")[1].split("]")[0].split('"')[1::2]
    )
    assert listed - {"lumen_action.rules.failures", "lumen_action.rules.runbooks"} == found
