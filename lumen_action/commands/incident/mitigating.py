"""`lumen incident mitigate`: users no longer feel it."""

from __future__ import annotations

from lumen_action.commands.incident.moving import told_move
from lumen_action.incidents.words import Event

parser, run = told_move(
    "mitigate",
    Event.MITIGATED,
    "Say that users no longer feel it, whatever the cause.",
    "--text 'traffic goes to the other region'",
    text="what was done",
)
