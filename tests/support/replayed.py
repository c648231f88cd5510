"""A month of four pipelines, written to a real Prometheus as if it had been there: what we publish, and every rule."""

from __future__ import annotations

import dataclasses
import json
import random
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import servers
from ruamel.yaml import YAML

from lumen_action.alerting.rendering import Plan, render
from lumen_action.incidents.facts import opening_fact
from lumen_action.incidents.folding import incidents_in
from lumen_action.incidents.words import Severity
from lumen_action.model import Action, ErrorClass, Failure, Outcome
from lumen_action.sinks.protobuf import TimeSeries, write_request
from lumen_action.sinks.series import PublishFacts, families
from lumen_action.sinks.snappy import block
from lumen_action.sli.state import Checked, DayState, EndedRun, PipelineState, RegionState, StageResult, State

HOUR, DAY = 3600, 86_400
BEGIN = 1_767_225_600  # 1 January 2026, midnight UTC
DAYS = 33
END = BEGIN + DAYS * DAY + 15 * HOUR
REGIONS = ("eu", "us")
STAGES = ("build", "test")
LOST_DAY, MISSING_DAY, CORRECTED_DAY = 20, 24, 27
IDLE_DAYS, SEEN_HOURS = 9, 12
# Newer than the oldest sample by so much that no window of 30 days begins in it.
ADOPTED_BORN = END - 40 * DAY
_GRACE = 6 * HOUR
_MOST_SAMPLES = 20_000

Labels = tuple[tuple[str, str], ...]
K = TypeVar("K")


@dataclass(frozen=True)
class Run:
    """A run of the history; `saved` says that a stage of it was run again and succeeded."""

    pipeline: str
    region: str
    ended: int
    outcome: Outcome
    error_class: ErrorClass | None = None
    saved: bool = False

    @property
    def run_id(self) -> str:
        return f"{self.pipeline}-{self.region}-{self.ended}"

    @property
    def told(self) -> EndedRun:
        failure = Failure(self.error_class, "", fingerprint="f1") if self.error_class else None
        url = f"https://ci.example/runs/{self.run_id}"
        return EndedRun(self.run_id, self.outcome, self.ended * 1000, url, "test" if failure else "", failure)


def runs() -> Iterator[Run]:
    """Yield the history: a nightly, an hourly one whose second region fails, and one that fell idle."""
    chance = random.Random(6)
    for day in range(DAYS + 1):
        for region in REGIONS:
            if day != MISSING_DAY:
                bad = day == LOST_DAY or (day == CORRECTED_DAY and region == "eu")
                yield _run("nightly", region, BEGIN + day * DAY + 2 * HOUR, ErrorClass.BUILD if bad else None)
            for hour in range(24):
                ended = BEGIN + day * DAY + hour * HOUR + 600
                bad = chance.random() < 0.06 or (region == "us" and day >= DAYS - 1)
                yield _run(
                    "hourly", region, ended, chance.choice(list(ErrorClass)) if bad else None, saved=hour % 5 == 0
                )
            if day < DAYS - IDLE_DAYS:
                for hour in range(0, 24, 6):
                    bad = region == "us" or chance.random() < 0.1
                    yield _run(
                        "deploy", region, BEGIN + day * DAY + hour * HOUR + 60, ErrorClass.NETWORK if bad else None
                    )


def _run(pipeline: str, region: str, ended: int, cause: ErrorClass | None, *, saved: bool = False) -> Run:
    return Run(pipeline, region, ended, Outcome.FAILURE if cause else Outcome.SUCCESS, cause, saved and not cause)


