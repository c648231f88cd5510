"""An incident lives on whatever is done to the ledger that holds it, and is found by one look-up."""

from __future__ import annotations

import contextlib
import io
import itertools
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from facts import NOON, fact
from happenings import met, opened

from lumen_action import cli
from lumen_action.commands import World
from lumen_action.incidents.facts import incidents_run
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.ledger.opening import open_ledger
from lumen_action.response.incidents import Incidents, Opening
from lumen_action.sli.days import Calendar

DAY = 24 * 3_600_000
Lumen = Callable[..., str]
Desk = Callable[[str], "contextlib.AbstractContextManager[Incidents]"]


@pytest.fixture(params=["sqlite", "git"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return repository(tmp_path, "ledger") if request.param == "git" else f"sqlite:{tmp_path / 'ledger.db'}"


def repository(folder: Path, name: str) -> str:
    subprocess.run(["git", "init", "--quiet", "--bare", folder / name], check=True)
    return f"git:{folder / name}"


@pytest.fixture
def lumen(tmp_path: Path) -> Lumen:
    def run(*words: str) -> str:
        said = io.StringIO()
        env = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
        world = World(env=env, folder=tmp_path, stdout=said, stderr=said, clock_ms=lambda: NOON + 90 * DAY)
        assert cli.main(words, world) == 0, said.getvalue()
        return said.getvalue()

    return run


@pytest.fixture
def desk() -> Desk:
    tokens = itertools.count()

    @contextlib.contextmanager
    def at(url: str) -> Iterator[Incidents]:
        ledger = open_ledger(url)
        with contextlib.closing(ledger):
            yield Incidents(ledger, "nightly", Calendar(), lambda: NOON + 90 * DAY, lambda: str(next(tokens)))

    return at


def two(incidents: Incidents) -> tuple[Incident, Incident]:
    """Return one that goes on since ninety days ago, and one that is part of it."""
    old = incidents.report(Opening("uploads fail", Severity.SEV1, "a"), NOON).incident
    taken = incidents.happened(old, Event.ACKNOWLEDGED, {"actor": "ann"}, at_ms=NOON + DAY)
    part = incidents.report(Opening("downloads fail", Severity.SEV2, "b"), NOON + 89 * DAY).incident
    return incidents.merge(part, taken, {"actor": "ann"}), incidents.find(part.name)


def test_it_outlives_compacting_pruning_and_copying(url: str, lumen: Lumen, desk: Desk, tmp_path: Path) -> None:
    with desk(url) as incidents:
        incidents.ledger.put(fact(run="1"))
        # A run of the CI may be called like what holds our incidents.
        incidents.ledger.put(fact(run=incidents_run("nightly")))
        kept = two(incidents)
    lumen("ledger", "compact", "--ledger", url)
    lumen("ledger", "prune", "--ledger", url)
    there = repository(tmp_path, "copy") if url.startswith("sqlite") else f"sqlite:{tmp_path / 'copy.db'}"
    lumen("ledger", "copy", url, there)
    for place in (url, there):
        with desk(place) as incidents:
            assert incidents.all() == kept
            ended = incidents.happened(kept[0], Event.RESOLVED, {"actor": "ann", "text": "a new disk"})
            assert (ended.state, ended.moments[:-1]) == (State.RESOLVED, kept[0].moments)
            assert incidents.report(Opening("again", Severity.SEV1, "b")).incident.name == kept[0].name
        lumen("ledger", "verify", "--ledger", place)


def test_it_keeps_its_day_whatever_happens_when(url: str, desk: Desk) -> None:
    with desk(url) as incidents:
        whole, part = two(incidents)
        days = {(each.told["incident"], each.day) for each in incidents.ledger.scan(run=incidents_run("nightly"))}
    assert days == {(whole.name, "2026-01-02"), (part.name, "2026-04-01")}


def test_the_same_facts_from_racing_machines_in_any_order_are_the_same_incidents(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'ledger.db'}"
    told = [
        opened(),
        opened("INC-2", at=1),
        *(met(Event.ACKNOWLEDGED, minute, actor=f"person {minute}") for minute in (3, 2, 2)),
        *(met(Event.SEEN, minute, name) for minute in range(5) for name in ("INC-1", "INC-2")),
        met(Event.RESOLVED, 1, text="before anybody had it"),
        met(Event.MERGED, 9, into="INC-2"),
        met(Event.MERGED, 9, "INC-2", into="INC-1"),
    ]
    begin = threading.Barrier(4)

    def machine(seed: int) -> None:
        begin.wait()
        with contextlib.closing(open_ledger(url)) as ledger:
            for each in random.Random(seed).sample(told, len(told)):
                ledger.put(each)

    machines = [threading.Thread(target=machine, args=(seed,)) for seed in range(4)]
    for each in machines:
        each.start()
    for each in machines:
        each.join()
    with contextlib.closing(open_ledger(url)) as ledger:
        found = incidents_in(ledger.scan(run=incidents_run("nightly")))
    assert found == incidents_in(told)
    assert [(each.name, each.state, each.seen) for each in found] == [
        ("INC-1", State.MERGED, 6),
        ("INC-2", State.DETECTED, 6),
    ]
