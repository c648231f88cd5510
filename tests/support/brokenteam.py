"""A team whose nightly pipeline breaks: runs are recorded, incidents are met, and only the test moves its clock."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from facts import NOON, fact

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity
from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.model import Fact, Outcome
from lumen_action.response.incidents import Incidents, Opening
from lumen_action.sli.days import Calendar

MINUTE = 60_000


@dataclass
class BrokenTeam:
    """What was last asked left its words in `out` and `err`."""

    folder: Path
    now_ms: int = NOON
    env: dict[str, str] = field(default_factory=dict)
    out: str = ""
    err: str = ""
    ledger: SqliteLedger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = SqliteLedger(self.folder / "ledger.db", durable=True)
        self.config("")

    def config(self, more: str) -> None:
        text = f"pipeline: nightly\nslo: {{run: 0.9, day: 0.95}}\n{more}"
        (self.folder / "lumen.yml").write_text(text, encoding="utf-8")

    @property
    def desk(self) -> Incidents:
        return Incidents(self.ledger, "nightly", Calendar(), lambda: self.now_ms, lambda: str(self.now_ms))

    def runs(self, outcome: Outcome, *at_ms: int, pipeline: str = "nightly", evidence: str = "it broke") -> None:
        for at in at_ms:
            day = datetime.fromtimestamp(at / 1000, timezone.utc).date().isoformat()
            found: Fact = fact(outcome=outcome, run=f"{pipeline}{at}", at=at, day=day, pipeline=pipeline)
            if found.failure:
                found = replace(found, failure=replace(found.failure, evidence=evidence))
            self.ledger.put(replace(found, url=f"https://ci.example/runs/{at}"))

    def opened(self, title: str = "reports are late", severity: Severity = Severity.SEV2, **more: Any) -> Incident:  # noqa: ANN401
        return self.desk.report(Opening(title, severity, more.pop("sameness", title), **more)).incident

    def met(self, incident: Incident, event: Event, at_ms: int | None = None, **told: str) -> Incident:
        """Let something happen, at the moment that is given or now."""
        self.now_ms = self.now_ms if at_ms is None else at_ms
        return self.desk.happened(self.desk.find(incident.name), event, {"actor": "alice", **told})

    def closed(self, incident: Incident, after_ms: int = 10 * MINUTE) -> Incident:
        """Bring an incident from its opening to its end, a step at a time."""
        for event, told in (
            (Event.ACKNOWLEDGED, {}),
            (Event.MITIGATED, {}),
            (Event.CAUSE, {"text": "the disk was full"}),
            (Event.RESOLVED, {"text": "the disk was emptied"}),
            (Event.CLOSED, {}),
        ):
            incident = self.met(incident, event, self.now_ms + after_ms, **told)
        return incident

    def lumen(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        env = {"LUMEN_STATE_DIR": str(self.folder / "state"), "USER": "alice", **self.env}
        world = World(env=env, folder=self.folder, stdout=out, stderr=err, clock_ms=lambda: self.now_ms)
        try:
            return main(["incident", *words, "--ledger", f"sqlite:{self.folder / 'ledger.db'}"], world)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def answer(self, *words: str) -> Any:  # noqa: ANN401
        code = self.lumen(*words, "--json")
        assert code == 0, self.err
        return json.loads(self.out.splitlines()[-1])
