"""Fetch google/slo-generator, which tests hold our numbers against, into a folder of its own.

    .venv/bin/python tools/slo_generator.py        into .tools/slo-generator

It is no part of `.venv`: it wants older packages than we do. pip's own configuration (PIP_*, pip.conf) is honoured.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".tools" / "slo-generator"
# It imports pkg_resources, which newer ones of setuptools no longer have.
PACKAGES = ("slo-generator[prometheus]==2.6.0", "setuptools<80")
FETCH = "run `.venv/bin/python tools/slo_generator.py`, which fetches slo-generator into .tools"


def main() -> int:
    """Fetch it; the folder appears only when it is complete."""
    if FOLDER.is_dir():
        return 0
    work = FOLDER.with_name(f"fetching-{os.getpid()}")
    pip = [sys.executable, "-m", "pip", "install", "--no-input", "--progress-bar", "off", "--target", str(work)]
    try:
        # pip warns of what the packages beside it want; nothing here sees those.
        code = subprocess.run([*pip, *PACKAGES], stdin=subprocess.DEVNULL, check=False).returncode
        if code == 0 and not FOLDER.is_dir():
            work.rename(FOLDER)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if code:
        print(f"pip ended with {code}; its words stand above", file=sys.stderr)
    return 1 if code else 0


if __name__ == "__main__":
    sys.exit(main())
