"""Warm `record`, as the Action runs it, beside a bare Python and beside a JavaScript action's start.

The JavaScript peer is a bundle made on the spot of the official @actions/core and @actions/github; it sets the same
number of outputs and writes a summary line, and nothing else. It is left out where npm is missing.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 25
OUTPUTS = 13

_PEER = """
const core = require('@actions/core'); const github = require('@actions/github');
(async () => {
  core.getInput('stage'); github.context.runId;
  for (let i = 0; i < %d; i++) core.setOutput('o' + i, 'v' + i);
  await core.summary.addRaw('ok').write();
})();
"""


def milliseconds(command: Sequence[str], env: Mapping[str, str], rounds: int = ROUNDS) -> float:
    """Return the median time of a whole process."""
    took = []
    for run in range(rounds + 2):
        began = time.perf_counter()
        subprocess.run(
            command,
            env={**env, "GITHUB_RUN_ID": str(run)},
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[2:])


def job(folder: Path) -> dict[str, str]:
    """Return the environment of a workflow step."""
    for name in ("output", "summary", "env"):
        (folder / name).touch()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_REPOSITORY": "org/app",
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_JOB": "build",
        "GITHUB_WORKFLOW": "nightly",
        "GITHUB_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_ENV": str(folder / "env"),
        "RUNNER_TEMP": str(folder / "temp"),
        "LUMEN_INPUT_JOB_STATUS": "success",
        "LUMEN_INPUT_STAGE": "build",
        "LUMEN_INPUT_LEDGER": f"sqlite:{folder / 'ledger.db'}",
    }


def bundle(folder: Path) -> Path | None:
    """Make the JavaScript peer."""
    npm = shutil.which("npm")
    if not npm:
        return None
    (folder / "index.js").write_text(_PEER % OUTPUTS)
    commands = (
        [npm, "install", "@actions/core@1.11.1", "@actions/github@6.0.1", "esbuild@0.25.0"],
        ["node_modules/.bin/esbuild", "index.js", "--bundle", "--platform=node", "--outfile=dist.js"],
    )
    try:
        for command in commands:
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except subprocess.CalledProcessError:
        return None
    return folder / "dist.js"


def main() -> None:
    """Print the comparison."""
    python = getattr(sys, "_base_executable", sys.executable)
    entry = [python, "-I", "-X", "utf8", str(ROOT / "entrypoint.py"), "record"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        env = job(folder)
        failing = env | {
            "GITHUB_REPOSITORY": "org/failing",
            "LUMEN_INPUT_JOB_STATUS": "failure",
            "LUMEN_INPUT_ERROR_LOG": "curl: (6) Could not resolve host: x",
        }
        rows = [
            ("python3 -c pass", milliseconds([python, "-I", "-c", "pass"], env)),
            (
                "  and the modules record needs",
                milliseconds(
                    [python, "-I", "-c", "import argparse, json, re, hashlib, sqlite3, pathlib, dataclasses, datetime"],
                    env,
                ),
            ),
            ("record, green stage", milliseconds(entry, env)),
            ("record, failed stage", milliseconds(entry, failing)),
        ]
        peer = bundle(folder)
        if peer:
            size = peer.stat().st_size / 1e6
            rows.append((f"node, {size:.1f} MB bundle of the toolkit", milliseconds(["node", str(peer)], env)))
        else:
            print("npm is missing or offline: no JavaScript peer")
    for name, took in rows:
        print(f"{name:<44}{took:8.0f} ms")


if __name__ == "__main__":
    main()
