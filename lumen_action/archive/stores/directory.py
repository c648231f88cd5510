"""A folder as a store: each object a file, there as a whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat as modes
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from lumen_action.archive.fingerprints import SHA256, fingerprint
from lumen_action.archive.stores import (
    BusyError,
    Content,
    GoneError,
    Receipt,
    RefusedError,
    Store,
    Stored,
    StoreError,
    TakenError,
    Tick,
)
from lumen_action.archive.stores.creating import Link, flush, flush_names, give_name, is_scratch, scratch, sweep
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.archive.stores.outgoing import changed
from lumen_action.errors import ConfigError, shown

_PIECE = 1 << 20
_LET_IN = "let the user that runs this read and write there"
_ADVICE: Mapping[int | None, str] = {
    errno.EACCES: _LET_IN,
    errno.EPERM: _LET_IN,
    errno.EROFS: "it is mounted read-only; mount it for writing, or name another folder",
    errno.ENOSPC: "the disk is full; free some space or name another folder",
    errno.EDQUOT: "the quota is used up; free some space or name another folder",
    errno.EFBIG: "a file of this size is too large there; name another folder or raise the limit",
    errno.ENAMETOOLONG: "the file system takes no name of this length; name another folder or a shorter pipeline",
    errno.ENOTDIR: "a file stands where a folder is needed; move it away",
    errno.ELOOP: "a link stands there, and links inside a store are never followed; move it away",
}
"""Faults that no further try cures, and what does."""


def opened(url: str, options: StoreOptions) -> Store:
    """Open the folder that a URL names; it is made with the first object."""
    path = url.partition(":")[2]
    if path.startswith("//"):
        host, slash, rest = path[2:].partition("/")
        path = slash + rest if host in ("", "localhost") else ""
    if not path or "\0" in path:
        raise ConfigError(
            f"store: {shown(url)} names no folder of this machine; write `file:FOLDER` or `file:///FOLDER`"
        )
    root = options.folder / path
    if os.path.lexists(root) and not root.is_dir():
        raise ConfigError(f"store: {shown(url)}: {root} is not a folder; name one, or a place where one can be made")
    # One folder has one name in the ledger, however it is written.
    return Directory(f"file:{os.path.normpath(path)}", root)


class Directory:
    """A folder; no link inside it is followed."""

    def __init__(self, url: str, root: Path, link: Link = os.link) -> None:
        """Take what gives a file a second name as an argument: not every file system can."""
        self.url = url
        self._root = root
        self._link = link

    def put(self, name: str, content: Content, tick: Tick) -> Receipt:
        """Write a file beside its place, read it back, and give it its name unless that is taken."""
        with self._telling(name, StoreError):
            path = self._path(name)
            if path.is_dir() or (path.exists() and path.stat().st_size):
                return self._existing(path, name, content)
            with scratch(path) as (whole, file):
                self._fill(file, content, tick)
                self._read_back(whole, content)
                sweep(path, whole)
                if not give_name(whole, path, self._link):
                    return self._existing(path, name, content)
            flush_names(path.parent)
            told = path.lstat()
        return Receipt(_stored(name, told, {SHA256: content.sha256}), existed=False, checked=SHA256)

    def stat(self, name: str) -> Stored | None:
        """Return what the disk says; the SHA-256 costs a reading of the file, which is done when somebody looks."""
        with self._telling(name, StoreError):
            path = self._path(name)
            try:
                told = self._told(path, name)
            except GoneError:
                return None
        return _stored(name, told, _Fingerprints(lambda: self._hashed(path, name)))

    @contextlib.contextmanager
    def read(self, name: str, offset: int = 0) -> Iterator[Iterator[bytes]]:
        """Give the bytes of a file from an offset on."""
        with contextlib.ExitStack() as files:
            with self._telling(name, BusyError):
                file = files.enter_context(self._open(self._path(name), name))
                file.seek(offset)
            yield self._pieces(file, name)

    def names(self, prefix: str) -> Iterator[Stored]:
        """Yield the files whose names begin so; what a writer has not finished is none."""
        with self._telling(prefix, StoreError):
            yield from self._found(self._root, "", prefix)

    def delete(self, name: str) -> None:
        """Remove a file, and the folders that are empty without it."""
        with self._telling(name, StoreError):
            path = self._path(name)
            try:
                self._told(path, name)
                path.unlink()
            except (GoneError, FileNotFoundError):
                return
            flush_names(path.parent)
            for folder in path.parents[: name.count("/")]:
                try:
                    folder.rmdir()
                except OSError:  # something else stands in it
                    return

    def close(self) -> None:
        """Nothing is held open."""

    def _path(self, name: str) -> Path:
        """Return where a file stands; no name and no link leads out of the store."""
        parts = name.split("/")
        if not all(part.strip(".") for part in parts) or "\0" in name or (os.sep != "/" and os.sep in name):
            raise ConfigError(f"{shown(name)} is no name for a file in {self.url}")
        path = self._root.joinpath(*parts)
        for place in (path, *path.parents[: len(parts) - 1]):
            if place.is_symlink():
                raise RefusedError(
                    f"{self.url}: {name}: {place} is a link, and links inside a store are never followed"
                )
        return path

    def _told(self, path: Path, name: str) -> os.stat_result:
        try:
            told = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise GoneError(f"{self.url}: {name} is not there") from None
        if not modes.S_ISREG(told.st_mode):
            raise GoneError(f"{self.url}: {name} is not a file there")
        return told

    def _fill(self, file: BinaryIO, content: Content, tick: Tick) -> None:
        digest, size = hashlib.sha256(), 0
        with content.open() as source:
            while piece := source.read(_PIECE):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
                tick(len(piece))
        if (size, digest.hexdigest()) != (content.size, content.sha256):
            raise changed("its size or its SHA-256 is another")
        flush(file)

    def _read_back(self, whole: Path, content: Content) -> None:
        with whole.open("rb") as file:
            if fingerprint(SHA256, file) != content.sha256:
                raise StoreError(f"{self.url}: the disk gives back other bytes than were written; nothing was stored")

    def _existing(self, path: Path, name: str, content: Content) -> Receipt:
        if not path.is_file():
            raise TakenError(f"{self.url}: {name} is a folder or a device there; move it away")
        told = self._told(path, name)
        if told.st_size != content.size or self._hashed(path, name) != content.sha256:
            raise TakenError(f"{self.url}: {name} holds other content, which is never replaced; freeze another version")
        return Receipt(_stored(name, told, {SHA256: content.sha256}), existed=True, checked=SHA256)

    def _hashed(self, path: Path, name: str) -> str:
        with self._telling(name, StoreError), self._open(path, name) as file:
            return fingerprint(SHA256, file)

    def _open(self, path: Path, name: str) -> BinaryIO:
        self._told(path, name)
        return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")

    def _pieces(self, file: BinaryIO, name: str) -> Iterator[bytes]:
        with self._telling(name, BusyError):
            while piece := file.read(_PIECE):
                yield piece

    def _found(self, folder: Path, above: str, prefix: str) -> Iterator[Stored]:
        try:
            entries = sorted(os.scandir(folder), key=lambda each: each.name)
        except FileNotFoundError:  # not made yet, or just removed
            return
        for entry in entries:
            name = above + entry.name
            if entry.is_dir(follow_symlinks=False):
                inside = f"{name}/"
                if inside.startswith(prefix) or prefix.startswith(inside):
                    yield from self._found(folder / entry.name, inside, prefix)
            elif name.startswith(prefix) and entry.is_file(follow_symlinks=False) and not is_scratch(entry.name):
                with contextlib.suppress(FileNotFoundError):
                    yield _stored(name, entry.stat(follow_symlinks=False), {})

    @contextlib.contextmanager
    def _telling(self, name: str, other: type[StoreError]) -> Iterator[None]:
        """Turn what the system says into an error that says what to do."""
        try:
            yield
        except OSError as fault:
            told = f"{self.url}: {name}: {fault.strerror or fault}"
            if fault.errno in _ADVICE:
                raise RefusedError(f"{told}; {_ADVICE[fault.errno]}") from None
            raise other(told) from None


class _Fingerprints(Mapping[str, str]):
    """What reading a file says of it; it is read when somebody looks, and once."""

    def __init__(self, hashed: Callable[[], str]) -> None:
        self._hashed = hashed

    @cached_property
    def _sha256(self) -> str:
        return self._hashed()

    def __getitem__(self, algorithm: str) -> str:
        if algorithm != SHA256:
            raise KeyError(algorithm)
        return self._sha256

    def __iter__(self) -> Iterator[str]:
        return iter((SHA256,))

    def __len__(self) -> int:
        return 1


def _stored(name: str, told: os.stat_result, fingerprints: Mapping[str, str]) -> Stored:
    return Stored(name, told.st_size, fingerprints, stored_at_ms=told.st_mtime_ns // 1_000_000)
