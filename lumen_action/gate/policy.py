"""What a gate may answer, which kinds of change there are, and what a team lets each of them do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from lumen_action.slo.evaluation import Evaluation
from lumen_action.slo.objective import LedgerSource
from lumen_action.slo.phrases import counted

_HOUR_MS = 3_600_000
_DAY_HOURS = 24
MAX_AGE_MS = 48 * _HOUR_MS
_LENGTH = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNIT_MS = {"m": 60_000, "h": _HOUR_MS, "d": _DAY_HOURS * _HOUR_MS}


class Ruling(str, Enum):
    """What a gate answers, from the mildest to the worst."""

    ALLOW = "allow"
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    BLOCK = "block"

    @property
    def weight(self) -> int:
        """Return what sorts answers: the worst has the most."""
        return list(Ruling).index(self)


class Change(str, Enum):
    """What is about to be deployed."""

    FEATURE = "feature"
    FIX = "fix"
    SECURITY = "security"
    REVERT = "revert"

    @property
    def noun(self) -> str:
        """Return what people call such a change."""
        return "security change" if self is Change.SECURITY else self.value


ALIASES: Mapping[str, Change] = {"bugfix": Change.FIX, "hotfix": Change.FIX, "rollback": Change.REVERT}
NEVER_BLOCKED = frozenset({Change.SECURITY, Change.REVERT})
"""What makes a service safer: holding it back would keep it as bad as it is."""
KINDS: Mapping[Change, Ruling] = {
    Change.FEATURE: Ruling.BLOCK,
    Change.FIX: Ruling.WARN,
    Change.SECURITY: Ruling.ALLOW,
    Change.REVERT: Ruling.ALLOW,
}


CLOSES: Mapping[str, bool] = {"fail-open": False, "open": False, "fail-closed": True, "closed": True}
"""Whether a gate that cannot say anything holds a change back, by the words for it."""


def change_of(word: str) -> Change:
    """Return the kind of change that a word names, a ValueError where it names none."""
    return ALIASES.get(word) or Change(word)


def kinds_of(words: Mapping[str, str]) -> Mapping[Change, Ruling]:
    """Return what a team lets each kind of change do, a ValueError where that cannot be."""
    kinds = {change_of(name): Ruling(word) for name, word in words.items()}
    if Ruling.INCONCLUSIVE in kinds.values() or any(kinds.get(change) is Ruling.BLOCK for change in NEVER_BLOCKED):
        raise ValueError("security and revert are never blocked, and a budget that is spent is never inconclusive")
    return kinds


def length_ms(text: str) -> int | None:
    """Read a length of time such as 90m, 36h or 3d, None where it is none."""
    length = _LENGTH.fullmatch(text)
    return int(length[1]) * _UNIT_MS[length[2]] if length else None


@dataclass(frozen=True)
class Freshness:
    """How old data may be: as told, else until a run of the pipeline's schedule is overdue, else two days."""

    max_age_ms: int | None = None
    pipeline: str = ""
    due_ms: Callable[[int], int | None] | None = None
    """By when the first run that is expected after a moment has reported, None where none is expected."""

    def fault(self, evaluation: Evaluation, now_ms: int) -> str:
        """Return what is wrong with the age of an objective's data, nothing where it is young enough."""
        newest_ms = evaluation.newest_ms
        if newest_ms is None:
            return ""
        old = f"data is {age(now_ms - newest_ms)} old"
        if self.max_age_ms is None and self.due_ms and self._scheduled(evaluation):
            due_ms = self.due_ms(newest_ms)
            return (
                f"{old}: a run that was due {age(now_ms - due_ms)} ago is missing" if due_ms and due_ms < now_ms else ""
            )
        allowed_ms = MAX_AGE_MS if self.max_age_ms is None else self.max_age_ms
        return f"{old}, at most {age(allowed_ms)} are allowed" if now_ms - newest_ms > allowed_ms else ""

    def _scheduled(self, evaluation: Evaluation) -> bool:
        source = evaluation.slo.source
        return isinstance(source, LedgerSource) and source.pipeline in ("", self.pipeline)


@dataclass(frozen=True)
class Policy:
    """What a team lets changes do when a budget is spent, and what it takes to say anything at all."""

    kinds: Mapping[Change, Ruling] = field(default_factory=dict)
    min_events: int | None = None
    """Fewer events than this say nothing; None is as many as it takes for the target to allow one failure."""
    freshness: Freshness = field(default_factory=Freshness)
    fails_closed: bool = False
    """Whether what cannot be said holds a change back."""

    def spent(self, change: Change) -> Ruling:
        """Return what a spent budget means for a kind of change."""
        return self.kinds.get(change, KINDS[change])


def age(length_ms: int) -> str:
    """Return how long in whole days, or hours below two of them, or minutes."""
    minutes = max(0, length_ms) // 60_000
    hours = minutes // 60
    if hours > 2 * _DAY_HOURS:
        return counted(hours // _DAY_HOURS, "day")
    return counted(hours, "hour") if hours else counted(minutes, "minute")
