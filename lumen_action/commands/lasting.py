"""The ledger of commands that make no sense on one that ends with the job, and the facts that wait for it."""

from __future__ import annotations

from collections.abc import Callable

from lumen_action.commands.session import Session
from lumen_action.errors import ConfigError, IntegrityError, LedgerError
from lumen_action.ledger import Ledger
from lumen_action.ledger.deliver import deliver


def lasting_ledger(session: Session, otherwise: str, *, evidence: bool = False) -> Ledger:
    """Return the ledger if it outlives the job, and if asked for if it keeps the evidence; `otherwise` says why."""
    ledger = session.ledger()
    if not ledger.durable or (evidence and ledger.url.startswith("pushgateway:")):
        which = " (a Pushgateway keeps no evidence, only counts)" if evidence else ""
        raise ConfigError(
            f"ledger: {otherwise}; set the ledger that the pipelines write to, such as "
            f"`ledger: git:https://github.com/org/app`{which}"
        )
    return ledger


def remembering_ledger(session: Session, tell: Callable[[str], None]) -> Ledger | None:
    """Return the ledger that remembers what was sent, None where there is none that could."""
    why = "no ledger is set that outlives this job"
    try:
        if session.settings.ledger and not session.settings.ledger.startswith("pushgateway:"):
            ledger = session.ledger()
            if ledger.durable:
                return ledger
    except (LedgerError, IntegrityError) as fault:
        why = str(fault)
    tell(f"warning: whether this was sent before cannot be known, nor will it be later: {why}")
    return None


def deliver_waiting(session: Session, tell: Callable[[str], None]) -> None:
    """Bring the facts of the spool into the ledger; those it does not take now wait on."""
    try:
        deliver(session.spool, session.ledger(), session.world.clock_ms())
    except LedgerError as fault:
        tell(f"warning: {fault}")
