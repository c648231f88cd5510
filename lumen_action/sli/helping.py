"""Whether trying again helped: every retry with what came of it, by signature, and which signatures lose theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from lumen_action.model import Fact, Kind, Trust
from lumen_action.sli.runs import run_of
from lumen_action.sli.state import RunRef

_DAY_MS = 86_400_000
MASKED_WITHIN_DAYS = 7
# A retry is worth its time when at least every fourth helps; so many tries must speak against it.
_WORTH = 0.25
_FEWEST = 8
_Z = 1.96


@dataclass(frozen=True)
class Retry:
    """One retry, in its step or of a whole run; `helped` is None while nobody has told how it ended.

    `masked` says that the same failure was back in another run soon after the retry had helped.
    """

    signature: str
    fingerprint: str
    name: str
    pipeline: str
    run: RunRef
    at_ms: int
    in_step: bool
    helped: bool | None = None
    took_ms: int = 0
    saved_ms: int = 0
    masked: bool = False


@dataclass(frozen=True)
class Help:
    """What the retries of one signature came to; of those not decided yet nothing is known."""

    signature: str
    name: str
    tried: int = 0
    helped: int = 0
    undecided: int = 0
    masked: int = 0
    saved_ms: int = 0
    wasted_ms: int = 0

    @property
    def at_most(self) -> float:
        """Return the share that helps at best, by Wilson's interval of 95 %."""
        return _upper(self.helped, self.tried)

    @property
    def in_vain(self) -> bool:
        """Tell whether enough retries say that they are not worth their time."""
        return self.tried >= _FEWEST and self.at_most < _WORTH


def retries_in(facts: Iterable[Fact]) -> list[Retry]:
    """Return all retries that these facts tell of, oldest first."""
    trusted = sorted({fact.key: fact for fact in facts if fact.trust is Trust.TRUSTED}.values(), key=lambda f: f.order)
    asked = _once([fact for fact in trusted if fact.key.kind is Kind.RERUN and fact.failure])
    ended = [fact for fact in trusted if fact.key.kind in (Kind.STAGE, Kind.RUN)]
    of_run: dict[RunRef, list[Fact]] = defaultdict(list)
    for fact in [*asked, *ended]:
        of_run[run_of(fact)].append(fact)
    retries = [_retry(fact, of_run[run_of(fact)]) for fact in asked]
    return _with_masked(retries, [fact for fact in ended if fact.failure])


def help_by_signature(retries: Iterable[Retry]) -> list[Help]:
    """Add up what came of the retries of each signature, the most tried first."""
    groups: dict[tuple[str, str], list[Retry]] = defaultdict(list)
    for retry in retries:
        groups[retry.signature, retry.name].append(retry)
    found = [_help(signature, name, group) for (signature, name), group in groups.items()]
    return sorted(found, key=lambda each: (-each.tried, each.signature, each.name))


def demoted(helps: Iterable[Help]) -> dict[str, str]:
    """Return the signatures whose retries do not help, each with the reason in words."""
    return {
        each.signature: f"its retries helped {each.helped} of {each.tried} times"
        for each in helps
        if each.signature and each.in_vain
    }


def _retry(asked: Fact, facts: Sequence[Fact]) -> Retry:
    failure = asked.failure
    assert failure is not None, "only such facts are asked about"  # noqa: S101 - for the type checker
    made = Retry(
        signature=failure.signature,
        fingerprint=failure.fingerprint,
        name=failure.name,
        pipeline=asked.pipeline,
        run=run_of(asked),
        at_ms=asked.ended_ms,
        in_step=not _of_whole_run(asked),
    )
    return _in_step(made, asked, facts) if made.in_step else _of_run(made, asked, facts)


def _of_whole_run(asked: Fact) -> bool:
    """Tell whether a run was to run again: what a step tries again is of a job or a region."""
    return not asked.key.job and not asked.key.region


