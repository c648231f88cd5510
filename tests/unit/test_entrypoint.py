"""entrypoint.py: nothing but Python, nothing from the workspace, and a clear word where that is not enough."""

from __future__ import annotations

import ast
import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lumen_action import __version__

ROOT = Path(__file__).resolve().parents[2]
ENTRYPOINT = ROOT / "entrypoint.py"
TELL = """
import json, sys
def main(argv):
    from lumen_action.bootstrap import Finder
    print(json.dumps({
        "argv": argv, "path": sys.path[0], "isolated": sys.flags.isolated, "utf8": sys.flags.utf8_mode,
        "json": json.__file__, "finder": isinstance(sys.meta_path[0], Finder), "modules": sorted(sys.modules),
    }))
    return 7
"""
POISON = "raise SystemExit('poisoned')\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the action whose command tells how it was started."""
    root = tmp_path / "the action"
    shutil.copytree(ROOT / "lumen_action" / "bootstrap", root / "lumen_action" / "bootstrap")
    shutil.copy(ENTRYPOINT, root)
    shutil.copy(ROOT / "lumen_action" / "__init__.py", root / "lumen_action")
    (root / "lumen_action" / "cli.py").write_text(TELL, encoding="utf-8")
    return root


def started(
    command: list[str], cwd: Path, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **(environ or {})}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 7, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("options", [[], ["-I"], ["-X", "utf8"], ["-I", "-X", "utf8"]], ids=" ".join)
def test_however_it_is_started_the_command_runs_isolated_and_in_utf8(tree: Path, options: list[str]) -> None:
    answer = told(started([sys.executable, *options, str(tree / "entrypoint.py")], tree))
    assert (answer["isolated"], answer["utf8"]) == (1, 1)


def test_a_module_of_the_workspace_or_of_pythonpath_is_never_imported(tree: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    for name in ("json", "argparse", "lumen_action", "requests"):
        (workspace / f"{name}.py").write_text(POISON, encoding="utf-8")
    answer = told(started([sys.executable, str(tree / "entrypoint.py")], workspace, {"PYTHONPATH": str(workspace)}))
    assert str(workspace) not in answer["json"]


def test_words_and_exit_code_pass_through_unchanged(tree: Path) -> None:
    words = ["record", "--stage", "a b", "", "ünïcode 한", "-I", "--", "$HOME", '"']
    assert told(started([sys.executable, str(tree / "entrypoint.py"), *words], tree))["argv"] == words


def test_our_own_folder_comes_first_and_the_finder_is_in_place(tree: Path) -> None:
    answer = told(started([sys.executable, str(tree / "entrypoint.py")], tree))
    assert (answer["path"], answer["finder"]) == (str(tree), True)


def test_starting_imports_neither_a_dependency_nor_what_would_prepare_one(tree: Path) -> None:
    modules = set(told(started([sys.executable, str(tree / "entrypoint.py")], tree))["modules"])
    prepares = {f"lumen_action.bootstrap.{name}" for name in ("sites", "installers", "wheels")}
    assert modules & {"requests", "urllib3", "subprocess", "hashlib", "tempfile", *prepares} == set()


@pytest.mark.skipif(os.name == "nt", reason="links and shebangs are for POSIX systems")
def test_it_can_be_linked_into_the_path_and_called_by_name(tree: Path, tmp_path: Path) -> None:
    link = tmp_path / "lumen"
    link.symlink_to(tree / "entrypoint.py")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    assert told(started([str(link), "x"], tmp_path, {"PATH": path}))["path"] == str(tree)


def test_the_modules_of_the_command_are_compiled_once_even_where_the_environment_forbids_it(tree: Path) -> None:
    told(started([sys.executable, str(tree / "entrypoint.py")], tree, {"PYTHONDONTWRITEBYTECODE": "1"}))
    assert list((tree / "lumen_action" / "__pycache__").glob("cli.*.pyc"))


def test_an_incomplete_copy_is_named(tree: Path) -> None:
    (tree / "lumen_action" / "cli.py").unlink()
    done = started([sys.executable, str(tree / "entrypoint.py")], tree)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"lumen: {tree} is not a complete copy: lumen_action/cli.py is missing. Check it out again.\n"


def test_an_old_python_is_told_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(sys, "version", "3.9.18 (main)")
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(ENTRYPOINT), run_name="__main__")
    assert left.value.code == f"lumen: needs Python 3.10 or newer, but {sys.executable} is 3.9.18."


def test_an_old_python_can_read_the_file() -> None:
    tree = ast.parse(ENTRYPOINT.read_text(encoding="utf-8"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Starred, ast.FunctionDef, ast.AsyncFunctionDef)
    assert [node for node in ast.walk(tree) if isinstance(node, newer)] == []
    assert [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "__future__"] == []


def test_the_real_command_answers(tmp_path: Path) -> None:
    done = started([sys.executable, str(ENTRYPOINT), "--version"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"lumen {__version__}\n", "")
