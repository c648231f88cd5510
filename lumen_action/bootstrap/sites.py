"""Find the directory that holds what a lock pins, or prepare it: complete or absent, never half."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from lumen_action.bootstrap import BootstrapError

LOCKS = Path(__file__).resolve().parent.parent.parent / "locks"
FOLDER = "lumen-sli-action"
SEAL = "SHA256SUMS"
ABANDONED_AFTER_SECONDS = 3600


def ready(lock: str, environ: Mapping[str, str] | None = None) -> Path:
    """Return the directory that holds what a lock pins, preparing it when no earlier run did."""
    environ = os.environ if environ is None else environ
    if given := environ.get("LUMEN_SITE"):
        if not Path(given).is_dir():
            raise BootstrapError(
                f"LUMEN_SITE is {given}, which is not a directory. Unset it, or prepare that directory."
            )
        return Path(given).resolve()
    try:
        lock_file = LOCKS / f"{lock}.txt"
        name = f"{interpreter_tag()}-{hashlib.sha256(lock_file.read_bytes()).hexdigest()[:16]}"
        found = next((base / name for base in candidates(environ) if usable(base / name)), None)
        return found or prepare(lock_file, writable(candidates(environ)) / name, environ)
    except OSError as fault:
        raise BootstrapError(f"The packages pinned in locks/{lock}.txt could not be prepared: {fault}") from fault


def interpreter_tag() -> str:
    """Name what a compiled module depends on: interpreter, version, build, system and C library."""
    tag = EXTENSION_SUFFIXES[0].strip(".").rpartition(".")[0]
    if sys.platform == "darwin":
        return f"{tag}-{os.uname().machine}"
    # Python 3.10 names musl builds like glibc builds, and a container job shares the host's tool cache.
    if sys.platform == "linux" and "musl" not in tag and glibc() is None:
        return f"{tag}-musl"
    return tag


def glibc() -> tuple[int, int] | None:
    """Return the version of the GNU C library this process runs on, if it does."""
    try:
        major, minor = (os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2].split(".")[:2]
        return int(major), int(minor)
    except (AttributeError, ValueError, OSError):
        return None


def candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the places for prepared directories, best first."""
    for variable in ("RUNNER_TOOL_CACHE", "RUNNER_TEMP", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        if place := environ.get(variable):
            yield Path(place) / FOLDER
    if home := environ.get("HOME"):
        yield Path(home) / ".cache" / FOLDER
    temporary = Path(tempfile.gettempdir()) / f"{FOLDER}-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    if private(temporary):
        yield temporary


def private(folder: Path) -> bool:
    """Tell whether a folder in a place open to everybody is absent still or belongs to this user alone."""
    try:
        status = folder.lstat()
    except OSError:
        return True
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def usable(site: Path) -> bool:
    """Tell whether a prepared directory is there and as it was sealed; set a damaged one aside."""
    if not site.is_dir():
        return False
    if sealed(site):
        return True
    sys.stderr.write(f"lumen: {site} was changed since it was prepared; preparing it anew\n")
    # Another process may be faster, or the place read-only: then the next place serves.
    with (
        suppress(OSError),
        tempfile.TemporaryDirectory(prefix=".damaged-", dir=site.parent, ignore_cleanup_errors=True) as aside,
    ):
        site.rename(Path(aside) / site.name)
    return False


def prepare(lock_file: Path, site: Path, environ: Mapping[str, str]) -> Path:
    """Install a lock beside its place, then move it there in one step; the first of several processes wins."""
    from lumen_action.bootstrap import installers

    sweep(site.parent)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".preparing-", dir=site.parent, ignore_cleanup_errors=True) as scratch:
        built, way = installers.install(lock_file, Path(scratch), environ)
        installers.finish(built, site)
        (built / SEAL).write_text(sums(built), encoding="utf-8", newline="\n")
        try:
            built.rename(site)
        except OSError:
            if not sealed(site):
                raise
    seconds = time.monotonic() - began
    sys.stderr.write(f"lumen: prepared {lock_file.stem} dependencies with {way} in {seconds:.1f} s\n")
    return site


def writable(bases: Iterable[Path]) -> Path:
    """Return the first place that takes files, making it where needed."""
    faults = []
    for base in bases:
        try:
            base.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=base):
                return base
        except OSError as fault:
            faults.append(f"  {base}: {fault.strerror}")
    tried = "\n".join(faults)
    raise BootstrapError(
        f"No directory for the dependencies can be written. Set RUNNER_TEMP or XDG_CACHE_HOME.\n{tried}"
    )


def sweep(base: Path) -> None:
    """Remove what killed processes left behind."""
    for left in (*base.glob(".preparing-*"), *base.glob(".damaged-*")):
        try:
            abandoned = time.time() - left.stat().st_mtime > ABANDONED_AFTER_SECONDS
        except OSError:
            continue
        if abandoned:
            shutil.rmtree(left, ignore_errors=True)


def sealed(site: Path) -> bool:
    """Tell whether a directory holds exactly the files that it was sealed with."""
    try:
        return (site / SEAL).read_text(encoding="utf-8") == sums(site)
    except (OSError, UnicodeDecodeError):
        return False


def sums(site: Path) -> str:
    """List every file below a directory with its hash, in the form of sha256sum."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(_files(str(site), "")) if name != SEAL)


def _files(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_symlink():
                yield name, "symlink"
            elif entry.is_dir():
                yield from _files(entry.path, name + "/")
            else:
                yield name, hashlib.sha256(Path(entry.path).read_bytes()).hexdigest()
