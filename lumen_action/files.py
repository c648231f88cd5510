"""Reading files that somebody else made, and writing so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from lumen_action.errors import ConfigError


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write to a temporary neighbour, flush it to the disk and rename it over the target."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with scratch.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(mode)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def write_as_told(field: str, path: Path, text: str) -> None:
    """Write a file; a ConfigError names the field that led to where nobody can write."""
    try:
        write_atomically(path, text.encode())
    except OSError as fault:
        raise ConfigError(f"{field}: {path} cannot be written ({fault.strerror}); name another place") from None


def read_as_told(field: str, path: Path, most_bytes: int, hint: str) -> str:
    """Return the text of a file; a ConfigError names the field that led to one that is no such text or too large."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise ConfigError(f"{field}: {path} is larger than {most_bytes >> 20} MiB; {hint}")
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{field}: {path} cannot be read ({fault}); give the path of a text file in UTF-8") from None
