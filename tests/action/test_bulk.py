"""Logs of a size nobody wants: bounded memory through the real entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1 << 20
# What one process may hold at its peak, Python itself included.
_MEMORY_KILOBYTES = 96 * 1024

_MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def _one_line(path: Path) -> None:
    with path.open("wb") as log:
        for _ in range(100):
            log.write(b"x" * MEGABYTE)
        log.write(b"\nError: connect ETIMEDOUT 203.0.113.7:443\n##[error]Process completed with exit code 1.\n")


def _many_lines(path: Path) -> None:
    block = b"".join(
        b"2026-01-02T02:11:%02d.1042210Z compiled module %d of 9000, 0 errors\n" % (n % 60, n) for n in range(9000)
    )
    with path.open("wb") as log:
        while log.tell() < 100 * MEGABYTE:
            log.write(block)
        log.write(b"fatal: unable to access 'https://github.com/org/app/': Could not resolve host: github.com\n")


def _binary(path: Path) -> None:
    with path.open("wb") as log:
        for _ in range(30):
            log.write(bytes(range(256)) * 4096)


@pytest.mark.skipif(os.name == "nt", reason="the resource module is POSIX")
@pytest.mark.parametrize(("make", "cause"), [(_one_line, "network"), (_many_lines, "network"), (_binary, "unknown")])
def test_a_huge_log_is_classified_in_little_memory(make: Callable[[Path], None], cause: str, tmp_path: Path) -> None:
    log = tmp_path / "huge.log"
    make(log)
    words = ["record", "--stage", "build", "--outcome", "failure", "--log-file", str(log), "--json"]
    command = [sys.executable, "-I", "-X", "utf8", str(ROOT / "entrypoint.py"), *words]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command],
        env={"PATH": os.environ["PATH"], "LUMEN_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["error_class"] == cause
    assert answer["evidence"] is None or len(answer["evidence"]["text"]) < 1000
    assert int(done.stderr.split()[-1]) < _MEMORY_KILOBYTES
