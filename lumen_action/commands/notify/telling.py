"""Receipts as people and machines read them, and what they mean for the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lumen_action.commands.session import Session
from lumen_action.errors import RemoteError
from lumen_action.ops.notify import Receipt
from lumen_action.summary.markdown import plain


def receipt_line(receipt: Receipt) -> str:
    """Return what became of a message in one channel, in one line."""
    refused = "".join(f"; refused {name} ({why})" for name, why in receipt.refused.items())
    return f"{receipt.channel} to {receipt.place}: {receipt.state.value}, {receipt.told}{refused}"


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Return the same for machines."""
    return {
        "channel": receipt.channel,
        "place": receipt.place,
        "state": receipt.state.value,
        "told": receipt.told,
        "refused": dict(receipt.refused),
    }


def show(session: Session, heading: str, told: Sequence[tuple[str, bool]]) -> None:
    """Put lines where people look: into the job summary, those that are not well also on the page of the run."""
    for line, well in told:
        # On a terminal the answer has said it already.
        if not well and session.host.identity().in_job:
            session.host.notice("warning", "lumen", line)
    summary = f"### {plain(heading)}\n\n" + "".join(f"- {plain(line)}\n" for line, _ in told) + "\n"
    if len(summary.encode()) <= session.host.summary_room():
        session.host.write_summary(summary)


def exit_code(session: Session, receipts: Sequence[Receipt]) -> int:
    """Return 75 when a channel has failed; in a job that is a warning, unless failing was asked for."""
    if all(receipt.ok for receipt in receipts):
        return 0
    forgiven = session.host.identity().in_job and not session.settings.fail_on_error
    return 0 if forgiven else RemoteError.exit_code
