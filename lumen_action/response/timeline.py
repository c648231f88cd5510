"""What happened to an incident, line by line; `clean` takes secrets out of what people and alerts said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from lumen_action.incidents.incident import Incident, Moment
from lumen_action.incidents.words import Event
from lumen_action.summary.markdown import cell, link, plain
from lumen_action.summary.table import Row, Table
from lumen_action.summary.words import moment


def timeline(incident: Incident, clean: Callable[[str], str]) -> str:
    """Return the table of what happened, in the order of time."""
    rows = [Row((moment(incident.detected_ms), "began to show", "-", "-"))]
    ordered = sorted(incident.moments, key=lambda each: each.at_ms)
    rows += [_moment(list(alike), clean) for _, alike in groupby(enumerate(ordered), key=_likeness)]
    return Table(("Time", "What", "Who", "Said"), tuple(rows), "moment").full()


def _likeness(numbered: tuple[int, Moment]) -> tuple[object, ...]:
    """Return what moments share that follow each other and are one line: alerts that tell the same again and again."""
    number, each = numbered
    told = dict(each.told)
    return (each.event, each.actor, each.text, told.get("alert")) if each.event is Event.SEEN else (number,)


def _moment(alike: Sequence[tuple[int, Moment]], clean: Callable[[str], str]) -> Row:
    each, last = alike[0][1], alike[-1][1]
    told = dict(each.told)
    url = told.get("link_url") or told.get("url", "")
    name = told.get("link_name") or told.get("alert", "") or told.get("ticket", "")
    said = ": ".join(filter(None, (clean(_change(each.event, told)), clean(each.text))))
    parts = [plain(said) if said else "", link(clean(name), clean(url)) if name or url else ""]
    late = "" if each.counted else " (changed nothing)"
    often = f" {len(alike)} times, last {moment(last.at_ms)}" if len(alike) > 1 else ""
    what = f"{each.event.value.replace('_', ' ')}{often}{late}"
    return Row((moment(each.at_ms), what, cell(clean(each.actor)), " ".join(filter(None, parts)) or "-"))


def _change(event: Event, told: Mapping[str, str]) -> str:
    """Return what an event says without words of a person."""
    if event is Event.SEVERITY:
        return f"now {told.get('severity', '').capitalize()}"
    if event is Event.MERGED:
        return f"into {told.get('into', '')}"
    if event is Event.ACTION:
        return _action_change(told)
    if told.get("responder") and told["responder"] != told.get("actor"):
        return told["responder"]
    due = told.get("due_ms", "")
    return f"the deadline was {moment(int(due))}" if event is Event.BREACHED and due.isdecimal() else ""


def _action_change(told: Mapping[str, str]) -> str:
    words = {"owner": "for", "due": "until"}
    parts = [f"{how} {told[name]}" for name, how in words.items() if told.get(name)]
    return " ".join([*(["done"] if told.get("done") == "true" else []), *parts])
