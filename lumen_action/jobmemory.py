"""What one step of a job must know of the steps before it, kept in the job's own scratch folder."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from lumen_action.files import write_atomically
from lumen_action.host import Identity


@dataclass(frozen=True)
class JobMemory:
    """The job so far: its day, when our last step ran, whether the job had failed by then and was explained."""

    day: str = ""
    last_seen_ms: int | None = None
    job_had_failed: bool = False
    explained: bool = False


def memory_file(state_dir: Path, identity: Identity, region: str) -> Path:
    """Return the file of this job attempt; a machine that runs several jobs keeps them apart."""
    parts = (identity.provider, identity.host, identity.repo, identity.run, identity.attempt, identity.job, region)
    name = hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()[:24]
    return state_dir / f"job-{name}.json"


def recall(path: Path) -> JobMemory:
    """Read the memory; one that is missing or broken is empty."""
    known = {item.name for item in fields(JobMemory)}
    with suppress(OSError, ValueError, AttributeError):
        stored = json.loads(path.read_text(encoding="utf-8"))
        return replace(JobMemory(), **{name: value for name, value in stored.items() if name in known})
    return JobMemory()


def remember(path: Path, memory: JobMemory) -> None:
    """Keep the memory for the next step; without it only durations and wording suffer."""
    with suppress(OSError):
        write_atomically(path, json.dumps(asdict(memory)).encode())
