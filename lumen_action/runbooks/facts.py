"""What happens in a run of a runbook as facts, each with a place of its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from lumen_action.model import Fact, FactKey, Kind, Outcome, Source
from lumen_action.model.fact import canonical, details
from lumen_action.runbooks.runbook import Deed, Request, Runbook, Step
from lumen_action.runbooks.standing import EMPTY, INPUT, Event, Slot, runbook_run

MOST_INPUT_BYTES = 2500
"""What the names and values of all inputs of a run may take: they have to be whole when it is resumed."""
# By name, else the last: so that a fact stays below its limit however much a step says.
_MOST_BYTES: Mapping[str, int] = {"instructions": 1200, "what": 600, "kept": 900, "": 300}
_OUTCOMES: Mapping[Event, Outcome] = {
    Event.FAILED: Outcome.FAILURE,
    Event.DECLINED: Outcome.FAILURE,
    Event.UNDO_FAILED: Outcome.FAILURE,
    Event.ROLLED_BACK: Outcome.FAILURE,
    Event.SKIPPED: Outcome.SKIPPED,
    Event.INTERRUPTED: Outcome.CANCELLED,
    Event.ABANDONED: Outcome.CANCELLED,
}


@dataclass(frozen=True)
class Execution:
    """Which run of which runbook facts speak of; all of them have the day on which it was started."""

    name: str
    runbook: str
    pipeline: str
    day: str


@dataclass(frozen=True)
class Place:
    """The place of one word about a step."""

    step: str
    attempt: int
    slot: Slot


def execution_name(started_ms: int, runbook: str, token: str) -> str:
    """Return the name of a new run: two that start in the same second do not get the same."""
    moment = datetime.fromtimestamp(started_ms // 1000, timezone.utc)
    letters = base64.b32encode(hashlib.sha256(f"{runbook}\n{token}".encode()).digest()).decode()
    return f"RB-{moment:%Y%m%d-%H%M%S}-{letters[:4]}"


def definition_of(runbook: Runbook) -> str:
    """Return a digest of what a runbook does: a run goes on only with the steps that it began with."""
    return hashlib.sha256(canonical([_step(each) for each in runbook.steps])).hexdigest()[:16]


def started_fact(execution: Execution, at_ms: int, told: Mapping[str, str], inputs: Mapping[str, str]) -> Fact:
    """Return that a run begins, with all that is needed to go on with it elsewhere."""
    said = {**told, "runbook": execution.runbook}
    whole = {f"{INPUT}{name}": text for name, text in inputs.items()}
    # A fact keeps no empty text, and a step that asks for an input which was not given has to find that it is empty.
    whole[EMPTY] = " ".join(sorted(name for name, text in inputs.items() if not text))
    return _fact(execution, "started", at_ms, Event.STARTED, {**_clipped(said), **whole})


def ended_fact(execution: Execution, event: Event, at_ms: int, told: Mapping[str, str]) -> Fact:
    """Return that a run is over."""
    return _fact(execution, "ended", at_ms, event, _clipped(told))


def step_fact(
    execution: Execution,
    place: Place,
    event: Event,
    at_ms: int,
    told: Mapping[str, str],
) -> Fact:
    """Return a word about an attempt of a step; its place takes the first one only."""
    where = {"step": place.step, "attempt": str(place.attempt), "slot": place.slot.value}
    stage = f"{place.step}.{place.attempt}.{place.slot.value}"
    return _fact(execution, stage, at_ms, event, {**_clipped(told), **where})


def _fact(execution: Execution, stage: str, at_ms: int, event: Event, told: Mapping[str, str]) -> Fact:
    run = runbook_run(execution.name)
    return Fact(
        key=FactKey("lumen", "", execution.pipeline, run, 1, "", "", Kind.RUNBOOK, stage),
        pipeline=execution.pipeline,
        day=execution.day,
        outcome=_OUTCOMES.get(event, Outcome.SUCCESS),
        observed_at_ms=at_ms,
        source=Source.API,
        details=details({**told, "execution": execution.name, "event": event.value}),
    )


def _clipped(told: Mapping[str, str]) -> Mapping[str, str]:
    return {name: clipped(text, _MOST_BYTES.get(name, _MOST_BYTES[""])) for name, text in told.items()}


def clipped(text: str, most_bytes: int) -> str:
    """Cut a text to what it takes in a fact, where control characters take six times their length."""
    kept = text.encode(errors="replace").decode()[:most_bytes]
    while len(canonical(kept)) - 2 > most_bytes:
        kept = kept[: max(0, len(kept) - 1 - (len(canonical(kept)) - 2 - most_bytes) // 6)]
    return kept if kept == text else f"{kept[:-1]}…" if kept else ""


def _step(step: Step) -> object:
    return [
        step.name,
        _deed(step.deed),
        _deed(step.undo) if step.undo else None,
        *(step.timeout_seconds, step.every_seconds, step.retries, step.on_failure.value),
        *(step.reads_only, step.when, step.keep),
    ]


def _deed(deed: Deed) -> object:
    texts = [deed.instructions, deed.title, deed.severity, deed.event, deed.text]
    return [deed.kind.value, list(deed.argv), dict(deed.env), _request(deed.request), texts]


def _request(request: Request | None) -> object:
    if request is None:
        return None
    expected = [each.text for each in request.expect]
    return [
        *(request.url, request.method, dict(request.headers), request.body),
        *(list(request.statuses), expected),
    ]
