"""Channels: one message, brought to people or machines, with a receipt of what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from lumen_action.ops.notify.message import Message


class State(str, Enum):
    """What became of a message in one channel."""

    SENT = "sent"
    PARTLY = "partly"
    """Some of those it was meant for were refused."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may have arrived: its last answer was lost."""
    ALREADY = "already"
    """It was sent before, and is not sent again."""
    COUNTED = "counted"
    """The same was told a short while ago: the next message says how many there were."""
    HELD = "held"
    """It is kept and leaves later: after quiet hours, or together with others."""
    UNTOLD = "untold"
    """It ends what this channel was never told of."""
    DRY = "dry"


@dataclass(frozen=True)
class Receipt:
    """What a channel says of a message, without any secret."""

    channel: str
    place: str
    """Where it went, as far as may be shown."""
    state: State
    told: str
    refused: Mapping[str, str] = field(default_factory=dict)
    """Recipients that were refused, with the server's words."""

    @property
    def ok(self) -> bool:
        """Tell whether there is nothing to be done about it."""
        return self.state not in (State.PARTLY, State.FAILED, State.UNKNOWN)


class Channel(Protocol):
    """One way to people or machines."""

    name: str
    place: str
    address: str
    """Whom it reaches, as one text that is only ever shown as a digest."""
    knows_repeats: bool
    """Whether a message that arrives twice is seen once."""

    def send(self, message: Message) -> Receipt:
        """Send a message with patience; whatever goes wrong is in the receipt."""

    def preview(self, message: Message) -> Mapping[str, object]:
        """Return what would be sent."""
