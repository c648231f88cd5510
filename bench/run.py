"""Run every benchmark: python bench/run.py [NAME…]."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ALL = ("warm_record", "cold_start", "throughput", "accuracy", "ledger", "git_writers", "rules", "report", "archive")


def main() -> int:
    """Run the named benchmarks, or all; one that fails does not stop the others."""
    failed = 0
    for name in sys.argv[1:] or ALL:
        print(f"== {name}", flush=True)
        failed += bool(subprocess.run([sys.executable, HERE / f"{name}.py"], check=False).returncode)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
