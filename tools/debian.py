"""Fetch the real servers, and a font, that tests use from Debian or Ubuntu, without installing or starting anything.

    python3 tools/debian.py                      unpack what `make test` needs into .tools/debian
    python3 tools/debian.py PACKAGE…             unpack these packages instead
    python3 tools/debian.py --install docker.io  install system-wide (root or sudo): for programs with many libraries
    python3 tools/debian.py --browser            install Chromium so, unless there is a browser of its kind

Unpacking needs no root: when the machine's package lists are missing or stale, private ones are fetched into
.tools/apt. Installing a server would start it on its default port; unpacking never does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from unpacked import BROWSERS

TOOLS = Path(__file__).resolve().parent.parent / ".tools"
# Of several names the first that the distribution knows.
SERVERS = (
    "prometheus",
    "prometheus-pushgateway",
    "prometheus-node-exporter",
    "prometheus-alertmanager",
    "postgresql-15|postgresql-16|postgresql-17|postgresql-14",
    "libpq5",
    "fonts-nanum",
    "age",
    "wrk",
    "libluajit-5.1-2",
)
ELSEWHERE = (
    "tools/debian.py needs apt-get and dpkg, as on Debian or Ubuntu. Elsewhere put prometheus, promtool, pushgateway, "
    "node_exporter, alertmanager, amtool, postgres, age, age-keygen and wrk on the PATH; tests find them there, and "
    "NanumGothic.ttf where fonts are installed."
)


class FetchError(Exception):
    """Something a person has to mend, in words."""


def _run(command: Sequence[str], where: Path | None = None) -> None:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FetchError(f"`{' '.join(command)}` failed:\n{(done.stderr or done.stdout).strip()}")


def _private_lists() -> list[str]:
    """Return the apt options that keep lists and cache inside .tools, so that no root is needed."""
    state, cache = TOOLS / "apt" / "state", TOOLS / "apt" / "cache"
    for folder in (state / "lists" / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    return ["-o", f"Dir::State={state}", "-o", "Dir::State::status=/var/lib/dpkg/status", "-o", f"Dir::Cache={cache}"]


def _download(packages: Sequence[str], folder: Path) -> None:
    """Download the packages with the machine's lists, or else with fresh private ones."""
    # Root would drop to the user _apt, who may not write here.
    apt = ["apt-get", "-q", "-o", "APT::Sandbox::User=" + ("root" if os.geteuid() == 0 else "_apt")]
    try:
        _run([*apt, "download", *packages], folder)
    except FetchError:
        private = [*apt, *_private_lists()]
        _run([*private, "update"])
        _run([*private, "download", *packages], folder)


def _unpack(packages: Sequence[str]) -> None:
    """Unpack each package into a folder of its own that appears only when complete."""
    target = TOOLS / "debian"
    missing = [package for package in packages if not any((target / name).is_dir() for name in package.split("|"))]
    if not missing:
        return
    work = TOOLS / f"unpacking-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    target.mkdir(exist_ok=True)
    try:
        plain = [package for package in missing if "|" not in package]
        if plain:
            _download(plain, work)
        for package in missing:
            name = _download_one_of(package.split("|"), work) if "|" in package else package
            (archive,) = work.glob(f"{name}_*.deb")
            _run(["dpkg", "-x", str(archive), str(work / name)])
            if not (target / name).is_dir():
                (work / name).rename(target / name)
            print(f"unpacked {archive.stem} into {target.relative_to(TOOLS.parent)}")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download_one_of(names: Sequence[str], folder: Path) -> str:
    """Download the first package that there is."""
    *first, last = names
    for name in first:
        try:
            _download([name], folder)
        except FetchError:
            continue
        return name
    _download([last], folder)
    return last


def _install(packages: Sequence[str]) -> None:
    known = [subprocess.run(["dpkg", "-s", package], capture_output=True, check=False) for package in packages]
    missing = [package for package, answer in zip(packages, known, strict=True) if answer.returncode]
    if not missing:
        return
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy", "--no-install-recommends"]
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            raise FetchError(f"run this as root: {' '.join([*apt, 'install', *missing])}")
        apt = ["sudo", "-n", *apt]
    _run([*apt, "update"])
    _run([*apt, "install", *missing])


def main(arguments: Sequence[str]) -> int:
    """Fetch what was asked for; say in words what is in the way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=f"default: {' '.join(SERVERS)}")
    parser.add_argument("--install", action="store_true", help="install system-wide instead of unpacking")
    parser.add_argument("--browser", action="store_true", help="install Chromium, unless there is one of its kind")
    asked = parser.parse_args(arguments)
    if asked.browser and any(map(shutil.which, BROWSERS)):
        return 0
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        print(ELSEWHERE, file=sys.stderr)
        return 1
    try:
        if asked.browser:
            _install(["chromium"])
        else:
            (_install if asked.install else _unpack)(asked.packages or SERVERS)
    except FetchError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
