"""A place beside the target, where files wait until all of them have proved right."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import BinaryIO

from lumen_action.archive.ahead import PIECE
from lumen_action.archive.placing import flush_folder, place_new, telling
from lumen_action.archive.safenames import unwritable
from lumen_action.errors import ConfigError

_MARK = ".lumen-restore-"
_MOST_PROBLEMS = 50
_FLUSHERS = 16
_OCCUPIED = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR})
"""What is answered when somebody made the target in the last moment."""
_ZEROS = bytes(PIECE)
_HOLE_BYTES = 4096
"""A run of zeros this long is left as a hole, as it was in the file that was frozen from one."""


@dataclass
class Shelf:
    """The files of one archive, which go to one folder of the target."""

    folder: Path
    below: str
    """The folder of the target, seen from there; empty for the target itself."""
    kept: list[tuple[str, int]] = field(default_factory=list)
    """Paths and permissions."""

    @contextlib.contextmanager
    def keep(self, path: str, mode: int) -> Iterator[_Writer]:
        """Make a file and give what writes it."""
        if why := unwritable(path):
            raise ConfigError(f"{path}: {why}; restore it on another one")
        file = self.folder / path
        with telling(self.folder.parent):
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                opened = file.open("xb")
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise ConfigError(
                    f"{path}: the file system here takes it and another file of the archive for one; restore to a disk "
                    "that tells small letters from capital ones"
                ) from None
            with opened:
                yield _Writer(opened)
                opened.truncate()
        self.kept.append((path, mode))


class _Writer:
    """Writes to a file, leaving holes where there is nothing but zeros."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __call__(self, piece: bytes) -> None:
        size = len(piece)
        if size >= _HOLE_BYTES and size <= PIECE and piece == _ZEROS[:size]:
            self._file.seek(size, os.SEEK_CUR)
        else:
            self._file.write(piece)


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Staging]:
    """Make a place on the file system of a target, which need not be there yet; leaving removes what is still in it."""
    target = target.resolve()
    with telling(target):
        beside = _beside(target)
        left_over = sorted(beside.glob(f"{escape(_mark(target))}*"))
        place = Path(tempfile.mkdtemp(prefix=_mark(target), dir=beside))
    try:
        yield Staging(target, place, left_over)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@dataclass
class Staging:
    """Files on their way to a target."""

    target: Path
    place: Path
    left_over: Sequence[Path]
    """What restores left that were cut off, unless they are still under way."""
    _shelves: dict[str, Shelf] = field(default_factory=dict)

    def shelf(self, below: str = "") -> Shelf:
        """Return an empty shelf for the files of a folder of the target; what was on it before is gone."""
        place = self.place / "files" / below
        shutil.rmtree(place, ignore_errors=True)
        with telling(self.target):
            place.mkdir(parents=True)
        self._shelves[below] = Shelf(place, below)
        return self._shelves[below]

    def settle(self, *, overwrite: bool) -> None:
        """Bring everything to its place, at once where nothing was before; nothing has moved when this raises."""
        waiting = [
            (shelf.folder / path, f"{shelf.below}/{path}".removeprefix("/"), mode)
            for shelf in self._shelves.values()
            for path, mode in shelf.kept
        ]
        problems = in_the_way(self.target, [path for _, path, _ in waiting], overwrite=overwrite)
        if problems:
            raise _collision(self.target, problems)
        with telling(self.target):
            _finish_all([(file, mode) for file, _, mode in waiting])
            if _new_folder(self.place / "files", self.target):
                return
            _Move(self.target, self.place, overwrite=overwrite).all([(file, path) for file, path, _ in waiting])


def in_the_way(target: Path, paths: Sequence[str], *, overwrite: bool) -> list[str]:
    """Return what is wrong with writing these paths to a target."""
    seen: dict[Path, str] = {target: ""}
    return [f"{path}: {why}" for path in paths if (why := _why_not(target, path, seen, overwrite=overwrite))]


def _why_not(target: Path, path: str, seen: dict[Path, str], *, overwrite: bool) -> str:
    *folders, name = path.split("/")
    place = target
    for folder in folders:
        place /= folder
        if place not in seen:
            seen[place] = _no_folder(place)
        if seen[place]:
            return f"{place.relative_to(target).as_posix()} {seen[place]}"
    try:
        told = (place / name).lstat()
    except FileNotFoundError:
        return ""
    except OSError as fault:
        return f"it cannot be looked at ({fault.strerror})"
    if stat.S_ISDIR(told.st_mode):
        return "a folder stands there"
    return "" if overwrite else "it is there already"


