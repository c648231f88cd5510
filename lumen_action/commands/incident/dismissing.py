"""`lumen incident false-alarm`: nothing was broken."""

from __future__ import annotations

from lumen_action.commands.incident.moving import told_move
from lumen_action.incidents.words import Event

parser, run = told_move(
    "false-alarm",
    Event.FALSE_ALARM,
    "Say that nothing was broken.",
    "--text 'the check was wrong'",
    text="why it is none",
)
