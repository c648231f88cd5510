"""Many jobs that end at once: each pushes one fact to a git host with a slow network, then one job folds them.

Every writer is a process with a clone of its own, as on a machine of its own, started beforehand and let go together.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

GitHost = import_module("githost").GitHost
racers = import_module("gitracers")


def main() -> None:
    """Print what was acknowledged, lost and doubled, and how long it took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--writers", type=int, default=256)
    options.add_argument("--latency", type=float, default=0.3, help="seconds added to every request")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch, GitHost.create(Path(scratch)).serving() as host:
        host.latency_seconds = chosen.latency
        written = racers.write_at_once(host, Path(scratch), chosen.writers, lambda number: [number])
        kept = racers.fold(host, Path(scratch))
    lost, wall = len(kept.lost(written)), written.seconds + kept.folding_seconds
    print(f"{chosen.writers} writers, {chosen.latency:g} s latency a request, {written.requests} requests to write")
    print(f"acknowledged {len(written.acknowledged)}, lost {lost}, doubled {kept.doubled}, refs left {kept.refs_left}")
    print(
        f"wall {wall:.1f} s: writing {written.seconds:.1f} s (slowest {written.slowest_seconds:.1f} s), "
        f"folding {kept.folding_seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
