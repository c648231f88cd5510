"""By when a postmortem is due is shown by the working days and holidays of `lumen.yml`."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from pathlib import Path

import pytest
from facts import NOON

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.incidents.facts import event_fact, opening_fact
from lumen_action.incidents.words import Event, Severity
from lumen_action.ledger.sqlite import SqliteLedger

# Closed on Friday 2026-01-02.
DAY = "2026-01-02"
TOLD = {"actor": "alice", "text": "mended", "cause": "a full disk", "resolution": "emptied"}


@pytest.mark.parametrize(
    ("config", "due"),
    [
        ("", "2026-01-10T00:00"),
        ("incidents: {postmortem-days: 1}\n", "2026-01-06T00:00"),
        (
            'incidents: {postmortem-days: 1}\nexpected: {cron: ["0 3 * * *"], holidays: ["2026-01-05"]}\n',
            "2026-01-07T00:00",
        ),
    ],
)
def test_the_last_moment_is_the_end_of_the_last_working_day(tmp_path: Path, config: str, due: str) -> None:
    (tmp_path / "lumen.yml").write_text(config)
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    named = {"day": DAY, "severity": Severity.SEV2, "sameness": "s", "generation": 0, "told": {"title": "it broke"}}
    ledger.put(opening_fact("nightly", "INC-1", at_ms=NOON, **named))  # type: ignore[arg-type]
    for place, event in enumerate((Event.ACKNOWLEDGED, Event.RESOLVED, Event.CLOSED), 1):
        ledger.put(event_fact("nightly", "INC-1", event, day=DAY, at_ms=NOON + place, mark="", told=TOLD))
    ledger.close()
    out = io.StringIO()
    world = World(
        env={"LUMEN_STATE_DIR": str(tmp_path)},
        folder=tmp_path,
        stdout=out,
        stderr=io.StringIO(),
        clock_ms=lambda: NOON + 60_000,
    )
    assert main(["export", "--format", "prometheus", "--ledger", f"sqlite:{tmp_path / 'ledger.db'}"], world) == 0

    (line,) = (each for each in out.getvalue().splitlines() if each.startswith("lumen_postmortem_due"))
    assert 'incident="INC-1"' in line
    assert float(line.rsplit(" ", 1)[1]) == pytest.approx(_seconds(due), abs=0.002)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).replace(tzinfo=timezone.utc).timestamp()
