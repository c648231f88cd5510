"""A bad night from the first alert to the postmortem, by the command line; every number was worked out by hand."""

from __future__ import annotations

import io
import itertools
import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from facts import fact

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Outcome

NIGHT = datetime(2026, 3, 4, tzinfo=timezone.utc)
CONFIG = """
pipeline: nightly
timezone: UTC
slo: {run: 0.95}
runbooks: {folder: runbooks}
"""
RUNBOOK = """
title: The mirror is full
means: Uploads fail because the mirror has no room.
inputs:
  region: {meaning: where, pattern: "[a-z0-9-]+", required: true}
drill: {region: eu-west-1}
steps:
  - name: look
    title: See how full it is
    command: [cat, full.txt]
    reads_only: true
    keep: fullness
  - name: free
    title: Remove old reports by hand
    manual: "Remove reports of last year in {{ region }}; it is {{ fullness }}."
  - name: tell
    title: Say that users no longer feel it
    incident: {event: mitigated, text: "room was made in {{ region }}"}
"""


def at(clock: str, days: int = 0) -> int:
    hours, minutes = map(int, clock.split(":"))
    return int((NIGHT + timedelta(days=days, hours=hours, minutes=minutes)).timestamp() * 1000)


def alert(name: str, severity: str, since: str, *, region: str = "eu-west-1", ends: str = "") -> dict[str, Any]:
    def stamp(clock: str) -> str:
        return f"{NIGHT + timedelta(milliseconds=at(clock) - at('00:00')):%Y-%m-%dT%H:%M:%SZ}"

    return {
        "status": "resolved" if ends else "firing",
        "labels": {"alertname": name, "pipeline": "nightly", "region": region, "severity": severity},
        "annotations": {"summary": f"{name} in {region}", "run_url": "https://ci.example/runs/7"},
        "startsAt": stamp(since),
        "endsAt": stamp(ends) if ends else "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.example/graph",
        "fingerprint": f"{hash((name, region)) & 0xFFFFFFFFFFFFFFFF:016x}",
    }


def payload(*alerts: dict[str, Any]) -> bytes:
    status = "firing" if any(each["status"] == "firing" for each in alerts) else "resolved"
    told = {"version": "4", "groupKey": '{}:{pipeline="nightly"}', "truncatedAlerts": 0, "status": status}
    shared = {"receiver": "lumen", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}}
    return json.dumps({**told, **shared, "externalURL": "https://am.example", "alerts": list(alerts)}).encode()


@dataclass
class Team:
    """A folder, a ledger and a clock."""

    folder: Path
    now_ms: int = 0
    ledger: str = ""
    out: str = ""
    err: str = ""
    tokens: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.ledger = f"sqlite:{self.folder / 'ledger.db'}"
        (self.folder / "lumen.yml").write_text(CONFIG, encoding="utf-8")
        (self.folder / "runbooks").mkdir()
        (self.folder / "runbooks" / "mirror-full.yml").write_text(RUNBOOK.lstrip(), encoding="utf-8")
        (self.folder / "full.txt").write_text("97 % full\n", encoding="utf-8")

    def says(self, clock: str, *words: str, stdin: bytes = b"", code: int = 0, days: int = 0) -> str:
        """Run a command at a time of the night."""
        self.now_ms = at(clock, days)
        out, err = io.StringIO(), io.StringIO()
        env = {"LUMEN_STATE_DIR": str(self.folder / "state"), "USER": "kim", "PATH": "/usr/bin:/bin"}
        world = World(
            env=env,
            folder=self.folder,
            stdin=io.BytesIO(stdin),
            stdout=out,
            stderr=err,
            clock_ms=lambda: self.now_ms,
            new_token=lambda: f"{next(self.tokens):032x}",
        )
        found = main([*words, "--ledger", self.ledger], world)
        self.out, self.err = out.getvalue(), err.getvalue()
        assert found == code, f"{words}: {found}\n{out.getvalue()}\n{self.err}"
        return self.out

    def execution(self) -> str:
        """Return the run of a runbook that the last command spoke of."""
        return next(word for word in self.out.split() if word.startswith("RB-"))

    def answers(self, clock: str, *words: str, **how: Any) -> Any:  # noqa: ANN401
        return json.loads(self.says(clock, *words, "--json", **how))

    def put(self, *facts: Fact) -> None:
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        for each in facts:
            ledger.put(each)
        ledger.close()

    def facts(self) -> list[Fact]:
        ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        found = list(ledger.scan())
        ledger.close()
        return found


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.chdir(tmp_path)
    return Team(tmp_path)


def run(name: str, when: int, outcome: Outcome) -> Fact:
    day = datetime.fromtimestamp(when / 1000, timezone.utc).date().isoformat()
    return fact(outcome=outcome, run=name, at=when, day=day)


