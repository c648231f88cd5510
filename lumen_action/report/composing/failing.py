"""Why runs failed, which stages are slow or flaky, and whether trying again helped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from lumen_action.report.composing.cells import NOTHING, more, number, percent, run, took
from lumen_action.report.document import Block, Bullets, Cell, Paragraph, Table, Tone
from lumen_action.report.model import Cause, Report, StageRow
from lumen_action.report.words import Words
from lumen_action.summary.markdown import address

MOST_CAUSES = 10
MOST_STAGES = 10
MOST_FLAKY = 5
MOST_RUNS = 5
# A stage that takes so much longer, or so much less, has changed.
_NOTABLE = Fraction(1, 5)


def failures(report: Report, words: Words) -> Iterator[Block]:
    """Yield the classes, the signatures and the newest runs."""
    if not any(cause.count for cause in report.classes):
        return
    before = words[f"{report.period.kind.value}.before"]
    yield Table(
        words["failures.classes"],
        (words["class"], words["count"], before, words["lost"], words["newest"]),
        tuple(_class(cause, words) for cause in report.classes),
    )
    yield Table(
        words["failures.signatures"],
        (words["cause"], words["count"], before, words["evidence"], words["newest"]),
        tuple(_signature(cause, words) for cause in report.signatures[:MOST_CAUSES]),
    )
    yield from more(report.signatures, MOST_CAUSES, "causes", words)
    runs = {link: cause for cause in report.signatures for link in cause.runs}
    newest = sorted(runs, key=lambda link: (link.day, link.run_id, link.region), reverse=True)[:MOST_RUNS]
    yield Paragraph(words["failures.newest"])
    yield Bullets(
        tuple(
            Cell(
                " · ".join(filter(None, (link.run_id, link.region, link.stage, runs[link].name))), url=address(link.url)
            )
            for link in newest
        )
    )


def _class(cause: Cause, words: Words) -> tuple[Cell, ...]:
    lost = took(cause.lost_ms, words) if cause.count else NOTHING
    return (Cell(words.told("class", cause.name)), *_counts(cause), lost, _newest(cause, words))


def _signature(cause: Cause, words: Words) -> tuple[Cell, ...]:
    name = f"{cause.name} ({cause.signature})" if cause.signature else cause.name
    said = cause.evidence
    if said and cause.line is not None:
        said = words.say("evidence.line", line=cause.line, text=said)
    return (Cell(name), *_counts(cause), Cell(said, code=True) if said else NOTHING, _newest(cause, words))


def _counts(cause: Cause) -> tuple[Cell, Cell]:
    # Fewer failures are no good sign while there are some.
    return number(cause.count, Tone.BAD if cause.count > cause.before else Tone.PLAIN), number(cause.before)


def _newest(cause: Cause, words: Words) -> Cell:
    return run(cause.runs[0], words) if cause.runs else NOTHING


def stages(report: Report, words: Words) -> Iterator[Block]:
    """Yield the slowest and the most flaky stages."""
    if report.slowest:
        heads = ("stage", "attempts", "median", "p95", "change")
        rows = tuple(_slow(row, words) for row in report.slowest[:MOST_STAGES])
        yield Table(words["stages.slowest"], tuple(words[head] for head in heads), rows)
    if report.flakiest:
        told = ("stage", "attempts", "failed", "again")
        again = tuple(
            (Cell(row.stage), number(row.total), number(row.failed), number(row.again, Tone.WARN))
            for row in report.flakiest[:MOST_FLAKY]
        )
        yield Table(words["stages.flakiest"], tuple(words[head] for head in told), again)


def _slow(row: StageRow, words: Words) -> tuple[Cell, ...]:
    return (Cell(row.stage), number(row.total), took(row.median_ms, words), took(row.p95_ms, words), _change(row))


def _change(row: StageRow) -> Cell:
    if row.median_ms is None or not row.before_median_ms:
        return NOTHING
    change = Fraction(row.median_ms - row.before_median_ms, row.before_median_ms)
    tone = Tone.WARN if change > _NOTABLE else Tone.GOOD if change < -_NOTABLE else Tone.PLAIN
    return Cell(f"{'+' if change > 0 else ''}{percent(Fraction(round(100 * change)))}", tone, number=True)


def reruns(report: Report, words: Words) -> Iterator[Block]:
    """Yield whether trying again helped, in a sentence and by cause."""
    found = report.reruns
    if not found.tried and not found.undecided:
        return
    yield Paragraph(
        words.say(
            "reruns.says",
            tries=words.count("tries", found.tried + found.undecided),
            helped=f"{found.helped:,}",
            undecided=words.say("reruns.undecided", n=f"{found.undecided:,}") if found.undecided else "",
            saved=words.duration(found.saved_ms),
            wasted=words.duration(found.wasted_ms),
        )
    )
    if found.masked:
        yield Paragraph(words.say("reruns.masked", failures=words.count("failures", found.masked)), Tone.WARN)
    if found.by_signature:
        rows: Sequence[tuple[str, int, int]] = found.by_signature[:MOST_CAUSES]
        yield Table(
            words["reruns.caption"],
            (words["cause"], words["tried"], words["helped"]),
            tuple((Cell(name), number(tried), number(helped)) for name, tried, helped in rows),
        )
        yield from more(found.by_signature, MOST_CAUSES, "causes", words)
