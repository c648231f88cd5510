"""How far reconciling has come, and what it learned on the way: one note in the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lumen_action.model import canonical
from lumen_action.sli.reconciling.ciruns import Run
from lumen_action.sli.reconciling.habits import JobHabit, WorkflowHabits

_VERSION = 1


def habits_key(run: Run) -> str:
    """Name what learns together: a workflow may well speak on its schedule and be silent on pull requests."""
    return f"{run.path} {run.event}"


def _path_of(key: str) -> str:
    return key.rpartition(" ")[0]


@dataclass(frozen=True)
class Done:
    """A run whose attempts up to this one are settled."""

    attempt: int
    created_ms: int


@dataclass(frozen=True)
class Progress:
    """Every run created before the watermark is settled; of those after it `done` are."""

    watermark_ms: int | None = None
    done: Mapping[int, Done] = field(default_factory=dict)
    habits: Mapping[str, WorkflowHabits] = field(default_factory=dict)

    def settled(self, run: Run) -> int:
        """Return the last attempt of a run that is settled, 0 for none."""
        done = self.done.get(run.id)
        return done.attempt if done else 0

    def habits_of(self, run: Run) -> WorkflowHabits:
        """Return what a workflow's runs of the same event taught, and where those say nothing, its other runs."""
        own = self.habits.get(habits_key(run), WorkflowHabits())
        same = [each for key, each in self.habits.items() if _path_of(key) == run.path]
        pipeline = own.pipeline or next((each.pipeline for each in same), "")
        return WorkflowHabits(pipeline, {name: job for each in (*same, own) for name, job in each.jobs.items()})

    def counts(self, run: Run) -> bool | None:
        """Tell whether runs of this workflow and event speak, None while nothing of the workflow is known."""
        if habits_key(run) in self.habits:
            return True
        return False if any(_path_of(key) == run.path for key in self.habits) else None

    def encode(self) -> bytes:
        """Return the note."""
        return canonical(
            {
                "v": _VERSION,
                "watermark_ms": self.watermark_ms,
                "done": {str(run): [done.attempt, done.created_ms] for run, done in self.done.items()},
                "habits": {key: asdict(habits) for key, habits in self.habits.items()},
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> Progress:
        """Read a note; a ValueError when it is not one of ours."""
        try:
            return cls._from_body(json.loads(body))
        except (KeyError, TypeError, AttributeError) as fault:
            raise ValueError(f"not a note of reconcile: {fault!r}") from fault

    @classmethod
    def _from_body(cls, body: dict[str, Any]) -> Progress:
        if body["v"] != _VERSION:
            raise ValueError(f"version {body['v']!r} of the note is not {_VERSION}")
        done = {int(run): Done(*entry) for run, entry in body["done"].items()}
        return cls(body["watermark_ms"], done, {key: _habits(raw) for key, raw in body["habits"].items()})


def _habits(raw: dict[str, Any]) -> WorkflowHabits:
    jobs = {name: JobHabit(**habit | {"regions": tuple(habit["regions"])}) for name, habit in raw["jobs"].items()}
    return WorkflowHabits(raw["pipeline"], jobs)