@dataclass
class Region:
    """What is known of a region at a moment."""

    pipeline: str
    name: str
    counts: RegionState

    @classmethod
    def new(cls, pipeline: str, name: str, born: int) -> Region:
        return cls(pipeline, name, RegionState(name, first_seen_ms=born * 1000))

    def ends(self, run: Run) -> None:
        """Count a run."""
        was, bad = self.counts, run.error_class
        failed = _more(was.failed, bad) if bad else was.failed
        good_stages = STAGES if not bad else STAGES[:1]
        first = [stage for stage in good_stages if not (run.saved and stage == "test")]
        self.counts = dataclasses.replace(
            was,
            runs=was.runs + 1,
            success=was.success + (not bad),
            failed=failed,
            stage_success=_more(was.stage_success, *good_stages),
            stage_failed=_more(was.stage_failed, ("test", bad)) if bad else was.stage_failed,
            first_try=_more(was.first_try, *first),
            reruns=_more(was.reruns, Action.TICKET if bad else Action.RETRY_NOW) if bad or run.saved else was.reruns,
            consecutive_failures=was.consecutive_failures + 1 if bad else 0,
            last_run_ms=run.ended * 1000,
            last_run=run.told,
            last_failed_run=run.told if bad else was.last_failed_run,
            last_stages={
                stage: StageResult(
                    stage,
                    Outcome.SUCCESS if stage in good_stages else Outcome.FAILURE,
                    1,
                    run.ended * 1000,
                    duration_ms=60_000 + run.ended % 7000,
                )
                for stage in STAGES
            },
        )

    def turns_good(self) -> None:
        """Correct a failed run."""
        self.counts = dataclasses.replace(
            self.counts,
            corrected=_more(self.counts.corrected, (Outcome.FAILURE, Outcome.SUCCESS)),
            consecutive_failures=0,
        )


def _more(counts: Mapping[K, int], *keys: K) -> dict[K, int]:
    return dict(Counter(counts) + Counter(keys))


@dataclass
class History:
    """Samples by name and labels, an hour apart."""

    samples: dict[Labels, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, labels: Mapping[str, str], value: float, at: int) -> None:
        """Keep one sample."""
        key = tuple(sorted({"__name__": name, **{name: text for name, text in labels.items() if text}}.items()))
        self.samples[key].append((float(value), at * 1000))


def history() -> History:
    """Publish every hour what is known then."""
    found = History()
    coming = sorted(runs(), key=lambda run: run.ended)
    regions = {
        (name, region): Region.new(name, region, BEGIN)
        for name in ("nightly", "hourly", "deploy")
        for region in REGIONS
    }
    position = 0
    for now in range(BEGIN, END + 1, HOUR):
        while position < len(coming) and coming[position].ended <= now:
            run = coming[position]
            regions[run.pipeline, run.region].ends(run)
            position += 1
        if now == BEGIN + CORRECTED_DAY * DAY + 5 * HOUR:
            regions["nightly", "eu"].turns_good()
        if now == END - SEEN_HOURS * HOUR:
            regions["adopted", "eu"] = Region.new("adopted", "eu", ADOPTED_BORN)
            regions["adopted", "eu"].ends(_run("adopted", "eu", now - HOUR, None))
        _publish(found, regions, now)
    return found


def _publish(found: History, regions: Mapping[tuple[str, str], Region], now: int) -> None:
    by_pipeline: dict[str, list[Region]] = defaultdict(list)
    for region in regions.values():
        by_pipeline[region.pipeline].append(region)
    for name, its in by_pipeline.items():
        checks = {"integrity": Outcome.SUCCESS if name != "deploy" else Outcome.FAILURE, "report": Outcome.SUCCESS}
        state = PipelineState(
            name,
            {each.name: each.counts for each in its},
            _days(name, now),
            checks=checks,
            at_ms=now * 1000,
            **(_troubled(name, now) if name == "hourly" else {}),
        )
        for group in families(State(pipelines={name: state}), _facts(name, now)):
            for family in group.families:
                for sample in family.samples:
                    found.add(family.name, {**group.labels, **sample.labels}, sample.value, now)


def _troubled(name: str, now: int) -> Mapping[str, Any]:
    """Return a pipeline that is silenced, and will be again, with an incident and a component that fails."""
    ms, day = now * 1000, "2026-01-02"
    spans = ((ms - HOUR * 1000, (END + HOUR) * 1000), ((END + DAY) * 1000, (END + DAY + HOUR) * 1000))
    opening = opening_fact(
        name, "INC-20260102-120000-ABCD", day=day, at_ms=ms, severity=Severity.SEV2, sameness="s", generation=0, told={}
    )
    return {
        "quiet": spans,
        "incidents": incidents_in([opening]),
        "health": {("eu", "registry"): Checked("warn", ms), ("", "store"): Checked("fail", ms)},
    }


