"""`lumen incident cause`: why it happened."""

from __future__ import annotations

from lumen_action.commands.incident.moving import told_move
from lumen_action.incidents.words import Event

parser, run = told_move(
    "cause",
    Event.CAUSE,
    "Say what the cause is; closing needs it.",
    "--text 'nobody removed old reports'",
    text="the cause",
    needed=True,
)
