"""What a Prometheus spends on each evaluation of our rules, beside the seed's and those that sloth would render.

usage: python bench/rules.py [--series N] [FILE…]

A real Prometheus has 33 days of every series that is published, one sample a minute: pipelines in four regions, with
five stages and every class, 12 runs a day. What a file reads of its own records is in that history as well,
learnt from a first evaluation. Without files these are measured:

- ours              rules/prometheus/lumen.rules.yml
- seed              what the seed records of its counters, its parentheses repaired, and its alerts
- seed, all         and the same increase() over 7 and 30 days of every other counter that is published
- sloth, runs       an SLO of the runs of every pipeline
- sloth, stages     and one of each of its stages; ours has these, and those of days and first tries
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_block import CHUNKS_IN_BLOCK, write_history
from published_world import CHUNKS, DAYS, STAGES, history, world

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests" / "support"))

from servers import fetch, program, wait_until  # type: ignore[import-not-found]

from lumen_action.sinks.protobuf import LabelSet

SERIES = 10_000
INTERVAL_SECONDS, EVALUATIONS = 10, 3
DEAREST = 10
PATIENCE_SECONDS = 300
_READ_BACK = re.compile(r"_over_time\(((?:lumen|slo):[\w:]+)")


@dataclass(frozen=True)
class Cost:
    """What one evaluation of a file costs."""

    name: str
    rules: int
    recorded: int
    firing: int
    seconds: float
    processor_seconds: float
    dearest: Sequence[tuple[float, str]]
    samples: Mapping[str, int]


@contextlib.contextmanager
def prometheus(folder: Path, rules: Path) -> Iterator[tuple[str, int]]:
    """Run a Prometheus with this history and these rules; give its address and its process."""
    configuration = {"global": {"evaluation_interval": f"{INTERVAL_SECONDS}s"}, "rule_files": [str(rules)]}
    (folder / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        program("prometheus", "prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--storage.tsdb.retention.time={2 * DAYS}d",
        f"--web.listen-address={address}",
    ]
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:

        def answers() -> bool:
            if process.poll() is not None:
                raise AssertionError((folder / "prometheus.log").read_text()[-2000:])
            with contextlib.suppress(OSError):
                return bool(fetch(f"http://{address}/-/ready"))
            return False

        try:
            wait_until("Prometheus answers", answers)
            yield f"http://{address}", process.pid
        finally:
            process.terminate()


def ask(url: str, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
    """Ask the API, for as long as it takes."""
    asked = urllib.parse.urlencode(parameters).encode() or None
    return json.loads(fetch(f"{url}/api/v1/{path}", asked, patience_seconds=PATIENCE_SECONDS))["data"]


def own_metrics(url: str) -> str:
    """Return what Prometheus tells of itself, however busy it is."""
    return str(fetch(f"{url}/metrics", patience_seconds=PATIENCE_SECONDS))


def groups(url: str) -> Any:  # noqa: ANN401 - JSON
    """Return the rule groups, once each was evaluated."""
    while True:
        found = ask(url, "rules")["groups"]
        if found and all(not group["lastEvaluation"].startswith("0001") for group in found):
            return found
        time.sleep(0.2)


def evaluated(url: str) -> int:
    """Wait until the first group was evaluated once more; return how often it was in all."""
    before = None
    while True:
        metrics = own_metrics(url)
        last = _values(metrics, "prometheus_rule_group_last_evaluation_timestamp_seconds")[0]
        before = before or last
        if last != before:
            done, missed = (
                _values(metrics, f"prometheus_rule_group_iterations_{name}total")[0] for name in ("", "missed_")
            )
            return int(done - missed)
        time.sleep(0.25)


def processor_seconds(process: int) -> float:
    """Return how long a process has used processors."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def learnt(folder: Path, rules: Path, series: int) -> list[tuple[LabelSet, float, bool]]:
    """Return the records that the file reads back, as a first evaluation makes them."""
    names = "|".join(sorted(set(_READ_BACK.findall(rules.read_text()))))
    if not names:
        return []
    now_ms = _fill(folder, series, [], CHUNKS_IN_BLOCK)
    with prometheus(folder, rules) as (url, _):
        groups(url)
        time.sleep(INTERVAL_SECONDS)
        made = ask(url, "query", query=f'{{__name__=~"{names}"}}')["result"]
    values = ((tuple(sorted(each["metric"].items())), float(each["value"][1])) for each in made)
    return [
        # A time stands, a total rises; where nothing ran sloth records no number.
        (labels, 0.04 if math.isnan(value) else value, value < now_ms / 2000 and not math.isnan(value))
        for labels, value in values
    ]


def _fill(folder: Path, series: int, records: Sequence[tuple[LabelSet, float, bool]], chunks: int) -> int:
    shutil.rmtree(folder / "data", ignore_errors=True)
    now_ms = int(time.time()) // 60 * 60_000
    write_history(folder / "data", history([*world(series, now_ms), *records], chunks), now_ms)
    return now_ms