def _collision(target: Path, problems: Sequence[str]) -> ConfigError:
    """Return the error that tells all that is in the way."""
    more = len(problems) - _MOST_PROBLEMS
    return ConfigError(
        [
            *problems[:_MOST_PROBLEMS],
            *([f"and {more} more"] if more > 0 else []),
            f"to: nothing was written to {target}; restore to an empty folder, or replace files with `--overwrite`",
        ]
    )


@dataclass
class _Move:
    """One move into a target, which is taken back when it cannot be finished."""

    target: Path
    place: Path
    overwrite: bool
    _made: list[Path] = field(default_factory=list)
    _placed: list[tuple[Path, Path | None]] = field(default_factory=list)

    def all(self, files: Sequence[tuple[Path, str]]) -> None:
        """Move files to their paths."""
        (self.place / "replaced").mkdir()
        try:
            for file, path in files:
                place = self.target / path
                self._folders(path)
                self._one(file, place)
        except BaseException:
            self._undo()
            raise
        for folder in {place.parent for place, _ in self._placed} | {made.parent for made in self._made}:
            flush_folder(folder)

    def _folders(self, path: str) -> None:
        """Make the folders that are missing on the way to a path; a link is none, also when it came just now."""
        folder = self.target
        for part in path.split("/")[:-1]:
            folder /= part
            try:
                folder.mkdir()
                self._made.append(folder)
            except FileExistsError:
                if why := _no_folder(folder):
                    raise ConfigError(f"{path}: {folder} {why}; nothing was written to {self.target}") from None

    def _one(self, file: Path, place: Path) -> None:
        if not self.overwrite or not os.path.lexists(place):
            place_new(file, place)
            self._placed.append((place, None))
            return
        # At every moment a whole file stands there: the old one, and then the new one.
        before = self.place / "replaced" / str(len(self._placed))
        with contextlib.suppress(OSError):
            os.link(place, before, follow_symlinks=False)
        file.replace(place)
        self._placed.append((place, before))

    def _undo(self) -> None:
        for place, before in reversed(self._placed):
            with contextlib.suppress(OSError):
                if before is None:
                    place.unlink()
                else:
                    before.replace(place)
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _new_folder(files: Path, target: Path) -> bool:
    """Give a whole folder its name when there is nothing of that name yet."""
    if os.path.lexists(target):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    for folder, _, _ in os.walk(files, topdown=False):
        flush_folder(Path(folder))
    try:
        files.rename(target)
    except OSError as fault:
        if fault.errno not in _OCCUPIED:
            raise
        return False
    flush_folder(target.parent)
    return True


def _beside(target: Path) -> Path:
    """Return a folder on the file system of the target, where it can be written: its own, or the one above."""
    above = next((each for each in target.parents if each.exists()), target)
    if not above.is_dir() or (target.exists() and not target.is_dir()):
        wrong = target if target.exists() else above
        raise ConfigError(f"to: {wrong} is not a folder; name one, or a place where one can be made")
    inside = target.exists() and (target.stat().st_dev != above.stat().st_dev or not os.access(above, os.W_OK))
    return target if inside else above


def _mark(target: Path) -> str:
    return f".{target.name}{_MARK}"


def _no_folder(place: Path) -> str:
    """Return why nothing can be put below a place of the target, nothing when it can."""
    try:
        told = place.lstat()
    except FileNotFoundError:
        return ""
    except OSError as fault:
        return f"cannot be looked at ({fault.strerror})"
    if stat.S_ISLNK(told.st_mode):
        return "is a link, and nothing is written through links"
    return "" if stat.S_ISDIR(told.st_mode) else "is a file, and should be a folder"


def _finish_all(files: Sequence[tuple[Path, int]]) -> None:
    # Disks take what comes at once in one go: a hundred thousand small files would wait for each other otherwise.
    def some(first: int) -> None:
        for file, mode in files[first::_FLUSHERS]:
            _finish(file, mode)

    with ThreadPoolExecutor(_FLUSHERS) as flushers:
        list(flushers.map(some, range(_FLUSHERS)))


def _finish(file: Path, mode: int) -> None:
    """Give a file its permissions and bring it to the disk."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        file.chmod(mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
