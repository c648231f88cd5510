"""The closed sets of words about incidents, and the times that go with them."""

from __future__ import annotations

from collections.abc import Mapping

from lumen_action.model.words import Word

MINUTE_MS = 60_000


class Severity(Word):
    """How bad it is, the worst first; whoever is unsure takes the worse one."""

    SEV1 = "sev1"
    SEV2 = "sev2"
    SEV3 = "sev3"
    SEV4 = "sev4"

    @property
    def rank(self) -> int:
        """Return 1 for the worst."""
        return int(self.value[-1])

    @property
    def response_ms(self) -> int:
        """Return within what time somebody has to take it."""
        return RESPONSE_MINUTES[self] * MINUTE_MS

    @property
    def shown(self) -> str:
        """Return it as people write it."""
        return self.value.capitalize()


RESPONSE_MINUTES: Mapping[Severity, int] = {
    Severity.SEV1: 15,
    Severity.SEV2: 30,
    Severity.SEV3: 60,
    Severity.SEV4: 240,
}
BLOCKING = frozenset({Severity.SEV1, Severity.SEV2})
"""Those that hold a deployment back while they are open, and that end with a postmortem."""
POSTMORTEM_DAYS = 5
"""Within how many working days after the closing it has to be written, where nothing else is said."""


class State(Word):
    """Where an incident stands."""

    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CLOSED = "closed"
    POSTMORTEM = "postmortem"
    """Closed, and the postmortem is written."""
    FALSE_ALARM = "false_alarm"
    MERGED = "merged"


class Event(Word):
    """What happens to an incident, in the order in which things of one and the same moment are played."""

    OPENED = "opened"
    SEEN = "seen"
    """The same was met again: an alert that fires on, another run, another opening by hand."""
    RECOVERED = "recovered"
    """An alert ended by itself; whether all is well a person says."""
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    UPDATED = "updated"
    JOINED = "joined"
    """Somebody takes part."""
    LINKED = "linked"
    SEVERITY = "severity"
    BREACHED = "breached"
    """Nobody took it in time; told once, by whoever looks next."""
    MITIGATED = "mitigated"
    CAUSE = "cause"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    FALSE_ALARM = "false_alarm"
    REMINDED = "reminded"
    """The postmortem is asked for again."""
    ACTION = "action"
    """Something that has to be done so that it does not happen again, or how far that is."""
    POSTMORTEM = "postmortem"
    REOPENED = "reopened"
