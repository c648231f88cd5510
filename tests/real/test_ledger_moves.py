"""A team moves from one ledger to the next, and nothing is lost or doubled on the way."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from facts import fact, failure

from lumen_action import cli
from lumen_action.commands import World
from lumen_action.ledger.deliver import hand_over
from lumen_action.ledger.opening import Place, open_ledger
from lumen_action.model import Outcome

ROAD = ("sqlite", "git", "moto_server", "postgres", "localbucket", "sqlite")


def lumen(folder: Path, *words: str) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    world = World(env=dict(os.environ) | {"XDG_STATE_HOME": str(folder)}, stdout=out, stderr=err, folder=folder)
    code = cli.main(["ledger", *words, "--json"], world)
    assert code == 0, err.getvalue()
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_a_ledger_of_postgresql_alone_is_that_of_the_database_url(
    store_url: Callable[[str], str], tmp_path: Path
) -> None:
    place = Place({"DATABASE_URL": store_url("postgres")}, tmp_path)
    ledger = open_ledger("postgresql:", place)
    ledger.put(fact())
    ledger.close()
    again = open_ledger(place.env["DATABASE_URL"], place)
    assert again.head() == 1
    again.close()


# What a command has opened ends with its process; here it ends when it is no longer used.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
def test_from_store_to_store_with_closed_days_and_conflicts(store_url: Callable[[str], str], tmp_path: Path) -> None:
    place = Place(os.environ, tmp_path / "cache")
    here = store_url(ROAD[0])
    ledger = open_ledger(here, place)
    for run in range(12):
        ledger.put(fact(run=str(run), day=f"2026-01-{1 + run:02}"))
    hand_over(replace(fact(run="0", day="2026-01-01"), outcome=Outcome.FAILURE, failure=failure()), ledger)
    facts = sorted(each.encode() for each in ledger.scan())
    assert len(facts) == 13
    ledger.close()

    for number, kind in enumerate(ROAD[1:]):
        lumen(tmp_path, "compact", "--ledger", here, "--before", "2026-01-05")
        there = store_url(kind)
        for _ in range(2):  # a copy that is started again adds nothing
            lumen(tmp_path, "copy", here, there)
        moved = open_ledger(there, Place(os.environ, tmp_path / f"cache-{number}"))
        assert sorted(each.encode() for each in moved.scan()) == facts, kind
        assert moved.head() == len(facts)
        moved.close()
        lumen(tmp_path, "verify", "--ledger", there)
        here = there
