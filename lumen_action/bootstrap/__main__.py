"""Prepare every lock in one directory, to be named by LUMEN_SITE: `python3 -m lumen_action.bootstrap DIRECTORY`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from lumen_action.bootstrap import OPTIONAL, PROVIDES, BootstrapError
from lumen_action.bootstrap.installers import finish, install
from lumen_action.bootstrap.sites import LOCKS, glibc


def bake(site: Path) -> None:
    """Install all locks into a directory that does not exist yet; what is optional only where it is to be had."""
    without = OPTIONAL if sys.platform == "linux" and glibc() is None else ()
    site.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".preparing-", dir=site.parent) as scratch:
        whole = Path(scratch) / "whole.txt"
        whole.write_text(
            "".join((LOCKS / f"{lock}.txt").read_text(encoding="utf-8") for lock in PROVIDES if lock not in without),
            encoding="utf-8",
        )
        built, _ = install(whole, Path(scratch), os.environ)
        finish(built, site)
        built.rename(site)


def main(arguments: list[str]) -> int:
    """Bake the directory named on the command line."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python3 -m lumen_action.bootstrap DIRECTORY\n")
        return 2
    try:
        bake(Path(arguments[0]).resolve())
    except (BootstrapError, OSError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