def _facts(name: str, now: int) -> PublishFacts:
    promised = {} if name == "deploy" else {"run": 0.9, "day": 0.9, "stage": 0.95, "first_try": 0.8}
    return PublishFacts(
        "1.1" if now > END - 8 * HOUR else "1.0",
        now - BEGIN,
        objectives=promised,
        expected_runs_per_day={"nightly": 2, "hourly": 48}.get(name),
        deadline=(lambda _: (now - now % DAY + DAY + _GRACE) * 1000) if name == "nightly" else None,
    )


def _days(name: str, now: int) -> tuple[DayState, ...]:
    """Return the days of the nightly that are decided."""
    if name != "nightly":
        return ()
    found = []
    for day in range(DAYS + 1):
        outcome = {LOST_DAY: Outcome.FAILURE, MISSING_DAY: Outcome.MISSING}.get(day, Outcome.SUCCESS)
        decided = BEGIN + day * DAY + (2 * HOUR if outcome.good else DAY + _GRACE)
        if decided <= now:
            found.append(DayState(f"day {day}", outcome))
    return tuple(found)


def start_prometheus(directory: Path, *options: str) -> servers.Server:
    """Start a Prometheus that takes samples of any age and sees them for an hour."""
    return servers.start_configured_prometheus(
        directory,
        {"storage": {"tsdb": {"out_of_order_time_window": "90d"}}},
        "--storage.tsdb.retention.time=10y",
        "--query.lookback-delta=59m",
        "--web.enable-remote-write-receiver",
        *options,
    )


def ask(server: servers.Server, path: str, **parameters: object) -> list[dict[str, object]]:
    """Ask Prometheus; what it says against a query is the fault."""
    try:
        answer = _posted(server, path, urlencode(parameters, doseq=True).encode(), {})
    except urllib.error.HTTPError as refused:
        raise AssertionError(f"{refused.read().decode()}\n{parameters}") from refused
    data = json.loads(answer)["data"]
    result: list[dict[str, object]] = data if isinstance(data, list) else data["result"]
    return result


def replay(server: servers.Server) -> None:
    """Write the history, then each rule's results, as a Prometheus that was there would have recorded them."""
    write(server, [TimeSeries(labels, tuple(samples)) for labels, samples in history().samples.items()])
    (group,) = YAML(typ="safe").load(render(Plan())["lumen.rules.yml"])["groups"]
    for rule in group["rules"]:
        write(server, _recorded(server, rule))


def _recorded(server: servers.Server, rule: Mapping[str, object]) -> list[TimeSeries]:
    own = dict(rule.get("labels", {}))
    if "alert" in rule:
        own |= {"__name__": "ALERTS", "alertname": rule["alert"], "alertstate": "firing"}
    else:
        own["__name__"] = rule["record"]
    found = []
    for series in ask(server, "query_range", query=rule["expr"], start=BEGIN, end=END, step=HOUR):
        labels = tuple(sorted({**series["metric"], **own}.items()))
        values = [(1.0 if "alert" in rule else float(value), int(at) * 1000) for at, value in series["values"]]
        found.append(TimeSeries(labels, tuple(values)))
    return found


def write(server: servers.Server, series: Sequence[TimeSeries]) -> None:
    """Append samples by remote write."""
    for batch in _batches(series):
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        headers["X-Prometheus-Remote-Write-Version"] = "0.1.0"
        _posted(server, "write", block(write_request(batch)), headers)


def _posted(server: servers.Server, path: str, body: bytes, headers: Mapping[str, str]) -> str:
    request = urllib.request.Request(f"{server.url}/api/v1/{path}", body, headers)  # noqa: S310 - loopback
    return servers.fetch(request, patience_seconds=60)


def _batches(series: Iterable[TimeSeries]) -> Iterator[list[TimeSeries]]:
    batch: list[TimeSeries] = []
    size = 0
    for each in series:
        batch.append(each)
        size += len(each.samples)
        if size >= _MOST_SAMPLES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
