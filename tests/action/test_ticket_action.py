"""actions/ticket: every input arrives, and the example opens one issue against a strict stand-in for the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from act import REPOSITORY, Consumer, Event, Runner
from githubapi import TOKEN, GitHubApi
from githubissues import Issues
from ticketworld import failed

from lumen_action.ledger.sqlite import SqliteLedger

EXAMPLE = REPOSITORY / "examples" / "lumen-tickets.yml"


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with GitHubApi(repo="acme/reports").serving() as serving:
        yield serving


def test_the_example_opens_one_issue_and_no_second(
    runner: Runner, consumer: Consumer, api: GitHubApi, tmp_path: Path
) -> None:
    import time

    issues = Issues.of(api)
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    ledger.put(failed("1", time.time_ns() // 1_000_000 - 60_000))
    ledger.close()
    variables = {"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}"}
    team = replace(consumer, env={"GITHUB_API_URL": api.url}, variables=variables, secrets={"GITHUB_TOKEN": TOKEN})
    for _ in range(2):
        run = runner.run(EXAMPLE.read_text(encoding="utf-8"), team, Event("workflow_dispatch"))
        assert run.exit_code == 0, run.leg().log
    assert len(issues.known) == 1, run.leg().log
