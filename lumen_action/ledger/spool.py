"""Facts on their way to a ledger: on disk before anything else happens, gone once the ledger has them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lumen_action.errors import LedgerError
from lumen_action.files import write_atomically
from lumen_action.model import Fact

_SUFFIX = ".fact"


class Spool:
    """A folder of facts for one ledger; several processes may fill and drain it at once."""

    def __init__(self, state_dir: Path, ledger_url: str) -> None:
        """Name the folder; it is created by the first fact."""
        self.folder = state_dir / "spool" / hashlib.sha256(ledger_url.encode()).hexdigest()[:16]

    def add(self, fact: Fact) -> Path:
        """Keep a fact; two observations of one event lie side by side, so none is lost before the ledger judges."""
        body = fact.encode()
        path = self.folder / f"{fact.key.digest}-{hashlib.sha256(fact.statement).hexdigest()[:16]}{_SUFFIX}"
        try:
            write_atomically(path, body)
        except OSError as fault:
            raise LedgerError(f"cannot keep a fact in {self.folder}: {fault.strerror}") from fault
        return path

    def pending(self) -> Iterator[tuple[Path, Fact]]:
        """Yield what still waits, oldest first; a file that is not a fact is set aside for a person to look at."""
        for path in sorted(self.folder.glob(f"*{_SUFFIX}"), key=_age):
            try:
                yield path, Fact.decode(path.read_bytes())
            except FileNotFoundError:
                continue  # another process delivered it meanwhile
            except ValueError:
                with suppress(OSError):
                    path.replace(path.with_suffix(".unreadable"))

    def done(self, path: Path) -> None:
        """Forget a fact that the ledger has."""
        path.unlink(missing_ok=True)


def _age(path: Path) -> tuple[float, str]:
    try:
        return (path.stat().st_mtime, path.name)
    except FileNotFoundError:
        return (0.0, path.name)
