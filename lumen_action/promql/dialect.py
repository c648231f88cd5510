"""Which Prometheus an expression is written for; 2.42 is the oldest that is known here."""

from __future__ import annotations

from dataclasses import dataclass

from lumen_action.promql.faults import Fault

Version = tuple[int, int]

OLDEST: Version = (2, 42)
UNDERSCORES: Version = (2, 48)
NUMBERS_AS_DURATIONS: Version = (2, 54)
QUOTED_NAMES: Version = (3, 0)


@dataclass(frozen=True)
class Dialect:
    """A version, or any of them, and whether it runs with its experimental functions switched on."""

    version: Version | None = None
    experimental: bool = False

    def needs(self, since: Version, position: int, found: str, fix: str) -> None:
        """Refuse what the version does not know yet."""
        if self.version and self.version < since:
            raise Fault(position, f"{found}, which needs Prometheus {since[0]}.{since[1]}", fix)

    def needs_experiments(self, position: int, found: str) -> None:
        """Refuse what only a server with experimental functions knows."""
        if not self.experimental:
            raise Fault(
                position,
                f"{found}, which is experimental",
                "start Prometheus with --enable-feature=promql-experimental-functions, or do without",
            )


ANY = Dialect()
