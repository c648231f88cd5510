"""How fast a log is read: our engine beside `grep -f` and beside one regex after the other on every line.

A log of 100 MB is made on the fly; most of it is what green steps print, some lines hold the words of failures without
being one, and one line near the end is the cause. The loop and `grep -aE` get the patterns of our catalogue, grep those
it can read, and a sample of the log, as they would not end today; `grep -aF` gets the anchors and all of the log.
"""

from __future__ import annotations

import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lumen_action.catalogue import load_catalogue  # noqa: E402 - the path comes first
from lumen_action.failure import Catalogue, classify  # noqa: E402
from lumen_action.failure.window import HEAD_BYTES, TAIL_BYTES  # noqa: E402
from lumen_action.logs import log_chunks  # noqa: E402

LOG_BYTES = 100_000_000
SAMPLE_BYTES = 2_000_000
GREP_SECONDS = 30
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
    chance = random.Random(7)  # noqa: S311 - the same log each time
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


def peak_megabytes() -> float:
    """Return the most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(path: Path, catalogue: Catalogue) -> str:
    """Classify the log and return its evidence."""
    evidence = classify(log_chunks(str(path)), catalogue).verdict.evidence
    return evidence.text if evidence else ""


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


def grep_row(option: str, texts: list[str], log: Path) -> str:
    """Measure grep."""
    name = f"grep {option} -f"
    if not shutil.which("grep"):
        return f"{name:<28} grep is not on this machine"
    listed = log.with_name("patterns")
    listed.write_text("\n".join(texts) + "\n")
    size = log.stat().st_size / 1e6
    try:
        command = ["grep", "-c", option, "-f", str(listed), str(log)]
        took = seconds(lambda: subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=GREP_SECONDS))
    except subprocess.TimeoutExpired:
        return f"{name:<28} did not finish {size:.0f} MB in {GREP_SECONDS} s ({len(texts)} patterns)"
    return f"{name:<28} {size / took:8.1f} MB/s   on {size:.0f} MB, {len(texts)} patterns; finds lines, names no cause"


def main() -> None:
    """Print the comparison."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        path = folder / "build.log"
        make_log(path)
        catalogue = load_catalogue()
        before = peak_megabytes()
        said: list[str] = []
        took = seconds(lambda: said.append(ours(path, catalogue)))
        if said != [CAUSE]:
            sys.exit(f"the engine found {said} instead of the cause")
        read = (HEAD_BYTES + TAIL_BYTES) / 1e6
        print(f"{len(catalogue.signatures)} signatures, a log of {LOG_BYTES / 1e6:.0f} MB, of which we read {read:.0f}")
        print(
            f"lumen classify               {LOG_BYTES / took / 1e6:8.1f} MB/s   "
            f"{took:.2f} s, peak {peak_megabytes():.0f} MB, {peak_megabytes() - before:.0f} MB of it for the log"
        )
        sample = folder / "sample.log"
        with path.open("rb") as file:
            sample.write_bytes(file.read(SAMPLE_BYTES))
        print(grep_row("-aE", [found for found in map(for_grep, patterns(catalogue)) if found], sample))
        print(grep_row("-aF", sorted(catalogue.by_anchor), path))
        lines = sample.read_text(encoding="utf-8", errors="replace").split("\n")
        compiled = [re.compile(pattern) for pattern in patterns(catalogue)]
        took = seconds(lambda: loop(lines, compiled))
        print(f"each regex on each line      {SAMPLE_BYTES / took / 1e6:8.1f} MB/s   on {SAMPLE_BYTES / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
