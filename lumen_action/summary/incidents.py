"""Incidents for people who were woken: what broke, who has it, what it took against its deadlines, and what is next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone, tzinfo

from lumen_action.incidents.incident import Action, Incident, Moment
from lumen_action.incidents.machine import COMMANDS, legal
from lumen_action.incidents.words import State
from lumen_action.summary.markdown import link, plain, visible
from lumen_action.summary.table import Row, Table
from lumen_action.summary.words import took

_BIRTH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MOST_TEXT_BYTES = 2000
# What a moment says beside who and how.
_ALSO = ("responder", "severity", "into", "link_name")
Quoted = Callable[[str], str]
"""What makes foreign words harmless in the form at hand."""


def as_line(incident: Incident, now_ms: int) -> str:
    """Return an incident in one line."""
    how = f"{incident.severity.shown}  {incident.state}  {visible(incident.title)}  ({_standing(incident, now_ms)})"
    return f"{incident.name}  {how}"


def as_table(incidents: Sequence[Incident], now_ms: int) -> str:
    """Return the incidents as lines with columns for a terminal, the one that was opened last on top."""
    rows = [
        (
            each.name,
            each.severity.shown,
            each.state.value,
            took(max(0, now_ms - each.detected_ms)) + " ago",
            _standing(each, now_ms),
            visible(each.title),
        )
        for each in reversed(incidents)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def as_text(incident: Incident, now_ms: int, zone: tzinfo) -> str:
    """Return an incident for a terminal: how it stands, its times, what is next, what happened."""
    facts = [(name, text) for name, text in _facts(incident, now_ms, zone, visible) if text]
    facts += [("Action", visible(_action(each))) for each in incident.actions]
    facts += [("Link", visible(f"{each.kind.value} {each.name} {each.url}")) for each in incident.links]
    width = max(len(name) for name, _ in facts)
    steps = [_step(each, zone, visible) for each in incident.moments]
    *columns, _ = [max(map(len, column)) for column in zip(*steps, strict=True)] or [0]
    timeline = ["", f"Timeline in {' and '.join(_clocks(zone))}"] if steps else []
    return "\n".join(
        [
            f"{incident.name}  {incident.severity.shown}  {incident.state}  {visible(_where(incident))}",
            visible(incident.title),
            *(f"{name:<{width}}  {text}" for name, text in facts),
            *timeline,
            *("  ".join([*map(str.ljust, step, columns), step[-1]]).rstrip() for step in steps),
        ]
    )


def as_markdown(incident: Incident, now_ms: int, zone: tzinfo) -> str:
    """Return an incident for a job summary or a ticket."""
    facts = [f"- **{name}**: {text}" for name, text in _facts(incident, now_ms, zone, _prose) if text]
    facts += [f"- **Action**: {_prose(_action(each))}" for each in incident.actions]
    facts += [f"- **{each.kind.value}**: {link(each.name or each.url, each.url, 200)}" for each in incident.links]
    steps = tuple(Row(_step(each, zone, _prose)) for each in incident.moments)
    parts = [
        f"### {incident.name}: {plain(incident.title)}",
        f"**{incident.severity.shown}, {incident.state.value.replace('_', ' ')}**",
        "\n".join(facts),
        Table((*_clocks(zone), "What", "Who and how"), steps, "moment").full(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def taking(incident: Incident, now_ms: int) -> str:
    """Say whether somebody took it, and whether that was in time."""
    due_ms = incident.ack_due_ms
    if incident.older:
        return "who took it is not on record"
    if incident.acked_ms is not None:
        after = took(incident.acked_ms - incident.detected_ms)
        late = f", {took(incident.acked_ms - due_ms)} late" if incident.acked_ms > due_ms else ", in time"
        return f"taken after {after}{late}"
    if incident.state is not State.DETECTED:
        return "never taken"
    if now_ms > due_ms:
        return f"NOT TAKEN, {took(now_ms - due_ms)} late"
    return f"to be taken within {took(due_ms - now_ms)}"


def _standing(incident: Incident, now_ms: int) -> str:
    return taking(incident, now_ms) + (", postmortem owed" if incident.postmortem_owed else "")


def _where(incident: Incident) -> str:
    return incident.pipeline + (f" in {incident.region}" if incident.region else "")


def next_steps(state: State) -> str:
    """Return what a person can write now."""
    return ", ".join(f"`{name}`" for name in dict.fromkeys(COMMANDS[event] for event in legal(state)))


def _facts(incident: Incident, now_ms: int, zone: tzinfo, quoted: Quoted) -> Iterator[tuple[str, str]]:
    yield "Response", taking(incident, now_ms)
    yield "Next", "" if incident.older else next_steps(incident.state)
    yield "Detected", _both(incident.detected_ms, zone)
    by = f", by {quoted(incident.opened_by)}" if incident.opened_by else ""
    yield "Opened", f"{_both(incident.opened_ms, zone)}{by}"
    yield (
        "Due",
        ""
        if incident.older
        else f"{_both(incident.ack_due_ms, zone)}, {took(incident.ack_due_ms - incident.detected_ms)} after detection",
    )
    for name, at_ms in (
        ("Mitigated", incident.mitigated_ms),
        ("Resolved", incident.resolved_ms),
        ("Closed", incident.closed_ms),
    ):
        yield (
            name,
            "" if at_ms is None else f"{_both(at_ms, zone)}, {took(at_ms - incident.detected_ms)} after detection",
        )
    yield "Pipeline", quoted(_where(incident))
    yield "Components", quoted(", ".join(incident.components))
    yield "Responders", quoted(", ".join(incident.responders))
    yield "Reported", f"{incident.seen} times" if incident.seen > 1 else ""
    yield "Alerts", f"{len(incident.firing)} firing" if incident.firing else ""
    yield "Cause", quoted(incident.cause)
    yield "Resolution", quoted(incident.resolution)
    yield "Part of", incident.merged_into
    yield "Postmortem", quoted(incident.postmortem) or ("owed" if incident.postmortem_owed else "")


def _action(action: Action) -> str:
    known = (action.owner, f"due {action.due}" if action.due else "", action.ticket)
    return ", ".join(["done" if action.done else "open", *filter(None, known)]) + f": {action.what}"


def _step(moment: Moment, zone: tzinfo, quoted: Quoted) -> tuple[str, ...]:
    told = dict(moment.told)
    also = [told[word] for word in _ALSO if told.get(word) and told[word] != moment.actor]
    said = ": ".join(part for part in (moment.actor, moment.text) if part)
    beside = f" ({', '.join(also)})" if also else ""
    late = "" if moment.counted else " [changes nothing: it came too late]"
    clocks = [f"{_local(moment.at_ms, timezone.utc):%Y-%m-%d %H:%M:%S}"]
    if _elsewhere(zone):
        clocks.append(f"{_local(moment.at_ms, zone):%m-%d %H:%M}")
    return (*clocks, moment.event.value.replace("_", " "), quoted(f"{said}{beside}") + late)


def _prose(text: str) -> str:
    return plain(text, _MOST_TEXT_BYTES)


def _elsewhere(zone: tzinfo) -> bool:
    return str(zone) != "UTC"


def _clocks(zone: tzinfo) -> tuple[str, ...]:
    return ("UTC", str(zone)) if _elsewhere(zone) else ("UTC",)


def _both(at_ms: int, zone: tzinfo) -> str:
    utc = f"{_local(at_ms, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    return f"{utc} ({_local(at_ms, zone):%m-%d %H:%M} {zone})" if _elsewhere(zone) else utc


def _local(at_ms: int, zone: tzinfo) -> datetime:
    return (_BIRTH + timedelta(milliseconds=at_ms)).astimezone(zone)
