"""Which of several explanations is the cause: the others keep the reason they lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lumen_action.failure.dialects import Role
from lumen_action.failure.signatures import Signature, Tier
from lumen_action.failure.standing import Hit, Standing, Track
from lumen_action.failure.taxonomy import EXPLAINS
from lumen_action.model import ErrorClass

# How far above its symptom a cause may stand, and how far below: "Caused by" lines follow what they explain.
_ABOVE, _BELOW = 4000, 60
# An attempt that was repeated explains only what follows it closely; so does anything blamed for a broken build.
_ABOVE_WHEN_RETRIED, _ABOVE_BUILD = 40, 200
# When attempts failed of different causes, the last answer from outside is the cause.
_ANSWERS = frozenset({ErrorClass.NETWORK, ErrorClass.TOKEN_EXPIRED, ErrorClass.EXTERNAL_API})

_CONFIDENCE = {Tier.CAUSE: 0.95, Tier.TOOL: 0.85, Tier.GENERIC: 0.65}
_LESS_SURE = 0.8


@dataclass(frozen=True)
class Contender:
    """One signature with the lines it recognised."""

    signature: Signature
    hits: tuple[Hit, ...]

    @property
    def final(self) -> bool:
        """Tell whether it stands for more than attempts that were to be repeated."""
        return self.chosen.role is not Role.RETRIED

    @property
    def chosen(self) -> Hit:
        """Return the line to quote: an attempt that was not repeated before one that was."""
        hits = [hit for hit in self.hits if hit.role is not Role.RETRIED] or list(self.hits)
        return hits[0] if self.signature.pick_first else hits[-1]

    @property
    def lines(self) -> tuple[int, int]:
        """Return the first and the last line."""
        return self.hits[0].line, self.hits[-1].line

    def within(self, step: int) -> tuple[Hit, ...]:
        """Return the lines that belong to a step."""
        return tuple(hit for hit in self.hits if hit.step == step)

    def explains(self, other: Contender) -> bool:
        """Tell whether the other is what this one looks like from further away."""
        if (self.signature.name, other.signature.name) not in EXPLAINS:
            return False
        if not self.final and other.final and other.signature.error_class in _ANSWERS:
            return False
        above = _ABOVE if self.final else _ABOVE_WHEN_RETRIED
        if other.signature.error_class is ErrorClass.BUILD and self.signature.error_class is not ErrorClass.BUILD:
            above = min(above, _ABOVE_BUILD) if self.signature.error_class is not ErrorClass.ENVIRONMENT else above
            if self.signature.tier is not Tier.CAUSE:
                return False
        elif self.signature.tier is Tier.GENERIC and other.signature.tier is not Tier.GENERIC:
            return False
        distance = other.chosen.line - min(
            (hit.line for hit in self.hits), key=lambda line: abs(other.chosen.line - line)
        )
        return -_BELOW <= distance <= above


@dataclass
class Ranking:
    """The contenders that are left, and why the others are not."""

    left: list[Contender]
    lost: list[tuple[Contender, str]] = field(default_factory=list)
    confidence: float = 0.0

    @property
    def winner(self) -> Contender | None:
        """Return the cause, if there is one."""
        return self.left[0] if self.left else None

    def keep(self, fits: Callable[[Contender], bool], reason: Callable[[Contender], str] | str) -> None:
        """Drop those that do not fit, unless nobody does."""
        if any(fits(each) for each in self.left):
            self.drop(lambda each: not fits(each), reason)

    def drop(self, unfit: Callable[[Contender], bool], reason: Callable[[Contender], str] | str) -> None:
        """Drop those that are unfit, whoever is left."""
        self.lost += [(each, reason if isinstance(reason, str) else reason(each)) for each in self.left if unfit(each)]
        self.left = [each for each in self.left if not unfit(each)]


def rank(standing: Standing, tracks: Mapping[str, Track]) -> Ranking:
    """Find the cause among what stands, or among what is suspected."""
    ranking = Ranking([_contender(track) for track in tracks.values()])
    ranking.drop(lambda each: each.signature.wrapper, "it only passes on that something failed")
    _keep_failing_step(ranking, standing)
    _drop_symptoms(ranking)
    ranking.keep(lambda each: each.final, "the attempt was repeated")
    best = max((each.signature.tier for each in ranking.left), default=Tier.GENERIC)
    ranking.keep(lambda each: each.signature.tier is best, "another line says more")
    classes = {each.signature.error_class for each in ranking.left}
    _keep_nearest(ranking)
    if ranking.winner:
        ranking.confidence = _CONFIDENCE[best] * (_LESS_SURE if len(classes) > 1 else 1)
        ranking.confidence *= 1 if ranking.winner.final else _LESS_SURE
    return ranking


def _contender(track: Track) -> Contender:
    hits = sorted(track.hits, key=lambda hit: hit.line)
    return Contender(hits[0].signature, tuple(hits))


def _keep_failing_step(ranking: Ranking, standing: Standing) -> None:
    """Look at the step that failed first: those after it often fail because of it."""
    seen = {hit.step for each in ranking.left for hit in each.hits}
    known = [standing.failing_step] if standing.failing_step is not None else standing.failed_steps
    first = next((step for step in known if step in seen), None)
    if first is None:
        return
    ranking.drop(lambda each: not each.within(first), "another step had failed before")
    ranking.left = [Contender(each.signature, each.within(first)) for each in ranking.left]


def _drop_symptoms(ranking: Ranking) -> None:
    causes = {
        id(each): next((other for other in ranking.left if other is not each and other.explains(each)), None)
        for each in ranking.left
    }

    def reason(each: Contender) -> str:
        cause = causes[id(each)]
        return f"explained by {cause.signature.id} on line {cause.chosen.line}" if cause else ""

    ranking.drop(lambda each: causes[id(each)] is not None, reason)


def _keep_nearest(ranking: Ranking) -> None:
    """Take the first of several compile errors, else the last thing said before the end."""
    if not ranking.left:
        return
    if all(each.signature.pick_first for each in ranking.left):
        nearest = min(ranking.left, key=lambda each: each.lines[0])
    else:
        nearest = max(ranking.left, key=lambda each: (each.lines[1], -each.chosen.quote.offset))
    ranking.keep(lambda each: each is nearest, f"line {nearest.chosen.line} is nearer to the failure")
