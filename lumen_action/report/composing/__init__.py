"""From a report and the words of a language to a document, the same for every form that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lumen_action.report.composing.answer import answer
from lumen_action.report.composing.failing import failures, reruns, stages
from lumen_action.report.composing.happenings import gates, incidents
from lumen_action.report.composing.objectives import objectives
from lumen_action.report.composing.running import completeness, running
from lumen_action.report.composing.zones import zone_of
from lumen_action.report.document import LABELS, Block, Bullets, Cell, Document, Paragraph, Section
from lumen_action.report.model import Report
from lumen_action.report.words import Words
from lumen_action.summary.markdown import address

_SECTIONS: tuple[tuple[str, Callable[[Report, Words], Iterator[Block]]], ...] = (
    ("objectives", objectives),
    ("runs", running),
    ("failures", failures),
    ("stages", stages),
    ("reruns", reruns),
    ("incidents", incidents),
    ("gates", gates),
    ("completeness", completeness),
)


def compose(report: Report, words: Words) -> Document:
    """Return the report in words; a part with nothing to tell is named in one line at the end."""
    made = [Section(anchor, words[anchor], tuple(blocks(report, words))) for anchor, blocks in _SECTIONS]
    quiet = _quiet(report, [section.anchor for section in made if not section.blocks], words)
    sections = [*(section for section in made if section.blocks), _reading(report, words), *quiet]
    zone = zone_of(report.period)
    return Document(
        language=words.code,
        title=words.say("title", pipeline=report.pipeline, period=words.period(report.period, "title")),
        subtitle=words.say("subtitle", span=words.span(report.period), zone=report.period.zone),
        answer=answer(report, words),
        sections=tuple(sections),
        footnote=words["footnote"],
        made=words.say("made", moment=words.moment(report.as_of_ms, zone), zone=report.period.zone),
        labels={name: words[f"label.{name}"] for name in LABELS},
    )


def _reading(report: Report, words: Words) -> Section:
    read = [words.say("reading.run", zone=report.period.zone), words["reading.other"]]
    read += [words["reading.budget"]] if report.promises else []
    read += [words["reading.stage"]] if report.slowest else []
    links = [Cell(words.told("links", name), url=address(url)) for name, url in sorted(report.links.items())]
    return Section("reading", words["reading"], (Bullets((*map(Cell, read), *(each for each in links if each.url))),))


def _quiet(report: Report, empty: list[str], words: Words) -> list[Section]:
    things = [words[f"quiet.{anchor}"] for anchor in empty]
    if not report.completeness.deadlines_missed and report.completeness.days_expected:
        things.append(words["quiet.deadlines"])
    if not things:
        return []
    said = words.say("quiet.says", things=words.listed(things))
    return [Section("quiet", words["quiet"], (Paragraph(said[:1].upper() + said[1:]),))]
