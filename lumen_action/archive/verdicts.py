"""Verdicts on archives: what can be found, how thoroughly, and what several come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from functools import reduce

from lumen_action.archive import ArchiveId
from lumen_action.archive.stores import StoreError
from lumen_action.errors import ConfigError, IntegrityError, LumenError


class Verdict(str, Enum):
    """What was found; the worst first."""

    MISMATCH = "mismatch"
    MISSING = "missing"
    UNVERIFIABLE = "unverifiable"
    OK = "ok"


_WORST_FIRST = tuple(Verdict)


class Level(IntEnum):
    """How thoroughly: each can find what those before it cannot."""

    NONE = -1
    RECEIPT = 0
    METADATA = 1
    BYTES = 2
    CONTENT = 3


@dataclass(frozen=True)
class Finding:
    """What was found of one archive in one store."""

    id: ArchiveId
    store: str
    verdict: Verdict
    reached: Level
    """The highest level that was shown."""
    why: str
    away: bool = False
    """Whether it may come out otherwise when it is asked again later."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict over several, whatever their order; nothing that was looked at shows nothing."""
    found = list(verdicts)
    if not found:
        return Verdict.UNVERIFIABLE
    return reduce(lambda one, other: min(one, other, key=_WORST_FIRST.index), found)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return what a command ends with: 3 for damage, else 75 or 2 for what could not be shown, else 0."""
    found = list(findings)
    verdict = worst(each.verdict for each in found)
    if verdict in (Verdict.MISMATCH, Verdict.MISSING):
        return IntegrityError.exit_code
    if verdict is Verdict.OK:
        return 0
    return StoreError.exit_code if any(each.away for each in found) else ConfigError.exit_code


def reached(findings: Iterable[Finding]) -> Level:
    """Return the level that was shown of every one."""
    return min((each.reached for each in findings), default=Level.NONE)


def doubted(finding: Finding, fault: LumenError | None) -> Finding:
    """Return a finding of a store that could not be listed: that something is not there would be a guess."""
    if fault is None or finding.verdict is not Verdict.MISSING:
        return finding
    why = f"it was not found, and the store could not be listed: {fault}"
    return replace(finding, verdict=Verdict.UNVERIFIABLE, why=why, away=passes(fault))


def passes(fault: LumenError) -> bool:
    """Tell whether it may be over when somebody asks again later."""
    return fault.exit_code == StoreError.exit_code
