"""Measure the first start on a fresh machine, and every later one, beside plain `pip install`.

    python3 bench/cold_start.py [ROUNDS]

Every cold round starts with an empty directory and empty download caches; the index is the one configured for pip.
Prints the median of the rounds.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIVE = ("requests", "actions-toolkit", "boto3", "cryptography", "reportlab")
CORE = ("requests", "actions-toolkit")
MODULES = {"core": "requests", "archive": "boto3, cryptography", "report": "reportlab"}
IMPORT = "import sys; sys.path.insert(0, sys.argv[1]); from lumen_action import bootstrap; bootstrap.install(); import "
UV = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))


@dataclass(frozen=True)
class Case:
    """One way to get going: what runs, in which environment, and where its files land."""

    name: str
    command: Callable[[Path], Sequence[str]]
    environ: Mapping[str, str]
    warm: bool = False


def ours(*locks: str) -> Callable[[Path], Sequence[str]]:
    """Return the command that imports what these locks pin through the bootstrap."""
    code = IMPORT + ", ".join(MODULES[lock] for lock in locks)
    return lambda _: (sys.executable, "-I", "-c", code, str(ROOT))


def plain(*packages: str) -> Callable[[Path], Sequence[str]]:
    """Return the command that a person would type instead, with all that the packages ask for."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return lambda folder: (*pip, "--target", str(folder / "plain"))


def run(case: Case, folder: Path) -> float:
    """Return the seconds one round takes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LUMEN_", "RUNNER_"))}
    fresh = {"RUNNER_TOOL_CACHE": str(folder), "PIP_NO_CACHE_DIR": "1", "UV_NO_CACHE": "1", "PATH": os.defpath}
    began = time.perf_counter()
    done = subprocess.run(
        case.command(folder), env={**kept, **fresh, **case.environ}, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{case.name} failed:\n{done.stderr}")
    return seconds


def megabytes(folder: Path) -> float:
    """Return what lies below a directory."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def measure(case: Case, rounds: int) -> tuple[float, float]:
    """Return the median seconds and the megabytes of one case."""
    with tempfile.TemporaryDirectory() as scratch:
        seconds = []
        if case.warm:
            run(case, Path(scratch))
        for number in range(rounds):
            folder = Path(scratch) if case.warm else Path(scratch) / str(number)
            folder.mkdir(exist_ok=True)
            seconds.append(run(case, folder))
        return statistics.median(seconds), megabytes(folder)


def fill(wheelhouse: Path) -> None:
    """Download every locked wheel once."""
    how = ("--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps", "--disable-pip-version-check")
    locks = [word for lock in MODULES for word in ("-r", str(ROOT / "locks" / f"{lock}.txt"))]
    pip = (sys.executable, "-m", "pip", "download", *how, *locks, "-d", str(wheelhouse))
    subprocess.run(pip, check=True, capture_output=True)


def cases(wheelhouse: Path) -> list[Case]:
    """List what is compared; uv only where it is installed."""
    house = {"LUMEN_WHEELHOUSE": str(wheelhouse)}
    uv = {"PATH": str(Path(UV).parent)} if UV else {}
    bare = Case("python3 -c pass", lambda _: (sys.executable, "-I", "-c", "pass"), {}, warm=True)
    return [
        Case("pip install of the two core packages, then nothing", plain(*CORE), {}),
        Case("core: cold, pip", ours("core"), {}),
        *([Case("core: cold, uv", ours("core"), uv)] if UV else []),
        Case("core: cold, wheelhouse", ours("core"), house),
        Case("core: warm (import requests)", ours("core"), house, warm=True),
        Case("pip install of all five packages, then nothing", plain(*FIVE), {}),
        Case("all: cold, pip", ours(*MODULES), {}),
        *([Case("all: cold, uv", ours(*MODULES), uv)] if UV else []),
        Case("all: cold, wheelhouse", ours(*MODULES), house),
        Case("all: warm (import all five)", ours(*MODULES), house, warm=True),
        bare,
    ]


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    rounds = int(arguments[0]) if arguments else 3
    with tempfile.TemporaryDirectory() as wheelhouse:
        fill(Path(wheelhouse))
        print(f"{'':<52}{'seconds':>9}{'MB':>8}")
        for case in cases(Path(wheelhouse)):
            seconds, size = measure(case, rounds)
            print(f"{case.name:<52}{seconds:>9.2f}{size:>8.1f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
