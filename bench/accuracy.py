"""How often the class is right on labelled logs: our classifier beside six regexes on the whole log.

usage: python bench/accuracy.py [LABELS.jsonl]      or LUMEN_CASES=LABELS.jsonl

Each line of the labels is a JSON object with `file` (beside the labels), `label` (the class) and, if known, `retry`
(whether running it again would plausibly have helped). The logs are not part of this repository: bring your own.
The six regexes are written after the description of the first classifier this product had, in its order: the log is
lower-cased, the first that matches anywhere wins.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lumen_action.catalogue import load_catalogue  # noqa: E402 - the path comes first
from lumen_action.failure import classify  # noqa: E402
from lumen_action.logs import log_chunks  # noqa: E402
from lumen_action.model import ErrorClass  # noqa: E402

CLASSES = [error_class.value for error_class in ErrorClass]
WORTH_ANOTHER_TRY = {"network", "external_api"}
SIX: Mapping[str, re.Pattern[str]] = {
    "token_expired": re.compile(r"401|403|expired|unauthorized|invalid token"),
    "network": re.compile(r"connection refused|connection reset|timed out|network is unreachable"),
    "external_api": re.compile(r"rate limit|500 internal server error|502 bad gateway|503 service unavailable"),
    "build": re.compile(r"compilation failed|build failed|syntax error|test failed|assertionerror"),
    "dependency": re.compile(
        r"could not resolve dependenc|no matching distribution|module not found|package not found"
    ),
    "environment": re.compile(r"no space left|out of memory|command not found|permission denied"),
}


@dataclass(frozen=True)
class Case:
    """One labelled log."""

    file: Path
    label: str
    retry: bool | None


def cases(labels: Path) -> list[Case]:
    """Read the labels."""
    rows = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Case(labels.parent / row["file"], row["label"], row.get("retry")) for row in rows]


def ours() -> Callable[[Path], str]:
    """Return our classifier."""
    catalogue = load_catalogue()
    return lambda file: classify(log_chunks(str(file)), catalogue).verdict.error_class.value


def six_regexes(file: Path) -> str:
    """Classify as the first classifier did."""
    text = file.read_text(encoding="utf-8", errors="replace").lower()
    return next((name for name, pattern in SIX.items() if pattern.search(text)), "unknown")


def interval(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share, in percent."""
    z = 1.96
    share, width = right / count, z * z / count
    middle = (share + width / 2) / (1 + width)
    half = z * math.sqrt(share * (1 - share) / count + width / count / 4) / (1 + width)
    return 100 * (middle - half), 100 * (middle + half)


def report(name: str, found: list[tuple[Case, str]]) -> None:
    """Print how one classifier did."""
    right = sum(case.label == said for case, said in found)
    low, high = interval(right, len(found))
    print(f"{name:<22}{100 * right / len(found):6.1f} %  (95 %: {low:.1f} to {high:.1f})")
    for error_class in CLASSES:
        labelled = [said for case, said in found if case.label == error_class]
        called = sum(said == error_class for _, said in found)
        if labelled:
            hits = labelled.count(error_class)
            print(f"  {error_class:<20}{hits:>4} of {len(labelled):<4}found, {called - hits:>3} others called so")
    retried = [case for case, said in found if said in WORTH_ANOTHER_TRY and case.retry is not None]
    useless = sum(not case.retry for case in retried)
    missed = sum(
        bool(case.retry) and case.label in WORTH_ANOTHER_TRY and said not in WORTH_ANOTHER_TRY for case, said in found
    )
    print(f"  reruns by class: {len(retried)}, useless {useless}; transient failures missed {missed}")


def main() -> int:
    """Print the comparison, or say what is missing."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LUMEN_CASES", "")
    if not given:
        print("no labelled logs given: pass the path of a labels.jsonl, or set LUMEN_CASES")
        return 0
    labelled = cases(Path(given))
    if not labelled:
        print(f"{given} holds no case", file=sys.stderr)
        return 2
    print(f"{len(labelled)} labelled logs")
    for name, classifier in (("lumen", ours()), ("six regexes", six_regexes)):
        report(name, [(case, classifier(case.file)) for case in labelled])
    return 0


if __name__ == "__main__":
    sys.exit(main())
