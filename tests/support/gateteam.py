"""A team with a ledger, and gates that are asked at its terminal or in a job of its workflow."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from facts import HOUR, NOON, fact

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Outcome

DAY = 24 * HOUR


@dataclass
class GateTeam:
    """A folder with a lumen.yml; what was last asked left its words in `out`, `err`, `summary` and `outputs`."""

    folder: Path
    now_ms: int = NOON
    env: dict[str, str] = field(default_factory=dict)
    out: str = ""
    err: str = ""
    ledger: str = ""

    def __post_init__(self) -> None:
        self.ledger = self.ledger or f"sqlite:{self.folder / 'ledger.db'}"
        self.config("pipeline: nightly\nslo: {run: 0.9}\n")

    def config(self, text: str) -> None:
        (self.folder / "lumen.yml").write_text(text, encoding="utf-8")

    def runs(self, good: int, bad: int = 0, *, at: int = NOON - HOUR) -> None:
        """Record runs, those that failed first."""
        outcomes = [Outcome.FAILURE] * bad + [Outcome.SUCCESS] * good
        day = datetime.fromtimestamp(at / 1000, timezone.utc).date().isoformat()
        self.put(*(fact(outcome=each, run=f"{at}.{n}", at=at + n, day=day) for n, each in enumerate(outcomes)))

    def put(self, *facts: Fact) -> None:
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        for each in facts:
            ledger.put(each)
        ledger.close()

    def kept(self) -> Sequence[Fact]:
        """Return the facts of gates in the ledger in the order they were written."""
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        found = sorted((each for each in ledger.scan() if each.key.kind is not Kind.RUN), key=lambda each: each.order)
        ledger.close()
        return found

    def gate(self, *words: str) -> int:
        self.now_ms += 1000
        out, err = io.StringIO(), io.StringIO()
        env = {"LUMEN_STATE_DIR": str(self.folder / "state"), **self.env}
        world = World(env=env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        try:
            return main(["gate", "--ledger", self.ledger, *words], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def answer(self, *words: str) -> dict[str, Any]:
        self.gate(*words, "--json")
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found

    def in_job(self, job: str = "gate", event: dict[str, Any] | None = None, **more: str) -> None:
        """Ask in a job of GitHub Actions from now on."""
        for name in ("output", "summary"):
            (self.folder / name).touch()
        (self.folder / "event.json").write_text(json.dumps(event or {}), encoding="utf-8")
        self.env = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "org/app",
            "GITHUB_RUN_ID": "100",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_JOB": job,
            "GITHUB_WORKFLOW": "deploy",
            "GITHUB_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "RUNNER_TEMP": str(self.folder / "temp"),
            **more,
        }

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text(encoding="utf-8")

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "output").read_text(encoding="utf-8").splitlines()
        return {line.partition("<<")[0]: lines[at + 1] for at, line in enumerate(lines) if "<<lumen_" in line}
