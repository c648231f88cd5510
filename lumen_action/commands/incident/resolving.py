"""`lumen incident resolve`: it is over."""

from __future__ import annotations

from lumen_action.commands.incident.moving import told_move
from lumen_action.incidents.words import Event

parser, run = told_move(
    "resolve",
    Event.RESOLVED,
    "Say that it is over, and what ended it.",
    "--text 'the cache was cleared'",
    text="what ended it",
)
