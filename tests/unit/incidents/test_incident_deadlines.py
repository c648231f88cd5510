"""By when a postmortem is due: working days of the pipeline's own calendar."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from happenings import met, opened
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.incidents.deadlines import postmortem_due_ms
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.incident import Incident
from lumen_action.incidents.words import Event, Severity
from lumen_action.sli.days import Calendar

SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")
_FIRST = datetime(2026, 1, 2, 12, tzinfo=ZoneInfo("UTC"))


def closed(at: datetime, severity: Severity = Severity.SEV1, *more: Event) -> Incident:
    minute = int((at - _FIRST).total_seconds() // 60)
    steps = (met(Event.ACKNOWLEDGED, minute - 2), met(Event.RESOLVED, minute - 1))
    end = met(Event.CLOSED, minute, cause="a cause", resolution="an end")
    (found,) = incidents_in([opened(severity=severity), *steps, end, *(met(event, minute + 1) for event in more)])
    return found


def due(incident: Incident, zone: ZoneInfo, *holidays: str, days: int = 5) -> str:
    due_ms = postmortem_due_ms(incident, days, holidays, Calendar(zone))
    assert due_ms is not None
    return f"{datetime.fromtimestamp(due_ms / 1000, zone):%a %Y-%m-%d %H:%M:%S.%f}"[:-3]


@pytest.mark.parametrize(
    ("at", "holidays", "end"),
    [
        ("2026-11-16T09:00", (), "Mon 2026-11-23 23:59:59.999"),
        ("2026-11-20T17:00", (), "Fri 2026-11-27 23:59:59.999"),
        ("2026-11-21T00:10", (), "Fri 2026-11-27 23:59:59.999"),
        ("2026-11-22T23:59", (), "Fri 2026-11-27 23:59:59.999"),
        ("2026-12-21T09:00", ("2026-12-25", "2027-01-01"), "Tue 2026-12-29 23:59:59.999"),
        ("2026-12-28T09:00", ("2026-12-25", "2027-01-01"), "Tue 2027-01-05 23:59:59.999"),
    ],
)
def test_five_working_days_after_the_day_of_the_closing(at: str, holidays: tuple[str, ...], end: str) -> None:
    assert due(closed(datetime.fromisoformat(at).replace(tzinfo=SEOUL)), SEOUL, *holidays) == end


def test_the_day_is_that_of_the_calendar_and_a_change_of_the_clocks_lies_between() -> None:
    incident = closed(datetime(2026, 3, 26, 23, 30, tzinfo=ZoneInfo("UTC")))
    assert due(incident, ZoneInfo("UTC"), days=2) == "Mon 2026-03-30 23:59:59.999"
    assert due(incident, BERLIN, days=2) == "Tue 2026-03-31 23:59:59.999"


@pytest.mark.parametrize("severity", [Severity.SEV3, Severity.SEV4])
def test_of_milder_ones_nobody_has_to_write(severity: Severity) -> None:
    assert postmortem_due_ms(closed(_FIRST.replace(day=9), severity), 5, (), Calendar()) is None


@pytest.mark.parametrize("event", [Event.REOPENED, Event.POSTMORTEM])
def test_nothing_is_due_while_it_goes_on_or_once_it_is_written(event: Event) -> None:
    assert postmortem_due_ms(closed(_FIRST.replace(day=9), Severity.SEV1, event), 5, (), Calendar()) is None


@given(st.integers(0, 400), st.integers(1, 60), st.sets(st.integers(1, 500), max_size=20))
def test_so_many_working_days_lie_between(day: int, wanted: int, holidays: set[int]) -> None:
    first = _FIRST.toordinal() + 1
    free = [datetime.fromordinal(first + each).date().isoformat() for each in holidays]
    at = datetime.fromordinal(first + day).replace(hour=13, tzinfo=ZoneInfo("UTC"))
    due_ms = postmortem_due_ms(closed(at), wanted, free, Calendar())
    assert due_ms is not None
    end = datetime.fromtimestamp(due_ms / 1000, ZoneInfo("UTC")).date()
    between = (datetime.fromordinal(each).date() for each in range(at.toordinal() + 1, end.toordinal() + 1))
    working = [each for each in between if each.isoweekday() < 6 and each.isoformat() not in free]
    assert (len(working), working[-1]) == (wanted, end)
