"""A team whose jobs write to a real ledger, and a strict stand-in of GitHub that tells what else happened."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facts import HOUR, NOON
from githubapi import TOKEN, GitHubApi, SaidAttempt, SaidJob, SaidRun
from job import Job

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind

MINUTE = HOUR // 60
REGIONS = {"eu": 11, "us": 12}
KILLED = (("completed", "success"), ("in_progress", None))


@dataclass
class Team:
    """A team with a ledger; `reconcile` is one tick."""

    folder: Path
    api: GitHubApi
    now_ms: int = NOON + 2 * HOUR
    words: str = ""

    @property
    def ledger(self) -> str:
        return f"sqlite:{self.folder / 'ledger.db'}"

    def speaks(self, run: str, region: str = "eu", *, attempt: int = 1, job: int | None = None, **step: str) -> None:
        """Let a job of the workflow record its run as its last step."""
        number = REGIONS[region] if job is None else job
        extra = {"LUMEN_INPUT_JOB_ID": str(number) if number else "", "RUNNER_NAME": f"machine {region}"}
        asked = {"GITHUB_API_URL": self.api.url, "LUMEN_INPUT_TOKEN": TOKEN}
        job_ = Job(
            self.folder / f"job-{run}-{region}-{attempt}-{number}",
            run=run,
            attempt=str(attempt),
            region=region,
            ledger=self.ledger,
            extra={**extra, **asked},
        )
        assert job_.step(step.pop("stage", "run"), step.pop("status", "success"), **step) == 0

    def reconcile(self, *options: str, token: str = TOKEN, **env: str) -> tuple[int, dict[str, Any]]:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            env={"GITHUB_API_URL": self.api.url, "GITHUB_REPOSITORY": "org/app", "LUMEN_TOKEN": token, **env},
            folder=self.folder,
            stdout=out,
            stderr=err,
            clock_ms=lambda: self.now_ms,
        )
        code = main(["reconcile", "--ledger", self.ledger, "--json", *options], world)
        self.words = err.getvalue()
        answer: dict[str, Any] = json.loads(out.getvalue()) if out.getvalue().startswith("{") else {}
        return code, answer

    def facts(self, **where: str) -> list[Fact]:
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        try:
            return [fact for fact in ledger.scan(**where) if fact.key.kind is Kind.RUN]
        finally:
            ledger.close()

    def state(self) -> dict[str, Any]:
        out = io.StringIO()
        world = World(env={}, folder=self.folder, stdout=out, stderr=out, clock_ms=lambda: self.now_ms)
        assert main(["state", "--ledger", self.ledger, "--json"], world) == 0
        state: dict[str, Any] = json.loads(out.getvalue())
        return state


def job(region: str = "eu", conclusion: str | None = "success", **other: object) -> SaidJob:
    return replace(
        SaidJob(
            REGIONS[region], f"Deploy ({region})", conclusion, NOON, NOON + 30 * MINUTE, runner=f"machine {region}"
        ),
        **other,
    )


def run(id_: int, *jobs: SaidJob, conclusion: str | None = "success", **other: object) -> SaidRun:
    return replace(SaidRun(id_, NOON - MINUTE, (SaidAttempt(jobs, conclusion),)), **other)


def outcomes(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((added["run"], added["region"], added["outcome"]) for added in answer["added"])
