"""Silences: which alerts of a pipeline are to be quiet, from when until when, who wants it and why.

All facts about the silences of a pipeline lie under one run of the ledger, so that one look-up finds them, and each has
the day on which its silence was set, so that one day has all of a silence.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from operator import attrgetter

from lumen_action.model import Fact, FactKey, Kind, Outcome, Source, Trust
from lumen_action.model.fact import details

_HOUR_MS = 3_600_000
LONGEST_DAYS, FURTHEST_DAYS = 30, 90
LONGEST_MS = LONGEST_DAYS * 24 * _HOUR_MS
"""How long a silence may last: what is never looked at again is forgotten."""
FURTHEST_MS = FURTHEST_DAYS * 24 * _HOUR_MS
"""How far ahead it may begin."""
MOST_REASON, MOST_AUTHOR, MOST_MATCHERS = 300, 100, 1000
_SET, _ENDED, _MIRRORED = "set", "ended", "mirrored"


@dataclass(frozen=True)
class Silence:
    """What all facts about one silence come to, whatever order they arrived in."""

    name: str
    """SIL-YYYYMMDD-HHMMSS-XXXX: the moment it was set in UTC, and four letters that make it unique."""
    pipeline: str
    author: str
    reason: str
    set_ms: int
    from_ms: int
    until_ms: int
    """When it ends by itself."""
    day: str
    """The day of all its facts: the one on which it was set, in the pipeline's time zone."""
    matchers: str = ""
    """Which alerts, as Alertmanager writes it; the whole pipeline where nothing is said."""
    ended_ms: int | None = None
    """When somebody ended it before its time."""
    ended_by: str = ""
    mirrors: tuple[tuple[str, str], ...] = ()
    """The Alertmanagers that were told of it, and by what id each knows it."""

    @property
    def whole(self) -> bool:
        """Tell whether it is for all alerts of the pipeline: a maintenance."""
        return not self.matchers

    @property
    def over_ms(self) -> int:
        """Return when it is over, or was."""
        return self.until_ms if self.ended_ms is None else min(self.until_ms, self.ended_ms)

    def holds(self, now_ms: int) -> bool:
        """Tell whether alerts are quiet by it."""
        return self.from_ms <= now_ms < self.over_ms

    def coming(self, now_ms: int) -> bool:
        """Tell whether it is to begin."""
        return now_ms < self.from_ms < self.over_ms

    def state(self, now_ms: int) -> str:
        """Return `active`, `coming` or `over`."""
        return "active" if self.holds(now_ms) else "coming" if self.coming(now_ms) else "over"


def silences_run(pipeline: str) -> str:
    """Return under which run the ledger finds the silences of a pipeline."""
    return f"silences {pipeline}"


def silence_name(set_ms: int, token: str) -> str:
    """Return the name of a new silence."""
    moment = datetime.fromtimestamp(set_ms // 1000, timezone.utc)
    letters = base64.b32encode(hashlib.sha256(token.encode()).digest()).decode()
    return f"SIL-{moment:%Y%m%d-%H%M%S}-{letters[:4]}"


def setting_fact(silence: Silence) -> Fact:
    """Return the fact that a silence is set."""
    told = {
        "from_ms": str(silence.from_ms),
        "until_ms": str(silence.until_ms),
        "author": silence.author,
        "reason": silence.reason,
        "matchers": silence.matchers,
    }
    return _fact(silence, _SET, silence.set_ms, told)


def ending_fact(silence: Silence, author: str, at_ms: int) -> Fact:
    """Return the fact that somebody ended a silence before its time; it ends once."""
    return _fact(silence, _ENDED, at_ms, {"author": author})


def mirror_fact(silence: Silence, place: str, known_as: str, at_ms: int) -> Fact:
    """Return the fact that an Alertmanager knows a silence."""
    mark = hashlib.sha256(f"{place}\n{known_as}".encode()).hexdigest()[:16]
    return _fact(silence, _MIRRORED, at_ms, {"place": place, "id": known_as}, f".{mark}")


def silences_in(facts: Iterable[Fact]) -> tuple[Silence, ...]:
    """Return every silence that trusted facts tell of, the one that begins last at the end."""
    told: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.key.kind is Kind.SILENCE and fact.trust is Trust.TRUSTED and "silence" in fact.told:
            told[fact.pipeline, fact.told["silence"]].append(fact)
    found = [silence for group in told.values() if (silence := _silence(group))]
    return tuple(sorted(found, key=attrgetter("from_ms", "name")))


def spans_of(silences: Iterable[Silence]) -> tuple[tuple[int, int], ...]:
    """Return when the whole pipeline is quiet."""
    return joined((each.from_ms, each.over_ms) for each in silences if each.whole and each.from_ms < each.over_ms)


def joined(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return spans of time in their order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return tuple(found)


def _silence(facts: Iterable[Fact]) -> Silence | None:
    ordered = sorted(facts, key=lambda fact: (fact.ended_ms, fact.key.parts))
    silence = next((found for fact in ordered if (found := _as_set(fact))), None)
    if silence is None:
        return None
    for fact in ordered:
        told = fact.told
        if told.get("event") == _ENDED and silence.ended_ms is None:
            silence = replace(
                silence, ended_ms=max(fact.ended_ms, silence.set_ms), ended_by=told.get("author", "")[:MOST_AUTHOR]
            )
        elif told.get("event") == _MIRRORED and told.get("place") and told.get("id"):
            silence = replace(silence, mirrors=tuple({**dict(silence.mirrors), told["place"]: told["id"]}.items()))
    return silence


def _as_set(fact: Fact) -> Silence | None:
    """Return the silence of a fact, unless it is one that nobody would have been given."""
    told, set_ms = fact.told, fact.ended_ms
    author, reason = told.get("author", "").strip(), told.get("reason", "").strip()
    begins, ends = told.get("from_ms", ""), told.get("until_ms", "")
    if told.get("event") != _SET or not (author and reason and begins.isdecimal() and ends.isdecimal()):
        return None
    from_ms, until_ms = max(int(begins), set_ms), int(ends)
    if not from_ms < until_ms <= from_ms + LONGEST_MS or from_ms > set_ms + FURTHEST_MS:
        return None
    return Silence(
        name=told["silence"],
        pipeline=fact.pipeline,
        author=author[:MOST_AUTHOR],
        reason=reason[:MOST_REASON],
        set_ms=set_ms,
        from_ms=from_ms,
        until_ms=until_ms,
        day=fact.day,
        matchers=told.get("matchers", ""),
    )


def _fact(silence: Silence, event: str, at_ms: int, told: Mapping[str, str], mark: str = "") -> Fact:
    stage = f"{silence.name}.{event}{mark}"
    return Fact(
        key=FactKey("lumen", "", silence.pipeline, silences_run(silence.pipeline), 1, "", "", Kind.SILENCE, stage),
        pipeline=silence.pipeline,
        day=silence.day,
        outcome=Outcome.SUCCESS,
        observed_at_ms=at_ms,
        source=Source.API,
        details=details({**told, "silence": silence.name, "event": event}),
    )
