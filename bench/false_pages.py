"""Pages and tickets for nothing, and how soon trouble is told, at each frequency: ours beside the usual windows.

usage: python bench/false_pages.py [WORLDS]

False is what fires while runs fail at half the rate that the target allows, each by itself, in worlds of a year.
Trouble is an outage (every run fails) and a burn (ten times what the target allows) after a good week, five of each per
world.
The same worlds every time: the seed is the number of the world.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lumen_action.alerting.simulating import RULES, Detection, Pipeline, Spread, alarms, detections
from lumen_action.alerting.worlds import Chance

CELLS = (
    (1, 0.95),
    (4, 0.95),
    (24, 0.95),
    (24, 0.99),
    (100, 0.99),
    (500, 0.99),
    (24, 0.995),
    (100, 0.995),
    (500, 0.995),
)
WORLDS = 20
BURNS_PER_WORLD = 5
DAYS = 365
BURN = 10
GOOD_PAGES, GOOD_RUNS = 0.2, 3


def chances(count: int) -> Iterator[Chance]:
    """Yield the chance of each world."""
    return (random.Random(number).random for number in range(count))


def around(spread: Spread) -> str:
    """Return a mean and what 95 of 100 worlds lie between."""
    return f"{spread.mean:5.2f} ({spread.low:.2f}-{spread.high:.2f})"


def soon(detection: Detection) -> str:
    """Return after how many runs and hours it is told."""
    if not detection.runs or not detection.seconds:
        return "never"
    seen = "" if detection.share == 1 else f" in {100 * detection.share:.0f} %"
    return f"{detection.runs.mean:.1f} runs {detection.seconds.mean / 3600:.1f} h{seen}"


def main() -> int:
    """Print the table; 1 when a cell breaks a promise."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else WORLDS
    broken = 0
    print(f"{worlds} worlds of {DAYS} days; a month has 30 days; in brackets what 95 of 100 worlds lie between")
    head = ("runs/day", "target", "rules", "false pages", "false tickets", "outage paged", "burn paged", "burn told")
    row = "{:>8}  {:>6}  {:<5}  {:<19}  {:<19}  {:<15}  {:<24}  {}".format
    print(row(*head))
    for runs_per_day, target in CELLS:
        pipeline = Pipeline(runs_per_day, target)
        healthy = alarms(pipeline, pipeline.healthy_rate, DAYS, chances(worlds))
        outage, burn = (
            detections(pipeline, rate, chances(worlds * BURNS_PER_WORLD)) for rate in (1, min(1, BURN * (1 - target)))
        )
        for rules in RULES:
            told = healthy[rules], outage[rules].page, burn[rules].page, burn[rules].any
            cells = around(told[0].page), around(told[0].ticket), *(soon(each) for each in told[1:])
            print(row(runs_per_day, f"{100 * target:g} %", rules, *cells), flush=True)
        kept = healthy["ours"].page.mean < GOOD_PAGES and outage["ours"].page.share_within(GOOD_RUNS) == 1
        broken += not kept
    print(
        f"{len(CELLS) - broken} of {len(CELLS)} cells keep: under {GOOD_PAGES} false pages, outage in {GOOD_RUNS} runs"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
