"""Where the text of a log comes from: a file, an archive, a stream, an input."""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from lumen_action.errors import ConfigError

CHUNK_BYTES = 1 << 18
ERROR_LOG_BYTES = 1 << 16
# What a log may become when it is unpacked: an archive of a few megabytes can hold terabytes.
UNPACKED_LIMIT = 4 << 30

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_ANY_GZIP = 16 + zlib.MAX_WBITS
_TEMP_VARIABLES = ("RUNNER_TEMP", "TMPDIR", "TEMP", "TMP")
_FIX = "give the path of the log the stage has written"


def log_chunks(log_file: str, error_log: str = "", *, roots: Sequence[Path] | None = None) -> Iterator[bytes]:
    """Return the log in chunks, nothing when neither is given; a file that cannot be read is refused at once.

    A link inside the first of `roots` may only lead to a place inside one of them: a change under review must not
    bring other files of the machine into the report. They are the workspace and the temporary folders by default.
    """
    if not log_file:
        return iter([error_log.encode("utf-8", "replace")[-ERROR_LOG_BYTES:]] if error_log else [])
    path = Path(log_file)
    try:
        real = path.resolve(strict=True)
        mode = real.stat().st_mode
        if not stat.S_ISREG(mode):
            raise _refused(path, "is not a regular file", _FIX)
        _check_link(path, real, _default_roots() if roots is None else roots)
        with real.open("rb") as file:
            magic = file.read(len(_ZIP))
    except FileNotFoundError:
        raise _refused(path, "does not exist", f"{_FIX}, or leave it out") from None
    except (OSError, ValueError, RuntimeError) as fault:  # RuntimeError: links in a circle, before Python 3.13
        raise _refused(path, f"cannot be read ({_reason(fault)})", "check its path and its permissions") from None
    return _told(path, _members(real) if magic == _ZIP else _file(real))


def stdin_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Return what comes in by a stream, plain or gzip."""
    return _told(Path("-"), _stream(stream))


def _default_roots() -> list[Path]:
    named = [os.environ[name] for name in _TEMP_VARIABLES if os.environ.get(name)]
    workspace = os.environ.get("GITHUB_WORKSPACE") or Path.cwd()
    return [Path(each) for each in (workspace, *named, "/tmp", "/var/tmp")]  # noqa: S108 - read from, never written to


def _check_link(path: Path, real: Path, roots: Sequence[Path]) -> None:
    workspace = roots[0].resolve()
    # Only links below the workspace count: how one gets to the workspace is the machine's own affair.
    given = Path(os.path.normpath(Path.cwd() / path))
    inside = next((given.relative_to(root) for root in (workspace, roots[0]) if given.is_relative_to(root)), None)
    if inside is None or real == workspace / inside:
        return
    if not any(real.is_relative_to(root.resolve()) for root in roots):
        raise _refused(path, "is a link to a place outside of the workspace", f"{_FIX}, not a link to it")


def _refused(path: Path, fault: str, fix: str) -> ConfigError:
    return ConfigError(f"log-file: {path} {fault}; {fix}")


def _reason(fault: Exception) -> str:
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault) or type(fault).__name__


def _told(path: Path, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Turn what goes wrong while reading into words."""
    try:
        yield from chunks
    except (OSError, zlib.error, RuntimeError) as fault:  # RuntimeError: zipfile on an encrypted member
        raise _refused(
            path, f"cannot be read to its end ({_reason(fault)})", "make it again, or give it unpacked"
        ) from None


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _stream(file)


def _stream(stream: BinaryIO) -> Iterator[bytes]:
    chunks = _chunks(stream)
    first = next(chunks, b"")
    if first.startswith(_GZIP):
        yield from _limited(_unzipped(first, chunks))
    elif first:
        yield first
        yield from chunks


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _unzipped(first: bytes, following: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip members in a row; one that breaks off gives what it has."""
    unpack = zlib.decompressobj(_ANY_GZIP)
    data = first
    while data:
        yield unpack.decompress(data, CHUNK_BYTES)
        if unpack.eof:
            data = unpack.unused_data or next(following, b"")
            unpack = zlib.decompressobj(_ANY_GZIP)
            if not data.startswith(_GZIP[:1]):
                return
        else:
            data = unpack.unconsumed_tail or next(following, b"")
    yield unpack.flush()


def _members(path: Path) -> Iterator[bytes]:
    """Yield the logs of an archive one after the other."""
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as archive:
            yield from _limited(_archived(archive.open(name) for name in _in_order(archive.namelist())))
    except BadZipFile as fault:
        raise OSError(str(fault)) from None


def _archived(members: Iterable[IO[bytes]]) -> Iterator[bytes]:
    for member in members:
        last = b"\n"
        with member:
            for chunk in _chunks(member):
                yield chunk
                last = chunk[-1:]
        if last != b"\n":
            yield b"\n"


def _in_order(names: Iterable[str]) -> list[str]:
    """Sort as people count, and leave out the folders that repeat by step what a job's own file holds."""
    files = [name for name in names if not name.endswith("/")]
    jobs = [name for name in files if "/" not in name and name.endswith(".txt")]
    return sorted(
        jobs or files,
        key=lambda name: [(len(part), part) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)],
    )


def _limited(chunks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > UNPACKED_LIMIT:
            raise OSError(f"it unpacks to more than {UNPACKED_LIMIT >> 30} GiB")
        yield chunk
