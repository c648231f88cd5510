"""`lumen serve` under over 500 requests a second while runs arrive in its ledger, beside two exporters.

usage: python bench/serve.py [SECONDS] [RUNS]

wrk asks on loopback for the pages in turn, of the peers for /metrics alone: node_exporter shows a file with the same
series, the Pushgateway what was pushed to it. Memory is that of the process, the most of the first half of the time
beside the most of the second. wrk and the server share the cores.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

servedledger = import_module("servedledger")
servers = import_module("servers")

PATHS = ("/metrics", "/health/live", "/health/ready", "/health/components", "/", "/healthz", "/readyz")
A_SECOND = 550
RUNS_A_SECOND = 5
SECONDS, RUNS = 60, 2000


def main(arguments: Sequence[str]) -> None:
    """Measure all three and print a table."""
    seconds, runs = (int(word) for word in (*arguments, *map(str, (SECONDS, RUNS)[len(arguments) :])))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        storm = servedledger.Storm(folder)
        storm.go_on(runs)
        served = servedledger.start_serve(folder, storm.url)
        heads = f"{'p50 ms':>8} {'p99 ms':>8} {'errors':>7} {'MB early':>9} {'late':>6}"
        print(f"{'':<34}{'requests':>9} {'a second':>9} {heads}", flush=True)
        with servedledger.growing(storm, RUNS_A_SECOND):
            measure("lumen serve, all pages, growing", served, folder, PATHS, seconds)
        series = servers.fetch(f"{served.url}/metrics")
        measure("lumen serve, /metrics, at rest", served, folder, ("/metrics",), seconds)
        served.stop()
        (folder / "lumen.prom").write_text(series)
        for name, server in (
            ("node_exporter, /metrics", servers.start_node_exporter(folder, folder)),
            ("Pushgateway, /metrics", servers.start_pushgateway(folder)),
        ):
            if "Pushgateway" in name:
                servers.fetch(f"{server.url}/metrics/job/lumen", series.encode())
            measure(name, server, folder, ("/metrics",), seconds)
            server.stop()


def measure(name: str, server: Any, folder: Path, paths: Sequence[str], seconds: int) -> None:  # noqa: ANN401 - a test server
    """Print a line."""
    with servedledger.watched_memory(server.process.pid) as memory:
        found = servedledger.load(folder, server.url, paths, seconds=seconds, a_second=A_SECOND)
    print(
        f"{name:<34}{found.requests:>9} {found.a_second:>9.0f} {found.p50_ms:>8.1f} {found.p99_ms:>8.1f} "
        f"{found.errors:>7} {memory.settled_kb / 1024:>9.1f} {memory.late_kb / 1024:>6.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
