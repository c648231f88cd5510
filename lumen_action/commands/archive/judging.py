"""What verifying and drilling found: as facts, as numbers, to people and to machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lumen_action.archive.facts import Event, check_fact, event_fact
from lumen_action.archive.verdicts import Finding, Level, Verdict, exit_code, reached, worst
from lumen_action.commands.archive.common import Speaker, annotate, said_by
from lumen_action.commands.asked import telling
from lumen_action.commands.session import Session
from lumen_action.commands.showing import show_totals
from lumen_action.model import Outcome
from lumen_action.slo.phrases import counted
from lumen_action.summary.document import Block, Cut, fit
from lumen_action.summary.markdown import cell, prose, visible
from lumen_action.summary.table import Row, Table

_OUTCOMES: Mapping[Verdict, Outcome] = {
    Verdict.OK: Outcome.SUCCESS,
    Verdict.UNVERIFIABLE: Outcome.ERROR,
    Verdict.MISSING: Outcome.FAILURE,
    Verdict.MISMATCH: Outcome.FAILURE,
}
_SIGNS: Mapping[Verdict, str] = {
    Verdict.OK: "✅",
    Verdict.UNVERIFIABLE: "❔",
    Verdict.MISSING: "❌",
    Verdict.MISMATCH: "❌",
}
_LEVELS: Mapping[Level, str] = {
    Level.NONE: "none",
    Level.RECEIPT: "0 receipt",
    Level.METADATA: "1 metadata",
    Level.BYTES: "2 bytes",
    Level.CONTENT: "3 content",
}
_NEXT: Mapping[Verdict, str] = {
    Verdict.MISMATCH: (
        "Something stored is not what was frozen. Remove and overwrite nothing, keep a copy of it, and get the files "
        "from a copy that proves right: `lumen archive restore {day} --to restored`"
    ),
    Verdict.MISSING: (
        "Something is not there. Bring it again from where it was frozen: `lumen archive upload {day}`; or get the "
        "files from a store that has it: `lumen archive restore {day} --to restored`"
    ),
}
"""What to do at once; what is unverifiable says so in its reason."""
_MOST_WHY = 500


@dataclass(frozen=True)
class Judgement:
    """One round over stores: what it was, what it found, and what else there is to say."""

    title: str
    event: Event
    check: str
    pipeline: str
    asked: Level
    findings: Sequence[Finding]
    more: Mapping[str, str | int | float] = field(default_factory=dict)
    """What the check says beside all that, such as how long it took."""
    lines: Sequence[str] = ()
    """What a person should know besides."""

    @property
    def verdict(self) -> Verdict:
        """Return the verdict over all."""
        return worst(each.verdict for each in self.findings)

    @property
    def headline(self) -> str:
        """Say it in a line."""
        archives, stores = ({getattr(each, name) for each in self.findings} for name in ("id", "store"))
        size = f"{counted(len(archives), 'archive')} in {counted(len(stores), 'store')}"
        if self.verdict is Verdict.OK:
            return f"{self.title}: ok at level {_LEVELS[reached(self.findings)]} ({size})"
        count = Counter(each.verdict for each in self.findings)
        counts = ", ".join(f"{count[verdict]} {verdict.value}" for verdict in Verdict if count[verdict])
        return f"{self.title}: {self.verdict.value} ({f'{counts}; ' if len(count) > 1 else ''}{size})"

    @property
    def worst_first(self) -> Sequence[Finding]:
        """Return what was found, what has to be looked at first."""
        return sorted(self.findings, key=lambda each: list(Verdict).index(each.verdict))

    @property
    def remarks(self) -> Sequence[str]:
        """Return what to do, and what a person should know besides."""
        found = {each.verdict: each.id.day for each in self.findings}
        return [*(text.format(day=found[verdict]) for verdict, text in _NEXT.items() if verdict in found), *self.lines]


def conclude(judgement: Judgement, session: Session, warnings: list[str], *, as_json: bool) -> int:
    """Keep the facts, publish the totals, tell everybody; return the exit code."""
    _keep(judgement, session, warnings)
    show_totals(session, judgement.pipeline, warnings)
    host, world = session.host, session.world
    for each in judgement.findings:
        if each.verdict is not Verdict.OK:
            level = "warning" if each.verdict is Verdict.UNVERIFIABLE else "error"
            annotate(session, level, visible(_line(each)))
    for warning in warnings:
        host.notice("warning", "lumen", warning)
    host.write_summary(_summary(judgement, host.summary_room()))
    host.set_outputs({"verdict": judgement.verdict.value, "level": str(int(reached(judgement.findings)))})
    if as_json:
        world.answer_json(_plain(judgement, warnings))
        telling(world)(judgement.headline)
    else:
        world.answer("\n".join(map(visible, _lines(judgement))))
    return exit_code(judgement.findings)


def _keep(judgement: Judgement, session: Session, warnings: list[str]) -> None:
    speaker = Speaker(session)
    like = speaker.like()
    facts = [
        event_fact(
            like,
            judgement.event,
            each.id,
            {
                "store": each.store,
                "verdict": each.verdict.value,
                "level": str(int(each.reached)),
                "asked": str(int(judgement.asked)),
                "why": each.why[:_MOST_WHY],
            },
            _OUTCOMES[each.verdict],
        )
        for each in judgement.findings
    ]
    told = {
        "verdict": judgement.verdict.value,
        "level": str(int(reached(judgement.findings))),
        "regions": session.settings.region or "all",
        "archives": " ".join(dict.fromkeys(each.id.name for each in judgement.findings))[:_MOST_WHY],
        **{name: str(value) for name, value in judgement.more.items()},
    }
    check = check_fact(like, judgement.check, judgement.pipeline, told, _OUTCOMES[judgement.verdict])
    speaker.keep([*facts, check], warnings)


def _lines(judgement: Judgement) -> Iterator[str]:
    yield judgement.headline
    yield from (_line(each) for each in judgement.worst_first)
    yield from judgement.remarks


def _line(finding: Finding) -> str:
    return f"{finding.verdict.value}: {finding.id} in {finding.store}: {said_by(finding.store, finding.why)}"


def _summary(judgement: Judgement, room: int) -> str:
    rows = [
        Row(
            (
                cell(str(each.id)),
                cell(each.store),
                f"{_SIGNS[each.verdict]} {each.verdict.value}",
                _LEVELS[each.reached],
                cell(said_by(each.store, each.why)),
            ),
            each.verdict is not Verdict.OK,
        )
        for each in judgement.worst_first
    ]
    table = Table(("Archive", "Store", "Verdict", "Level shown", "Why"), tuple(rows), "finding")
    blocks = [
        Block(f"### {_SIGNS[judgement.verdict]} Archives: {prose(judgement.headline)}"),
        Block("\n".join(f"- {prose(line)}" for line in judgement.remarks)),
        Block(table.full(), (Cut(1, table.within),)),
    ]
    return fit(blocks, room)


def _plain(judgement: Judgement, warnings: Sequence[str]) -> Mapping[str, Any]:
    return {
        "verdict": judgement.verdict.value,
        "level_asked": int(judgement.asked),
        "level_reached": int(reached(judgement.findings)),
        **judgement.more,
        "findings": [
            {
                "archive": each.id.name,
                "day": each.id.day,
                "region": each.id.region,
                "version": each.id.version,
                "store": each.store,
                "verdict": each.verdict.value,
                "level_reached": int(each.reached),
                "may_pass": each.away,
                "why": each.why,
            }
            for each in judgement.findings
        ],
        "warnings": list(warnings),
    }
