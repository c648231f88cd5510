"""Alerts become incidents: a storm is one, what is told again is told once, and only a person ends it.

What happened is noted with the alert's own times and under marks made of them, so that payloads may come late, twice or
in any order. Each alert leaves few events however often it flaps, and so does a storm however many alerts it has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from lumen_action.incidents.facts import event_fact, identity
from lumen_action.incidents.incident import Incident, LinkKind
from lumen_action.incidents.silences import Silence
from lumen_action.incidents.words import Event, Severity, State
from lumen_action.ledger import TakesMany
from lumen_action.response.alerts import Alert
from lumen_action.response.incidents import Incidents, Opened, Opening
from lumen_action.response.reporting import worsened
from lumen_action.response.silences import silenced_until

MOST_NOTED = 50
"""So many alerts of an incident are noted each; of more it is only said that there are."""
MOST_FLAPS = 5
"""So often it is noted that one alert ended and began again; from then on it counts as one that goes on."""
MOST_AT_ONCE = 20
"""More incidents than this are not opened by one payload: then everything is down, and that is one incident."""
ACTOR = "alertmanager"
_MOST_COMPONENTS = 20
# Each costs a look into the ledger.
_MOST_ASKED = 200
_MORE = "more"
_OPENED_BY = "opened by "
_EVERYWHERE = "alerts everywhere"


@dataclass(frozen=True)
class Taken:
    """What came of the alerts that are one incident."""

    incident: Incident
    created: bool = False
    escalated: bool = False
    reopened: bool = False
    ended: bool = False
    """Whether the last of its alerts has just ended."""
    fresh: tuple[Alert, ...] = ()
    """The alerts that fire, were not heard of before and are noted now."""
    known: tuple[Alert, ...] = ()
    """Those that fire, and were heard of before."""


Silenced = Callable[[str], Sequence[Silence]]
"""Returns the silences of a pipeline, also those that are over."""


def take_alerts(
    desk_of: Callable[[str], Incidents], alerts: Sequence[Alert], silences_of: Silenced
) -> tuple[Taken, ...]:
    """Bring alerts to the incidents that they belong to; `desk_of` returns those of a pipeline, or of none."""
    groups: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        groups[alert.pipeline, alert.sameness].append(alert)
    if len(groups) > _MOST_ASKED:
        return _everywhere(desk_of, alerts, silences_of)
    storms = [
        _Storm(desk_of(pipeline), sameness, tuple(group), silences_of(pipeline))
        for (pipeline, sameness), group in groups.items()
    ]
    new = [storm for storm in storms if storm.begins]
    if len(new) <= MOST_AT_ONCE:
        return tuple(taken for storm in storms if (taken := _taken(storm)))
    known = [taken for storm in storms if not storm.begins and (taken := _taken(storm))]
    return (*known, *_everywhere(desk_of, [alert for storm in new for alert in storm.alerts], silences_of))


def _everywhere(
    desk_of: Callable[[str], Incidents], alerts: Sequence[Alert], silences_of: Silenced
) -> tuple[Taken, ...]:
    taken = _taken(_Storm(desk_of(""), _EVERYWHERE, tuple(alerts), silences_of("")))
    return (taken,) if taken else ()


@dataclass(frozen=True)
class _Record:
    """What is on record about the alerts of some incidents."""

    owners: Mapping[str, Incident]
    """Mark of an alert -> the incident that it is part of by now."""
    ended: frozenset[str]
    overfull_ms: int
    """Until when there were more alerts than were noted, of incidents that are over."""


def _record(desk: Incidents) -> _Record:
    every = desk.all()
    by_name = {incident.name: incident for incident in every}
    owners: dict[str, Incident] = {}
    for incident in every:
        last = incident
        while last.merged_into in by_name:
            last = by_name[last.merged_into]
        owners |= dict.fromkeys(_noted(incident), last)
    ended = (told.get("mark", "") for incident in every for told in _told_of(incident, Event.RECOVERED))
    overfull = (each.moments[-1].at_ms for each in every if each.over and _MORE in each.firing)
    return _Record(owners, frozenset(ended), max(overfull, default=0))


@dataclass(frozen=True)
class _Storm:
    """Alerts that are one incident."""

    desk: Incidents
    sameness: str
    alerts: tuple[Alert, ...]
    silences: Sequence[Silence]

    @property
    def begins(self) -> bool:
        """Tell whether it would be a new incident."""
        return bool(self.unknown) and self.desk.same_as(self.sameness) is None

    @cached_property
    def unknown(self) -> tuple[Alert, ...]:
        """Return the alerts that were never heard of and that nobody wants to be quiet, the leading one first."""
        record = _record(self.desk)
        found = {
            alert.mark: alert
            for alert in sorted(self.alerts, key=lambda alert: not alert.firing)
            if alert.mark not in record.owners and alert.starts_ms > record.overfull_ms and alert.mark in self.shown_ms
        }
        return tuple(sorted(found.values(), key=lambda each: (each.severity.rank, each.starts_ms, each.mark)))

    @cached_property
    def shown_ms(self) -> Mapping[str, int]:
        """Return since when people could see an alert, by its mark: it began, or its last silence ended.

        What is silenced now has no such time.
        """
        now_ms, found = self.desk.clock_ms(), dict[str, int]()
        for alert in self.alerts:
            silences = () if alert.severity is Severity.SEV1 else self.silences
            over = tuple(silenced_until(silences, alert.labels, alert.starts_ms, now_ms))
            if all(until_ms <= now_ms for until_ms in over):
                found[alert.mark] = max(alert.starts_ms, *over, 0)
        return found


def _taken(storm: _Storm) -> Taken | None:
    incident = storm.desk.same_as(storm.sameness)
    taken = Taken(incident) if incident else None
    if storm.unknown:
        opened = storm.desk.report(_opening(storm)) if incident is None else Opened(incident, created=False)
        taken = _joined(storm, Taken(opened.incident, created=opened.created))
    ended = _ended(storm)
    if taken is None:
        return ended
    now = storm.desk.find(taken.incident.name)
    known = tuple(
        alert
        for alert in storm.alerts
        if alert.firing
        and alert.fingerprint in now.firing
        and alert.mark in storm.shown_ms
        and alert not in taken.fresh
    )
    over = bool(ended and ended.ended and ended.incident.name == now.name)
    return replace(taken, incident=now, ended=over, known=known)


def _opening(storm: _Storm) -> Opening:
    unknown = storm.unknown
    first, regions = unknown[0], {alert.region for alert in unknown}
    pipelines = {alert.pipeline for alert in unknown}
    many = storm.sameness == _EVERYWHERE
    components = dict.fromkeys(alert.component for alert in unknown if alert.component)
    return Opening(
        f"{len(unknown)} alerts of {len(pipelines)} pipelines at once" if many else first.title,
        first.severity,
        sameness=storm.sameness,
        by=ACTOR,
        actor=ACTOR,
        text=first.text,
        detected_ms=_begun_ms(storm),
        region=next(iter(regions)) if len(regions) == 1 else "",
        components=tuple(components)[:_MOST_COMPONENTS],
        # Who finds that another has opened it meanwhile has still to note the alerts, and counts them there.
        told={"mark": f"{_OPENED_BY}{first.mark}", "times": "0"},
    )


def _begun_ms(storm: _Storm) -> int:
    """Return when what is new began to show."""
    return min(storm.shown_ms[alert.mark] for alert in storm.unknown)


def _joined(storm: _Storm, taken: Taken) -> Taken:
    """Note alerts at an incident that goes on: it gets as bad as the worst, and is back where it was resolved."""
    desk, incident = storm.desk, taken.incident
    back = _back(incident, storm.unknown)
    if back:
        told = {"actor": ACTOR, "text": f"{back.name} fires again"}
        incident = desk.happened(incident, Event.REOPENED, told, mark=back.mark)
    noted = Counter(mark.partition(" ")[0] for mark in _noted(incident))
    begun_ms = _begun_ms(storm)
    # Whoever has taken it was in time by what was known then.
    early = (
        {"detected_ms": str(begun_ms)} if incident.state is State.DETECTED and begun_ms < incident.detected_ms else {}
    )
    opening = dict(incident.moments[0].told).get("mark", "")
    notes: list[_Note] = []
    beyond: Alert | None = None
    for alert in storm.unknown:
        if alert.fingerprint not in noted and len(noted) >= MOST_NOTED:
            beyond = beyond or alert
        elif noted[alert.fingerprint] <= MOST_FLAPS:
            noted[alert.fingerprint] += 1
            flaps = " (it flaps: from here on it counts as firing)" if noted[alert.fingerprint] > MOST_FLAPS else ""
            # The incident was opened by it, perhaps by a server that died then, so it has been counted.
            counts = {"times": "0"} if opening == identity(f"{_OPENED_BY}{alert.mark}") else {}
            told = {**_told(alert), "text": f"{alert.title}{flaps}", **counts, **early}
            notes.append(_Note(Event.SEEN, told, alert.starts_ms, alert.mark))
    if beyond:
        more = {"alert": _MORE, "text": f"more than {MOST_NOTED} alerts: no further ones are noted"}
        notes.append(_Note(Event.SEEN, more, beyond.starts_ms, _MORE))
    worse = worsened(desk, _with(desk, incident, notes), storm.unknown[0].severity, ACTOR)
    marks = {note.mark for note in notes}
    fresh = tuple(alert for alert in storm.unknown if alert.firing and alert.mark in marks)
    return replace(taken, incident=worse.incident, escalated=worse.escalated, reopened=back is not None, fresh=fresh)


@dataclass(frozen=True)
class _Note:
    """Something that is noted at an incident once, whatever state it is in."""

    event: Event
    told: Mapping[str, str]
    at_ms: int
    mark: str


def _with(desk: Incidents, incident: Incident, notes: Sequence[_Note]) -> Incident:
    """Note all of it at once: each note is one that can always be, and a storm may not cost a look for every alert."""
    facts = [
        event_fact(
            desk.pipeline,
            incident.name,
            each.event,
            day=incident.day,
            at_ms=each.at_ms,
            mark=each.mark,
            told={"actor": ACTOR, **each.told},
        )
        for each in notes
    ]
    if isinstance(desk.ledger, TakesMany):
        desk.ledger.put_all(facts)
    else:
        for fact in facts:
            desk.ledger.put(fact)
    return desk.find(incident.name)


def _told(alert: Alert) -> dict[str, str]:
    return {
        "alert": alert.fingerprint,
        "components": alert.component,
        "link_kind": LinkKind.ALERT.value,
        "link_name": alert.name,
        "link_url": alert.url,
    }


def _back(incident: Incident, alerts: Iterable[Alert]) -> Alert | None:
    """Return the alert by which an incident is back that somebody had resolved before it fired."""
    resolved_ms = incident.resolved_ms
    if incident.state is not State.RESOLVED or resolved_ms is None:
        return None
    return next((alert for alert in alerts if alert.firing and alert.starts_ms > resolved_ms), None)


def _ended(storm: _Storm) -> Taken | None:
    """Note which alerts have ended; return the incident of the last, and whether none of its alerts fires any more."""
    record = _record(storm.desk)
    ended: dict[str, list[_Note]] = defaultdict(list)
    for alert in storm.alerts:
        incident = record.owners.get(alert.mark)
        if incident and not alert.firing and alert.mark not in record.ended and not _flaps(incident, alert):
            told = {"alert": alert.fingerprint, "text": f"{alert.name} ended"}
            ended[incident.name].append(_Note(Event.RECOVERED, told, alert.ends_ms, alert.mark))
    found = None
    for name, notes in ended.items():
        before = storm.desk.find(name)
        after = _with(storm.desk, before, notes)
        found = Taken(after, ended=bool(before.firing) and not after.firing and after.open)
    return found


def _flaps(incident: Incident, alert: Alert) -> bool:
    """Tell whether it began so often that it counts as firing from its last beginning on."""
    own = [mark for mark in _noted(incident) if mark.partition(" ")[0] == alert.fingerprint]
    return len(own) > MOST_FLAPS and own[-1] == alert.mark


def _noted(incident: Incident) -> dict[str, None]:
    """Return the marks of the alerts that were noted at an incident, those that began first at the beginning."""
    return {told["mark"]: None for told in _told_of(incident, Event.SEEN) if told.get("alert") and told.get("mark")}


def _told_of(incident: Incident, event: Event) -> Iterator[Mapping[str, str]]:
    return (dict(each.told) for each in incident.moments if each.event is event)
