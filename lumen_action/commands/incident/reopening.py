"""`lumen incident reopen`: it is back."""

from __future__ import annotations

from lumen_action.commands.incident.moving import told_move
from lumen_action.incidents.words import Event

parser, run = told_move(
    "reopen",
    Event.REOPENED,
    "Say that it is back: it is investigated again.",
    "INC-20260304-031200-K7QD --text 'it fails again'",
    text="what shows it",
)
