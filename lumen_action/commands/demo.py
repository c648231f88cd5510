"""`lumen demo`: a sample day in two regions, played through the real program on the embedded ledger."""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from lumen_action.cli import main
from lumen_action.commands import World
from lumen_action.commands.parsers import plain_parser
from lumen_action.commands.session import open_session
from lumen_action.commands.state import state_in
from lumen_action.errors import LumenError
from lumen_action.files import write_atomically

_LOGS = Path(__file__).resolve().parent / "demo_logs"
_SHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
_PIPELINE = "daily-report"


@dataclass(frozen=True)
class _Step:
    """One `uses:` line of the sample workflow and when it runs."""

    minute: int
    region: str
    attempt: int
    stage: str
    job_status: str
    log: str = ""


# The job's status is what GitHub hands over: once a step has failed it stays `failure`.
_DAY = (
    _Step(1, "eu-west-1", 1, "build", "success"),
    _Step(2, "ap-northeast-2", 1, "build", "success"),
    _Step(6, "eu-west-1", 1, "report", "success"),
    _Step(9, "ap-northeast-2", 1, "report", "failure", "expired-secret.log"),
    _Step(10, "ap-northeast-2", 1, "upload", "failure"),
    _Step(11, "ap-northeast-2", 1, "run", "failure"),
    _Step(12, "eu-west-1", 1, "upload", "failure", "upload-reset.log"),
    _Step(13, "eu-west-1", 1, "run", "failure"),
    _Step(15, "eu-west-1", 2, "build", "success"),
    _Step(19, "eu-west-1", 2, "report", "success"),
    _Step(21, "eu-west-1", 2, "upload", "success"),
    _Step(22, "eu-west-1", 2, "run", "success"),
)
# The two summaries worth reading first; all of them are kept in files.
_SHOWN = (
    ("summary of the job that failed for good", "ap-northeast-2", 1),
    ("summary of the job that was run again", "eu-west-1", 2),
)


def parser() -> argparse.ArgumentParser:
    """Say what the command takes."""
    made = plain_parser(
        "demo",
        "Play a sample day: a transient failure, a permanent one and a winner. No server is needed.",
        "lumen demo --folder lumen-demo",
    )
    made.add_argument("--folder", default="lumen-demo", help="where ledger, summaries and page are written")
    return made


def run(arguments: argparse.Namespace, world: World) -> int:
    """Play the day, then print the failed job's summary and where the page is."""
    folder = (world.folder / arguments.folder).resolve()
    _clear(folder)
    started = datetime.fromtimestamp(world.clock_ms() / 1000, timezone.utc).replace(hour=2, minute=0, second=0)
    started -= timedelta(days=1, microseconds=started.microsecond)
    world.answer(f"{_PIPELINE}: two regions, three stages, {started:%Y-%m-%d}; one `uses:` line after each stage\n")
    for step in _DAY:
        answer = _play(step, folder, started, world)
        took = f"{step.minute // 60:02d}:{step.minute % 60:02d}"
        world.answer(f"  02:{took[3:]}  {step.region:<15} {step.stage:<7} {_told(answer)}")
    for title, region, attempt in _SHOWN:
        world.answer(f"\n{f' {title} '.center(96, '─')}\n")
        world.answer(_summary(folder, region, attempt).read_text(encoding="utf-8").rstrip())
    world.answer(f"\n{'─' * 96}")
    page = _page(folder, started, world)
    world.answer(f"\nevery job's summary   {folder}/summary-*.md")
    world.answer(f"the ledger            lumen state --ledger sqlite:{folder / 'ledger.db'}")
    world.answer(f"a page to open        {page}")
    return 0


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left, and nothing else."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in ("ledger.db*", "summary-*.md", "outputs-*.txt", "event-*.json", "page.html"):
            for old in folder.glob(pattern):
                old.unlink()
        for old in (folder / "runner").rglob("job-*.json"):
            old.unlink()
    except OSError as fault:
        raise LumenError(f"folder: cannot write to {folder} ({fault.strerror}); give another with --folder") from fault


def _summary(folder: Path, region: str, attempt: int) -> Path:
    return folder / f"summary-{region}-{attempt}.md"


def _play(step: _Step, folder: Path, started: datetime, world: World) -> dict[str, Any]:
    """Run `record` as the step of a job would, on the clock of the sample day."""
    outputs, summary = folder / f"outputs-{step.region}-{step.attempt}.txt", _summary(folder, step.region, step.attempt)
    for file in (outputs, summary):
        file.touch()
    event = folder / f"event-{step.region}-{step.attempt}.json"
    if not event.exists():
        # The runner writes the event when a job begins: half a minute before its first stage ends.
        event.write_text("{}", encoding="utf-8")
        began = (started + timedelta(minutes=step.minute, seconds=-30)).timestamp()
        os.utime(event, (began, began))
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "example/reports",
        "GITHUB_RUN_ID": "7001",
        "GITHUB_RUN_ATTEMPT": str(step.attempt),
        "GITHUB_JOB": "report",
        "GITHUB_WORKFLOW": _PIPELINE,
        "GITHUB_SHA": _SHA,
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_TEMP": str(folder / "runner" / f"{step.region}-{step.attempt}"),
        "LUMEN_INPUT_JOB_STATUS": step.job_status,
        "LUMEN_INPUT_STAGE": step.stage,
        "LUMEN_INPUT_REGION": step.region,
        "LUMEN_INPUT_MATRIX": json.dumps({"region": step.region}),
        "LUMEN_INPUT_LEDGER": f"sqlite:{folder / 'ledger.db'}",
        "LUMEN_INPUT_LOG_FILE": str(_LOGS / step.log) if step.log else "",
    }
    said = io.StringIO()
    clock = int((started + timedelta(minutes=step.minute)).timestamp() * 1000)
    main(
        ["record", "--json"],
        replace(world, env=env, folder=folder, stdout=said, clock_ms=lambda: clock, random=lambda: 1.0),
    )
    return next(_objects(said.getvalue()))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        with suppress(ValueError):
            yield json.loads(line)


def _told(answer: dict[str, Any]) -> str:
    if answer["outcome"] != "failure":
        return str(answer["outcome"])
    return f"failure  {answer['error_class']}/{answer['error_subclass']}: {answer['reason']}"


def _page(folder: Path, started: datetime, world: World) -> Path:
    from lumen_action.report.page import render

    now = started + timedelta(hours=1)
    late = replace(world, clock_ms=lambda: int(now.timestamp() * 1000), env={}, folder=folder)
    session = open_session({"ledger": f"sqlite:{folder / 'ledger.db'}"}, late)
    page = folder / "page.html"
    html = render(state_in(session, None), title="Lumen demo", generated_at=f"{now:%Y-%m-%d %H:%M} UTC")
    write_atomically(page, html.encode())
    return page