def measured(name: str, rules: Path, series: int, folder: Path) -> Cost:
    """Measure a file on a history of its own."""
    _fill(folder, series, learnt(folder, rules, series), CHUNKS)
    took: list[float] = []
    rule_seconds: dict[str, list[float]] = {}
    with prometheus(folder, rules) as (url, process):
        groups(url)
        first = evaluated(url)
        before = processor_seconds(process)
        for _ in range(EVALUATIONS):
            last = evaluated(url)
            found = groups(url)
            took.append(sum(group["evaluationTime"] for group in found))
            for group in found:
                for rule in group["rules"]:
                    rule_seconds.setdefault(_title(rule), []).append(rule["evaluationTime"])
        spent = (processor_seconds(process) - before) / (last - first)
        metrics = own_metrics(url)
        rules_found = [rule for group in found for rule in group["rules"]]
        for rule in rules_found:
            if rule["health"] != "ok":
                print(f"{name}: {_title(rule)}: {rule['lastError']}")
        every = {_title(rule): rule["query"] for rule in rules_found if rule["health"] == "ok"}
        samples = {
            title: int(ask(url, "query", query=text, stats="all")["stats"]["samples"]["totalQueryableSamples"])
            for title, text in every.items()
        }
    return Cost(
        name,
        len(rules_found),
        int(sum(_values(metrics, "prometheus_rule_group_last_evaluation_samples"))),
        sum(len(rule.get("alerts", ())) for rule in rules_found),
        statistics.median(took),
        spent,
        sorted(((statistics.median(times), title) for title, times in rule_seconds.items()), reverse=True),
        samples,
    )


def _title(rule: Mapping[str, Any]) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(rule.get("labels", {}).items()))
    return f"{rule['name']}{{{labels}}}"


def _values(metrics: str, name: str) -> list[float]:
    return [float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(name)]


def peers(folder: Path, series: int) -> Iterator[tuple[str, Path]]:
    """Yield the files that are measured when none is named."""
    yield "ours", ROOT / "rules" / "prometheus" / "lumen.rules.yml"
    seed = PEERS / "seed.rules.yml"
    yield "seed", seed
    published = world(series, 0)
    names = sorted({dict(labels)["__name__"] for labels, _, rises in published if rises})
    more = (
        f"  - record: seed:{name}:increase{window}\n    expr: increase({name}[{window}])\n"
        for name in names
        for window in ("7d", "30d")
    )
    yield "seed, all", _written(folder / "seed-all.yml", seed.read_text() + "".join(more))
    slo = (PEERS / "sloth.rules.yml").read_text()
    pipelines = sorted({dict(labels)["pipeline"] for labels, _, _ in published})
    runs = [_slo(slo, pipeline, "runs", "runs", f'{{pipeline="{pipeline}"}}') for pipeline in pipelines]
    stages = [
        _slo(slo, pipeline, stage, "stage", f'{{pipeline="{pipeline}",stage="{stage}"}}')
        for pipeline in pipelines
        for stage in STAGES
    ]
    for name, slos in (("sloth, runs", runs), ("sloth, stages", runs + stages)):
        yield name, _written(folder / f"{name.replace(', ', '-')}.yml", "\n".join(("groups:", *slos)))


def _slo(template: str, pipeline: str, name: str, events: str, which: str) -> str:
    """Return the rules of one SLO."""
    bad = f"lumen_{events}_failed_total{which}"
    every = f'{{__name__=~"lumen_{events}_(success|failed)_total",{which[1:]}'
    filled = {"PIPELINE": pipeline, "SLO_NAME": name, "BAD": bad, "ALL": every}
    return re.sub("|".join(filled), lambda found: filled[found[0]], template)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def main() -> int:
    """Print a table of the files, and what is dearest in the first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("files", nargs="*", type=Path)
    given = parser.parse_args()
    print(f"{given.series} series, {DAYS} days, a sample a minute; the median of {EVALUATIONS} evaluations")
    row = "{:<24} {:>6} {:>9} {:>7} {:>11} {:>11} {:>13}".format
    print(row("file", "rules", "recorded", "firing", "seconds", "processor", "samples read"))
    costs = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, path in [(path.stem, path.resolve()) for path in given.files] or peers(folder, given.series):
            cost = measured(name, path, given.series, folder)
            costs.append(cost)
            spent = f"{cost.seconds:.2f}", f"{cost.processor_seconds:.2f}", f"{sum(cost.samples.values()):,}"
            print(row(cost.name, cost.rules, cost.recorded, cost.firing, *spent), flush=True)
    print(f"\nthe {DEAREST} dearest rules of {costs[0].name}")
    for seconds, title in costs[0].dearest[:DEAREST]:
        print(f"{seconds:8.3f} s {costs[0].samples.get(title, 0):>12,} samples  {title}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
