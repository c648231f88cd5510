"""Make `.venv` with the project and its development tools, on a machine that has Python and little else.

    python3 tools/environment.py [FOLDER]        default: .venv

pip's own configuration (PIP_*, pip.conf) is honoured, so a mirror set up there is used.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 10)


class PreparationError(Exception):
    """Something a person has to mend, in words."""


def _run(command: Sequence[str | Path]) -> None:
    print("+", *command, flush=True)
    code = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    if code:
        raise PreparationError(f"`{' '.join(map(str, command))}` ended with {code}; its words stand above.")


def _create(folder: Path) -> None:
    """Create the environment; Debian and Ubuntu ship Python without the half of it that brings pip."""
    if importlib.util.find_spec("ensurepip") is None:
        _install_venv_package()
    if subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0:
        _run([sys.executable, "-m", "venv", "--clear", folder])
    else:
        _create_without_ensurepip(folder)


def _install_venv_package() -> None:
    """Ask apt for the missing half, where we may; what comes next looks at what is there."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (root and not shutil.which("sudo")):
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    install = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy", "--no-install-recommends", "install", package]
    for command in ([*root, "apt-get", "-q", "update"], [*root, *install]):
        try:
            _run(command)
        except PreparationError as fault:
            print(fault, file=sys.stderr)


def _create_without_ensurepip(folder: Path) -> None:
    """Let the system's pip, when there is one, put a pip of its own into a bare environment."""
    pip = importlib.util.find_spec("pip")
    if pip is None or pip.origin is None:
        raise PreparationError(
            "Python has neither ensurepip nor pip here. Install them once and try again, on Debian or Ubuntu:\n"
            "    apt-get install python3-venv"
        )
    _run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder])
    # Run as a folder, pip belongs to the interpreter that runs it, here the new one.
    _run([_python(folder), Path(pip.origin).parent, "install", "--no-input", "--ignore-installed", "pip"])


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _has_pip(folder: Path) -> bool:
    python = _python(folder)
    ask = [str(python), "-m", "pip", "--version"]
    return python.exists() and subprocess.run(ask, capture_output=True, check=False).returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Create what is missing and install what `pyproject.toml` lists."""
    folder = Path(arguments[0]).resolve() if arguments else ROOT / ".venv"
    if sys.version_info < OLDEST:
        print(
            f"Python {sys.version.split()[0]} is too old: 3.10 or newer is needed. Say which one to use, for example\n"
            "    make setup PYTHON=python3.12",
            file=sys.stderr,
        )
        return 1
    try:
        if not _has_pip(folder):
            _create(folder)
        pip = [str(_python(folder)), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
        _run([*pip, "pip>=25.1"])  # the first that reads [dependency-groups]
        _run([*pip, "--editable", f"{ROOT}", "--group", f"{ROOT / 'pyproject.toml'}:dev"])
    except PreparationError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
