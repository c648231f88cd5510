"""A roster as it was written: people, layers, holidays and overrides; moments are in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MINUTES = 24 * 60
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SUNDAY = DAYS.index("sun")
HOLIDAY = len(DAYS)
"""What a holiday counts as beside the days of the week, for layers that have hours of their own on holidays."""


@dataclass(frozen=True)
class Away:
    """A time in which a person cannot be on call."""

    start_ms: int
    end_ms: int
    reason: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody who can be on call, and how to reach them."""

    name: str
    mail: str = ""
    slack: str = ""
    phone: str = ""
    timezone: str = ""
    """Where they live; empty: where the roster is."""
    away: tuple[Away, ...] = ()

    @property
    def contacts(self) -> Mapping[str, str]:
        """Return the ways to reach them, the loudest first."""
        ways = {"phone": self.phone, "slack": self.slack, "mail": self.mail}
        return {way: address for way, address in ways.items() if address}

    def is_away(self, at_ms: int) -> bool:
        """Tell whether they cannot be on call at a moment."""
        return any(away.start_ms <= at_ms < away.end_ms for away in self.away)


@dataclass(frozen=True)
class Window:
    """Hours of a day in which a layer has somebody on call."""

    days: frozenset[int]
    """0 is Monday, HOLIDAY a holiday."""
    start: int
    """Minutes after local midnight."""
    end: int
    """Minutes after the same midnight; beyond 24 hours where it goes on into the next day."""


@dataclass(frozen=True)
class Weekend:
    """Who has weekends and holidays, where they are others than those who have the week."""

    rotation: tuple[str, ...]
    start: int
    """Minutes after Monday 00:00."""
    end: int


@dataclass(frozen=True)
class Layer:
    """One line of defence: who takes turns, when they change, and at which hours somebody is on call."""

    name: str
    rotation: tuple[str, ...]
    days: int
    """How long a turn is, in days of the calendar."""
    hand_off: int
    """Minutes after local midnight."""
    anchor: date
    """The day on which the first of the rotation takes over."""
    timezone: str
    cover: tuple[Window, ...] = ()
    """None: always."""
    weekend: Weekend | None = None
    fallback: str = ""
    """The layer that takes over what all of this one are away for."""

    @property
    def people(self) -> tuple[str, ...]:
        """Return everybody who takes turns, each once."""
        return tuple(dict.fromkeys((*self.rotation, *(self.weekend.rotation if self.weekend else ()))))


@dataclass(frozen=True)
class Override:
    """Who is on call in a layer for a time, whatever the rotation and the hours of the layer say."""

    layer: str
    start_ms: int
    end_ms: int
    person: str
    reason: str = ""


@dataclass(frozen=True)
class Roster:
    """Everything that decides who is on call."""

    timezone: str
    people: Mapping[str, Person]
    layers: tuple[Layer, ...]
    """In the order in which they are called."""
    holidays: Mapping[date, str]
    """Day -> name."""
    overrides: tuple[Override, ...] = ()
    """In the order of time within a layer; those of one layer do not overlap."""
    accepted_uncovered_minutes: int = 0
    """How much of a typical week may be without anybody on call, by the team's own decision."""

    def layer(self, name: str) -> Layer:
        """Return a layer by its name."""
        return next(layer for layer in self.layers if layer.name == name)

    def zone_of(self, person: str) -> str:
        """Return where somebody lives."""
        return self.people[person].timezone or self.timezone
