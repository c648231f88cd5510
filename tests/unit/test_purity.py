"""The pure core takes time, randomness and the outside world as arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "lumen_action"
PURE = (
    *("model", "errors.py", "rerun.py", "failure", "sli", "summary", "companion"),
    *("slo", "gate", "alerting", "promql", "gotemplate"),
)
FORBIDDEN_MODULES = {
    "asyncio",
    "ctypes",
    "glob",
    "io",
    "locale",
    "logging",
    "mmap",
    "multiprocessing",
    "os",
    "pathlib",
    "platform",
    "random",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
}
PURE_PARTS = {"urllib.parse"}
FORBIDDEN_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}


def pure_files() -> list[Path]:
    found = [PACKAGE / name for name in PURE]
    return sorted(file for path in found for file in ([path] if path.is_file() else path.rglob("*.py")))


def offences(source: str) -> list[str]:
    return [f"line {line}: {what}" for line, what in _offences(ast.parse(source))]


def _offences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, f"imports {a.name}") for a in node.names if _outside(a.name))
        elif isinstance(node, ast.ImportFrom) and node.module and _outside(node.module):
            yield node.lineno, f"imports from {node.module}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            yield node.lineno, f"calls {node.func.id}()"
        elif isinstance(node, ast.Attribute) and (_last_name(node.value), node.attr) in CLOCKS:
            yield node.lineno, f"asks the clock by {_last_name(node.value)}.{node.attr}"


def _outside(module: str) -> bool:
    return module not in PURE_PARTS and module.partition(".")[0] in FORBIDDEN_MODULES


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("file", pure_files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_the_pure_core_does_not_touch_the_world(file: Path) -> None:
    assert offences(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import os.path as p",
        "def f():\n    from time import time",
        "import urllib.request",
        "open('x')",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\nclock = datetime.datetime.utcnow",
        "from datetime import date\ndate.today()",
    ],
)
def test_the_check_sees_each_way_out(source: str) -> None:
    assert len(offences(source)) == 1


@pytest.mark.parametrize(
    "source",
    ["from datetime import datetime, timezone\ndatetime(2026, 1, 1)", "import re, json", "import urllib.parse"],
)
def test_the_check_lets_plain_code_pass(source: str) -> None:
    assert offences(source) == []
