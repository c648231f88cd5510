"""Everything that can go wrong, as one tree.

LumenError
├── ConfigError        a wrong input or configuration; lists every problem at once      exit 2
├── IntegrityError     something stored is not what was written                        exit 3
└── RemoteError        something outside did not answer as it should                   exit 75 when worth another try
    ├── LedgerError    the ledger could not take or give a fact
    └── HttpError      a server refused, failed or did not answer; see http.py
"""

from __future__ import annotations

from collections.abc import Sequence

_MOST_SHOWN = 60


class LumenError(Exception):
    """Base of all errors a person may read; the message says what happened, why, and what to try."""

    exit_code = 1


class ConfigError(LumenError):
    """A wrong input or configuration, with all its problems."""

    exit_code = 2

    def __init__(self, problems: Sequence[str] | str) -> None:
        """Keep every problem, so that one message can show them together."""
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class IntegrityError(LumenError):
    """Something stored is not what was written."""

    exit_code = 3


class RemoteError(LumenError):
    """Something outside did not answer as it should; trying again later may help."""

    exit_code = 75


class LedgerError(RemoteError):
    """The ledger could not take or give a fact."""


def shown(text: str) -> str:
    """Quote what is refused, cut to what fits on the line of a message."""
    return f"`{text[:_MOST_SHOWN]}…`" if len(text) > _MOST_SHOWN else f"`{text}`"
