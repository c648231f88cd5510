"""The ledger that facts are written to: that it opens and answers."""

from __future__ import annotations

from lumen_action.errors import LumenError
from lumen_action.health.check import Check
from lumen_action.ops.probes.seen import Around, Seen, failed, passed


def look(_: Check, around: Around) -> Seen:
    """Ask for its head, which reads little."""
    if around.head is None:
        return failed("no ledger is known here", "set `ledger`")
    try:
        return passed(around.head(), "facts")
    except LumenError as fault:
        return failed(str(fault), "look whether it answers from this machine, and whether its credentials hold")
