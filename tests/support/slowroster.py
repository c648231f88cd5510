"""Who is on call at a minute, decided by the rules alone: no spans, no moments, one minute after the other.

It reads the same YAML by another parser and knows nothing of the code it is compared with. Every rule is about the
highest time that the clock on a wall has shown so far: in spring that jumps, in autumn it stands still for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# No zone of the tests puts its clocks back by more.
_BACK = timedelta(hours=3)
_NEVER = datetime(1970, 1, 1)  # noqa: DTZ001 - the clock on a wall has no zone


class SlowRoster:
    """A roster as plain maps and lists."""

    def __init__(self, text: str) -> None:
        yaml = YAML(typ="safe", pure=True)
        yaml.version = (1, 2)
        self.told: dict[str, Any] = yaml.load(text)
        self.zone = self.told["timezone"]
        self.holidays = {
            _day(each["day"] if isinstance(each, Mapping) else each) for each in self.told.get("holidays", ())
        }
        self._zones = {name: ZoneInfo(name) for name in self._names()}
        self._plans = {name: self._plan(name, layer) for name, layer in self.told["layers"].items()}
        self._absences = {
            name: (
                (told or {}).get("timezone", self.zone),
                [(_begin(each["from"]), _end(each["to"])) for each in (told or {}).get("unavailable", ())],
            )
            for name, told in self.told["people"].items()
        }

    def _names(self) -> set[str]:
        inner = (*self.told["people"].values(), *self.told["layers"].values())
        return {self.zone, *(each["timezone"] for each in inner if each and "timezone" in each)}

    def _plan(self, name: str, layer: Mapping[str, Any]) -> _Plan:
        anchor, length = _day(layer["anchor"]), str(layer.get("length", "1w"))
        days = int(length[:-1]) * (7 if length.endswith("w") else 1)
        clock = str(layer.get("hand-off", "fri 17:00" if days % 7 == 0 else "17:00")).split()[-1]
        weekend = layer.get("weekend", {})
        begins, ends = _in_week(weekend.get("from", "sat 00:00")), _in_week(weekend.get("to", "sun 24:00"))
        windows = [(_words(each["days"]), _clock(each["from"]), _clock(each["to"])) for each in layer.get("cover", ())]
        return _Plan(
            zone=layer.get("timezone", self.zone),
            rotation=tuple(layer["rotation"]),
            length=days * DAY,
            first=datetime.combine(anchor, time()) + _clock(clock),
            monday=anchor - anchor.weekday() * DAY,
            windows=[(on, start, end if end > start else end + DAY) for on, start, end in windows],
            weekend=tuple(weekend.get("rotation", ())),
            begins=begins,
            ends=ends if ends > begins else ends + 7 * DAY,
            fallback=layer.get("fallback", ""),
            overrides=[
                (_begin(each["from"]), _end(each["to"]), str(each["person"]))
                for each in self.told.get("overrides", ())
                if each["layer"] == name
            ],
        )

    def minutes(self, first: datetime, last: datetime) -> Iterator[tuple[datetime, dict[str, datetime]]]:
        """Yield every minute of UTC with the highest time that each wall has shown until then."""
        now = first - _BACK
        shown = dict.fromkeys(self._zones, _NEVER)
        while now < last:
            for name, zone in self._zones.items():
                shown[name] = max(shown[name], now.astimezone(zone).replace(tzinfo=None))
            if now >= first:
                yield now, shown
            now += MINUTE

    def at(self, now: datetime) -> dict[str, str | None]:
        """Return who is on call in each layer at a minute of UTC."""
        _, shown = next(self.minutes(now, now + MINUTE))
        return {layer: self.who(layer, shown) for layer in self.told["layers"]}

    def who(self, name: str, shown: Mapping[str, datetime]) -> str | None:
        """Return who is on call in a layer by what the walls show."""
        plan = self._plans[name]
        wall = shown[plan.zone]
        for begins, ends, person in plan.overrides:
            if begins <= wall < ends:
                return person
        if not self._covered(plan, wall):
            return None
        for person in self._order(plan, wall):
            zone, absences = self._absences[person]
            if not any(begins <= shown[zone] < ends for begins, ends in absences):
                return person
        return self.who(plan.fallback, shown) if plan.fallback else None

    def _covered(self, plan: _Plan, wall: datetime) -> bool:
        today = datetime.combine(wall.date(), time())
        for midnight in (today, today - DAY):
            kind = _DAYS[midnight.weekday()]
            if midnight.date() in self.holidays:
                kind = "holidays" if any("holidays" in days for days, _, _ in plan.windows) else "sun"
            for days, begins, ends in plan.windows:
                if kind in days and midnight + begins <= wall < midnight + ends:
                    return True
        return not plan.windows

    def _order(self, plan: _Plan, wall: datetime) -> Sequence[str]:
        if plan.weekend:
            midnight = datetime.combine(wall.date(), time()) - wall.weekday() * DAY
            for start in (midnight, midnight - 7 * DAY):
                if start + plan.begins <= wall < start + plan.ends:
                    return _turned(plan.weekend, (start.date() - plan.monday).days // 7)
            if wall.date() in self.holidays:
                return _turned(plan.weekend, (wall.date() - DAY - plan.monday).days // 7)
        return _turned(plan.rotation, (wall - plan.first) // plan.length)


@dataclass(frozen=True)
class _Plan:
    """What a layer says, with every word read once."""

    zone: str
    rotation: tuple[str, ...]
    length: timedelta
    first: datetime
    monday: date
    windows: Sequence[tuple[frozenset[str], timedelta, timedelta]]
    weekend: tuple[str, ...]
    begins: timedelta
    ends: timedelta
    fallback: str
    overrides: Sequence[tuple[datetime, datetime, str]]


def utc(text: str) -> datetime:
    """Return a moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def _turned(rotation: tuple[str, ...], number: int) -> Sequence[str]:
    first = number % len(rotation)
    return [*rotation[first:], *rotation[:first]]


def _words(days: str) -> frozenset[str]:
    found: set[str] = set()
    for word in days.split(","):
        first, _, last = word.strip().partition("-")
        if not last:
            found.add(first)
            continue
        index = _DAYS.index(first)
        while _DAYS[index % 7] != last:
            found.add(_DAYS[index % 7])
            index += 1
        found.add(last)
    return frozenset(found)


def _clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _in_week(text: str) -> timedelta:
    day, clock = text.split()
    return _DAYS.index(day) * DAY + _clock(clock)


def _day(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _begin(value: str | date) -> datetime:
    text = str(value)
    return datetime.fromisoformat(text if len(text) > 10 else f"{text} 00:00")


def _end(value: str | date) -> datetime:
    text = str(value)
    if len(text) > 10:
        day, clock = text[:10], text[11:]
        return datetime.fromisoformat(day) + _clock(clock[:5])
    return datetime.fromisoformat(text) + DAY
