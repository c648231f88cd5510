"""How a script is given to a shell, the same way as the runner gives a step's script."""

from __future__ import annotations

import os

# Name -> the words before and after the script's path, what its name ends with, and the lines around it; as the runner
# has them: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
_STOP = "$ErrorActionPreference = 'stop'\n"
_CODE = "\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }\n"
SHELLS: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "": (("bash", "-e", "{0}"), ".sh", "", ""),
    "bash": (("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "{0}"), ".sh", "", ""),
    "sh": (("sh", "-e", "{0}"), ".sh", "", ""),
    "python": (("python", "{0}"), ".py", "", ""),
    "pwsh": (("pwsh", "-command", ". '{0}'"), ".ps1", _STOP, _CODE),
    "powershell": (("powershell", "-command", ". '{0}'"), ".ps1", _STOP, _CODE),
    "cmd": (("cmd", "/D", "/E:ON", "/V:OFF", "/S", "/C", 'CALL "{0}"'), ".cmd", "@echo off\n", ""),
}
PLACE = "{0}"


def known(shell: str) -> bool:
    """Tell whether it is the name of a shell, or a command with a place for the script."""
    return shell in SHELLS or PLACE in shell.split()


def command_for(shell: str, script: str) -> list[str]:
    """Return the command that runs the script's file."""
    words = SHELLS[shell][0] if shell in SHELLS else tuple(shell.split())
    if not shell and not _on_path("bash"):
        words = ("sh", "-e", PLACE)  # as the runner does in an image without bash
    # In the quotes of PowerShell a quote is written twice.
    path = script.replace("'", "''") if shell in ("pwsh", "powershell") else script
    return [word.replace(PLACE, path) for word in words]


def suffix_of(shell: str) -> str:
    """Return how the name of a script has to end."""
    return SHELLS[shell][1] if shell in SHELLS else ""


def dressed(shell: str, script: str) -> str:
    """Return the script with the lines that the runner puts around it."""
    if shell not in SHELLS:
        return script
    _, _, before, after = SHELLS[shell]
    return f"{before}{script}{after}"


def _on_path(name: str) -> bool:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    endings = ("", ".exe") if os.name == "nt" else ("",)
    return any(os.access(os.path.join(folder, name + end), os.X_OK) for folder in folders for end in endings)
