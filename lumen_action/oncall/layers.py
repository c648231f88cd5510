"""The layers of a roster, read from its YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from lumen_action.oncall.roster import DAY_MINUTES, DAYS, Layer, Person, Weekend, Window
from lumen_action.oncall.words import day_of, days_of_week, time_of, weekday_time_of, zone_in
from lumen_action.slo.reading import Fields, Node, nearest

_WEEK_DAYS = len(DAYS)
_LONGEST_DAYS = 366
_LENGTH = re.compile(r"([0-9]{1,4})([dw])")
_FRIDAY_AT_FIVE = (DAYS.index("fri"), 17 * 60)
_FIELDS = ("rotation", "length", "hand-off", "anchor", "cover", "weekend", "fallback", "timezone")
_WEEKEND_BEGINS, _WEEKEND_ENDS = ("fri", "sat"), ("sun", "mon")


class LayerReader:
    """Reads layers that name people."""

    def __init__(self, people: Mapping[str, Person], zone: str) -> None:
        """Take who may be named."""
        self._people = people
        self._zone = zone

    def layer(self, layers: Fields, name: str) -> Layer | None:
        """Return a layer, None where something that matters could not be read."""
        node = layers.get(name) or layers.node.child(name, None)
        fields = node.fields()
        if fields is None:
            return None
        fields.only(_FIELDS)
        zone = zone_in(fields, self._zone)
        rotation = self._rotation(fields)
        days = _length(fields)
        weekday, minutes = _hand_off(fields, days)
        anchor = _anchor(fields, weekday)
        told = fields.get("cover")
        cover = [_window(each) for each in (told.items() if told else ())]
        weekend = self._weekend(fields)
        fallback = self._fallback(fields, layers, name)
        if not rotation or days is None or anchor is None:
            return None
        windows = tuple(window for window in cover if window)
        return Layer(name, rotation, days, minutes, anchor, zone, windows, weekend, fallback)

    def _rotation(self, fields: Fields) -> tuple[str, ...]:
        node = fields.need("rotation", "[Ada, Bo]")
        named = [(each, each.text()) for each in (node.items() if node else ())]
        for each, person in named:
            if person and person not in self._people:
                known = ", ".join(self._people) or "nobody yet"
                each.refuse(each.shown, f"write one of `people`: {known}{nearest(person, self._people)}")
        return tuple(person for _, person in named if person)

    def _weekend(self, fields: Fields) -> Weekend | None:
        inner = (node := fields.get("weekend")) and node.fields()
        if not inner:
            return None
        inner.only(("rotation", "from", "to"))
        rotation = self._rotation(inner)
        start = _edge(inner, "from", "sat 00:00", _WEEKEND_BEGINS)
        end = _edge(inner, "to", "sun 24:00", _WEEKEND_ENDS)
        if start is None or end is None or not rotation:
            return None
        return Weekend(rotation, start, end if end > start else end + _WEEK_DAYS * DAY_MINUTES)

    @staticmethod
    def _fallback(fields: Fields, layers: Fields, name: str) -> str:
        """Return the layer that takes over; one that takes over for others has none itself, so none goes in circles."""
        node = fields.get("fallback")
        if not node:
            return ""
        word = node.text()
        others = [each for each in layers if each != name]
        if word and word not in others:
            known = f"write another layer: {', '.join(others)}{nearest(word, others)}" if others else "remove it"
            node.refuse(node.shown, known)
        elif word and (other := layers.get(word)) and isinstance(other.value, Mapping) and other.value.get("fallback"):
            node.refuse(f"{node.shown}, which has a fallback itself", "name a layer without one")
        return word


def _length(fields: Fields) -> int | None:
    node = fields.get("length")
    if node is None:
        return _WEEK_DAYS
    match = _LENGTH.fullmatch(node.value) if isinstance(node.value, str) else None
    days = int(match[1]) * (_WEEK_DAYS if match[2] == "w" else 1) if match else 0
    if not 0 < days <= _LONGEST_DAYS:
        node.refuse(node.shown, f"write days or weeks, such as `1w` or `3d`, at most `{_LONGEST_DAYS}d`")
        return None
    return days


def _hand_off(fields: Fields, days: int | None) -> tuple[int | None, int]:
    """Return the day of the week, where turns are weeks, and the time at which turns change."""
    node = fields.get("hand-off")
    weekly = days is None or days % _WEEK_DAYS == 0
    if node is None:
        return (_FRIDAY_AT_FIVE[0] if weekly else None), _FRIDAY_AT_FIVE[1]
    if weekly:
        found = weekday_time_of(node, "fri 17:00")
        return found or _FRIDAY_AT_FIVE
    return None, time_of(node, "turns of days change at a time: ") or 0


def _anchor(fields: Fields, weekday: int | None) -> date | None:
    node = fields.need("anchor", "2026-01-02")
    day = day_of(node) if node else None
    if node and day and weekday is not None and day.weekday() != weekday:
        near = date.fromordinal(day.toordinal() + (weekday - day.weekday()) % _WEEK_DAYS)
        node.refuse(
            f"`{day}`, a {DAYS[day.weekday()]}, but turns change on {DAYS[weekday]}",
            f"write the day on which the first of the rotation takes over, such as `{near}`",
        )
        return None
    return day


def _window(node: Node) -> Window | None:
    fields = node.fields()
    if fields is None:
        return None
    fields.only(("days", "from", "to"))
    days, begins, ends = fields.need("days", "mon-fri"), fields.need("from", '"09:00"'), fields.need("to", '"18:00"')
    on = days_of_week(days) if days else frozenset()
    start, end = time_of(begins) if begins else None, time_of(ends) if ends else None
    if not on or start is None or end is None or ends is None:
        return None
    if start in (end, DAY_MINUTES):
        ends.refuse(
            f"a window from {fields.text('from')} to {fields.text('to')}", 'write `from: "00:00"`, `to: "24:00"`'
        )
        return None
    return Window(on, start, end if end > start else end + DAY_MINUTES)


def _edge(fields: Fields, key: str, otherwise: str, days: tuple[str, ...]) -> int | None:
    """Return where a weekend begins or ends, in minutes after Monday 00:00."""
    node = fields.get(key) or fields.node.child(key, otherwise)
    found = weekday_time_of(node, otherwise)
    if found is None:
        return None
    if DAYS[found[0]] not in days:
        node.refuse(node.shown, f"write a time on {' or '.join(days)}, such as `{otherwise}`")
        return None
    return found[0] * DAY_MINUTES + found[1]
