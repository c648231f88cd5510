"""How fast a log is read: our engine beside `grep -f`, ripgrep, and one regex after the other on every line.

A log of 100 MB is made on the fly; most of it is what green steps print, some lines hold the words of failures without
being one, and one line near the end is the cause. Each row of ours is a process of its own, so its memory is that
of the whole program. The loop and `grep -aE` get the patterns of our catalogue, grep those it can read, and a sample
of the log, as they would not end today; `grep -aF` and `rg -F` get the anchors and all of the log.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import Catalogue

LOG_BYTES = 100_000_000
SAMPLE_BYTES = 2_000_000
GREP_SECONDS = 30
REPEATS = 3
CAUSE = "fatal: unable to access 'https://git.example/acme/app.git/': Could not resolve host: git.example"

_SAID = (
    "[ 42%] Building CXX object src/CMakeFiles/core.dir/{word}.cpp.o",
    "Downloading https://repo.example/org/{word}/{number}/{word}-{number}.jar",
    "Downloaded: {word}-{number}.whl ({number} kB at 4.0 MB/s)",
    "   Compiling {word} v1.{number}.3",
    "Get:{number} http://deb.example/debian bookworm/main amd64 {word} amd64 2.{number}-1 [401 kB]",
    "[INFO] Running com.acme.{word}Test",
    "[INFO] Tests run: {number}, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.403 s",
    "tests/test_{word}.py::test_{word}_{number} PASSED                      [ 17%]",
    "  ✓ answers {number} when {word} is gone (12 ms)",
    "ok {number} - {word}: a connection refused is told to the caller",
    "{word}.go:{number}: note: in expansion of macro '{word}'",
    "Compressing objects: 12% ({number}/3000)",
    "added {number} packages, and audited 900 packages in 12s",
    "creating {word}/{number}.o",
    "#12 {number}.4 Setting up {word} (1.{number}) ...",
    "-rw-r--r-- 1 runner docker {number} {word}.txt",
    "warning: unused variable: `{word}`",
    "{word}: error handling installed for {number} routes",
)
_WORDS = ("parser", "engine", "timeout", "retry", "session", "cache", "login", "failover", "invoice", "reader")


def make_log(path: Path) -> None:
    """Write the log."""
    chance = random.Random(7)
    variants = [
        "\n".join(
            f"2026-03-04T05:{chance.randrange(60):02}:{chance.randrange(60):02}.{chance.randrange(10**7):07}Z "
            + chance.choice(_SAID).format(word=chance.choice(_WORDS), number=chance.randrange(9999))
            for _ in range(5000)
        )
        + "\n"
        for _ in range(20)
    ]
    size = 0
    with path.open("wb") as file:
        while size < LOG_BYTES:
            size += file.write(chance.choice(variants).encode())
        file.write(f"{CAUSE}\n##[error]Process completed with exit code 128.\n".encode())


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# Runs in a process of its own: the log, whether to use the automaton, and how often to have the catalogue.
ONCE = """
import resource, sys, time
sys.path.insert(0, {root!r})
began = time.perf_counter()
from dataclasses import replace
from lumen_action.automaton import AutomatonScreen
from lumen_action.catalogue import load_catalogue
from lumen_action.failure import Catalogue, classify
from lumen_action.logs import log_chunks
known = load_catalogue().signatures
copies = [
    replace(each, id=f"{{each.id}}-{{copy}}", anchors=tuple(anchor + " " * copy for anchor in each.anchors))
    for copy in range({copies})
    for each in known.values()
]
catalogue = Catalogue({{each.id: each for each in copies}})
loaded = time.perf_counter()
verdict = classify(log_chunks(sys.argv[1]), catalogue, faster=AutomatonScreen if {fast} else None).verdict
ended = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(loaded - began, ended - loaded, peak, len(copies), verdict.evidence.text if verdict.evidence else "")
"""


def ours(name: str, path: Path, *, fast: bool = True, copies: int = 1, cause: str = CAUSE) -> float:
    """Classify a log in a process of its own, print how that went, and return the seconds it took to read it."""
    code = ONCE.format(root=str(ROOT), fast=fast, copies=copies)
    best = (float("inf"),) * 2
    for _ in range(REPEATS):
        said = subprocess.run(
            [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
        ).stdout
        loading, reading, peak, count, text = said.rstrip("\n").split(" ", 4)
        if cause not in text:
            sys.exit(f"{name} found {text!r} instead of the cause")
        best = min(best, (float(reading), float(loading)))
    size = path.stat().st_size / 1e6
    print(
        f"{name:<34}{size / best[0]:8.1f} MB/s   {best[0]:.2f} s and {best[1]:.2f} s to load {count} signatures, "
        f"peak {float(peak):.0f} MB"
    )
    return best[0]


def patterns(catalogue: Catalogue) -> Iterator[str]:
    """Return what each signature looks for."""
    for signature in catalogue.signatures.values():
        yield signature.pattern or "|".join(map(re.escape, signature.anchors))


def for_grep(pattern: str) -> str:
    """Write a pattern as POSIX does, empty where it cannot."""
    if re.search(r"\(\?[=!<]|\(\?P|\(\?i", pattern):
        return ""
    plain = pattern.replace("(?:", "(").replace("\\d", "[0-9]")
    return "" if re.search(r"\[[^\]]*\\", plain) else plain


def loop(lines: list[str], compiled: list[re.Pattern[str]]) -> int:
    """Try every pattern on every line."""
    return sum(any(pattern.search(line) for pattern in compiled) for line in lines)


def grep_row(program: str, options: tuple[str, ...], texts: list[str], log: Path) -> str:
    """Measure grep, or what is like it."""
    name = f"{program} {' '.join(options)} -f"
    if not shutil.which(program):
        return f"{name:<34}is not on this machine"
    listed = log.with_name("patterns")
    listed.write_text("\n".join(texts) + "\n")
    size = log.stat().st_size / 1e6
    try:
        command = [program, "-c", *options, "-f", str(listed), str(log)]
        # Not to /dev/null: grep would stop at the first line it finds.
        took = seconds(lambda: subprocess.run(command, check=False, capture_output=True, timeout=GREP_SECONDS))
    except subprocess.TimeoutExpired:
        return f"{name:<34}did not finish {size:.0f} MB in {GREP_SECONDS} s ({len(texts)} patterns)"
    return f"{name:<34}{size / took:8.1f} MB/s   on {size:.0f} MB, {len(texts)} patterns; finds lines, names no cause"


def main() -> None:
    """Print the comparison."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        path, line = folder / "build.log", folder / "line.log"
        make_log(path)
        with line.open("wb") as file:
            for _ in range(LOG_BYTES // 1_000_000):
                file.write(b"y error " * 125_000)
            file.write(CAUSE.encode() + b"\n")
        catalogue = load_catalogue()
        once = ours("lumen", path)
        twice = ours("lumen, signatures doubled", path, copies=2)
        print(f"{'':<34}doubling the signatures costs {100 * (twice / once - 1):.0f} %")
        ours("lumen, one line of 100 MB", line)
        ours("lumen, Python alone, begin and end", path, fast=False)
        sample = folder / "sample.log"
        with path.open("rb") as file:
            sample.write_bytes(file.read(SAMPLE_BYTES))
        anchors = sorted(catalogue.by_anchor)
        print(grep_row("grep", ("-aE",), [found for found in map(for_grep, patterns(catalogue)) if found], sample))
        print(grep_row("grep", ("-aF",), anchors, path))
        print(grep_row("rg", ("-a", "-F"), anchors, path))
        lines = sample.read_text(encoding="utf-8", errors="replace").split("\n")
        compiled = [re.compile(pattern) for pattern in patterns(catalogue)]
        took = seconds(lambda: loop(lines, compiled))
        print(f"{'each regex on each line':<34}{SAMPLE_BYTES / took / 1e6:8.1f} MB/s   on {SAMPLE_BYTES / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
