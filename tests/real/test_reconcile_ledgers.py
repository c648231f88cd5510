"""`lumen reconcile` on every kind of ledger: what it added stays added, and its note is found again."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stores
from facts import HOUR, NOON, fact
from githubapi import TOKEN, GitHubApi, SaidAttempt, SaidJob, SaidRun

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.opening import Place, open_ledger


# What a command has opened ends with its process; here it ends when it is no longer used.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", stores.KINDS)
def test_twice_is_once_and_the_second_time_costs_a_list(
    kind: str, store_url: Callable[[str], str], tmp_path: Path
) -> None:
    url = store_url(kind)
    ledger = open_ledger(url, Place(os.environ, tmp_path / "cache"))
    ledger.put(fact(run="99"))
    ledger.close()
    job = SaidJob(11, "Deploy", "timed_out", NOON, NOON + HOUR)
    with GitHubApi(runs=[SaidRun(100, NOON, (SaidAttempt((job,), "failure"),))]).serving() as api:
        answers = [reconcile(url, api, tmp_path) for _ in range(2)]
    assert [[(each["region"], each["outcome"]) for each in answer["added"]] for answer in answers] == [
        [("eu", "timeout")],
        [],
    ]
    assert [answer["calls"] for answer in answers] == [2, 1]


def reconcile(url: str, api: GitHubApi, folder: Path) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    asked = {"GITHUB_API_URL": api.url, "LUMEN_TOKEN": TOKEN, "XDG_STATE_HOME": str(folder)}
    world = World(env=dict(os.environ) | asked, folder=folder, stdout=out, stderr=err, clock_ms=lambda: NOON + 2 * HOUR)
    code = main(["reconcile", "--repository", "org/app", "--ledger", url, "--json"], world)
    assert code == 0, err.getvalue()
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer
