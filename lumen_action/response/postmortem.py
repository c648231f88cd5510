"""Postmortems that are owed: which are overdue, who is asked for them again, and what is still missing in one.

Whoever tells breaches also calls `remind(desk, working_days, holidays)`: it puts REMINDED on record for every
postmortem that is overdue, at most once a working day, and returns the incidents of which that is new, to be told of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from lumen_action.errors import ConfigError
from lumen_action.incidents.deadlines import postmortem_due_ms
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import POSTMORTEM_DAYS, Event
from lumen_action.response.incidents import Incidents
from lumen_action.response.template import ASK, REQUIRED
from lumen_action.settings import Settings
from lumen_action.sli.days import Calendar

_SATURDAY = 5
_HEADING = re.compile(r"^##\s+(.+?)\s*#*\s*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*$.*?(?:^ {0,3}\1[`~]*\s*$|\Z)", re.MULTILINE | re.DOTALL)
_SEAL = re.compile(r"\n<!-- lumen:postmortem ([A-Z0-9-]+) ([0-9a-f]{64}) -->\s*\Z")


@dataclass(frozen=True)
class Term:
    """How long a postmortem may take, and by which days that is counted."""

    working_days: int
    holidays: Collection[str]
    calendar: Calendar

    def due_ms(self, incident: Incident) -> int | None:
        """Return until when the postmortem of an incident is to be written, None where none is owed."""
        return postmortem_due_ms(incident, self.working_days, self.holidays, self.calendar)

    def overdue(self, incidents: Iterable[Incident], now_ms: int) -> list[Incident]:
        """Return the incidents whose postmortem should be there and is not."""
        return [each for each in incidents if (due_ms := self.due_ms(each)) is not None and now_ms > due_ms]

    def works(self, day: str) -> bool:
        """Tell whether people work on a day."""
        return date.fromisoformat(day).weekday() < _SATURDAY and day not in self.holidays


def term_of(settings: Settings) -> Term:
    """Return how long a postmortem of this team may take."""
    holidays = settings.schedule.holidays if settings.schedule else frozenset[str]()
    return Term(settings.incidents.get("postmortem-days", POSTMORTEM_DAYS), holidays, settings.calendar)


def remind(desk: Incidents, working_days: int, holidays: Collection[str]) -> tuple[Incident, ...]:
    """Put on record that a postmortem is overdue, at most once a working day; return the incidents where that is new.

    What is on record for today is not new. Of two who look at once both may see it as new, and tell the same message.
    """
    term, now_ms = Term(working_days, holidays, desk.calendar), desk.clock_ms()
    today = desk.calendar.day_of(now_ms)
    if not term.works(today):
        return ()
    late = [each for each in term.overdue(desk.all(), now_ms) if today not in _reminded(each)]
    asked = []
    for each in late:
        told = {"actor": "lumen", "reminded": today, "due_ms": str(term.due_ms(each))}
        # Whoever writes or reopens it in this very moment needs no reminder.
        with suppress(ConfigError):
            asked.append(desk.happened(each, Event.REMINDED, told, mark=f"reminded {today}"))
    return tuple(asked)


def _reminded(incident: Incident) -> set[str]:
    return {dict(each.told).get("reminded", "") for each in incident.moments if each.event is Event.REMINDED}


def missing_in(text: str, name: str) -> list[str]:
    """Return what the written postmortem of an incident still lacks, each with what is wrong with it."""
    found = [] if name in text else [f"{name} is nowhere in it; is it of another incident?"]
    sections = _sections(text)
    for section in REQUIRED:
        bodies = sections.get(section.casefold())
        if bodies is None:
            found.append(f"the section `{section}` is not there")
        elif any(ASK in body for body in bodies):
            found.append(f"the section `{section}` still asks to be filled in; answer, and take out `{ASK}`")
        elif not any(bodies):
            found.append(f"the section `{section}` is empty")
    return found


def _sections(text: str) -> dict[str, list[str]]:
    """Return what stands under each heading, however often there is one; a block of code has no heading."""
    # A block stands for something that was written, and none of its lines for a heading.
    parts = _HEADING.split(_COMMENT.sub("", _FENCED.sub("...", text)))
    sections: dict[str, list[str]] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        sections.setdefault(name.casefold(), []).append(body.strip())
    return sections


def sealed(text: str, name: str) -> str:
    """Return a postmortem as it was made, with a mark by which it is known that nobody has written in it."""
    return f"{text}\n<!-- lumen:postmortem {name} {_digest(text)} -->\n"


def untouched(text: str, name: str) -> bool:
    """Tell whether a text is the postmortem of an incident as it was made."""
    plain = text.replace("\r\n", "\n")
    seal = _SEAL.search(plain)
    return bool(seal and (seal[1], seal[2]) == (name, _digest(plain[: seal.start()])))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
