"""What a team may say about tickets in `lumen.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lumen_action.model import Failure

QUIET_DAYS = 7


@dataclass(frozen=True)
class TicketOptions:
    """Where tickets go, how they look, and which failures make none; an empty tracker is that of the CI."""

    tracker: str = field(default="", repr=False)
    labels: tuple[str, ...] = ()
    assignees: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quiet_days: int = QUIET_DAYS
    ignore: tuple[str, ...] = ()
    webhook_secret: str = field(default="", repr=False)

    def ignores(self, failure: Failure) -> bool:
        """Tell whether a failure of this class or subclass makes no ticket."""
        return failure.error_class.value in self.ignore or failure.name in self.ignore

    def assigned(self, failure: Failure) -> tuple[str, ...]:
        """Return whom the team names for a failure; the row of the subclass comes first."""
        return self.assignees.get(failure.name, self.assignees.get(failure.error_class.value, ()))
