"""Postmortems that are owed: which are overdue, who is asked for them again, and what is still missing in one.

Whoever tells breaches also calls `remind(desk, working_days, holidays)`: it puts REMINDED on record for every
postmortem that is overdue, at most once a working day, and returns the incidents of which that is new, to be told of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from lumen_action.incidents.deadlines import postmortem_due_ms
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event
from lumen_action.response.incidents import Incidents
from lumen_action.response.template import ASK, REQUIRED
from lumen_action.sli.days import Calendar

_SATURDAY = 5
_HEADING = re.compile(r"^##\s+(.+?)\s*#*\s*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
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


def remind(desk: Incidents, working_days: int, holidays: Collection[str]) -> tuple[Incident, ...]:
    """Put on record that a postmortem is overdue, at most once a working day; return the incidents where that is new.

    What is on record for today is not new. Of two who look at once both may see it as new, and tell the same message.
    """
    term, now_ms = Term(working_days, holidays, desk.calendar), desk.clock_ms()
    today = desk.calendar.day_of(now_ms)
    if not term.works(today):
        return ()
    late = [each for each in term.overdue(desk.all(), now_ms) if today not in _reminded(each)]
    return tuple(
        desk.happened(
            each,
            Event.REMINDED,
            {"actor": "lumen", "reminded": today, "due_ms": str(term.due_ms(each))},
            mark=f"reminded {today}",
        )
        for each in late
    )


def _reminded(incident: Incident) -> set[str]:
    return {dict(each.told).get("reminded", "") for each in incident.moments if each.event is Event.REMINDED}


def missing_in(text: str) -> list[str]:
    """Return what a written postmortem still lacks, each with what is wrong with it."""
    parts = _HEADING.split(text)
    sections = {name.casefold(): body for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    found = []
    for name in REQUIRED:
        body = sections.get(name.casefold())
        if body is None:
            found.append(f"the section `{name}` is not there")
        elif ASK in body:
            found.append(f"the section `{name}` still asks to be filled in")
        elif not _COMMENT.sub("", body).strip():
            found.append(f"the section `{name}` is empty")
    return found


def sealed(text: str, name: str) -> str:
    """Return a postmortem as it was made, with a mark by which it is known that nobody has written in it."""
    return f"{text}\n<!-- lumen:postmortem {name} {_digest(text)} -->\n"


def untouched(text: str) -> bool:
    """Tell whether a postmortem is as it was made."""
    plain = text.replace("\r\n", "\n")
    seal = _SEAL.search(plain)
    return bool(seal and seal[2] == _digest(plain[: seal.start()]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
