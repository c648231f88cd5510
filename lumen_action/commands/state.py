"""`lumen state`: what the ledger says."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lumen_action.commands import World
from lumen_action.commands.options import command_parser, given
from lumen_action.commands.session import Session, open_session
from lumen_action.model import Outcome
from lumen_action.sli.fold import state_of
from lumen_action.sli.plain import plain_state
from lumen_action.sli.state import PipelineState, RunResult, State
from lumen_action.totals import Totals

_NEWEST = 10
# As many as the page shows, and whole days of them: nobody reads every run of a ledger of a million facts.
RUNS = 20


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = command_parser(
        "state",
        "Fold the ledger and show runs, stages, days and regions.",
        "lumen state --ledger sqlite:ledger.db --json",
        ("pipeline", "ledger", "config"),
    )
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Print the state of all pipelines, or of the one that was named."""
    session = open_session(given(arguments), world)
    state = state_in(session, session.settings.pipeline or None)
    if arguments.json:
        # Indented it would be made by slow code, and there may be years of days.
        world.answer_json(plain_state(state))
    else:
        world.answer("\n".join(_lines(state)))
    return 0


def state_in(session: Session, pipeline: str | None) -> State:
    """Return what the ledger says of one pipeline or all, with the newest runs of each."""
    ledger = session.ledger()
    names = [pipeline] if pipeline else ledger.pipelines()
    tallied = {name: Totals(ledger, name).read(runs=RUNS).tallied for name in names}
    return state_of(tallied, now_ms=session.world.clock_ms(), calendar=session.settings.calendar)


def _lines(state: State) -> Iterator[str]:
    if not state.pipelines:
        yield "the ledger holds no runs yet; `lumen record --stage run --outcome success` makes one"
    for name, pipeline in state.pipelines.items():
        yield name
        yield from _regions(pipeline)
        decided = ", ".join(
            f"{pipeline.days_by(word)} {word}" for word in (Outcome.SUCCESS, Outcome.FAILURE, Outcome.MISSING)
        )
        yield f"  days: {decided}"
        yield "  last runs:"
        yield from (f"    {_run(result)}" for result in reversed(pipeline.runs[-_NEWEST:]))
    yield f"{state.facts} facts" + (f", {state.conflicts} of them conflicts" if state.conflicts else "")


def _regions(pipeline: PipelineState) -> Iterator[str]:
    for name, region in pipeline.regions.items():
        causes = ", ".join(f"{count} {cause}" for cause, count in sorted(region.failed.items()) if count)
        streak = f"; last {region.consecutive_failures} failed" if region.consecutive_failures else ""
        first = f"; at first {region.failed_total} failed ({causes})" if causes else ""
        yield f"  {name}: {region.success_now} of {region.runs} runs succeeded{first}{streak}"


def _run(result: RunResult) -> str:
    why = f": {result.failure.name}" if result.failure and result.outcome and result.outcome.bad else ""
    return f"{result.day} {result.region} {result.run_id} attempt {result.attempt} {result.outcome or 'not ended'}{why}"
