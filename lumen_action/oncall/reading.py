"""A roster from its YAML, with all that is wrong with it told together: file, line, field, what was found, the fix."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from lumen_action.errors import ConfigError
from lumen_action.oncall.layers import LayerReader
from lumen_action.oncall.roster import Away, Layer, Override, Person, Roster
from lumen_action.oncall.walltime import UTC
from lumen_action.oncall.words import day_of, span_in, zone_in
from lumen_action.slo.reading import Fields, Findings, Node, nearest
from lumen_action.yamlite import load_all

_MAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+")
_NAME = re.compile(r"\S(?:.{0,58}\S)?")
_WEEK_HOURS = 168
_FIELDS = ("timezone", "people", "layers", "holidays", "overrides", "accepted-uncovered-hours")


@dataclass(frozen=True)
class Read:
    """What was read; without a roster where something is wrong."""

    roster: Roster | None
    problems: tuple[str, ...] = ()


def roster_of(text: str, name: str) -> Roster:
    """Return the roster of a YAML text; a ConfigError tells everything that is wrong with it."""
    found = read(text, name)
    if found.roster is None:
        raise ConfigError(found.problems)
    return found.roster


def read(text: str, name: str) -> Read:
    """Read a roster, and tell every fault."""
    try:
        documents = [document for document in load_all(text, name) if document.value is not None]
    except ConfigError as fault:
        return Read(None, tuple(fault.problems))
    if len(documents) != 1:
        return Read(None, (f"{name}: found {len(documents)} documents; write one, with `people:` and `layers:`",))
    findings = Findings()
    roster = _roster(Node(documents[0], (), documents[0].value, findings))
    return Read(None if findings.problems else roster, tuple(dict.fromkeys(findings.problems)))


def _roster(node: Node) -> Roster | None:
    fields = node.fields()
    if fields is None:
        return None
    fields.only(_FIELDS)
    zone = zone_in(fields, UTC)
    people = _people(fields, zone)
    told = fields.get("layers")
    layers = _layers(fields, people, zone)
    # What is wrong with a layer is no reason to call its name unknown.
    named = dict.fromkeys(told.value, zone) if told and isinstance(told.value, Mapping) else {}
    zones = {**named, **{layer.name: layer.timezone for layer in layers}}
    return Roster(zone, people, layers, _holidays(fields), _overrides(fields, people, zones), _accepted_minutes(fields))


def _people(fields: Fields, zone: str) -> Mapping[str, Person]:
    node = fields.need("people", "{Ada: {mail: ada@team.example}}")
    inner = node.fields() if node else None
    return {name: _person(inner, name, zone) for name in inner} if inner else {}


def _person(people: Fields, name: str, zone: str) -> Person:
    found = people.get(name)
    if not _NAME.fullmatch(name) or not name.isprintable():
        node = people.node.child(name, None)
        node.refuse("a name that does not fit on a line", "write up to 60 characters without control characters")
    fields = found.fields() if found else None
    if fields is None:
        return Person(name)
    fields.only(("mail", "slack", "phone", "timezone", "unavailable"))
    lives = zone_in(fields, "")
    mail = fields.get("mail")
    if mail and isinstance(mail.value, str) and not _MAIL.fullmatch(mail.value):
        mail.refuse(mail.shown, "write a mail address, such as `ada@team.example`")
    told = fields.get("unavailable")
    away = [_away(each, lives or zone) for each in (told.items() if told else ())]
    return Person(
        name,
        fields.text("mail"),
        fields.text("slack"),
        fields.text("phone"),
        lives,
        tuple(sorted((each for each in away if each), key=lambda each: each.start_ms)),
    )


def _away(node: Node, zone: str) -> Away | None:
    fields = node.fields()
    if fields is None:
        return None
    fields.only(("from", "to", "reason"))
    span = span_in(fields, zone)
    return Away(*span, fields.text("reason")) if span else None


def _layers(fields: Fields, people: Mapping[str, Person], zone: str) -> tuple[Layer, ...]:
    node = fields.need("layers", "{primary: {rotation: [Ada, Bo], …}}")
    inner = node.fields() if node else None
    if node is None or inner is None:
        return ()
    names = list(inner)
    if not names:
        node.refuse("no layer", "write at least one, such as `primary:`")
    reader = LayerReader(people, zone)
    return tuple(layer for name in names if (layer := reader.layer(inner, name)))


def _holidays(fields: Fields) -> Mapping[date, str]:
    """Read a list whose entries are a day, or a day with its name."""
    found: dict[date, str] = {}
    node = fields.get("holidays")
    for each in node.items() if node else ():
        inner = each.fields() if isinstance(each.value, Mapping) else None
        if inner:
            inner.only(("day", "name"))
        place = inner.need("day", "2026-12-25") if inner else each
        day = day_of(place) if place else None
        if place and day in found:
            place.refuse(f"{day} a second time", "keep one of them")
        if day:
            found[day] = inner.text("name") if inner else ""
    return found


def _overrides(fields: Fields, people: Mapping[str, Person], zones: Mapping[str, str]) -> tuple[Override, ...]:
    node = fields.get("overrides")
    read = [(each, _override(each, people, zones)) for each in (node.items() if node else ())]
    told = sorted(
        ((override, each) for each, override in read if override),
        key=lambda pair: (pair[0].layer, pair[0].start_ms, pair[0].end_ms),
    )
    for (before, first), (after, second) in pairwise(told):
        if before.layer == after.layer and after.start_ms < before.end_ms:
            line = first.document.line(first.path)
            second.refuse(
                f"an override of `{after.layer}` that overlaps the one of line {line}: {before.person} and "
                f"{after.person} would both be on call",
                "let one end where the other begins",
            )
    return tuple(override for override, _ in told)


def _override(node: Node, people: Mapping[str, Person], zones: Mapping[str, str]) -> Override | None:
    fields = node.fields()
    if fields is None:
        return None
    fields.only(("layer", "from", "to", "person", "reason"))
    layer = _known(fields.need("layer", next(iter(zones), "primary")), zones, "layer")
    person = _known(fields.need("person", next(iter(people), "Ada")), people, "person")
    span = span_in(fields, zones.get(layer, UTC))
    return Override(layer, *span, person, fields.text("reason")) if span and layer and person else None


def _known(node: Node | None, known: Collection[str], what: str) -> str:
    """Return a name that is known, nothing where it is not."""
    word = node.text() if node else ""
    if node and word and known and word not in known:
        node.refuse(node.shown, f"write a known {what}: {', '.join(known)}{nearest(word, known)}")
        return ""
    return word


def _accepted_minutes(fields: Fields) -> int:
    node = fields.get("accepted-uncovered-hours")
    hours = node.number() if node else None
    if node and hours is not None and not 0 <= hours <= _WEEK_HOURS:
        node.refuse(node.shown, f"write how many hours of a week, from 0 to {_WEEK_HOURS}")
        return 0
    return round((hours or 0) * 60)
