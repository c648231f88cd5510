"""When each runbook was drilled last, as the ledger tells."""

from __future__ import annotations

from lumen_action.commands.session import Session
from lumen_action.commands.state import state_in
from lumen_action.errors import IntegrityError, LedgerError
from lumen_action.runbooks.linting import Drills


def drills_of(session: Session) -> Drills:
    """Return what all pipelines of the ledger say together, or why nothing can be known; what failed is no drill."""
    if not session.settings.ledger:
        return Drills(None, "no ledger is set; write `--ledger sqlite:/var/lib/lumen/ledger.db`")
    if session.settings.ledger.startswith("pushgateway:"):
        return Drills(None, "a Pushgateway keeps no evidence, only counts")
    try:
        state = state_in(session, None)
    except (LedgerError, IntegrityError) as fault:
        return Drills(None, str(fault))
    found: dict[str, int] = {}
    for pipeline in state.pipelines.values():
        found |= {name: max(at_ms, found.get(name, 0)) for name, at_ms in pipeline.drills.items() if at_ms}
    return Drills(found)
