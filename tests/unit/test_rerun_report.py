"""`lumen rerun report`: what the retries of a ledger came to, for people and for machines."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from facts import HOUR, NOON, fact

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Kind, Outcome


def retried(run: str, outcome: Outcome) -> list[Fact]:
    asked = fact("upload", Outcome.FAILURE, run=run, kind=Kind.RERUN)
    asked = replace(asked, key=replace(asked.key, stage="upload.1"))
    final = replace(fact("upload", outcome, run=run, at=NOON + 1), tries=2, duration_ms=60_000)
    return [asked, final, replace(fact(run=run, at=NOON + 2), duration_ms=600_000)]


class Terminal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""
        self.ledger = SqliteLedger(folder / "ledger.db", durable=True)

    def report(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        env = {"LUMEN_STATE_DIR": str(self.folder / "state")}
        world = World(env=env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: NOON + HOUR)
        code = main(["rerun", "report", "--ledger", self.ledger.url, *words], world)
        self.out, self.err = out.getvalue(), err.getvalue()
        return code


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_where_nothing_was_tried_again_it_says_so(terminal: Terminal) -> None:
    assert terminal.report() == 0
    assert terminal.out == "nothing was tried again in the last 90 days\n"


def test_it_tells_what_helped_and_what_that_saved(terminal: Terminal) -> None:
    for run, outcome in (("1", Outcome.SUCCESS), ("2", Outcome.FAILURE)):
        for item in retried(run, outcome):
            terminal.ledger.put(item)
    assert terminal.report() == 0
    assert "network.any (network/any): 1 of 2 helped" in terminal.out
    assert "1 of 2 helped; 10 min of machine time saved, 1 min spent in vain" in terminal.out


def test_a_signature_that_loses_its_retries_says_so_to_machines_and_people(terminal: Terminal) -> None:
    for number in range(12):
        for item in retried(str(number), Outcome.FAILURE):
            terminal.ledger.put(item)
    assert terminal.report("--json", "--days", "30") == 0
    answer = json.loads(terminal.out)
    [told] = answer["signatures"]
    assert (answer["days"], told["tried"], told["helped"], told["demoted"]) == (30, 12, 0, True)
    assert (told["signature"], told["error_class"], told["wasted_seconds"]) == ("network.any", "network", 720)
    assert terminal.report() == 0
    assert "no longer tried again: at best every fourth retry would help" in terminal.out


@pytest.mark.parametrize("days", ["0", "ten", "400"])
def test_a_wrong_number_of_days_is_named(terminal: Terminal, days: str) -> None:
    assert terminal.report("--days", days) == 2
    assert f"days: `{days}` is not a number from 1 to 366; write `--days 30`" in terminal.err
