"""What a line that nobody knows is like: learnt from the examples of all signatures, a judgement and no proof."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lumen_action.model import ErrorClass

NOTHING = "none"
"""What a line is like that tells of no failure."""

# Nothing more is learnt from the rest of a line.
_TELLING = 600
_CAMEL = re.compile(r"([a-z])([A-Z])")
_URL = re.compile(r"https?://\S+")
# A number only if it may be a status, or is nothing at all.
_WORD = re.compile(r"[a-z']{2,}|(?<![\w.])(?:[1-5]\d\d|0)(?![\w.])")


def features(text: str) -> frozenset[str]:
    """Return the words of a line and its pairs of neighbours."""
    plain = _URL.sub(" url ", _CAMEL.sub(r"\1 \2", text[:_TELLING].replace("\n", " "))).lower()
    words = _WORD.findall(plain)
    return frozenset((*words, *(f"{one} {two}" for one, two in pairwise(words))))


@dataclass(frozen=True)
class Guess:
    """What a line is most like."""

    name: str
    chance: float
    """How probable the class is."""
    nothing: float
    """How probable it is that the line tells of no failure."""


@dataclass(frozen=True)
class Likeness:
    """How much each word speaks for each kind of failure, as `class/subclass`, or for none."""

    names: Sequence[str]
    bias: Sequence[float]
    weights: Mapping[str, Mapping[int, float]]

    def chances(self, text: str) -> dict[str, float]:
        """Return how probable each name is."""
        scores = list(self.bias)
        for feature in features(text):
            for number, weight in self.weights.get(feature, {}).items():
                scores[number] += weight
        highest = max(scores)
        powers = [math.exp(score - highest) for score in scores]
        whole = sum(powers)
        return {name: power / whole for name, power in zip(self.names, powers, strict=True)}

    def best(self, text: str) -> Guess:
        """Return the most probable class of failure with its most probable subclass."""
        chances = self.chances(text)
        by_class: dict[str, float] = {}
        for name, chance in chances.items():
            if name != NOTHING:
                owner = name.partition("/")[0]
                by_class[owner] = by_class.get(owner, 0.0) + chance
        owner = max(by_class, key=by_class.__getitem__)
        name = max((each for each in chances if each.startswith(f"{owner}/")), key=chances.__getitem__)
        return Guess(name, by_class[owner], chances.get(NOTHING, 0.0))


def parted(name: str) -> tuple[ErrorClass, str]:
    """Return class and subclass of a name."""
    owner, _, subclass = name.partition("/")
    return ErrorClass(owner), subclass
