"""A storm of runs made of labelled logs: which the companion runs again, beside rerunning every failure once.

usage: python bench/reruns.py LABELS.jsonl [RUNS]

A run has one to three failed jobs, each with a labelled log drawn at random (the same for the same number of runs). It
is worth another try when that would have helped every one of its jobs (`retry` in the labels, see bench/accuracy.py).
Guards, caps and the API take no part: this measures the decision.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from accuracy import WORTH_ANOTHER_TRY, Case, cases, share

from lumen_action.catalogue import load_catalogue
from lumen_action.companion.deciding import Course, decide_run, judge
from lumen_action.companion.jobs import FailedJob
from lumen_action.failure import classify
from lumen_action.failure.circumstances import Circumstances
from lumen_action.logs import log_chunks
from lumen_action.model import Verdict
from lumen_action.rerun import Policy

RUNS = 2000
MOST_FAILED_JOBS = 5
# Most failed runs have one failed job.
JOBS = (1, 1, 1, 1, 2, 3)


def rerun(verdicts: list[Verdict]) -> bool:
    """Tell whether the companion runs a run with these failed jobs again."""
    jobs = [FailedJob(number, f"job {number}", verdict) for number, verdict in enumerate(verdicts)]
    judged = judge(jobs, 1, Policy(), random.random, {})
    return decide_run(judged, MOST_FAILED_JOBS, len(jobs)).course is Course.RERUN


def told(name: str, runs: list[list[Case]], again: list[bool]) -> None:
    """Print how often a rerun was made that could not help, and how often one that could.

    Tests that are flaky, time limits and cancels may pass the next time as well, and are never rerun on purpose.
    """
    worth = [all(bool(case.retry) for case in run) for run in runs]
    remote = [all(case.label in WORTH_ANOTHER_TRY for case in run) for run in runs]
    useless = sum(made and not good for made, good in zip(again, worth, strict=True))
    transient = [made for made, good, far in zip(again, worth, remote, strict=True) if good and far]
    print(name)
    print(share("useless reruns of all failed runs", useless, len(runs)))
    print(share("useless reruns of all reruns", useless, sum(again)))
    print(share("transient failures of networks and services rerun", sum(transient), len(transient)))
    print(
        share(
            "failures that may pass the next time rerun",
            sum(a and w for a, w in zip(again, worth, strict=True)),
            sum(worth),
        )
    )


def main() -> int:
    """Draw the runs and decide about each."""
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    known = [case for case in cases(Path(sys.argv[1])) if case.retry is not None]
    catalogue = load_catalogue()
    failed = Circumstances(failed=True)
    verdicts = {
        case.file: classify(log_chunks(str(case.file)), catalogue, circumstances=failed).verdict for case in known
    }
    count = int(sys.argv[2]) if len(sys.argv) > 2 else RUNS
    drawing = random.Random(count)
    storm: list[list[Case]] = [drawing.choices(known, k=drawing.choice(JOBS)) for _ in range(count)]
    for name, runs in (("one run a log", [[case] for case in known]), (f"{count} runs", storm)):
        told(f"lumen, {name}", runs, [rerun([verdicts[case.file] for case in run]) for run in runs])
        told(f"every failure once, {name}", runs, [True] * len(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
