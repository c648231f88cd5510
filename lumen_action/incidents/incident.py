"""An incident as the facts tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lumen_action.incidents.machine import MOVING, OPEN, OVER
from lumen_action.incidents.words import BLOCKING, Event, Severity, State
from lumen_action.model.fact import Details

_BRINGING = MOVING | {Event.OPENED}


class LinkKind(str, Enum):
    """What a link leads to."""

    RUN = "run"
    ALERT = "alert"
    TICKET = "ticket"
    ISSUE = "issue"
    RUNBOOK = "runbook"
    POSTMORTEM = "postmortem"
    OTHER = "other"


@dataclass(frozen=True)
class Link:
    """Something that belongs to an incident: a name, and where to read it when there is such a place."""

    kind: LinkKind
    name: str
    url: str = ""


@dataclass(frozen=True)
class Moment:
    """One line of the timeline; what came too late, or could not happen any more, stays in it and changes nothing."""

    at_ms: int
    event: Event
    actor: str
    text: str
    state: State
    """The state after it."""
    counted: bool = True
    told: Details = ()
    """All that the fact says."""

    @property
    def mark(self) -> str:
        """Return by what it is known to be the same event."""
        return dict(self.told).get("mark", "")


@dataclass(frozen=True)
class Action:
    """Something that has to be done after an incident."""

    name: str
    what: str
    owner: str = ""
    due: str = ""
    """A day, YYYY-MM-DD."""
    ticket: str = ""
    done: bool = False


@dataclass(frozen=True)
class Incident:
    """What all facts about one incident come to, whatever order they arrived in."""

    name: str
    """INC-YYYYMMDD-HHMMSS-XXXX: the moment it was opened in UTC, and four letters that make it unique."""
    pipeline: str
    title: str
    severity: Severity
    state: State
    opened_ms: int
    detected_ms: int
    """When it began to show: the first failing fact or alert, never later than it was opened."""
    ack_due_ms: int
    day: str = ""
    """The day of all its facts: the one on which it was opened, in the pipeline's time zone."""
    region: str = ""
    opened_by: str = ""
    """`hand`, `alertmanager`, or `rule:` and its name."""
    sameness: str = ""
    """What another report has to share to be the same incident."""
    summary: str = ""
    components: tuple[str, ...] = ()
    responders: tuple[str, ...] = ()
    """The first is who acknowledged it."""
    moments: tuple[Moment, ...] = ()
    links: tuple[Link, ...] = ()
    firing: tuple[str, ...] = ()
    """The alerts that have not ended, by their fingerprints."""
    seen: int = 1
    """How often the same was reported."""
    cause: str = ""
    resolution: str = ""
    actions: tuple[Action, ...] = ()
    merged_into: str = ""
    postmortem: str = ""
    """Where the postmortem is to be read."""
    acked_ms: int | None = None
    mitigated_ms: int | None = None
    resolved_ms: int | None = None
    """Of the last time; None again after it was reopened."""
    closed_ms: int | None = None
    postmortem_ms: int | None = None
    breach_told: bool = False
    older: bool = False
    """Whether its facts are of before there were events: they name a state, and no times."""
    lapses_ms: int | None = None
    """When it is over because nobody would end it, None where somebody has to."""

    @property
    def open(self) -> bool:
        """Tell whether it goes on."""
        return self.state in OPEN

    def open_at(self, now_ms: int) -> bool:
        """Tell whether it goes on at a moment after all that is known of it."""
        return self.open and (self.lapses_ms is None or now_ms < self.lapses_ms)

    @property
    def over(self) -> bool:
        """Tell whether nothing is left to do for it but the postmortem."""
        return self.state in OVER

    @property
    def settled(self) -> bool:
        """Tell whether nothing at all is left to do for it."""
        return self.over and not self.postmortem_owed

    @property
    def blocking(self) -> bool:
        """Tell whether it is of the two worst severities."""
        return self.severity in BLOCKING

    @property
    def postmortem_owed(self) -> bool:
        """Tell whether it ended and its postmortem is still to be written."""
        return self.blocking and self.state is State.CLOSED and not self.older

    @property
    def url(self) -> str:
        """Return where to read more of it, the first place that is known."""
        return next((link.url for link in self.links if link.url), "")

    @property
    def moves(self) -> tuple[Moment, ...]:
        """Return what was meant to change the state, in the order of time."""
        return tuple(moment for moment in self.moments if moment.event in MOVING)

    @property
    def last_move(self) -> Moment | None:
        """Return what brought it into its state, None for one of before there were events."""
        return next((each for each in reversed(self.moments) if each.counted and each.event in _BRINGING), None)

    def breached(self, now_ms: int) -> bool:
        """Tell whether nobody took it in time: it was acknowledged, merged or known to be no incident too late."""
        if self.older:
            return False
        last = self.last_move
        if self.acked_ms is None and self.state in (State.FALSE_ALARM, State.MERGED) and last:
            return last.at_ms > self.ack_due_ms
        return (now_ms if self.acked_ms is None else self.acked_ms) > self.ack_due_ms
