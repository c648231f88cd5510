"""Incidents, missed deadlines, and what the gate said."""

from __future__ import annotations

from collections.abc import Iterator

from lumen_action.report.composing.cells import NOTHING, more
from lumen_action.report.composing.zones import zone_of
from lumen_action.report.document import Block, Bullets, Cell, Paragraph, Table, Tone
from lumen_action.report.model import GateRow, Report
from lumen_action.report.words import Words
from lumen_action.summary.markdown import address

MOST_ROWS = 20
_OVERRIDE = "override"
_DECISION_TONES = {
    "allow": Tone.GOOD,
    "warn": Tone.WARN,
    "block": Tone.BAD,
    "inconclusive": Tone.IDLE,
    _OVERRIDE: Tone.WARN,
}


def incidents(report: Report, words: Words) -> Iterator[Block]:
    """Yield the incidents that opened, and the expected starts after which nothing reported."""
    zone = zone_of(report.period)
    if report.incidents:
        heads = ("opened", "incident", "severity", "state", "acknowledged")
        rows = tuple(
            (
                Cell(words.moment(row.opened_ms, zone, "date.short")),
                Cell(row.title or row.name, url=address(row.url)),
                Cell(row.severity) if row.severity else NOTHING,
                Cell(row.state) if row.state else NOTHING,
                NOTHING if row.acknowledged_after_ms is None else Cell(words.duration(row.acknowledged_after_ms)),
            )
            for row in report.incidents[:MOST_ROWS]
        )
        yield Table(words["incidents.caption"], tuple(words[head] for head in heads), rows)
        yield from more(report.incidents, MOST_ROWS, "incidents", words)
    missed = report.completeness.deadlines_missed
    if missed:
        yield Paragraph(words["deadlines"], Tone.BAD)
        yield Bullets(tuple(Cell(words.moment(slot, zone, "date.short"), Tone.BAD) for slot in missed[:MOST_ROWS]))
        yield from more(missed, MOST_ROWS, "deadlines", words)


def gates(report: Report, words: Words) -> Iterator[Block]:
    """Yield what the gate decided and who overrode it."""
    if not report.gates:
        return
    decided = [row.decision for row in report.gates if not row.decision.startswith(_OVERRIDE)]
    overrides = sum(row.decision == _OVERRIDE for row in report.gates)
    yield Paragraph(
        words.say(
            "gates.says",
            decisions=words.count("decisions", len(decided)),
            blocked=f"{decided.count('block'):,}",
            overrides=words.count("overrides", overrides),
        )
    )
    heads = ("at", "decision", "kind", "reason", "override_by")
    rows = tuple(_gate(row, report, words) for row in report.gates[:MOST_ROWS])
    yield Table(words["gates.caption"], tuple(words[head] for head in heads), rows)
    yield from more(report.gates, MOST_ROWS, "decisions", words)


def _gate(row: GateRow, report: Report, words: Words) -> tuple[Cell, ...]:
    return (
        Cell(words.moment(row.at_ms, zone_of(report.period), "date.short")),
        Cell(words.told("gate", row.decision), _DECISION_TONES.get(row.decision, Tone.PLAIN), address(row.url)),
        Cell(words.told("change", row.kind)) if row.kind else NOTHING,
        Cell(row.reason) if row.reason else NOTHING,
        Cell(row.override_by) if row.override_by else NOTHING,
    )
