"""A machine on which `lumen run` runs as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind

ENTRY = Path(__file__).resolve().parents[2] / "entrypoint.py"


class Machine:
    """A terminal, or with `job` a runner's job, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger_file = folder / "ledger.db"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LUMEN_STATE_DIR": str(folder / "state"),
            "LUMEN_LEDGER": f"sqlite:{self.ledger_file}",
            "LUMEN_PIPELINE": "nightly",
            "LUMEN_BACKOFF": "0",
        }

    def job(self) -> Machine:
        for name in ("output", "summary", "env"):
            (self.folder / name).touch()
        self.env |= {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "org/app",
            "GITHUB_RUN_ID": "7",
            "GITHUB_JOB": "build",
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_ENV": str(self.folder / "env"),
            "RUNNER_TEMP": str(self.folder / "temp"),
        }
        return self

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(ENTRY), "run", *words]

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), cwd=self.folder, env=self.env | env, capture_output=True, text=True, check=False
        )

    def facts(self, kind: Kind) -> list[Fact]:
        if not self.ledger_file.exists():
            return []
        ledger = SqliteLedger(self.ledger_file, durable=True)
        try:
            found = [fact for fact in ledger.scan() if fact.key.kind is kind]
        finally:
            ledger.close()
        return sorted(found, key=lambda fact: fact.order)

    @property
    def stage(self) -> Fact:
        (fact,) = self.facts(Kind.STAGE)
        return fact
