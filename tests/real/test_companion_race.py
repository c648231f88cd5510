"""Companions of one run as processes on real ledgers: all have looked and may call, and one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import stores
from facts import HOUR
from githubapi import TOKEN, Answer, Asked, GitHubApi, SaidAttempt, SaidJob, SaidRun
from githubruns import REPO, RERUN, Reruns

from lumen_action.ledger.opening import Place, open_ledger
from lumen_action.model import Kind

ROOT = Path(__file__).resolve().parents[2]
RACERS = 4
LOG = """2026-01-02T12:00:01.0000000Z ##[group]Run make fetch
2026-01-02T12:00:01.0000000Z ##[endgroup]
2026-01-02T12:00:09.0000000Z curl: (56) Recv failure: Connection reset by peer
2026-01-02T12:00:09.0000000Z ##[error]Process completed with exit code 56.
"""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "kind",
    [kind if kind in ("sqlite", "postgres") else pytest.param(kind, marks=pytest.mark.slow) for kind in stores.KINDS],
)
def test_one_call(kind: str, store_url: Callable[[str], str], tmp_path: Path) -> None:
    url = store_url(kind)
    began = time.time_ns() // 1_000_000 - HOUR
    steps = (("completed", "success"), ("completed", "failure"))
    job = SaidJob(11, "build", "failure", began, began + 60_000, steps=steps)
    attempt = SaidAttempt((job,), "failure")
    with GitHubApi(runs=[SaidRun(100, began, (attempt,), event="push")]).serving() as api:
        known = Reruns(api, {11: LOG})
        everybody = threading.Barrier(RACERS)
        looked = api.routes["GET", f"{REPO}/actions/workflows/{{workflow_id}}/runs"]

        def together(asked: Asked) -> Answer:
            everybody.wait(60)
            return looked(asked)

        def fails_at_once(_asked: Asked) -> Answer:
            """Take every call: the run is over again before the next one comes."""
            run = api.runs[0]
            api.runs[0] = replace(run, attempts=(*run.attempts, attempt))
            return 201, {}, {}

        api.routes["GET", f"{REPO}/actions/workflows/{{workflow_id}}/runs"] = together
        api.routes["POST", RERUN] = fails_at_once
        racers = [_companion(url, api, tmp_path / str(at)) for at in range(RACERS)]
        answers = [_answer(racer) for racer in racers]
        assert known.made == 1
    decided = sorted((answer["decision"], answer["guard"]) for answer in answers)
    assert decided.count(("rerun", None)) == 1
    assert {guard for _, guard in decided if guard} == {"claim"}
    ledger = open_ledger(url, Place(os.environ, tmp_path / "cache"))
    assert [fact.key.attempt for fact in ledger.scan(run="100") if fact.key.kind is Kind.RERUN] == [2]
    ledger.close()


def _companion(url: str, api: GitHubApi, folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir()
    env = {"GITHUB_API_URL": api.url, "LUMEN_TOKEN": TOKEN, "XDG_STATE_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "lumen_action.cli", "rerun", "--run", "100", "--repository", "org/app", "--json"]
    return subprocess.Popen(
        [*command, "--ledger", url],
        cwd=folder,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _answer(racer: subprocess.Popen[bytes]) -> dict[str, str | None]:
    out, err = racer.communicate(timeout=120)
    assert racer.returncode in (0, 75), err.decode()
    answer: dict[str, str | None] = json.loads(out)
    return answer
