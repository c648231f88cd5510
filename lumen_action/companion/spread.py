"""Whether the same failure is everywhere at once: then it is one incident, and running again would only add load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lumen_action.companion.jobs import FailedJob
from lumen_action.failure.fingerprint import fingerprint
from lumen_action.model import Fact, FactKey, Kind, Trust, Verdict

WINDOW_MS = 60 * 60_000
# So many runs, or pipelines, or regions, of which the latter must not be those of one run alone.
RUNS, PIPELINES, REGIONS = 5, 3, 3
SPEAKING = (Kind.STAGE, Kind.RUN, Kind.RERUN)
"""Facts that tell of a failure where it happened."""
_MANY = "many-failed-jobs"


@dataclass(frozen=True)
class Spread:
    """In how many runs, pipelines and regions a failure was seen in the window."""

    runs: int = 0
    pipelines: int = 0
    regions: int = 0
    first_ms: int = 0
    """When the first of them failed."""

    @property
    def wide(self) -> bool:
        """Tell whether it is more than one run's trouble."""
        return self.runs >= RUNS or self.pipelines >= PIPELINES or (self.runs > 1 and self.regions >= REGIONS)

    def __str__(self) -> str:
        """Return the numbers in words."""
        return f"{self.runs} runs, {self.pipelines} pipelines and {self.regions} regions"


def widespread(own: Sequence[Fact], facts: Iterable[Fact], now_ms: int) -> tuple[str, Spread] | None:
    """Return the first of our own failures that is everywhere within the window before now, and where it was seen."""
    seen: dict[str, list[Fact]] = {mark: [] for mark in map(_mark, own) if mark}
    # Whoever can open pull requests may not hold back the reruns of others.
    trusted = (fact for fact in facts if fact.trust is Trust.TRUSTED)
    for fact in (*own, *trusted):
        if _mark(fact) in seen and fact.key.kind in SPEAKING and now_ms - WINDOW_MS < fact.observed_at_ms:
            seen[_mark(fact)].append(fact)
    spreads = ((mark, _spread(found)) for mark, found in seen.items())
    return next(((mark, spread) for mark, spread in spreads if spread.wide), None)


def _mark(fact: Fact) -> str:
    return fact.failure.fingerprint if fact.failure else ""


def _spread(found: Sequence[Fact]) -> Spread:
    runs = {(fact.key.provider, fact.key.host, fact.key.repo.casefold(), fact.key.run) for fact in found}
    regions = {fact.key.region for fact in found if fact.key.region}
    first_ms = min((fact.ended_ms for fact in found), default=0)
    return Spread(len(runs), len({fact.pipeline for fact in found}), len(regions), first_ms)


def leading(jobs: Sequence[FailedJob]) -> Verdict | None:
    """Return the verdict that most of the jobs share, the first of those that are equally many."""
    verdicts = [job.verdict for job in jobs if job.verdict and job.verdict.fingerprint]
    counts = Counter(verdict.fingerprint for verdict in verdicts)
    return max(verdicts, key=lambda verdict: counts[verdict.fingerprint], default=None)


def mark_of(jobs: Sequence[FailedJob], workflow: str) -> str:
    """Return the fingerprint that names an incident; where no log could be read it is the workflow's own."""
    verdict = leading(jobs)
    return verdict.fingerprint if verdict else fingerprint(_MANY, workflow)


def incident_key(mark: str, day: str) -> str:
    """Return the name of an incident: the same on every machine for the same failure on the same day."""
    return f"{day}-{mark}"


def claim_of_spread(fact: Fact, mark: str) -> Fact:
    """Return the fact by which the pipeline that meets a failure first on a day has its incident.

    It is made of the fact of a run that is held back. Whoever loses it, or finds its maker gone, opens the incident in
    the pipeline that it names.
    """
    key = FactKey(fact.key.provider, "", "", fact.day, 1, "", "", Kind.INCIDENT, mark)
    return replace(fact, key=key, details=(("event", "claimed"),))
