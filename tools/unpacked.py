"""Find the real servers: those that tools/debian.py unpacked, or else those on the PATH."""

from __future__ import annotations

import shutil
from pathlib import Path

FETCH = (
    "run `python3 tools/debian.py`, which unpacks the servers into .tools without installing or starting them, "
    "or put it on the PATH"
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_UNPACKED = Path(__file__).resolve().parent.parent / ".tools" / "debian"
_ALERTMANAGER = "prometheus-alertmanager"
_ASSETS = b"/usr/share/prometheus/alertmanager"


class MissingProgramError(Exception):
    """A program that is needed is not there; the message says how to get it."""


def program(package: str, *names: str) -> str:
    """Find a program of a package under the first of its names."""
    for name in names:
        unpacked = _UNPACKED / package / "usr" / "bin" / name
        found = str(unpacked) if unpacked.is_file() else shutil.which(name)
        if found:
            return found
    raise MissingProgramError(f"{names[0]} is missing: {FETCH}")


def browser() -> str:
    """Find Chromium or what is made from it; it needs too many libraries to be unpacked."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not found:
        raise MissingProgramError(
            f"none of {', '.join(BROWSERS)} is on the PATH: run `python3 tools/debian.py --browser`"
        )
    return found


def alertmanager(folder: Path) -> tuple[str, ...]:
    """Return how a command begins that starts Alertmanager; what has to be changed of it is kept in the folder."""
    found = program(_ALERTMANAGER, _ALERTMANAGER, "alertmanager")
    body = Path(found).read_bytes()
    # Debian's looks for its own templates where only an installed package has them.
    if _ASSETS not in body or Path(_ASSETS.decode()).is_dir():
        return (found,)
    moved = folder / "alertmanager"
    # As long as before, but seen from the folder in which the package was unpacked.
    moved.write_bytes(body.replace(_ASSETS, _ASSETS[1:] + b"/"))
    moved.chmod(0o755)
    return ("env", f"--chdir={_UNPACKED / _ALERTMANAGER}", str(moved))
