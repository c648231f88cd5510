"""The totals shown at once, after something other than a stage has changed them."""

from __future__ import annotations

from contextlib import suppress

from lumen_action.commands.session import Session
from lumen_action.errors import LumenError
from lumen_action.model import Trust


def show_totals(session: Session, pipeline: str, warnings: list[str]) -> bool:
    """Show the totals where sinks are set; a sink that is away is told, and the next publish shows the same."""
    if not session.settings.has_sinks or session.host.identity().trust is Trust.FORK:
        return False
    try:
        if not session.ledger().durable:
            warnings.append(session.ephemeral_note)
            return False
        with suppress(ImportError):
            for secret in session.settings.push_secrets:
                session.host.mask(secret)
        results = session.publisher().publish(pipeline, schedule=session.settings.schedule)
    except LumenError as fault:
        warnings.append(f"no totals were published: {fault}")
        return False
    warnings += [result.describe() for result in results if not result.ok]
    return all(result.ok for result in results)
