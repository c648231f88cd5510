"""Going past a gate all the same: who does it, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone, tzinfo

from lumen_action.errors import ConfigError, shown
from lumen_action.gate.policy import length_ms
from lumen_action.model.instants import stamp

_LONGEST_DAYS = 7
LONGEST_MS = _LONGEST_DAYS * 24 * 3_600_000
_EXAMPLES = {
    "override-reason": "the fix for INC-7 must go out",
    "override-author": "alice",
    "override-until": "2h",
}
MOST_REASON, MOST_AUTHOR = 300, 100


@dataclass(frozen=True)
class Override:
    """Somebody's word that changes may pass for a while."""

    author: str
    reason: str
    until_ms: int

    @property
    def until(self) -> str:
        """Return when it ends, as ISO 8601 in UTC."""
        return stamp(self.until_ms)


@dataclass(frozen=True)
class Overrides:
    """The override that holds now, else the one that ended or was ended last."""

    active: Override | None = None
    ended: Override | None = None
    revoked: bool = False
    """Whether somebody ended it before its time."""


def asked_override(reason: str, author: str, until: str, now_ms: int, zone: tzinfo = timezone.utc) -> Override | None:
    """Return the override that was asked for, if it was; a ConfigError names all that is missing or wrong."""
    said = {"override-reason": reason.strip(), "override-author": author.strip(), "override-until": until.strip()}
    if not any(said.values()):
        return None
    missing = [name for name, word in said.items() if not word]
    if missing:
        examples = ", ".join(f"`--{name} {_quoted(_EXAMPLES[name])}`" for name in missing)
        raise ConfigError(
            f"{', '.join(missing)}: missing; an override needs a reason, an author and an end: add {examples}"
        )
    until_ms = _moment(said["override-until"], now_ms, zone)
    if until_ms is None:
        raise ConfigError(
            f"override-until: {shown(until)} is no time; write `--override-until 2h`, `3d` or `2026-01-02T18:00:00Z`"
        )
    if not now_ms < until_ms <= now_ms + LONGEST_MS:
        wrong = "lies in the past" if until_ms <= now_ms else f"is more than {_LONGEST_DAYS} days ahead"
        raise ConfigError(
            f"override-until: {shown(until)} {wrong}; write a time within {_LONGEST_DAYS} days, such as `2h`"
        )
    return Override(said["override-author"][:MOST_AUTHOR], said["override-reason"][:MOST_REASON], until_ms)


def ended_now(standing: Overrides) -> Overrides:
    """Return what stands once the active override is revoked."""
    return replace(standing, active=None, ended=standing.active, revoked=True) if standing.active else standing


def instant_of(text: str, zone: tzinfo = timezone.utc) -> int | None:
    """Read a moment of ISO 8601; where it names no zone it is a clock's of this one."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        # In UTC it may lie in a year that no calendar has.
        return int(zoned.astimezone(timezone.utc).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _moment(text: str, now_ms: int, zone: tzinfo) -> int | None:
    length = length_ms(text)
    return instant_of(text, zone) if length is None else now_ms + length


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word
