"""A history that `lumen backfill` wrote, made into blocks by promtool and asked for by a real Prometheus."""

from __future__ import annotations

import io
import json
import subprocess
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import servers
from facts import HOUR, NOON, fact

from lumen_action.commands import World, backfill
from lumen_action.ledger.opening import open_ledger
from lumen_action.model import ErrorClass, Fact, Outcome
from lumen_action.sinks.series import COUNTER, PublishFacts, families
from lumen_action.sli.days import Calendar
from lumen_action.sli.fold import collect, fold

DAY = 24 * HOUR
SEOUL = Calendar(ZoneInfo("Asia/Seoul"))

Totals = Mapping[tuple[tuple[str, str], ...], float]


def nights() -> list[Fact]:
    """Return ten nights in two regions: every third fails in one, every fourth in both; one is repaired later."""
    found = []
    for night in range(10):
        for place, every in (("eu", 3), ("ap", 4)):
            failed = night % every == 0 or night % 4 == 0
            outcome = Outcome.FAILURE if failed else Outcome.SUCCESS
            at = NOON + night * DAY + (HOUR if place == "ap" else 0)
            for stage in ("build", "run"):
                day = SEOUL.day_of(at)
                cause = ErrorClass.BUILD if failed else None
                found.append(fact(stage, outcome, run=str(night), region=place, at=at, day=day, cause=cause))
    repaired = NOON + 5 * DAY
    return [*found, fact(run="4", attempt=2, at=repaired, day=SEOUL.day_of(NOON + 4 * DAY))]


def start_over_blocks(directory: Path, promtool: str, history: Path) -> servers.Server:
    """Make blocks of the history and start a Prometheus that has nothing else."""
    data = directory / "data"
    blocks = ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=168h", str(history), str(data)]
    made = subprocess.run([promtool, *blocks], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    # By default what is older than two weeks would be deleted at once.
    return servers.start_configured_prometheus(directory, {}, "--storage.tsdb.retention.time=100y")


def asked(prometheus: servers.Server, moment_ms: int) -> Totals:
    """Return every counter at a moment; a day without a run has a sample at its end."""
    question = {"query": 'last_over_time({__name__=~"lumen_.+_total"}[25h])', "time": f"{moment_ms / 1000:.3f}"}
    answer = servers.fetch(f"{prometheus.url}/api/v1/query?{urllib.parse.urlencode(question)}")
    found = json.loads(answer)["data"]["result"]
    return {tuple(sorted(item["metric"].items())): float(item["value"][1]) for item in found}


def counted(facts: list[Fact], moment_ms: int) -> Totals:
    """Return every counter as the fold of what had been observed by then."""
    seen = collect(told for told in facts if told.observed_at_ms <= moment_ms)
    groups = families(fold(seen, now_ms=moment_ms, calendar=SEOUL), PublishFacts("1", 7))
    return {
        tuple(sorted({"__name__": family.name, **group.labels, **sample.labels}.items())): sample.value
        for group in groups
        for family in group.families
        for sample in family.samples
        if family.type == COUNTER
    }


def test_a_prometheus_that_was_not_there_answers_the_exact_totals(
    tmp_path: Path, running: Callable[..., servers.Server], promtool: str
) -> None:
    ledger = open_ledger(f"sqlite:{tmp_path / 'ledger.db'}")
    for told in nights():
        ledger.put(told)
    ledger.close()
    (tmp_path / "lumen.yml").write_text("timezone: Asia/Seoul\n")
    answer = io.StringIO()
    world = World(
        env={"LUMEN_STATE_DIR": str(tmp_path / "state")},
        folder=tmp_path,
        stdout=answer,
        stderr=io.StringIO(),
        clock_ms=lambda: NOON + 20 * DAY,
    )
    words = ["--ledger", f"sqlite:{tmp_path / 'ledger.db'}", "--output", "history.om", "--json"]
    assert backfill.run(backfill.parser().parse_args(words), world) == 0
    history = tmp_path / "history.om"
    written = history.read_text()
    assert written.endswith("# EOF\n")
    told = json.loads(answer.getvalue())
    assert told["samples"] == sum(not line.startswith("#") for line in written.splitlines())

    prometheus = running(start_over_blocks, promtool, history)
    for moment in (NOON + 3 * DAY, NOON + 5 * DAY + 1, NOON + 15 * DAY + 7 * HOUR):
        expected = counted(nights(), moment)
        assert asked(prometheus, moment) == expected
    runs = {key: value for key, value in expected.items() if dict(key)["__name__"] == "lumen_runs_total"}
    assert sum(runs.values()) == 20
