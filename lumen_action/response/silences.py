"""Silences over a ledger: the one place that sets and ends them, and that says which alert is quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from lumen_action.alerting.alerts import NEVER_MUTED
from lumen_action.alerting.matchers import read_matchers
from lumen_action.errors import ConfigError, shown
from lumen_action.incidents.silences import (
    Silence,
    ending_fact,
    mirror_fact,
    setting_fact,
    silence_name,
    silences_in,
    silences_run,
)
from lumen_action.incidents.words import Severity
from lumen_action.ledger import Ledger
from lumen_action.sli.days import Calendar


def known_silences(ledger: Ledger, pipeline: str) -> tuple[Silence, ...]:
    """Return every silence of a pipeline, the one that begins last at the end."""
    facts = ledger.scan(run=silences_run(pipeline))
    return silences_in(fact for fact in facts if fact.pipeline == pipeline)


def silencing(silences: Iterable[Silence], labels: Mapping[str, str]) -> Silence | None:
    """Return the silence by which an alert with these labels is quiet, None where none mutes it.

    What is never muted, such as `LumenBudgetExhausted`, and what says `severity: sev1` is not.
    """
    if labels.get("alertname", "") in NEVER_MUTED or labels.get("severity", "").lower() == Severity.SEV1.value:
        return None
    return next((silence for silence in silences if _matches(silence, labels)), None)


def silenced_until(silences: Iterable[Silence], labels: Mapping[str, str], begun_ms: int, now_ms: int) -> Iterator[int]:
    """Yield until when each silence holds, or held, that has made an alert quiet since it began."""
    for each in silences:
        held = each.from_ms <= now_ms and each.from_ms < each.over_ms > begun_ms
        if held and silencing([each], labels):
            yield each.over_ms


def _matches(silence: Silence, labels: Mapping[str, str]) -> bool:
    if silence.whole:
        return True
    matchers = read_matchers(silence.matchers)
    return bool(matchers) and all(each.accepts(labels.get(each.label, "")) for each in matchers)


@dataclass(frozen=True)
class Asked:
    """What somebody wants to be quiet."""

    author: str
    reason: str
    from_ms: int
    until_ms: int
    matchers: str = ""


@dataclass(frozen=True)
class Silences:
    """The silences of one pipeline in a ledger that outlives the job."""

    ledger: Ledger
    pipeline: str
    calendar: Calendar
    clock_ms: Callable[[], int]
    new_token: Callable[[], str]

    def all(self) -> tuple[Silence, ...]:
        """Return every silence, the one that begins last at the end."""
        return known_silences(self.ledger, self.pipeline)

    def find(self, name: str) -> Silence:
        """Return a silence by its name, or by the part of it that no other has."""
        known = {silence.name: silence for silence in self.all()}
        wanted = name.strip().upper()
        fitting = [wanted] if wanted in known else [each for each in known if wanted and each.startswith(wanted)]
        if len(fitting) == 1:
            return known[fitting[0]]
        near = sorted(fitting) or get_close_matches(wanted, known, n=3) or list(known)[-3:]
        hint = f"write one of {', '.join(near)}" if near else "none was ever set"
        raise ConfigError(f"silence: {shown(name)} is not the name of one in the pipeline {self.pipeline}; {hint}")

    def set(self, asked: Asked) -> Silence:
        """Put a silence on record."""
        now_ms = self.clock_ms()
        silence = Silence(
            name=silence_name(now_ms, self.new_token()),
            pipeline=self.pipeline,
            author=asked.author,
            reason=asked.reason,
            set_ms=now_ms,
            from_ms=max(asked.from_ms, now_ms),
            until_ms=asked.until_ms,
            day=self.calendar.day_of(now_ms),
            matchers=asked.matchers,
        )
        self.ledger.put(setting_fact(silence))
        return self.find(silence.name)

    def end(self, silence: Silence, author: str) -> Silence:
        """End a silence before its time; one that is over is left as it is."""
        now_ms = self.clock_ms()
        if silence.state(now_ms) == "over":
            return silence
        self.ledger.put(ending_fact(silence, author, now_ms))
        return self.find(silence.name)

    def mirrored(self, silence: Silence, place: str, known_as: str) -> Silence:
        """Remember by what id an Alertmanager knows a silence."""
        self.ledger.put(mirror_fact(silence, place, known_as, self.clock_ms()))
        return self.find(silence.name)
