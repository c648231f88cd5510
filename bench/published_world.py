"""What is published for so many series, in 33 days: each pipeline has four regions and five stages."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from prometheus_block import CHUNK_MS, Series

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lumen_action.model import ErrorClass, Outcome
from lumen_action.sinks.protobuf import LabelSet
from lumen_action.sinks.series import COUNTER, PublishFacts, families
from lumen_action.sli.state import DayState, EndedRun, PipelineState, RegionState, StageResult, State

REGIONS = ("ap", "eu", "sa", "us")
STAGES = ("build", "unit", "package", "scan", "deploy")
DAYS = 33
RUNS_A_DAY = 12
FAILED_RUNS = DAYS * RUNS_A_DAY // 25
OBJECTIVES = dict.fromkeys(("run", "day", "stage", "first_try"), 0.9)
CHUNKS = DAYS * 86_400_000 // CHUNK_MS


def world(series: int, now_ms: int) -> list[tuple[LabelSet, float, bool]]:
    """Return what so many series are at the end, as they are published, and which of them are counters."""
    found: list[tuple[LabelSet, float, bool]] = []
    facts = PublishFacts("1", 1, 2, OBJECTIVES, RUNS_A_DAY, lambda _ended: now_ms + 86_400_000)
    while len(found) < series:
        name = f"pipeline-{len(found):06d}"
        pipeline = PipelineState(
            name,
            {region: _region(region, now_ms) for region in REGIONS},
            tuple(DayState(str(day), Outcome.SUCCESS) for day in range(DAYS)),
            checks={"integrity": Outcome.SUCCESS, "report": Outcome.SUCCESS},
        )
        for group in families(State({name: pipeline}), facts):
            for family in group.families:
                for sample in family.samples:
                    labels = {"__name__": family.name, "job": "lumen", **group.labels, **sample.labels}
                    found.append((tuple(sorted(labels.items())), sample.value, family.type == COUNTER))
    return found


def _region(name: str, now_ms: int) -> RegionState:
    runs = DAYS * RUNS_A_DAY
    good = runs - FAILED_RUNS
    ended_ms, failed_ms = now_ms - 3_600_000, now_ms - 30 * 3_600_000
    address = "https://git.example/org/app/actions/runs/"
    return RegionState(
        region=name,
        runs=runs,
        success=good,
        failed={ErrorClass.NETWORK: FAILED_RUNS},
        stage_success=dict.fromkeys(STAGES, good),
        stage_failed={(stage, ErrorClass.NETWORK): FAILED_RUNS for stage in STAGES},
        attempts={Outcome.SUCCESS: good, Outcome.FAILURE: FAILED_RUNS},
        first_try=dict.fromkeys(STAGES, good),
        last_run_ms=ended_ms,
        last_run=EndedRun("4711", Outcome.SUCCESS, ended_ms, f"{address}4711"),
        last_failed_run=EndedRun("4700", Outcome.FAILURE, failed_ms, f"{address}4700", "unit"),
        first_seen_ms=now_ms - DAYS * 86_400_000,
        last_stages={stage: StageResult(stage, Outcome.SUCCESS, 1, ended_ms, duration_ms=60_000) for stage in STAGES},
    )


def history(world: Sequence[tuple[LabelSet, float, bool]], chunks: int) -> Iterator[Series]:
    """Yield what the series stood at in the last chunks: a counter rises all the time, a gauge stands."""
    steps = range(CHUNKS - chunks + 1, CHUNKS + 1)
    for labels, value, rises in world:
        yield Series(
            labels,
            [float((int(value) * step + CHUNKS // 2) // CHUNKS) for step in steps] if rises else [value] * chunks,
        )
