"""A team with a companion, a ledger and a strict stand-in of GitHub, and runs of it that failed."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from facts import HOUR, NOON
from githubapi import TOKEN, GitHubApi, SaidAttempt, SaidJob, SaidRun
from githubruns import Reruns

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind

MINUTE = HOUR // 60
DAY = 24 * HOUR
FAILED = (("completed", "success"), ("completed", "failure"), ("completed", "skipped"))
NAMES = ("Set up job", "Run make fetch", "Post Run actions/checkout@v5")
RESET = """2026-01-02T12:00:01.0000000Z ##[group]Run make fetch
2026-01-02T12:00:01.0000000Z make fetch
2026-01-02T12:00:01.0000000Z ##[endgroup]
2026-01-02T12:00:09.0000000Z curl: (56) Recv failure: Connection reset by peer
2026-01-02T12:00:09.0000000Z ##[error]Process completed with exit code 56.
"""
BROKEN = RESET.replace(
    "curl: (56) Recv failure: Connection reset by peer", "src/a.c:3:1: error: expected ';' before '}'"
)
STOPS = "2026-01-02T12:00:01.0000000Z ##[group]Run make fetch\n2026-01-02T12:00:02.0000000Z fetching 1 of 9\n"
LOST = "The self-hosted runner lost communication with the server. Verify the machine is running."
KILLED = (("completed", "success"), ("in_progress", None))
SHA = SaidRun.sha


def job(id_: int = 11, conclusion: str | None = "failure", **other: object) -> SaidJob:
    steps = FAILED if conclusion == "failure" else SaidJob.steps
    made = SaidJob(id_, f"build {id_}", conclusion, NOON, NOON + MINUTE, steps=steps, names=NAMES)
    return replace(made, **other)


def run(*jobs: SaidJob, conclusion: str | None = "failure", **other: object) -> SaidRun:
    return replace(SaidRun(100, NOON, (SaidAttempt(jobs, conclusion),), event="push"), **other)


@dataclass
class Team:
    """A team with a ledger and a companion; what GitHub knows is in `api` and `reruns`."""

    folder: Path
    api: GitHubApi
    reruns: Reruns
    now_ms: int = NOON + 2 * MINUTE
    words: str = ""
    summary: str = ""
    outputs: str = ""
    env: dict[str, str] = field(default_factory=dict)
    filled: int = 0

    @property
    def ledger(self) -> str:
        return f"sqlite:{self.folder / 'ledger.db'}"

    def knows(self, said: SaidRun, logs: dict[int, str] | None = None) -> None:
        self.api.runs = [said]
        self.reruns.logs = logs if logs is not None else {each.id: RESET for each in said.attempts[-1].jobs}

    def rerun(self, *options: str, event: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Let the companion come in a job of its own."""
        out, err = io.StringIO(), io.StringIO()
        files = {name: self.folder / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        for name, file in files.items():
            file.write_text("x" * self.filled if name == "GITHUB_STEP_SUMMARY" else "", encoding="utf-8")
        path = self.folder / "event.json"
        told = event or {"workflow_run": {"id": 100, "run_attempt": len(self.api.runs[0].attempts)}}
        path.write_text(json.dumps(told), encoding="utf-8")
        env = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.api.url,
            "GITHUB_REPOSITORY": "org/app",
            "GITHUB_EVENT_PATH": str(path),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "LUMEN_TOKEN": TOKEN,
            **{name: str(file) for name, file in files.items()},
            **self.env,
        }
        world = World(env=env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        code = main(["rerun", "--ledger", self.ledger, "--json", *options], world)
        self.words = out.getvalue() + err.getvalue()
        self.summary, self.outputs = (file.read_text(encoding="utf-8") for file in files.values())
        answer: dict[str, Any] = json.loads(out.getvalue()) if out.getvalue().startswith("{") else {}
        return code, answer

    def opened(self) -> SqliteLedger:
        return SqliteLedger(self.folder / "ledger.db", durable=True)

    def put(self, *facts: Fact) -> None:
        ledger = self.opened()
        for each in facts:
            ledger.put(each)
        ledger.close()

    def facts(self, kind: Kind) -> list[Fact]:
        ledger = self.opened()
        try:
            return [fact for fact in ledger.scan() if fact.key.kind is kind]
        finally:
            ledger.close()


def decided(answer: dict[str, Any]) -> tuple[str, str | None]:
    return answer["decision"], answer["guard"]
