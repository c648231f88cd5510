"""How often the verdict is right on labelled logs: our classifier beside six regexes on the whole log.

usage: python bench/accuracy.py [LABELS.jsonl]      or LUMEN_CASES=LABELS.jsonl

Each line of the labels is a JSON object with `file` (beside the labels), `label` (the class) and, if known, `retry`
(whether running it again would plausibly have helped), `difficulty`, `sublabel` (ours or a name that is an alias of
ours) and `evidence_line`. A `score.py` beside the labels is run too, with our command line as its command. The logs
are not part of this repository: bring your own.
The six regexes are written after the description of the first classifier this product had, in its order: the log is
lower-cased, the first that matches anywhere wins.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lumen_action.catalogue import load_catalogue
from lumen_action.failure import classify
from lumen_action.failure.taxonomy import resolve
from lumen_action.logs import log_chunks
from lumen_action.model import ErrorClass, Scope, Verdict

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
    subclass: str
    hard: bool
    line: int


def cases(labels: Path) -> list[Case]:
    """Read the labels."""
    rows = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Case(
            file=labels.parent / row["file"],
            label=row["label"],
            retry=row.get("retry"),
            subclass=resolve(ErrorClass(row["label"]), row.get("subclass") or row.get("sublabel") or ""),
            hard=row.get("difficulty") == "hard",
            line=row.get("evidence_line") or 0,
        )
        for row in rows
    ]


def ours() -> Callable[[Path], Verdict]:
    """Return our classifier."""
    catalogue = load_catalogue()
    return lambda file: classify(log_chunks(str(file)), catalogue).verdict


def six_regexes(file: Path) -> Verdict:
    """Classify as the first classifier did."""
    text = file.read_text(encoding="utf-8", errors="replace").lower()
    found = next((name for name, pattern in SIX.items() if pattern.search(text)), "unknown")
    return Verdict(ErrorClass(found), "", "", Scope.NONE, 0.0)


def interval(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share, in percent."""
    z = 1.96
    share, width = right / count, z * z / count
    middle = (share + width / 2) / (1 + width)
    half = z * math.sqrt(share * (1 - share) / count + width / count / 4) / (1 + width)
    return 100 * (middle - half), 100 * (middle + half)


def share(name: str, right: int, count: int) -> str:
    """Return a share in words, with its interval."""
    if not count:
        return f"  {name}: no case says"
    low, high = interval(right, count)
    return f"  {name}: {right} of {count}, {100 * right / count:.1f} % (95 %: {low:.1f} to {high:.1f})"


def report(name: str, found: list[tuple[Case, Verdict]]) -> None:
    """Print how one classifier did."""
    print(name)
    right = [(case, said) for case, said in found if case.label == said.error_class]
    print(share("class right", len(right), len(found)))
    scores = []
    for error_class in CLASSES:
        labelled = sum(case.label == error_class for case, _ in found)
        called = sum(said.error_class == error_class for _, said in found)
        hits = sum(case.label == error_class for case, _ in right)
        if labelled:
            scores.append(2 * hits / (labelled + called))
            print(f"    {error_class:<16}{hits:>4} of {labelled:<4}found, {called - hits:>3} others called so")
    print(f"  macro-F1: {sum(scores) / len(scores):.3f}")
    print(share("hard ones", sum(case.hard for case, _ in right), sum(case.hard for case, _ in found)))
    named = [(case, said) for case, said in right if case.subclass]
    print(share("subclass right", sum(case.subclass == said.subclass for case, said in named), len(named)))
    shown = [(case, said) for case, said in right if case.line]
    quoted = sum(bool(said.evidence) and said.evidence.line == case.line for case, said in shown if said.evidence)
    print(share("evidence line right", quoted, len(shown)))
    retried = [case for case, said in found if said.error_class in WORTH_ANOTHER_TRY and case.retry is not None]
    useless = sum(not case.retry for case in retried)
    transient = [(case, said) for case, said in found if case.retry and case.label in WORTH_ANOTHER_TRY]
    missed = sum(said.error_class not in WORTH_ANOTHER_TRY for _, said in transient)
    print(f"  reruns by class: {len(retried)}, useless {useless}; transient failures {len(transient)}, missed {missed}")
    for confidence in sorted({said.confidence for _, said in found if said.confidence}):
        sure = [case.label == said.error_class for case, said in found if said.confidence == confidence]
        print(share(f"confidence {confidence:.2f}", sum(sure), len(sure)))


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
    scorer = Path(given).with_name("score.py")
    if scorer.is_file():
        command = f"{sys.executable} {ROOT / 'entrypoint.py'} classify {{file}}"
        subprocess.run([sys.executable, str(scorer), given, "--cmd", command], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
