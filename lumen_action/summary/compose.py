"""The job summary: one block that a person reads in five seconds, within a byte budget.

When the room is short, blocks are left out in this order, and the last line names them: the line about the counters
(metrics line), the context lines of the evidence, the evidence, rows of the stages ("and 214 more"; failures and the
latest stay longest), rows of the regions, notes, the meaning with its rule, the line about the run, links, the day,
the next step. The heading, which holds cause and next step, is shortened last.
"""

from __future__ import annotations

from collections.abc import Callable

from lumen_action.model import Evidence
from lumen_action.summary import sections
from lumen_action.summary.document import Block, Cut, fit, instead
from lumen_action.summary.table import Table
from lumen_action.summary.view import SummaryView
from lumen_action.summary.words import mark

GREEN_RUN_BYTES = 3000

(_METRICS, _CONTEXT, _EVIDENCE, _STAGES, _REGIONS, _NOTES, _MEANING, _ABOUT, _LINKS, _DAY, _NEXT, _HEADING) = range(12)
_SHORTER_NAMES = (40, 20, 10, 5)


def compose(view: SummaryView, room: int) -> str:
    """Return the Markdown of one call in at most `room` bytes; the caller decides whether it is worth writing."""
    green = view.whole_run and view.outcome.good
    blocks = [*(_continuation(view) if view.continues else _explanation(view)), *_surroundings(view)]
    return fit(blocks, min(room, GREEN_RUN_BYTES) if green else room)


def _explanation(view: SummaryView) -> list[Block]:
    return [
        Block(sections.heading(view), (Cut(_HEADING, _shorter(view)),)),
        _block(sections.alert(view), _NEXT, "next step"),
        _evidence(view.cause.evidence if view.cause else None),
        _block(sections.meaning(view.cause), _MEANING, "cause"),
        _block(sections.next_step(view), _NEXT, "next step"),
        _block(sections.about(view), _ABOUT, "line about the run"),
    ]


def _continuation(view: SummaryView) -> list[Block]:
    shorter = f"**{mark(view.outcome).sign} {mark(view.outcome).word}**"
    return [Block(sections.continued(view), (instead(_HEADING, shorter, "line about the run"),))]


def _surroundings(view: SummaryView) -> list[Block]:
    return [
        *([] if sections.told(view) else [_rows(sections.stages(view), _STAGES)]),
        _rows(sections.regions(view), _REGIONS),
        _block(sections.day(view), _DAY, "day"),
        *([] if view.continues else [_block(sections.links(view), _LINKS, "links")]),
        _block(sections.notes(view), _NOTES, "notes"),
        _block(sections.published(view), _METRICS, "metrics line"),
    ]


def _block(text: str, rank: int, name: str) -> Block:
    return Block(text, (instead(rank, "", name),))


def _rows(table: Table, rank: int) -> Block:
    return Block(table.full(), (Cut(rank, table.within),))


def _evidence(shown: Evidence | None) -> Block:
    if not shown:
        return Block("")
    alone = instead(_CONTEXT, sections.evidence(shown, context=False), "context lines")
    return Block(sections.evidence(shown, context=True), (alone, instead(_EVIDENCE, "", "evidence")))


def _shorter(view: SummaryView) -> Callable[[int], tuple[str, str]]:
    def shorten(room: int) -> tuple[str, str]:
        forms = (sections.heading(view, limit) for limit in _SHORTER_NAMES)
        last = f"### {mark(view.outcome).sign} {mark(view.outcome).verb}"
        return next((form for form in forms if len(form.encode()) <= room), last), "parts of the heading"

    return shorten
