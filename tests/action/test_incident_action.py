"""actions/incident: a job that fails opens an incident with its run, and later steps know which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from act import Consumer, Event, Runner

from lumen_action.ledger.sqlite import SqliteLedger
from lumen_action.response.incidents import Incidents
from lumen_action.sli.days import Calendar

WORKFLOW = """
name: nightly
on: workflow_dispatch
jobs:
  night:
    runs-on: ubuntu-latest
    steps:
    - run: exit 1
    - uses: org/lumen-sli-action/actions/incident@v1
      id: incident
      if: failure()
      with:
        command: open
        title: nightly failed <b>|</b>
        severity: P2
        ledger: ${{ vars.LUMEN_LEDGER }}
    - uses: org/lumen-sli-action/actions/incident@v1
      if: failure() && steps.incident.outputs.created == 'true'
      with:
        command: ack
        incident: ${{ steps.incident.outputs.incident }}
        responder: bob
        ledger: ${{ vars.LUMEN_LEDGER }}
    - uses: org/lumen-sli-action/actions/incident@v1
      if: failure()
      with:
        command: list
"""


@pytest.mark.slow
def test_a_job_that_fails_opens_an_incident_that_a_later_step_takes(
    runner: Runner, consumer: Consumer, tmp_path: Path
) -> None:
    team = replace(consumer, variables={"LUMEN_LEDGER": f"sqlite:{tmp_path / 'ledger.db'}"})
    done = runner.run(WORKFLOW, team, Event("workflow_dispatch"))
    ledger = SqliteLedger(tmp_path / "ledger.db", durable=True)
    (incident,) = Incidents(ledger, "nightly", Calendar(), lambda: 0, lambda: "").all()
    ledger.close()
    assert (incident.severity.value, incident.state.value, incident.responders) == ("sev2", "acknowledged", ("bob",))
    assert [each.kind.value for each in incident.links] == ["run"]
    leg = done.leg()
    assert f"### {incident.name}: nightly failed &#60;b&#62;" in leg.summary
    # What is only for people at a terminal is no command of the Action.
    assert any("The input command is none of open, ack" in each.message for each in leg.annotations)
