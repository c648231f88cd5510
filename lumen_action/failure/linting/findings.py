"""What a check says about a signature."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(str, Enum):
    """Whether a finding has to be mended."""

    FAULT = "fault"
    ADVICE = "advice"


@dataclass(frozen=True)
class Remark:
    """What is wrong with a field of a signature, and what to do."""

    field: str
    fault: str
    fix: str


@dataclass(frozen=True)
class Finding:
    """A remark, with the check that made it and the signature it is about."""

    check: str
    level: Level
    signature: str
    field: str
    fault: str
    fix: str
