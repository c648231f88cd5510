"""Machines of a git ledger: each name is a place of its own with a clone of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from githost import GitHost

from lumen_action.ledger.git import GitLedger
from lumen_action.model import Fact

Opener = Callable[..., GitLedger]


@contextlib.contextmanager
def over(host: GitHost, folder: Path) -> Iterator[Opener]:
    """Give what opens the ledger as on the machine of a name; all are closed at the end."""
    with contextlib.ExitStack() as opened:

        def open_on(name: str = "a", **more: object) -> GitLedger:
            ledger = GitLedger(f"git:{host.url}", folder / name, **more)  # type: ignore[arg-type]
            opened.callback(ledger.close)
            return ledger

        yield open_on


def runs(facts: Iterable[Fact]) -> list[str]:
    """Return the runs of facts in their order, each as often as it is there."""
    return sorted(each.key.run for each in facts)
