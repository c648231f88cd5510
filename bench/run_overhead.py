"""What running a stage by us costs, on `true` and on 100 MB of output, beside a direct run, a pipe and a peer.

python bench/run_overhead.py [--retry-entry DIST/INDEX.JS] [--rounds N]

The peer, nick-fields/retry, is a node program in the `dist` folder of its repository and on no package registry; give
the path of a checkout's file.
It is an Action, so it is run as a runner runs one: with its inputs in the environment.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BYTES = 100_000_000
LOUD = f"yes 'a line that a build may print, and some more words of it' | head -c {BYTES}"
COMMANDS = {"true": "true", "100 MB": LOUD}
PYTHON = [sys.executable, "-I", "-X", "utf8"]
LEAN = [sys.executable, "-I", "-S", "-X", "utf8"]


def once(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, int]:
    """Return the milliseconds of a run into a pipe that is read at once, and the bytes that came."""
    began, size = time.perf_counter(), 0
    with subprocess.Popen(command, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while process.stdout and (data := os.read(process.stdout.fileno(), 1 << 20)):
            size += len(data)
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return (time.perf_counter() - began) * 1000, size


def ways(folder: Path, script: str, retry_entry: str) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Return each way to run the script: a command and what else is in its environment."""
    file = folder / "step.sh"
    file.write_text(script, encoding="utf-8")
    ours = [*PYTHON, str(ROOT / "entrypoint.py"), "run", "--stage", "build", "--run-id", str(time.time_ns())]
    shell = [*LEAN, str(ROOT / "actions" / "setup" / "lumen_shell.py"), str(file)]
    found: dict[str, tuple[list[str], dict[str, str]]] = {
        "direct: bash -e": (["bash", "-e", str(file)], {}),
        "pipe to tee": (["bash", "-o", "pipefail", "-c", f"bash -e '{file}' | tee '{folder}/log'"], {}),
        "lumen-shell": (shell, {"RUNNER_TEMP": str(folder)}),
        "lumen run (with its record)": ([*ours, "--", "bash", "-e", str(file)], {}),
        "lumen record alone": ([*PYTHON, str(ROOT / "entrypoint.py"), "record", *ours[6:], "--outcome", "success"], {}),
    }
    if retry_entry:
        inputs = {
            "INPUT_COMMAND": f"bash -e '{file}'",
            "INPUT_MAX_ATTEMPTS": "3",
            "INPUT_TIMEOUT_MINUTES": "5",
            "INPUT_RETRY_WAIT_SECONDS": "10",
            "INPUT_POLLING_INTERVAL_SECONDS": "1",
            "INPUT_WARNING_ON_RETRY": "true",
            "INPUT_CONTINUE_ON_ERROR": "false",
            "INPUT_RETRY_ON": "any",
            "GITHUB_OUTPUT": str(folder / "output"),
        }
        (folder / "output").touch()
        found["nick-fields/retry"] = (["node", retry_entry], inputs)
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retry-entry", default="", help="dist/index.js of nick-fields/retry")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    print(f"{'way':<30}{'command':>9}{'median ms':>11}{'least ms':>10}{'bytes':>12}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, script in COMMANDS.items():
            for way, (command, more) in ways(folder, script, arguments.retry_entry).items():
                if way == "lumen record alone" and script is LOUD:
                    continue
                env = {
                    "PATH": os.environ["PATH"],
                    "HOME": str(folder),
                    "LUMEN_STATE_DIR": str(folder / "state"),
                    **more,
                }
                once(command, env)
                runs = [once(command, env) for _ in range(arguments.rounds)]
                took = [milliseconds for milliseconds, _ in runs]
                print(f"{way:<30}{name:>9}{statistics.median(took):>11.1f}{min(took):>10.1f}{runs[-1][1]:>12}")
    if not arguments.retry_entry:
        print("nick-fields/retry: not available here; give --retry-entry")
    print(f"most memory of any of them: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