def _once(asked: Iterable[Fact]) -> list[Fact]:
    """Return one request for each attempt of a run; after a death another companion asks for the same one."""
    first: dict[object, Fact] = {}
    for fact in asked:
        first.setdefault((run_of(fact), fact.key.attempt) if _of_whole_run(fact) else fact.key, fact)
    return list(first.values())


def _in_step(made: Retry, asked: Fact, facts: Sequence[Fact]) -> Retry:
    """Look for the next try of the same stage, else for how the stage ended."""
    here = [fact for fact in facts if _step(fact) == _step(asked)]
    following = [fact for fact in here if fact.key.kind is Kind.RERUN and fact.tries == asked.tries + 1]
    final = [fact for fact in here if fact.key.kind is not Kind.RERUN and fact.tries > asked.tries]
    ending = next(iter([*following, *final]), None)
    if ending is None:
        return made
    helped = ending.key.kind is not Kind.RERUN and ending.outcome.good
    whole = [
        fact.duration_ms or 0
        for fact in facts
        if fact.key.kind is Kind.RUN and (fact.key.attempt, fact.key.job) == (asked.key.attempt, asked.key.job)
    ]
    return replace(
        made, helped=helped, took_ms=ending.duration_ms or 0, saved_ms=max(whole, default=0) if helped else 0
    )


def _step(fact: Fact) -> tuple[int, str, str, str]:
    key = fact.key
    stage = key.stage.removesuffix(f".{fact.tries}") if key.kind is Kind.RERUN else key.stage
    return key.attempt, key.job, key.region, stage


def _of_run(made: Retry, asked: Fact, facts: Sequence[Fact]) -> Retry:
    """Look at the attempt that was asked for; legs it did not have to repeat are time saved."""
    words = [fact for fact in facts if fact.key.kind is Kind.RUN]
    again = [fact for fact in words if fact.key.attempt == asked.key.attempt and fact.outcome.counted]
    if not again:
        return made
    helped = all(fact.outcome.good for fact in again)
    repeated = {(fact.leg, fact.key.region) for fact in again}
    kept = [fact for fact in words if fact.key.attempt < asked.key.attempt and fact.outcome.good]
    saved = sum(fact.duration_ms or 0 for fact in kept if (fact.leg, fact.key.region) not in repeated)
    took = sum(fact.duration_ms or 0 for fact in again)
    return replace(made, helped=helped, took_ms=took, saved_ms=saved if helped else 0)


def _with_masked(retries: Iterable[Retry], failures: Iterable[Fact]) -> list[Retry]:
    """Mark the retries that helped and whose failure was back in another run within days."""
    back: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in failures:
        if fact.failure and fact.failure.fingerprint:
            back[fact.pipeline, fact.failure.fingerprint].append(fact)

    def masked(retry: Retry) -> bool:
        until_ms = retry.at_ms + MASKED_WITHIN_DAYS * _DAY_MS
        later = back[retry.pipeline, retry.fingerprint] if retry.fingerprint else []
        return any(retry.at_ms < fact.ended_ms <= until_ms and run_of(fact) != retry.run for fact in later)

    return [replace(retry, masked=True) if retry.helped and masked(retry) else retry for retry in retries]


def _help(signature: str, name: str, retries: Sequence[Retry]) -> Help:
    decided = [retry for retry in retries if retry.helped is not None]
    helped = [retry for retry in decided if retry.helped]
    return Help(
        signature=signature,
        name=name,
        tried=len(decided),
        helped=len(helped),
        undecided=len(retries) - len(decided),
        masked=sum(retry.masked for retry in helped),
        saved_ms=sum(retry.saved_ms for retry in helped),
        wasted_ms=sum(retry.took_ms for retry in decided if not retry.helped),
    )


def _upper(good: int, total: int) -> float:
    if not total:
        return 1.0
    share, spread = good / total, _Z * _Z / total
    middle = share + spread / 2
    margin = _Z * sqrt(share * (1 - share) / total + spread / (4 * total))
    return min(1.0, (middle + margin) / (1 + spread))