def played(team: Team) -> str:
    """Play the night, and return the name of its only incident."""
    team.put(*(run(f"good-{n}", at("02:00", -n), Outcome.SUCCESS) for n in range(1, 30)))
    team.put(run("bad-1", at("02:55"), Outcome.FAILURE))
    storm = [alert(f"LumenAlert{n}", "ticket", f"02:{56 + n % 3}", region=f"r{n}") for n in range(8)]
    team.says("03:00", "incident", "receive", stdin=payload(*storm))
    team.says("03:02", "incident", "receive", stdin=payload(*storm, alert("LumenPipelineFailing", "page", "02:58")))
    team.says("03:03", "incident", "receive", stdin=payload(*storm))
    found = team.answers("03:04", "incident", "list")
    assert len(found) == 1, "one storm is one incident"
    name = str(found[0]["name"])
    assert not found[0]["breached"]
    team.put(run("bad-2", at("03:25"), Outcome.FAILURE))
    assert team.answers("03:40", "incident", "list")[0]["breached"]
    team.says("03:45", "incident", "ack")
    team.says("03:46", "runbook", "run", "mirror-full", "--input", "region=eu-west-1", "--incident", name)
    assert f"lumen runbook resume {team.execution()} --confirm free" in team.out + team.err
    team.says("03:58", "runbook", "resume", "--confirm", "free")
    team.put(run("good-after", at("04:10"), Outcome.SUCCESS))
    over = [
        {**each, "status": "resolved", "endsAt": "2026-03-04T04:11:00Z"}
        for each in (*storm, alert("LumenPipelineFailing", "page", "02:58"))
    ]
    team.says("04:12", "incident", "receive", stdin=payload(*over))
    team.says("04:14", "incident", "close", code=2)
    assert "resolve" in team.err
    team.says("04:15", "incident", "cause", "--text", "nobody removed old reports")
    team.says("04:20", "incident", "resolve", "--text", "room was made")
    team.says("04:30", "incident", "close", name)
    return name


def test_every_time_and_the_budget_are_right(team: Team) -> None:
    name = played(team)
    shown = team.answers("04:31", "incident", "show", name)
    assert shown["state"] == "closed"
    assert shown["severity"] == "sev2"
    assert shown["detected_at"] == "2026-03-04T02:56:00Z"
    assert shown["opened_at"] == "2026-03-04T03:00:00Z"
    # Opened as sev3, made sev2 by the page at 03:02: half an hour from then is sooner than an hour from detection.
    assert shown["ack_due_at"] == "2026-03-04T03:32:00Z"
    assert shown["breached"]
    minutes = [shown[f"seconds_to_{step}"] / 60 for step in ("acknowledge", "mitigate", "resolve")]
    assert minutes == [49, 62, 84]
    events = [moment["event"] for moment in shown["timeline"]]
    assert events.count("opened") == events.count("breached") == events.count("acknowledged") == 1
    ordered = [
        each for each in events if each in {"opened", "breached", "acknowledged", "mitigated", "resolved", "closed"}
    ]
    assert ordered == ["opened", "breached", "acknowledged", "mitigated", "resolved", "closed"]
    found = team.answers("04:32", "incident", "report")
    cost = next(each for each in found["incidents"] if each["name"] == name)["cost"]
    # Of three runs of the night the first was before anybody could see it; 32 runs at 95 % may lose 1.6.
    assert cost["runs"] == {"events": 2, "bad": 1, "own": 1}
    assert cost["budgets"][0]["spent_percent"] == pytest.approx(100 * 1 / (32 * 0.05))


def test_the_gate_waits_for_the_postmortem(team: Team) -> None:
    name = played(team)
    written = team.folder / "postmortem.md"
    team.says("05:00", "incident", "postmortem", "--output", str(written))
    text = written.read_text(encoding="utf-8")
    assert name in text
    assert "nobody removed old reports" in text
    assert "49" in text
    assert asked_for(team, "12:00", days=1) == {"incidents": "ok", "postmortems": "ok"}
    assert asked_for(team, "12:00", days=9) == {"incidents": "ok", "postmortems": "failed"}
    team.says("12:01", "incident", "postmortem", name, "--done", "--url", "https://wiki.example/pm/7", days=9)
    assert team.answers("12:02", "incident", "show", name, days=9)["state"] == "postmortem"
    assert asked_for(team, "12:03", days=9) == {"incidents": "ok"}


def asked_for(team: Team, clock: str, days: int) -> dict[str, str]:
    """Return what the gate asks for beside the budget, which two failures have used up."""
    found = team.answers(clock, "gate", "--change", "feature", days=days, code=1)
    return {each["name"]: each["state"] for each in found["conditions"]}


def test_the_same_facts_in_any_order_are_the_same_incident(team: Team, tmp_path: Path) -> None:
    name = played(team)
    expected = team.answers("04:31", "incident", "show", name)
    facts = team.facts()
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        other = Team(tmp_path / str(seed))
        random.Random(seed).shuffle(facts)
        other.put(*facts)
        assert other.answers("04:31", "incident", "show", name) == expected
