"""The textfile collector of a node_exporter: one file a pipeline."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from lumen_action.errors import ConfigError, RemoteError
from lumen_action.files import write_atomically
from lumen_action.sinks import Group
from lumen_action.sinks.exposition import prometheus_text

_PLAIN = re.compile(r"[a-z0-9_-]{1,80}")


def problems(directory: str) -> list[str]:
    """Say what is wrong with the directory."""
    if Path(directory).is_dir():
        return []
    fix = "create it and give the same path to node_exporter as --collector.textfile.directory"
    return [f"textfile-dir: {directory!r} is not a directory; {fix}"]


def file_name(pipeline: str) -> str:
    """Return a file name that is safe everywhere and that no other pipeline has.

    A name that needs changing gets a digest after a dot, which no plain name can hold; upper case counts as
    changing, because some file systems do not see the difference.
    """
    if _PLAIN.fullmatch(pipeline):
        return f"lumen-{pipeline}.prom"
    readable = re.sub(r"[^a-z0-9_-]+", "-", pipeline.lower()).strip("-")[:40]
    digest = hashlib.sha256(pipeline.encode()).hexdigest()[:16]
    return f"lumen-{readable}.{digest}.prom"


class Textfile:
    """Keeps a file a pipeline in the collector's directory.

    The collector loses every series when one file is half-written, and drops a series that stands in two files.
    """

    def __init__(self, directory: str) -> None:
        """Write into this directory, which must exist."""
        self._directory = directory
        self.name = f"textfile:{directory}"

    def publish(self, groups: Sequence[Group]) -> int:
        """Replace the file of every pipeline among the groups."""
        self.probe()
        of_pipeline: dict[str, list[Group]] = {}
        for group in groups:
            of_pipeline.setdefault(group.labels["pipeline"], []).append(group)
        for pipeline, own in of_pipeline.items():
            path = Path(self._directory) / file_name(pipeline)
            try:
                write_atomically(path, prometheus_text(own).encode(), mode=0o644)
            except OSError as fault:
                raise RemoteError(f"textfile-dir: cannot write {path}: {fault.strerror or fault}") from fault
        return sum(group.size for group in groups)

    def probe(self) -> None:
        """Refuse a directory that is missing or that this user may not write to."""
        if faults := problems(self._directory):
            raise ConfigError(faults)
        if not os.access(self._directory, os.W_OK | os.X_OK):
            raise RemoteError(
                f"textfile-dir: {self._directory!r} cannot be written by this user; allow it with chown or chmod"
            )
