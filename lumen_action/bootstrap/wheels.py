"""Install a lock from a directory of wheels with the standard library alone: pick, check, unzip."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lumen_action.bootstrap.sites import glibc

UNFIT = (0, 0, 0)


class WheelhouseError(Exception):
    """The wheelhouse does not hold what the lock asks for; the message names all that is missing."""


class Pin(NamedTuple):
    """One line of a lock: exactly this version, exactly these files."""

    name: str
    version: str
    hashes: frozenset[str]


def pins(lock: str) -> list[Pin]:
    """Read a lock as tools/make_locks.py writes it."""
    blocks = re.findall(r"(?m)^([\w.-]+)==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)", lock)
    return [
        Pin(_plain(name), version, frozenset(re.findall(r"[0-9a-f]{64}", hashes))) for name, version, hashes in blocks
    ]


def unpack(lock: str, wheelhouse: Path, target: Path) -> None:
    """Unpack the wheel of every pin into a directory, or raise WheelhouseError before the first file is written."""
    chosen, faults = [], []
    for pin in pins(lock):
        try:
            chosen.append(_choose(pin, wheelhouse))
        except WheelhouseError as fault:
            faults.append(str(fault))
    if faults:
        raise WheelhouseError("\n".join(faults))
    for wheel in chosen:
        _unzip(wheel, target)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _choose(pin: Pin, wheelhouse: Path) -> Path:
    """Return the best wheel for this interpreter, once its hash is found in the lock."""
    fitting = sorted((rank, wheel) for wheel in wheelhouse.glob("*.whl") if (rank := fit(wheel.name, pin)) > UNFIT)
    if not fitting:
        raise WheelhouseError(f"no wheel of {pin.name} {pin.version} for this Python and system")
    wheel = fitting[-1][1]
    if (digest := hashlib.sha256(wheel.read_bytes()).hexdigest()) not in pin.hashes:
        raise WheelhouseError(f"{wheel.name} is not the file the lock names (sha256 {digest})")
    return wheel


def fit(wheel: str, pin: Pin) -> tuple[int, int, int]:
    """Rank how closely a wheel's name fits a pin and this interpreter; UNFIT means not at all."""
    parts = wheel.removesuffix(".whl").split("-")
    if len(parts) not in {5, 6} or (_plain(parts[0]), parts[1]) != (pin.name, pin.version):
        return UNFIT
    pythons, abis, systems = (part.split(".") for part in parts[-3:])
    pairs = [rank for python in pythons for abi in abis if (rank := _interpreter(python, abi))[0]]
    newest = max(map(_system, systems))
    return (*max(pairs), newest) if pairs and newest else UNFIT


def _interpreter(python: str, abi: str) -> tuple[int, int]:
    """Rank a pair of tags: built for this version, for the stable interface of an older one, or pure."""
    minor = sys.version_info.minor
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    this = f"cp3{minor}"
    if python == this and abi == this + threads:
        return 3, minor
    if abi == "abi3" and not threads and (stable := re.fullmatch(r"cp3(\d+)", python)) and int(stable[1]) <= minor:
        return 2, int(stable[1])
    return (1, minor) if abi == "none" and python in {"py3", f"py3{minor}", this} else (0, 0)


def _system(tag: str) -> int:
    """Rank a platform tag; 0 means that it does not run here."""
    if tag == "any":
        return 1
    if found := re.fullmatch(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)", tag):
        version, machine = (int(found[2]), int(found[3])), found[4]
        here, machines = _here(found[1])
        return 2 + version[0] * 100 + version[1] if here and version <= here and machine in machines else 0
    return 2 if tag == re.sub(r"[-.]", "_", sysconfig.get_platform()) else 0


def _here(kind: str) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Return the version of the system a kind of tag speaks of, and the machines it may name."""
    machine = platform.machine()
    if kind == "macosx":
        release = [int(part) for part in platform.mac_ver()[0].split(".") if part]
        return ((release[0], (release[1:] or [0])[0]) if release else None), (machine, "universal2")
    if sys.platform != "linux":
        return None, ()
    version = glibc()
    if kind == "manylinux":
        return version, (machine,)
    return ((1, 99) if version is None else None), (machine,)


def _unzip(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for source, place in _placed(archive.namelist()):
            file = target.joinpath(*place)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(archive.read(source))


def _placed(names: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield where each importable file of a wheel belongs; scripts and headers are not wanted."""
    for name in names:
        place = [part for part in name.split("/") if part not in {"", ".", ".."}]
        if name.endswith("/") or not place:
            continue
        if place[0].endswith(".data"):
            if place[1] not in {"purelib", "platlib"}:
                continue
            place = place[2:]
        yield name, place
