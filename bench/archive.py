"""One file frozen and restored, beside age, restic, and openssl enc with sha256sum on the same file.

usage: python bench/archive.py [MEBIBYTES] [FOLDER] [ROUNDS]

The file is random and lies in memory where there is such a folder, so that nobody's disk is measured. Every line is the
best of several rounds in which all take turns, each in a process of its own: its time, that of all its cores, and the
most memory it held. What each of them shows at the end differs: age and openssl hash nothing, and openssl alone sees no
change (so sha256sum is added); restic and we hash every file and what is stored, and can prove later what is there.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from unpacked import program

MEBIBYTES = 1024
ROUNDS = 3
IN_MEMORY = Path("/dev", "shm")
DAY = "2026-03-04"
LUMEN = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from lumen_action.cli import main
sys.exit(main())
"""
PIECE = 1 << 20


@dataclass(frozen=True)
class Cost:
    """What a run took."""

    seconds: float
    cpu_seconds: float
    mebibytes: float


@dataclass(frozen=True)
class Contender:
    """A way to seal a file, or to get it back."""

    name: str
    command: str
    leaves: str
    """What is removed before each run."""


def contenders(folder: Path) -> tuple[list[Contender], list[Contender]]:
    """Return all ways to seal the file `f`, and to get it back."""
    age, restic = program("age", "age"), f"{program('restic', 'restic')} --quiet --no-cache --repo restic"
    recipient = _prepared(folder, program("age", "age-keygen"))
    openssl = "openssl enc -aes-256-ctr -pbkdf2 -pass pass:bench"
    lumen = f"{sys.executable} lumen.py archive"
    sealing = [
        Contender("age", f"{age} -r {recipient} -o age f", "age"),
        Contender("age, sha256sum", f"{age} -r {recipient} -o age f && sha256sum f age", "age"),
        Contender("openssl enc, sha256sum", f"{openssl} -in f -out openssl && sha256sum openssl", "openssl"),
        Contender("restic backup", f"{restic} init && {restic} backup f", "restic"),
        Contender("lumen archive freeze", f"{lumen} freeze f --day {DAY} --pipeline bench", "lumen-archives"),
    ]
    opening = [
        Contender("age --decrypt", f"{age} -d -i identity -o back age", "back"),
        Contender("sha256sum, openssl enc -d", f"sha256sum openssl && {openssl} -d -in openssl -out back", "back"),
        Contender("restic restore", f"{restic} restore latest --target back", "back"),
        Contender(
            "lumen archive restore",
            f"{lumen} restore --file lumen-archives/bench/{DAY}/default/1.lumen --to back",
            "back",
        ),
    ]
    return sealing, opening


def _prepared(folder: Path, age_keygen: str) -> str:
    """Write what the programs need; return a recipient of age."""
    made = subprocess.run([age_keygen], capture_output=True, text=True, check=True).stdout
    (folder / "identity").write_text(made)
    (folder / "lumen.py").write_text(LUMEN)
    (folder / "lumen.yml").write_text("pipeline: bench\n")
    return next(line for line in made.splitlines() if line.startswith("# public key: ")).rpartition(" ")[2]


def environment(folder: Path) -> Mapping[str, str]:
    """Return the environment of everybody."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LUMEN_", "GITHUB_", "CI"))}
    return kept | {
        "LUMEN_ARCHIVE_KEY": base64.b64encode(os.urandom(32)).decode(),
        "LUMEN_STATE_DIR": str(folder / "state"),
        "RESTIC_PASSWORD": "bench",
    }


def measured(contender: Contender, folder: Path, env: Mapping[str, str]) -> Cost:
    """Run it once."""
    left = folder / contender.leaves
    shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    with (folder / "log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(["sh", "-c", contender.command], cwd=folder, env=env, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
    if status:
        raise SystemExit(f"{contender.name} failed with status {status}: {(folder / 'log').read_text()[-800:]}")
    return Cost(took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def compared(ways: list[Contender], mebibytes: int, rounds: int, run: Callable[[Contender], Cost]) -> None:
    """Let all take turns, and print the best of each."""
    best: dict[str, Cost] = {}
    for _ in range(rounds):
        for way in ways:
            cost = run(way)
            best[way.name] = min(best.get(way.name, cost), cost, key=lambda each: each.seconds)
    for name, cost in best.items():
        rate = mebibytes / cost.seconds
        print(
            f"{name:<28}{cost.seconds:7.2f} s {rate:8.0f} MiB/s {cost.cpu_seconds:7.2f} s CPU {cost.mebibytes:6.0f} MiB"
        )


def main() -> int:
    """Make the file and compare."""
    words = sys.argv[1:]
    mebibytes = int(words[0]) if words else MEBIBYTES
    home = words[1] if len(words) > 1 else str(IN_MEMORY) if IN_MEMORY.is_dir() else None
    rounds = int(words[2]) if len(words) > 2 else ROUNDS
    subprocess.run([sys.executable, ROOT / "tools" / "debian.py", "age", "restic"], check=True)
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        folder = Path(scratch)
        with (folder / "f").open("wb") as file:
            for _ in range(mebibytes):
                file.write(os.urandom(PIECE))
        env = environment(folder)
        sealing, opening = contenders(folder)
        print(f"{mebibytes} MiB, {os.cpu_count()} cores, best of {rounds}")
        compared(sealing, mebibytes, rounds, lambda way: measured(way, folder, env))
        print("and back")
        compared(opening, mebibytes, rounds, lambda way: measured(way, folder, env))
    return 0


if __name__ == "__main__":
    sys.exit(main())
