#!/usr/bin/env python3
"""Learn from the examples of our signatures what failures of each kind speak like: rules/failures/likeness.json.

Multinomial logistic regression, a pass at a time, every step of it in Python alone, so that anybody can do it again:

    python3 tools/learn_likeness.py            writes the file
    python3 tools/learn_likeness.py --check    leaves out each signature's own examples in turn and says how it went
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lumen_action.catalogue import LIKENESS, load_catalogue
from lumen_action.failure.likeness import NOTHING, Likeness, features
from lumen_action.model import ErrorClass

CORPUS = ROOT / "tests" / "corpus"
PASSES, RATE, BIAS_RATE = 6, 0.5, 0.02
# What is seen once tells nothing; what weighs less changes nothing.
LEAST_SEEN, LEAST_WEIGHT = 2, 0.2
FOLDS = 5
_SMALL = 1e-3
_LEARNT = 1e-4


Lesson = tuple[int, str, str]
"""Who gave it (a signature's number), the text, and what it is like."""


def lessons() -> Iterator[Lesson]:
    """Yield every example, and lines of steps that went well; what one signature ignores another may match."""
    signatures = [each for each in load_catalogue().signatures.values() if not each.wrapper]
    known: dict[str, str] = {}
    for number, each in enumerate(signatures):
        name = NOTHING if each.error_class is ErrorClass.UNKNOWN else each.name
        for text in each.matches:
            known[text] = name
            yield number, text, name
    for number, each in enumerate(signatures):
        for text in each.ignores:
            yield number, text, known.get(text, NOTHING)
    quiet = [CORPUS / "ordinary-lines.txt", *sorted((CORPUS / "green").glob("*.log"))]
    lines = (line for file in quiet for line in file.read_text(encoding="utf-8").splitlines())
    for number, text in enumerate(lines, len(signatures)):
        if text.strip():
            yield number, text, NOTHING


def digest(taught: Sequence[Lesson]) -> str:
    """Return what tells whether the file was learnt from these."""
    return hashlib.sha256(json.dumps([[text, name] for _, text, name in taught]).encode()).hexdigest()


def learnt(taught: Sequence[Lesson]) -> Likeness:
    """Learn."""
    names = sorted({name for *_, name in taught})
    place = {name: number for number, name in enumerate(names)}
    rows = [(features(text), place[name]) for _, text, name in taught]
    seen = Counter(feature for found, _ in rows for feature in found)
    kept = [(sorted(each for each in found if seen[each] >= LEAST_SEEN), right) for found, right in rows]
    weights: dict[str, defaultdict[int, float]] = {
        each: defaultdict(float) for each, times in seen.items() if times >= LEAST_SEEN
    }
    moved = dict.fromkeys(weights, _SMALL)
    bias = [0.0] * len(names)
    order = Random(7)  # noqa: S311 - the same order each time
    for _ in range(PASSES):
        order.shuffle(kept)
        for found, right in kept:
            _step(found, right, weights, moved, bias)
    told = {
        each: {number: weight for number, weight in sorted(known.items()) if abs(weight) >= LEAST_WEIGHT}
        for each, known in sorted(weights.items())
    }
    return Likeness(names, bias, {each: known for each, known in told.items() if known})


def _step(
    found: list[str],
    right: int,
    weights: dict[str, defaultdict[int, float]],
    moved: dict[str, float],
    bias: list[float],
) -> None:
    """Move the weights of one line's words towards what it is like."""
    scores = list(bias)
    for feature in found:
        for number, weight in weights[feature].items():
            scores[number] += weight
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    whole = sum(powers)
    wrong = [(number, power / whole - (number == right)) for number, power in enumerate(powers)]
    wrong = [(number, much) for number, much in wrong if abs(much) > _SMALL]
    size = sum(much * much for _, much in wrong)
    if size < _LEARNT:
        return
    for number, much in wrong:
        bias[number] -= BIAS_RATE * much
    for feature in found:
        moved[feature] += size
        rate = RATE / math.sqrt(moved[feature])
        known = weights[feature]
        for number, much in wrong:
            known[number] -= rate * much


def write(likeness: Likeness, of: str) -> None:
    """Write the file, a feature a line."""
    rows = [
        f"{json.dumps(each)}:{json.dumps({str(n): round(w, 2) for n, w in known.items()}, separators=(',', ':'))}"
        for each, known in likeness.weights.items()
    ]
    head = {"learnt_from": of, "names": likeness.names, "bias": [round(each, 3) for each in likeness.bias]}
    text = json.dumps(head)[:-1] + ', "weights": {\n' + ",\n".join(rows) + "\n}}\n"
    LIKENESS.write_text(text, encoding="utf-8")


def check(taught: Sequence[Lesson]) -> None:
    """Say how often it is right about signatures it has not seen."""
    answers = []
    for fold in range(FOLDS):
        likeness = learnt([each for each in taught if each[0] % FOLDS != fold])
        asked = [(likeness.best(text), name) for number, text, name in taught if number % FOLDS == fold]
        answers += [(guess.chance, guess.name, name) for guess, name in asked]
        print(f"{fold + 1} of {FOLDS} parts", file=sys.stderr)
    failures = sum(name != NOTHING for *_, name in answers)
    for least in (0.5, 0.6, 0.7, 0.8, 0.9):
        sure = [(guess, name) for chance, guess, name in answers if chance >= least]
        told = [(guess, name) for guess, name in sure if name != NOTHING]
        right = [(guess, name) for guess, name in told if guess.split("/")[0] == name.split("/")[0]]
        exact = sum(guess == name for guess, name in right)
        quiet = len(sure) - len(told)
        print(
            f"sure by {least}: {len(told) / failures:.1%} of failures, class right {len(right) / len(told):.1%}, "
            f"subclass {exact / len(right):.1%}; {quiet / (len(answers) - failures):.1%} of the others taken for one"
        )


if __name__ == "__main__":
    all_lessons = list(lessons())
    if "--check" in sys.argv[1:]:
        check(all_lessons)
    else:
        write(learnt(all_lessons), digest(all_lessons))
