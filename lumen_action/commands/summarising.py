"""The job summary of one call, from what the ledger knows of this run and its day."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from lumen_action.commands.session import Session
from lumen_action.errors import LumenError
from lumen_action.model import Fact, Trust
from lumen_action.record import Recorded
from lumen_action.sli.fold import collect, fold
from lumen_action.sli.runs import run_of
from lumen_action.sli.state import PipelineState, RunResult
from lumen_action.summary.compose import compose
from lumen_action.summary.view import SummaryView


def summary_text(session: Session, recorded: Recorded, *, notes: tuple[str, ...], published: str, room: int) -> str:
    """Return the Markdown, at most `room` bytes of it."""
    fact = recorded.fact
    pipeline = _pipeline(session, fact)
    here, others = _of_this_run(pipeline, fact)
    days = {day.day: day for day in pipeline.days}
    return compose(
        SummaryView(
            pipeline=fact.pipeline,
            region=fact.key.region,
            stage=fact.key.stage,
            outcome=fact.outcome,
            run=here,
            verdict=recorded.verdict,
            decision=recorded.decision,
            others=others,
            day=days.get(here.day),
            already_explained=recorded.explained_before and session.settings.summary != "full",
            links=_links(session, recorded),
            notes=notes,
            published=published,
            zone=session.settings.calendar.zone,
        ),
        room,
    )


def _pipeline(session: Session, fact: Fact) -> PipelineState:
    """Fold what is known of this run and its day; what waits in the spool counts here as well."""
    known: list[Fact] = [fact, *(waiting for _, waiting in session.spool.pending())]
    with suppress(LumenError):
        ledger = session.ledger()
        known.extend(ledger.scan(run=fact.key.run))
        known.extend(ledger.scan(pipeline=fact.pipeline, day=fact.day))
    # A fork's facts stay outside the SLI, but its own summary is about them.
    shown = (replace(item, trust=Trust.TRUSTED) if run_of(item) == run_of(fact) else item for item in known)
    return _folded(session, shown)[fact.pipeline]


def _folded(session: Session, facts: Iterable[Fact]) -> dict[str, PipelineState]:
    state = fold(collect(facts), now_ms=session.world.clock_ms(), calendar=session.settings.calendar)
    return dict(state.pipelines)


def _of_this_run(pipeline: PipelineState, fact: Fact) -> tuple[RunResult, tuple[RunResult, ...]]:
    mine = [run for run in pipeline.runs if run.ref == run_of(fact)]
    here = next(run for run in mine if run.region == fact.key.region)
    return here, tuple(run for run in mine if run is not here)


def _links(session: Session, recorded: Recorded) -> tuple[tuple[str, str], ...]:
    links = session.settings.links
    found = [("run", recorded.fact.url)]
    if recorded.verdict and "runbook" in links:
        found.append(("runbook", f"{links['runbook']}#{recorded.verdict.runbook}".rstrip("#")))
    if "dashboard" in links:
        found.append(("dashboard", links["dashboard"]))
    return tuple((name, url) for name, url in found if url)
