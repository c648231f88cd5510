"""Texts of runbooks for tests: one that uses everything, and ways to break it."""

from __future__ import annotations

from lumen_action.runbooks.reading import runbook_of
from lumen_action.runbooks.runbook import Runbook

HEAD = "title: Mend it\nmeans: It broke.\n"
WHOLE = """\
title: Free the disk
means: The disk of a runner is full.
triggers:
  - alert: DiskFull
    cooldown: 2h
    most_a_day: 5
    means: No room is left.
    look_first: What fills it?
    do: Remove it.
    resolves: When there is room.
  - error_class: environment
inputs:
  pipeline: {meaning: the pipeline, required: true, from_label: pipeline}
  keep_days: {meaning: how much is kept, kind: number, default: 7}
  really: {meaning: whether anything is removed, kind: flag, default: false}
  host: {meaning: where to ask, kind: url}
  mode: {meaning: how much, choices: [part, full], default: part}
  ticket: {meaning: a ticket, pattern: "[A-Z]+-[0-9]+"}
drill: {pipeline: nightly, keep_days: 3}
steps:
  - name: look
    title: Look what fills it
    command: [df, --output=pcent, /]
    reads_only: true
    keep: used
  - name: free
    command: [rm-old, --days, "{{ keep_days }}", "{{ pipeline }}"]
    env: {TOKEN: $DISK_TOKEN, USED: "{{ used }}"}
    timeout: 5m
    retries: 2
    on_failure: rollback
    when: 'really == "true"'
    undo:
      command: [restore-old, "{{ pipeline }}"]
      env: {TOKEN: $DISK_TOKEN}
  - name: tell-service
    http:
      url: "{{ host }}/runners/{{ pipeline }}"
      method: POST
      headers: {Authorization: "Bearer $DISK_TOKEN"}
      body: {state: free, days: "{{ keep_days }}", by: "{{ used }}"}
      status: [200, 202]
      expect: ['state == "free"']
    undo: {http: {url: "{{ host }}/undo", method: DELETE, status: 204}}
  - name: settle
    wait: {url: "https://status.example/api", expect: 'status == "ok"'}
    timeout: 10m
    every: 30s
  - name: settle-too
    wait: {command: [check-disk]}
    env: {A: "1"}
    timeout: 1m
  - name: confirm
    manual: Look at the graph of {{ pipeline }} and confirm when it falls.
    undo: {manual: Put the old files of the runner back.}
  - name: note
    incident: {event: mitigated, text: "{{ pipeline }} has room again."}
    on_failure: continue
  - name: tell
    notify: {title: Room again, text: "{{ pipeline }} has room.", severity: info}
    timeout: 10s
    retries: 1
"""


def read(text: str, name: str = "mend-it.yml") -> Runbook:
    """Return the runbook of a text."""
    return runbook_of(text, name)


def with_steps(*steps: str, inputs: str = "") -> str:
    """Return the text of a runbook with these steps, each given without its dash, as lines."""
    rows = "".join("  - " + step.strip("\n").replace("\n", "\n    ") + "\n" for step in steps)
    return f"{HEAD}{f'inputs:{chr(10)}{inputs}' if inputs else ''}steps:\n{rows}"


def with_input(row: str, step: str = "name: look\ncommand: [look]") -> str:
    """Return the text of a runbook that asks for `x`, of which `row` is told."""
    return with_steps(step, inputs=f"  x: {{meaning: it, {row}}}\n")
