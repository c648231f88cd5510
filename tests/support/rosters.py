"""Rosters for tests."""

from __future__ import annotations

from datetime import datetime, timezone

from lumen_action.oncall.reading import roster_of
from lumen_action.oncall.roster import Roster

PEOPLE = """
people:
  Ada: {phone: "+49 30 555 0101", mail: ada@team.example}
  Bo: {phone: "+49 30 555 0102", mail: bo@team.example}
  Cy: {phone: "+49 30 555 0103", mail: cy@team.example}
  Di: {phone: "+49 30 555 0104", mail: di@team.example}
"""

OFFICE_HOURS = f"""
timezone: Asia/Seoul
{PEOPLE}
layers:
  primary:
    rotation: [Ada, Bo]
    anchor: 2026-01-02
    cover:
    - {{days: mon-fri, from: "09:00", to: "18:00"}}
  secondary:
    rotation: [Cy, Di]
    anchor: 2026-01-02
    cover:
    - {{days: mon-fri, from: "18:00", to: "23:00"}}
    - {{days: sat-sun, from: "09:00", to: "18:00"}}
"""
"""Covers 88 of 168 hours: 45 by day, 25 in the evenings, 18 on weekends."""

FOUR_ZONES = """
timezone: Europe/Berlin
people:
  Ada:
    phone: "1"
    timezone: America/New_York
    unavailable:
    - {from: 2026-03-08 02:30, to: 2026-03-12 01:15, reason: begins in the hour that is skipped}
    - {from: 2026-10-28, to: 2026-11-01 01:30, reason: ends in the hour that is shown twice}
  Bo:
    phone: "2"
    unavailable: [{from: 2026-03-27, to: 2026-03-30}, {from: 2026-10-24 23:59, to: 2026-10-26 00:01}]
  Cy: {phone: "3", unavailable: [{from: 2026-03-28, to: 2026-04-06}, {from: 2026-10-25 02:30, to: 2026-10-25 03:00}]}
  김:
    phone: "4"
    timezone: Asia/Seoul
    unavailable: [{from: 2026-03-29, to: 2026-03-29}, {from: 2026-07-01, to: 2026-07-20}]
layers:
  berlin:
    rotation: [Ada, Bo, Cy]
    hand-off: sun 02:30
    anchor: 2026-01-04
    fallback: seoul
    cover:
    - {days: mon-fri, from: "09:00", to: "18:00"}
    - {days: "fri-sun", from: "22:30", to: "02:30"}
    - {days: sun, from: "02:15", to: "24:00"}
    - {days: holidays, from: "10:00", to: "02:45"}
    weekend: {rotation: [Cy, 김], from: fri 17:00, to: mon 09:00}
  newyork:
    timezone: America/New_York
    rotation: [김, Ada, Bo, Cy, Ada]
    length: 3d
    hand-off: "02:30"
    anchor: 2026-06-01
    cover:
    - {days: mon-sun, from: "01:15", to: "01:45"}
    - {days: mon-sun, from: "02:10", to: "02:50"}
    - {days: "tue, thu, sat-sun", from: "20:00", to: "02:30"}
  lordhowe:
    timezone: Australia/Lord_Howe
    rotation: [Bo, 김]
    length: 1d
    hand-off: "01:45"
    anchor: 2025-12-31
    fallback: seoul
  seoul:
    timezone: Asia/Seoul
    rotation: [김, Cy]
    length: 2w
    hand-off: fri 17:00
    anchor: 2026-01-02
    cover:
    - {days: mon-fri, from: "00:00", to: "24:00"}
    - {days: sat, from: "08:00", to: "07:59"}
    weekend: {rotation: [Bo, Ada, Cy]}
holidays:
- {day: 2026-03-09, name: a Monday}
- {day: 2026-12-25, name: Christmas}
- 2026-01-01
- 2026-03-27
- 2026-04-03
- 2026-10-26
- 2026-11-01
- 2026-12-26
overrides:
- {layer: berlin, from: 2026-03-29 01:30, to: 2026-03-29 02:30, person: Bo, reason: ends in the hour that is skipped}
- {layer: berlin, from: 2026-10-25 02:30, to: 2026-10-25 05:00, person: Ada, reason: begins in the hour that is twice}
- {layer: newyork, from: 2026-03-08 02:15, to: 2026-03-08 03:15, person: Cy, reason: begins in the hour that is skipped}
- {layer: newyork, from: 2026-11-01 00:30, to: 2026-11-01 01:30, person: Cy, reason: ends in the hour that is twice}
- {layer: newyork, from: 2026-11-01 01:30, to: 2026-11-02, person: Bo, reason: begins where the other ends}
- {layer: lordhowe, from: 2026-04-05 01:40, to: 2026-04-05 02:00, person: 김}
- {layer: lordhowe, from: 2026-10-04 02:15, to: 2026-10-05, person: 김}
- {layer: seoul, from: 2026-05-05, to: 2026-05-06, person: Ada, reason: away or not}
"""
"""Every rule, in four zones, on the days on which clocks are changed."""


def roster(text: str) -> Roster:
    """Read a roster."""
    return roster_of(text, "oncall.yml")


def ms(text: str) -> int:
    """Return a moment of UTC."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1000)
