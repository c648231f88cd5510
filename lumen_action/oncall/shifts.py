"""Who is on call in a layer, stretch by stretch, and who is at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from lumen_action.model.words import Word
from lumen_action.oncall.roster import HOUR_MS, Layer, Person, Roster
from lumen_action.oncall.spans import Span, laid_over, within
from lumen_action.oncall.turns import Turn, cover_spans, turns

_DAY_MS = 24 * HOUR_MS
_REACHES_DAYS = (9, 60, 800)
"""How far is looked for an end, a beginning and a successor, in turn."""


class Why(Word):
    """How somebody came to be on call."""

    ROTATION = "rotation"
    WEEKEND = "weekend"
    STAND_IN = "stand_in"
    """Whose turn it is, is away."""
    FALLBACK = "fallback"
    """All of the rotation are away."""
    OVERRIDE = "override"


@dataclass(frozen=True)
class Stretch(Span):
    """A time without a break in which one person is on call in a layer."""

    layer: str
    person: str
    why: Why
    turn: int
    """The number of the turn since the anchor."""
    instead_of: str = ""
    reason: str = ""


@dataclass(frozen=True)
class LayerDuty:
    """Who is on call in a layer at a moment."""

    layer: str
    stretch: Stretch | None
    """None: nobody."""
    person: Person | None
    since_ms: int | None
    """Since when without a break; None where nobody is, or where it is longer ago than anyone looked."""
    until_ms: int | None
    """Until when without a break."""
    next: Person | None
    """Who is on call next and is somebody else; after nobody, whoever comes."""
    next_ms: int | None
    resumes_ms: int | None
    """When the layer next has somebody after `until_ms`, or after nobody."""


@dataclass(frozen=True)
class Duty:
    """Who is on call at a moment."""

    at_ms: int
    layers: tuple[LayerDuty, ...]
    """In the order in which they are called."""

    @property
    def people(self) -> tuple[Person, ...]:
        """Return whom to call, in this order, each once."""
        return tuple({duty.person.name: duty.person for duty in self.layers if duty.person}.values())

    @property
    def nobody(self) -> bool:
        """Tell whether nobody is on call."""
        return not self.people

    @property
    def resumes_ms(self) -> int | None:
        """Return when the first layer has somebody again where nobody is on call."""
        known = [duty.resumes_ms for duty in self.layers if duty.resumes_ms is not None]
        return min(known) if self.nobody and known else None


def on_call(roster: Roster, at_ms: int) -> Duty:
    """Return who is on call at a moment, since and until when, and who is next."""
    return Duty(at_ms, tuple(_layer_duty(roster, layer, at_ms) for layer in roster.layers))


def stretches(roster: Roster, layer: Layer, whole: Span) -> list[Stretch]:
    """Return who is on call in a layer when, cut at both ends of the whole."""
    pieces = within(turns(layer, roster.holidays, whole), cover_spans(layer, roster.holidays, whole))
    planned = [stretch for piece in pieces for stretch in _taken(roster, layer, piece)]
    overrides = [
        Stretch(each.start_ms, each.end_ms, layer.name, each.person, Why.OVERRIDE, 0, "", each.reason)
        for each in roster.overrides
        if each.layer == layer.name and each.start_ms < whole.end_ms and each.end_ms > whole.start_ms
    ]
    return _joined(laid_over(planned, list(within(overrides, [whole]))))


def _taken(roster: Roster, layer: Layer, piece: Turn) -> Iterator[Stretch]:
    """Yield who takes a piece of a turn: whose turn it is, else the next who is not away, else the fallback."""
    away = [away for name in piece.order for away in roster.people[name].away]
    inside = {edge for each in away for edge in (each.start_ms, each.end_ms) if piece.start_ms < edge < piece.end_ms}
    edges = sorted({piece.start_ms, *inside, piece.end_ms})
    first = piece.order[0]
    plain = Why.WEEKEND if piece.weekend else Why.ROTATION
    for start_ms, end_ms in pairwise(edges):
        person = next((name for name in piece.order if not roster.people[name].is_away(start_ms)), None)
        if person:
            stands_in = person != first
            why, instead_of = (Why.STAND_IN, first) if stands_in else (plain, "")
            yield Stretch(start_ms, end_ms, layer.name, person, why, piece.number, instead_of)
        elif layer.fallback:
            for each in stretches(roster, roster.layer(layer.fallback), Span(start_ms, end_ms)):
                yield replace(each, layer=layer.name, why=Why.FALLBACK, turn=piece.number, instead_of=first, reason="")


def _joined(pieces: Sequence[Stretch]) -> list[Stretch]:
    """Join what follows without a break and differs in nothing but the time."""
    found: list[Stretch] = []
    for piece in pieces:
        last = found[-1] if found else None
        if (
            last
            and last.end_ms == piece.start_ms
            and replace(last, start_ms=0, end_ms=0) == replace(piece, start_ms=0, end_ms=0)
        ):
            found[-1] = replace(last, end_ms=piece.end_ms)
        else:
            found.append(piece)
    return found


def _layer_duty(roster: Roster, layer: Layer, at_ms: int) -> LayerDuty:
    duty = LayerDuty(layer.name, None, None, None, None, None, None, None)
    back = ahead = 0
    for days in _REACHES_DAYS:
        back_is_known = back and (duty.person is None or duty.since_ms)
        ahead_is_known = duty.next and (duty.person is None or duty.until_ms)
        if back_is_known and ahead_is_known:
            break
        back, ahead = back if back_is_known else days, ahead if ahead_is_known else days
        whole = Span(at_ms - back * _DAY_MS, at_ms + ahead * _DAY_MS)
        duty = _duty_in(roster, layer.name, stretches(roster, layer, whole), at_ms, whole)
    return duty


def _duty_in(roster: Roster, name: str, known: Sequence[Stretch], at_ms: int, whole: Span) -> LayerDuty:
    now = next((index for index, each in enumerate(known) if each.start_ms <= at_ms < each.end_ms), None)
    if now is None:
        later = next((each for each in known if each.start_ms > at_ms), None)
        comes, resumes_ms = (roster.people[later.person], later.start_ms) if later else (None, None)
        return LayerDuty(name, None, None, None, None, comes, resumes_ms, resumes_ms)
    stretch = known[now]
    first = last = now
    while first and _goes_on(known[first - 1], known[first]):
        first -= 1
    while last + 1 < len(known) and _goes_on(known[last], known[last + 1]):
        last += 1
    since_ms, until_ms = known[first].start_ms, known[last].end_ms
    other = next((each for each in known[last + 1 :] if each.person != stretch.person), None)
    return LayerDuty(
        name,
        stretch,
        roster.people[stretch.person],
        since_ms if since_ms > whole.start_ms else None,
        until_ms if until_ms < whole.end_ms else None,
        roster.people[other.person] if other else None,
        other.start_ms if other else None,
        known[last + 1].start_ms if last + 1 < len(known) else None,
    )


def _goes_on(before: Stretch, after: Stretch) -> bool:
    return before.end_ms == after.start_ms and before.person == after.person
