"""Ask the five promises of rules/slo/api.yml of a real Prometheus that has six weeks of a sample API.

    python tools/slo_example.py                  what `lumen slo report` says of them
    python tools/slo_example.py check            any other words of `lumen slo`

Prometheus is started on loopback with replayed scrapes, in which machines were restarted, came and went, and is stopped
at the end.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import apiworld  # type: ignore[import-not-found]
import replayed  # type: ignore[import-not-found]

from lumen_action.cli import main as lumen

DOCUMENTS = ROOT / "rules" / "slo" / "api.yml"


def main(words: Sequence[str]) -> int:
    """Replay, ask, and stop the server."""
    with tempfile.TemporaryDirectory() as folder:
        server = replayed.start_prometheus(Path(folder))
        try:
            world = apiworld.world(time.time_ns() // 1_000_000 - apiworld.ASKED_LATER_MS)
            replayed.write(server, list(world.series))
            command = list(words) or ["report"]
            return lumen(["slo", *command, "--slo", str(DOCUMENTS), "--prometheus-url", server.url])
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
