"""Write locks/*.txt anew: what the bootstrap may install, with the hash of every file that is allowed.

    python3 tools/make_locks.py             keep the pinned versions where they still fit
    python3 tools/make_locks.py --upgrade   take the newest versions

Each distribution stands in exactly one lock, without environment markers: the others come on top of the core
lock. The last step proves that every lock can be installed from wheels alone on every Python and platform in
PYTHONS and PLATFORMS. Needs `uv` on the PATH or beside this interpreter, and a package index.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

LOCKS = Path(__file__).resolve().parent.parent / "locks"
WANTED: Mapping[str, tuple[str, ...]] = {
    "core": ("requests>=2.32", "urllib3>=2"),
    "archive": ("boto3>=1.35", "cryptography>=47"),
    "report": ("reportlab>=4.2",),
    "scan": (),
}
# What these declare as dependencies is never imported by what is used here: an API client and a crypto library of the
# one, the types of old Pythons of the other.
ALONE: Mapping[str, tuple[str, ...]] = {
    "core": ("actions-toolkit==0.1.15",),
    "scan": ("ahocorasick-rs==1.0.3",),
}
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "x86_64-unknown-linux-musl",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
# Where there is no wheel, the program does without: see docs/bootstrap.md.
WITHOUT: Mapping[str, tuple[str, ...]] = {"scan": ("x86_64-unknown-linux-musl",)}
HEADER = """\
# Written by tools/make_locks.py; do not edit. Changing a byte here makes every machine prepare this lock anew.
"""


class LockError(Exception):
    """Something a person has to mend, in words."""


def _uv(*arguments: str) -> None:
    found = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if found is None:
        raise LockError("tools/make_locks.py needs uv: run `python3 -m pip install uv` first.")
    done = subprocess.run((found, *arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        raise LockError(f"`uv {' '.join(arguments)}` failed:\n{done.stderr.strip()}")


def _resolve(name: str, wanted: Sequence[str], folder: Path, *options: str) -> str:
    """Return the pins and hashes for these requirements, starting from the versions pinned so far."""
    source, output = folder / f"{name}.in", folder / f"{name}.txt"
    source.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    if (LOCKS / f"{name}.txt").exists():
        shutil.copyfile(LOCKS / f"{name}.txt", output)
    rules = ("--universal", "--python-version", PYTHONS[0], "--no-python-downloads", "--fork-strategy", "fewest")
    form = ("--generate-hashes", "--no-header", "--no-annotate", "--quiet", "--output-file", str(output))
    _uv("pip", "compile", str(source), *rules, *form, *options)
    return output.read_text(encoding="utf-8")


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", lock))


def _write(name: str, core: Mapping[str, str], upgrade: Sequence[str], folder: Path) -> str:
    """Resolve one lock on top of the core pins and put it in place."""
    pins = folder / "core-pins.txt"
    pins.write_text("".join(f"{package}=={version}\n" for package, version in core.items()), encoding="utf-8")
    omitted = [option for package in core for option in ("--no-emit-package", package)]
    lock = ""
    if WANTED[name]:
        lock = _resolve(name, WANTED[name], folder, "--constraints", str(pins), *omitted, *upgrade)
    if name in ALONE:
        lock += _resolve(f"{name}-alone", ALONE[name], folder, "--no-deps", *upgrade)
    names = re.findall(r"(?m)^([\w.-]+)==", lock)
    if doubled := sorted({package for package in names if names.count(package) > 1}):
        raise LockError(f"{name}: more than one version of {', '.join(doubled)}. Pin one that serves {PYTHONS[0]} too.")
    # A few unneeded kilobytes cost less than evaluating markers without a library.
    lock = re.sub(r"(?m)^([\w.-]+==[^\s;\\]+) ;[^\\]*\\$", r"\1 \\", lock)
    text = HEADER + "".join(sorted(re.findall(r"(?m)^[\w.-]+==.*(?:\n    .*)*\n", lock)))
    unfinished = LOCKS / f".{name}.txt"
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    unfinished.replace(LOCKS / f"{name}.txt")
    print(f"locks/{name}.txt: {', '.join(f'{package} {version}' for package, version in _pins(text).items())}")
    return text


def _prove(name: str, folder: Path) -> None:
    """Raise unless wheels exist for every Python on every platform."""
    platforms = [platform for platform in PLATFORMS if platform not in WITHOUT.get(name, ())]
    for python in PYTHONS:
        for platform in platforms:
            where = ("--target", str(folder / "none"), "--python-version", python, "--python-platform", platform)
            how = ("--dry-run", "--require-hashes", "--only-binary", ":all:", "--no-deps", "--quiet")
            _uv("pip", "install", *where, *how, "--requirement", str(LOCKS / f"{name}.txt"))
    print(f"locks/{name}.txt: wheels for Python {PYTHONS[0]} to {PYTHONS[-1]} on {len(platforms)} platforms")


def main(arguments: Sequence[str]) -> int:
    """Write and prove the locks; say in words what is in the way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = ("--upgrade",) if parser.parse_args(arguments).upgrade else ()
    LOCKS.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            core = _pins(_write("core", {}, upgrade, Path(scratch)))
            for name in ("archive", "report", "scan"):
                _write(name, core, upgrade, Path(scratch))
            for name in WANTED:
                _prove(name, Path(scratch))
    except LockError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
