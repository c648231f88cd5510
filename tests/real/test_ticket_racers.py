"""The same failure in 50 runs of 3 pipelines, and companions that race: one ticket, the right count, closed once."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from facts import HOUR, fact
from githubapi import TOKEN, GitHubApi, Trouble
from githubissues import Issues
from ticketworld import DAY, failed, permanent

from lumen_action.ledger.opening import Place, open_ledger
from lumen_action.model import Kind

ROOT = Path(__file__).resolve().parents[2]
PIPELINES = ("nightly", "release", "deploy")
RUNS = 50
RACERS = 5
# The program under a clock that a test can set: what it does in days is shown in seconds.
PROGRAM = """
import sys, time
from lumen_action.cli import main
from lumen_action.commands import World
sys.exit(main(sys.argv[2:], World(clock_ms=lambda: int(sys.argv[1]))))
"""


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with GitHubApi().serving() as serving:
        # As far away as it is, so that all who race see the same before one of them has changed it.
        serving.troubles = [Trouble("/issues", slow_seconds=0.2, times=1_000_000)]
        yield serving


class Team:
    """A ledger that many write to, and companions that are processes of their own."""

    def __init__(self, url: str, api: GitHubApi, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.now_ms = time.time_ns() // 1_000_000 - 60 * DAY
        self.issues = Issues.of(api, now_ms=lambda: self.now_ms)
        self.env = {
            **os.environ,
            "GITHUB_API_URL": api.url,
            "GITHUB_REPOSITORY": "org/app",
            "LUMEN_TOKEN": TOKEN,
            "GITHUB_ACTIONS": "",
            "LUMEN_STATE_DIR": str(folder),
        }
        self.numbers = itertools.count(1)

    def put(self, *, good: bool = False, runs: int = RUNS) -> None:
        ledger = open_ledger(self.url, Place(os.environ, self.folder))
        for _, pipeline in zip(range(runs), itertools.cycle(PIPELINES), strict=False):
            run = str(next(self.numbers))
            made = fact("build", run=run, at=self.now_ms, pipeline=pipeline)
            ledger.put(made if good else failed(run, self.now_ms, pipeline=pipeline))
            if not good:
                # The job says the same of the whole run, and of a second attempt.
                whole = failed(run, self.now_ms, pipeline=pipeline, stage="run")
                ledger.put(whole)
                ledger.put(replace(whole, key=replace(whole.key, attempt=2)))
        ledger.close()

    def race(self, *, killed: int = 0) -> list[str]:
        """Let companions sync all at once; return what those said who lived."""
        command = [sys.executable, "-c", PROGRAM, str(self.now_ms), "ticket", "sync", "--ledger", self.url]
        racers = [
            subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for _ in range(RACERS)
        ]
        for number, racer in enumerate(racers[:killed]):
            time.sleep(0.25 + 0.05 * number)
            racer.send_signal(signal.SIGKILL)
        said = [racer.communicate()[0].decode() for racer in racers]
        assert [racer.returncode for racer in racers[killed:]] == [0] * (RACERS - killed), said
        return said

    @property
    def count(self) -> int:
        (issue,) = self.issues.known.values()
        found = re.search(r"Seen in \*\*(\d+)\*\*", issue["body"])
        assert found
        return int(found[1])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.slow
def test_one_ticket_the_right_count_closed_once(
    kind: str, store_url: Callable[[str], str], api: GitHubApi, tmp_path: Path
) -> None:
    team = Team(store_url(kind), api, tmp_path)
    team.put()
    team.race()
    assert len(team.issues.known) == 1
    assert team.count == RUNS
    team.now_ms += HOUR
    team.put()
    team.race()
    assert (team.count, team.issues.comments) == (2 * RUNS, [])
    team.now_ms += 8 * DAY
    team.put(good=True, runs=len(PIPELINES))
    team.race()
    team.now_ms += HOUR
    team.race()
    assert team.issues.turns == [(1, "open"), (1, "closed")]
    team.now_ms += HOUR
    team.put(runs=1)
    team.race()
    assert team.issues.turns == [(1, "open"), (1, "closed"), (1, "open")]
    assert team.count == 2 * RUNS + 1


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
@pytest.mark.slow
def test_companions_that_are_killed_leave_one_ticket(api: GitHubApi, tmp_path: Path) -> None:
    team = Team(f"sqlite:{tmp_path / 'ledger.db'}", api, tmp_path)
    causes = [f"{number:016x}" for number in range(1, 9)]
    ledger = open_ledger(team.url)
    for number, cause in enumerate(causes):
        ledger.put(failed(str(number), team.now_ms, cause=permanent(cause)))
    ledger.close()
    for _ in range(3):
        team.race(killed=RACERS - 1)
        team.now_ms += HOUR
    # What a killed one had claimed is free again after its time: a round in which nobody dies finds the rest.
    team.race()
    assert sorted(issue["labels"][2]["name"] for issue in team.issues.known.values()) == [
        f"lumen-fp-{cause[:12]}" for cause in sorted(causes)
    ]
    ledger = open_ledger(team.url)
    notices = [each for each in ledger.scan() if each.key.kind is Kind.NOTICE and each.key.stage == "done"]
    ledger.close()
    assert len(notices) == len(causes)
