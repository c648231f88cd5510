"""Writing what a sub-command made to where it was told to."""

from __future__ import annotations

from pathlib import Path

from lumen_action.errors import ConfigError
from lumen_action.files import write_atomically


def write_as_told(option: str, path: Path, text: str) -> None:
    """Write a file; a ConfigError names the option that led to where nobody can write."""
    try:
        write_atomically(path, text.encode())
    except OSError as fault:
        raise ConfigError(f"{option}: {path} cannot be written ({fault.strerror}); name another place") from None
