"""Facts that put on record what no run can say: that a closed day came without a run, or without a good one.

Whatever is published of such a day stays so, and a fact that comes late becomes a correction beside the counter.
"""

from __future__ import annotations

from dataclasses import replace

from lumen_action.model import Fact, Kind, Outcome, Source
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import day_state
from lumen_action.sli.schedule import Schedule
from lumen_action.sli.tally import Tallied

_KINDS = {Outcome.MISSING: Kind.MISSING, Outcome.FAILURE: Kind.DAY}


def closings(
    pipeline: str, tallied: Tallied, *, schedule: Schedule | None, calendar: Calendar, now_ms: int
) -> list[Fact]:
    """Return what a ledger lacks of one pipeline's closed days, the same facts whoever looks and whenever.

    Nothing is missed before the pipeline's first run, nor without a schedule.
    """
    origin = tallied.newest.origin
    seen = frozenset(day for day, counts in tallied.days.items() if counts.regions)
    if not seen or not origin:
        return []
    recorded = {day for day, counts in tallied.days.items() if counts.missing or counts.lost}
    decided = {
        day: day_state(day, tallied.days[day], now_ms, calendar.closes_ms(day)).outcome for day in seen - recorded
    }
    lost = [day for day, outcome in decided.items() if outcome is Outcome.FAILURE]
    missed = schedule.missed(min(seen), seen, now_ms, calendar) if schedule else ()
    words = dict.fromkeys(lost, Outcome.FAILURE) | {day: Outcome.MISSING for day in missed if day not in recorded}
    return [
        Fact(
            key=replace(origin.key, run=day, attempt=1, job="", region="", kind=_KINDS[words[day]], stage=pipeline),
            pipeline=pipeline,
            day=day,
            outcome=words[day],
            observed_at_ms=calendar.closes_ms(day),
            source=Source.API,
        )
        for day in sorted(words)
    ]
