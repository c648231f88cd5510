"""Runs, attempts and jobs of one repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lumen_action.ciapi.client import Client, Query
from lumen_action.ciapi.faults import ApiError
from lumen_action.ciapi.reading import items, read_job, read_run, value
from lumen_action.model.instants import stamp
from lumen_action.sli.reconciling.ciruns import Attempt, Run

MOST_CALLS_AN_ATTEMPT = 15
# GitHub shows no more of a search, whatever its pages say.
_MOST_FOUND = 1000
_SECOND_MS = 1000


@dataclass(frozen=True)
class Runs:
    """The questions that counting asks of the API."""

    client: Client

    def created_between(self, since_ms: int, until_ms: int) -> Iterator[Run]:
        """Yield the runs created in a window, halving one that holds more than the API shows."""
        window = f"{stamp(since_ms)}..{stamp(until_ms)}"
        query: Query = {"created": window, "exclude_pull_requests": "true"}
        halves = until_ms - since_ms > _SECOND_MS
        found: list[object] = []
        total = 0
        for page in self.client.pages("actions/runs", query):
            total = value(page.body, "total_count", int)
            if total > _MOST_FOUND and halves:
                middle = (since_ms + until_ms) // 2 // _SECOND_MS * _SECOND_MS
                yield from self.created_between(since_ms, middle)
                yield from self.created_between(middle + _SECOND_MS, until_ms)
                return
            found += items(page.body, "workflow_runs")
        if len(found) < total:
            raise ApiError(f"GitHub's API announced {total} runs created {window} and gave {len(found)}")
        yield from map(read_run, found)

    def run(self, run_id: int) -> Run:
        """Return a run as its latest attempt sees it."""
        return read_run(self.client.get(f"actions/runs/{run_id}").body)

    def attempt(self, run: Run, number: int) -> Attempt:
        """Return one attempt of a run with all of its jobs."""
        with self.client.at_most(MOST_CALLS_AN_ATTEMPT):
            place = f"actions/runs/{run.id}/attempts/{number}"
            seen = run if number == run.attempt else read_run(self.client.get(place).body)
            return Attempt(seen, tuple(map(read_job, jobs_at(self.client, place))))


def jobs_at(client: Client, place: str) -> list[object]:
    """Return all jobs of an attempt as the API gives them; one that is left out might be the one that matters."""
    found: list[object] = []
    total = 0
    for page in client.pages(f"{place}/jobs", {}):
        total = value(page.body, "total_count", int)
        found += items(page.body, "jobs")
    if len(found) < total:
        raise ApiError(f"GitHub's API announced {total} jobs of {place} and gave {len(found)}")
    return found
