"""The sheet for who comes next, as Markdown and as JSON; what could not be found out says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lumen_action.model.instants import stamp, stamp_of
from lumen_action.oncall.handover import HandOver
from lumen_action.oncall.phrases import both
from lumen_action.oncall.roster import Person
from lumen_action.summary.markdown import code, link, plain, prose


@dataclass(frozen=True)
class Line:
    """One thing to know: foreign text in it means nothing but itself."""

    text: str
    name: str = ""
    """What it is about, written before the text, and linked where there is an address."""
    url: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    """The same for machines."""
    asks: bool = False
    """Whether somebody has to do something about it."""


@dataclass(frozen=True)
class Section:
    """One part of the sheet."""

    name: str
    title: str
    lines: Sequence[Line] = ()
    missing: str = ""
    """Why nothing is known of it."""


@dataclass(frozen=True)
class Sheet:
    """All that is handed over."""

    pipeline: str
    found: HandOver
    at_ms: int
    sections: Sequence[Section]


def as_markdown(sheet: Sheet) -> str:
    """Return the sheet for people."""
    return "\n".join(_lines(sheet)) + "\n"


def as_json(sheet: Sheet) -> dict[str, Any]:
    """Return the sheet for machines."""
    found = sheet.found
    return {
        "pipeline": sheet.pipeline,
        "layer": found.layer.name,
        "goes": found.goes.name if found.goes else None,
        "comes": found.comes.name if found.comes else None,
        "from": stamp(found.shift.start_ms),
        "hand_off_at": stamp(found.shift.end_ms),
        "until": stamp_of(found.until_ms),
        "at": stamp(sheet.at_ms),
        **{
            section.name: [dict(line.told) or {"text": line.text} for line in section.lines]
            for section in sheet.sections
        },
        "missing": {section.name: section.missing for section in sheet.sections if section.missing},
    }


def _lines(sheet: Sheet) -> Iterator[str]:
    found, zone = sheet.found, sheet.found.layer.timezone
    names = [plain(person.name) if person else "nobody" for person in (found.goes, found.comes)]
    yield f"# Hand-off of {plain(found.layer.name)}: {names[0]} to {names[1]}"
    yield ""
    yield f"- Pipeline: {plain(sheet.pipeline)}"
    yield f"- Shift: {both(zone, found.shift.start_ms)} to {both(zone, found.shift.end_ms)}, {plain(zone)}"
    yield f"- {_who_comes(found)}"
    when = "after" if sheet.at_ms >= found.shift.end_ms else "before"
    yield f"- Written {both(zone, sheet.at_ms)}, {when} the hand-off"
    yield f"- In short: {_in_short(sheet.sections)}"
    for why, unknown in _unknown(sheet.sections).items():
        yield f"- **Not known** of {', '.join(unknown)}: {plain(why)}"
    for section in sheet.sections:
        if section.lines:
            yield ""
            yield f"## {section.title}"
            yield ""
            yield from map(_line, section.lines)
    empty = [section.title.lower() for section in sheet.sections if not section.missing and not section.lines]
    if empty:
        yield ""
        yield f"Nothing to tell of: {', '.join(empty)}."


def _who_comes(found: HandOver) -> str:
    if found.comes is None:
        return "Nobody else takes turns in this layer"
    until = f" until {both(found.layer.timezone, found.until_ms)}" if found.until_ms else ""
    return f"Takes over: {plain(found.comes.name)}{until}; {_contacts(found.comes)}"


def _contacts(person: Person) -> str:
    return ", ".join(f"{way} {code(address)}" for way, address in person.contacts.items()) or "no contact is written"


def _in_short(sections: Sequence[Section]) -> str:
    asking = [(section.title.lower(), sum(line.asks for line in section.lines)) for section in sections]
    told = [f"{title} {number}" for title, number in asking if number]
    if told:
        return ", ".join(told)
    return f"nothing that asks for somebody{' in what is known' if _unknown(sections) else ''}"


def _unknown(sections: Sequence[Section]) -> Mapping[str, Sequence[str]]:
    """Return what is not known, by the reason."""
    found: dict[str, list[str]] = {}
    for section in sections:
        if section.missing:
            found.setdefault(section.missing, []).append(section.title.lower())
    return found


def _line(line: Line) -> str:
    name = f"**{link(line.name, line.url) or plain(line.name)}**: " if line.name else ""
    return f"- {name}{prose(line.text)}"
