"""What ran on each day in each region, and how complete that is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from lumen_action.model import Outcome
from lumen_action.report.composing.cells import NOTHING, number, share
from lumen_action.report.composing.zones import zone_of
from lumen_action.report.document import BarChart, Block, Bullets, Cell, Stack, Table, Tone
from lumen_action.report.model import Counted, DayRow, Report
from lumen_action.report.words import Words

# So many regions have a chart and a column of their own.
MOST_REGIONS = 4
_DAY_TONES = {Outcome.SUCCESS: Tone.GOOD, Outcome.FAILURE: Tone.BAD, Outcome.MISSING: Tone.BAD, None: Tone.IDLE}
_STACKS: tuple[tuple[str, Tone, Callable[[Counted], int]], ...] = (
    ("good", Tone.GOOD, lambda runs: runs.good),
    ("bad", Tone.BAD, lambda runs: runs.bad),
    ("other", Tone.IDLE, lambda runs: runs.other),
    ("open", Tone.PLAIN, lambda runs: runs.open),
)


def running(report: Report, words: Words) -> Iterator[Block]:
    """Yield the charts, the table of days and that of regions."""
    if not report.regions and not any(row.outcome for row in report.days):
        return
    apart = list(report.regions) if 1 < len(report.regions) <= MOST_REGIONS else []
    if len(report.days) > 1 and report.regions:
        named = f"{words['runs.chart']}: "
        rows = {
            f"{named}{region or words['unnamed']}": [row.regions.get(region, Counted()) for row in report.days]
            for region in apart
        }
        yield from _charts(report, words, rows or {words["runs.chart"]: [row.runs for row in report.days]})
    yield Table(
        words["runs.caption_regions" if apart else "runs.caption"],
        (
            words["day"],
            words["outcome"],
            *(region or words["unnamed"] for region in apart),
            *(words[name] for name, _, _ in _STACKS),
        ),
        tuple(_day(row, apart, words) for row in report.days),
    )
    if len({*report.regions, *report.regions_before}) > 1:
        yield _regions(report, words)


def _charts(report: Report, words: Words, counts: Mapping[str, Sequence[Counted]]) -> Iterator[BarChart]:
    """Yield a chart under each title, all with the same axis and key."""
    days = tuple(words.day(row.day, "date.axis") for row in report.days)
    every = [each for row in counts.values() for each in row]
    reach = max(sum(count(each) for _, _, count in _STACKS) for each in every)
    # What never happened would only fill the legend.
    shown = {words[name] for name, _, count in _STACKS if any(map(count, every))}
    for title, row in counts.items():
        yield _chart(title, days, row, shown, reach, words)


def _chart(
    title: str, days: tuple[str, ...], counts: Sequence[Counted], shown: Collection[str], reach: int, words: Words
) -> BarChart:
    stacks = [Stack(words[name], tuple(map(count, counts)), tone) for name, tone, count in _STACKS]
    good, bad, other, open_ = (sum(stack.values) for stack in stacks)
    outside = [(words["other"], other), (words["open"], open_)]
    says = words.say(
        "runs.says",
        runs=words.count("counted", good + bad),
        good=f"{good:,}",
        bad=f"{bad:,}",
        other="".join(f", {name} {count:,}" for name, count in outside if count),
    )
    worst = max(counts, key=lambda each: each.bad)
    if worst.bad:
        says += words.say("runs.worst", day=days[list(counts).index(worst)], n=f"{worst.bad:,}")
    return BarChart(title, says, days, tuple(each for each in stacks if each.name in shown), reach)


def _day(row: DayRow, apart: Sequence[str], words: Words) -> tuple[Cell, ...]:
    runs = row.runs
    heard = bool(row.regions)
    known = row.outcome.value if row.outcome else "open" if heard or row.expected else "quiet"
    return (
        Cell(words.day(row.day, "date.short")),
        Cell(words[f"outcome.{known}"], _DAY_TONES.get(row.outcome, Tone.PLAIN)),
        *(_of_region(row.regions.get(region)) for region in apart),
        *(number(count(runs), Tone.BAD if name == "bad" and runs.bad else Tone.PLAIN) for name, _, count in _STACKS),
    )


def _of_region(runs: Counted | None) -> Cell:
    if runs is None:
        return NOTHING
    return Cell(f"{runs.good:,} / {runs.total:,}", Tone.BAD if runs.bad else Tone.PLAIN, number=True)


def _regions(report: Report, words: Words) -> Table:
    before = words[f"{report.period.kind.value}.before"]
    head = (words["region"], *(words[name] for name, _, _ in _STACKS), words["ratio"], before)
    rows = []
    for region in sorted({*report.regions, *report.regions_before}):
        runs = report.regions.get(region, Counted())
        then = report.regions_before.get(region, Counted())
        counts = (number(count(runs)) for _, _, count in _STACKS)
        rows.append(
            (Cell(region or words["unnamed"]), *counts, share(runs.good, runs.total), share(then.good, then.total))
        )
    return Table(words["regions.caption"], head, tuple(rows))


def completeness(report: Report, words: Words) -> Iterator[Block]:
    """Yield how much of the period was heard of, a line each."""
    found, zone = report.completeness, zone_of(report.period)
    expected = found.days_expected
    if expected:
        heard = sum(row.expected and bool(row.regions) for row in report.days)
        tone = Tone.GOOD if heard == expected else Tone.WARN
        lines = [Cell(words.say("complete.expected", heard=heard, days=words.count("days", expected)), tone)]
    else:
        days = words.count("days", found.days)
        lines = [Cell(words.say("complete.days", heard=found.days_heard, days=days))]
    if found.days_missing:
        missing = words.listed([words.day(day, "date.short") for day in found.days_missing])
        lines.append(Cell(words.say("complete.missing", days=missing), Tone.BAD))
    if found.runs_open:
        lines.append(Cell(words.say("complete.open", runs=words.count("runs", found.runs_open)), Tone.WARN))
    if found.conflicts:
        lines.append(Cell(words.say("complete.conflicts", conflicts=words.count("conflicts", found.conflicts))))
    if found.late:
        lines.append(Cell(words.say("complete.late", facts=words.count("facts", found.late))))
    if found.newest_ms is None:
        lines.append(Cell(words["complete.never"], Tone.WARN))
    else:
        lines.append(Cell(words.say("complete.newest", moment=words.moment(found.newest_ms, zone))))
    if not report.finished:
        lines.append(Cell(words["complete.unfinished"], Tone.WARN))
    yield Bullets((*lines, *map(Cell, report.notes)))
