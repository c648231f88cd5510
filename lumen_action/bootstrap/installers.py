"""Install a lock into an empty directory with whatever this machine offers: wheels, uv, pip, or pip from ensurepip."""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from py_compile import PycInvalidationMode

from lumen_action.bootstrap import BootstrapError
from lumen_action.bootstrap.wheels import WheelhouseError, unpack

PATIENCE_SECONDS = 300
# What only makes things faster is not worth a long wait.
LESS_PATIENCE: Mapping[str, int] = {"scan": 15}
SHOWN_LINES = 6
# `tests` is what one wheel installs beside its package; the others are scripts nobody calls from here.
UNWANTED = ("tests", "bin", "Scripts")
CHECKED = ("--require-hashes", "--only-binary", ":all:", "--no-deps")
# Where and how to fetch is the owner's business; what else pip and uv can be told (users, targets, constraints) is not.
KEPT = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT|CLIENT_CERT|PROXY|TIMEOUT|DEFAULT_TIMEOUT"
    r"|RETRIES|CACHE_DIR|NO_CACHE_DIR|CONFIG_FILE|KEYRING_PROVIDER|USE_FEATURE|USE_DEPRECATED)"
    r"|UV_(INDEX\w*|DEFAULT_INDEX|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|OFFLINE|CACHE_DIR|NO_CACHE|HTTP\w*|NATIVE_TLS"
    r"|SYSTEM_CERTS|INSECURE_HOST|KEYRING_PROVIDER|CONFIG_FILE)"
    r"|(?!PIP_|UV_|PYTHON|LUMEN_|VIRTUAL_ENV)\w.*"
)
SET = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore"}
# An index that does not answer must not hold the pipeline up for minutes.
UNLESS_SET = {"PIP_RETRIES": "2", "UV_HTTP_RETRIES": "1"}
# uv does not read pip's names.
SAME_FOR_UV = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
    "UV_NO_INDEX": "PIP_NO_INDEX",
    "SSL_CERT_FILE": "PIP_CERT",
}


class WayError(Exception):
    """One way of installing did not work; the message says why."""


def install(lock_file: Path, scratch: Path, environ: Mapping[str, str]) -> tuple[Path, str]:
    """Install into a fresh directory below scratch by the first way that works; return it and the way's name."""
    attempts = []
    for way, rung in RUNGS.items():
        target = scratch / way
        target.mkdir()
        target.chmod(0o755)
        try:
            rung(lock_file, target, environ)
        except WayError as reason:
            attempts.append(f"  {way}: " + str(reason).replace("\n", "\n    "))
        else:
            return target, way
    raise BootstrapError(_document(lock_file, attempts))


def finish(built: Path, site: Path) -> None:
    """Drop what is never imported and compile the rest for the place it is going to."""
    for name in UNWANTED:
        shutil.rmtree(built / name, ignore_errors=True)
    # Hash-based files stay valid wherever the directory is copied and whatever its time stamps become.
    mode = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(built, quiet=2, invalidation_mode=mode, stripdir=str(built), prependdir=str(site))


def _wheelhouse(lock_file: Path, target: Path, environ: Mapping[str, str]) -> None:
    given = environ.get("LUMEN_WHEELHOUSE")
    if not given:
        raise WayError("LUMEN_WHEELHOUSE is not set")
    try:
        unpack(lock_file.read_text(encoding="utf-8"), Path(given), target)
    except (WheelhouseError, OSError) as fault:
        raise WayError(f"LUMEN_WHEELHOUSE is {given}\n{fault}") from fault


def _uv(lock_file: Path, target: Path, environ: Mapping[str, str]) -> None:
    found = shutil.which("uv", path=environ.get("PATH", ""))
    # A relative PATH, and old Pythons on Windows, would find a program of the workspace.
    if not found or not Path(found).is_absolute() or Path(found).parent == Path.cwd():
        raise WayError("not on the PATH")
    outside = {name: environ[other] for name, other in SAME_FOR_UV.items() if environ.get(other)} | dict(environ)
    how = (*CHECKED, "--no-progress", "--link-mode", "copy", "--python", sys.executable)
    command = (found, "pip", "install", *how, "--target", str(target), "--requirement", str(lock_file))
    _run(command, outside, target, _patience(lock_file))


def _pip(lock_file: Path, target: Path, environ: Mapping[str, str]) -> None:
    if find_spec("pip") is None:
        raise WayError(f"{sys.executable} has no pip")
    _run_pip(sys.executable, lock_file, target, environ)


def _ensurepip(lock_file: Path, target: Path, environ: Mapping[str, str]) -> None:
    if find_spec("pip") is not None:
        raise WayError("not tried, because pip is there")
    venv = target.parent / "venv"
    _run((sys.executable, "-I", "-m", "venv", str(venv)), environ, target, _patience(lock_file))
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _run_pip(str(python), lock_file, target, environ)


def _run_pip(python: str, lock_file: Path, target: Path, environ: Mapping[str, str]) -> None:
    how = (*CHECKED, "--no-compile", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")
    pip = (python, "-I", "-m", "pip", "install", *how)
    _run((*pip, "--target", str(target), "--requirement", str(lock_file)), environ, target, _patience(lock_file))


def _patience(lock_file: Path) -> int:
    return LESS_PATIENCE.get(lock_file.stem, PATIENCE_SECONDS)


def _run(command: Sequence[str], environ: Mapping[str, str], folder: Path, patience: int) -> None:
    """Run an installer away from the workspace, without the settings of others."""
    kept = {name: value for name, value in environ.items() if KEPT.fullmatch(name)}
    try:
        done = subprocess.run(  # noqa: S603 - a list of our own words, no shell
            command,
            cwd=folder,
            env={**UNLESS_SET, **kept, **SET},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=patience,
            check=False,
        )
    except OSError as fault:
        raise WayError(f"{command[0]} could not be started: {fault.strerror}") from fault
    except subprocess.TimeoutExpired as fault:
        raise WayError(f"gave no answer within {patience} s") from fault
    if done.returncode:
        said = [line.rstrip() for line in done.stdout.splitlines() if line.strip() and "WARNING: Retrying" not in line]
        lines = re.sub(r"//[^/\s@]+@", "//***@", "\n".join(said[-SHOWN_LINES:]))
        raise WayError(f"exit {done.returncode}\n{lines}")


RUNGS: Mapping[str, Callable[[Path, Path, Mapping[str, str]], None]] = {
    "wheelhouse": _wheelhouse,
    "uv": _uv,
    "pip": _pip,
    "ensurepip": _ensurepip,
}


def _document(lock_file: Path, attempts: Sequence[str]) -> str:
    return "\n".join(
        (
            f"The packages pinned in locks/{lock_file.name} could not be prepared. Tried:",
            *attempts,
            "Any one of these helps:",
            "  - let this machine reach a package index; PIP_INDEX_URL, PIP_CERT and proxies are honoured",
            "  - put `uses: actions/setup-python` before this step, or name a Python with pip in the input `python`",
            "  - set LUMEN_WHEELHOUSE to a directory filled on another machine of this kind by",
            f"    python3 -m pip download {' '.join(CHECKED)} -r locks/{lock_file.name} -d DIRECTORY",
            "  - use the image, which has everything baked in (docs/image.md)",
        )
    )
