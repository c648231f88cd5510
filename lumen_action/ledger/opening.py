"""From a URL to a ledger."""

from __future__ import annotations

from pathlib import Path

from lumen_action.ledger import Ledger
from lumen_action.ledger.sqlite import SCHEME, SqliteLedger


def open_ledger(url: str, *, dies_with_job: tuple[Path, ...] = (), machine_dies: bool = False) -> Ledger:
    """Open the ledger of a URL; it is durable unless its file lies where nothing outlives the job."""
    path = Path(url.removeprefix(SCHEME)).expanduser().absolute()
    doomed = machine_dies or any(folder.absolute() in path.parents for folder in dies_with_job)
    return SqliteLedger(path, durable=not doomed)
