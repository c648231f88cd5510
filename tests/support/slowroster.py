"""Who is on call at a minute, decided by the rules alone: no spans, no moments, one minute after the other.

It reads the same YAML by another parser and knows nothing of the code it is compared with. Every rule is about the
highest time that the clock on a wall has shown so far: in spring that jumps, in autumn it stands still for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
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

    def _names(self) -> set[str]:
        inner = (*self.told["people"].values(), *self.told["layers"].values())
        return {self.zone, *(each["timezone"] for each in inner if each and "timezone" in each)}

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
        layer = self.told["layers"][name]
        wall = shown[layer.get("timezone", self.zone)]
        for each in self.told.get("overrides", ()):
            if each["layer"] == name and _begin(each["from"]) <= wall < _end(each["to"]):
                return str(each["person"])
        if not self._covered(layer, wall):
            return None
        for person in self._order(layer, wall):
            if not self._away(person, shown):
                return person
        return self.who(layer["fallback"], shown) if "fallback" in layer else None

    def _covered(self, layer: Mapping[str, Any], wall: datetime) -> bool:
        if "cover" not in layer:
            return True
        for day in (wall.date(), wall.date() - DAY):
            for window in layer["cover"]:
                begins, ends = _clock(window["from"]), _clock(window["to"])
                long = ends if ends > begins else ends + DAY
                midnight = datetime.combine(day, time())
                if self._counts(layer, day, window["days"]) and midnight + begins <= wall < midnight + long:
                    return True
        return False

    def _counts(self, layer: Mapping[str, Any], day: date, days: str) -> bool:
        if day not in self.holidays:
            return _DAYS[day.weekday()] in _words(days)
        own = any("holidays" in _words(window["days"]) for window in layer["cover"])
        return ("holidays" if own else "sun") in _words(days)

    def _order(self, layer: Mapping[str, Any], wall: datetime) -> Sequence[str]:
        anchor = _day(layer["anchor"])
        monday = anchor - anchor.weekday() * DAY
        weekend = layer.get("weekend")
        if weekend:
            for week in (wall.date() - wall.weekday() * DAY, wall.date() - (wall.weekday() + 7) * DAY):
                begins, ends = _in_week(weekend.get("from", "sat 00:00")), _in_week(weekend.get("to", "sun 24:00"))
                start = datetime.combine(week, time())
                if start + begins <= wall < start + (ends if ends > begins else ends + 7 * DAY):
                    return _turned(weekend["rotation"], (week - monday).days // 7)
            if wall.date() in self.holidays:
                return _turned(weekend["rotation"], (wall.date() - DAY - monday).days // 7)
        length = str(layer.get("length", "1w"))
        days = int(length[:-1]) * (7 if length.endswith("w") else 1)
        clock = str(layer.get("hand-off", "fri 17:00" if days % 7 == 0 else "17:00")).split()[-1]
        first = datetime.combine(anchor, time()) + _clock(clock)
        return _turned(layer["rotation"], (wall - first) // timedelta(days=days))

    def _away(self, person: str, shown: Mapping[str, datetime]) -> bool:
        told = self.told["people"][person] or {}
        wall = shown[told.get("timezone", self.zone)]
        return any(_begin(each["from"]) <= wall < _end(each["to"]) for each in told.get("unavailable", ()))


def utc(text: str) -> datetime:
    """Return a moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def _turned(rotation: Sequence[str], number: int) -> Sequence[str]:
    first = number % len(rotation)
    return [*rotation[first:], *rotation[:first]]


@cache
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


@cache
def _clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


@cache
def _in_week(text: str) -> timedelta:
    day, clock = text.split()
    return _DAYS.index(day) * DAY + _clock(clock)


def _day(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


@cache
def _begin(value: str | date) -> datetime:
    text = str(value)
    return datetime.fromisoformat(text if len(text) > 10 else f"{text} 00:00")


@cache
def _end(value: str | date) -> datetime:
    text = str(value)
    if len(text) > 10:
        day, clock = text[:10], text[11:]
        return datetime.fromisoformat(day) + _clock(clock[:5])
    return datetime.fromisoformat(text) + DAY
