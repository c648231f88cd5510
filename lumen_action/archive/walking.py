"""Which files are frozen, and what each is called inside."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lumen_action.archive.patterns import Patterns
from lumen_action.archive.safenames import MOST_PARTS, unsafe
from lumen_action.errors import ConfigError, shown

_MOST_PROBLEMS = 50
_KINDS: Mapping[int, str] = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Found(NamedTuple):
    """A file and its name inside."""

    path: str
    file: str
    size: int
    """As it was when it was found, to tell how much is to be done."""


@dataclass(frozen=True)
class Findings:
    """What is to be frozen."""

    files: Sequence[Found]
    """In the order of the bytes of their paths."""
    spared: Sequence[str]
    """Folders that were left out because archives are written there."""

    @property
    def size(self) -> int:
        """Return how many bytes that is."""
        return sum(each.size for each in self.files)


def found_files(paths: Sequence[str], folder: Path, exclude: Sequence[str] = (), *spare: Path) -> Findings:
    """Find the files of what was named, seen from a folder; a ConfigError tells of all that cannot be frozen."""
    walk = _Walk(folder, Patterns(exclude), spare)
    for path in paths:
        walk.take(path)
    if paths and not walk.files and not walk.problems:
        named = ", ".join(map(shown, paths))
        walk.problems.append(f"paths: there is no file in {named}; name what the pipeline has written")
    if walk.problems:
        more = len(walk.problems) - _MOST_PROBLEMS
        said = sorted(walk.problems)[:_MOST_PROBLEMS]
        raise ConfigError([*said, *([f"and {more} more of the kind"] if more > 0 else [])])
    return Findings(sorted(walk.files.values(), key=lambda each: each.path.encode()), walk.spared)


@dataclass
class _Walk:
    """One look at everything that was named."""

    folder: Path
    exclude: Patterns
    spare: Sequence[Path]
    """Folders that are never frozen: those that archives are written to."""
    files: dict[str, Found] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    spared: list[str] = field(default_factory=list)

    def take(self, path: str) -> None:
        """Take a file or a folder that was named."""
        file = os.path.normpath(self.folder / path)
        inside = self._inside(Path(file))
        try:
            self._one(file, inside, os.lstat(file))
        except OSError as fault:
            self.problems.append(f"{_shown(path)}: {fault.strerror}; name files or folders that are there")

    def _inside(self, file: Path) -> str:
        """Return the name of what was named: below the working folder the way to it, else its own."""
        real = file.parent.resolve() / file.name
        for each, base in ((file, self.folder), (real, self.folder.resolve())):
            if each.is_relative_to(base):
                return "" if each == base else each.relative_to(base).as_posix()
        return file.name

    def _one(self, file: str, inside: str, told: os.stat_result) -> None:
        if inside and self.exclude.match(inside):
            return
        if stat.S_ISDIR(told.st_mode) and inside.count("/") < MOST_PARTS:
            self._folder(file, inside, told)
        elif not stat.S_ISREG(told.st_mode) and not stat.S_ISDIR(told.st_mode):
            kind = _KINDS.get(stat.S_IFMT(told.st_mode), "no file")
            self.problems.append(
                f"{_shown(inside)}: it is {kind}, and only files and folders are frozen; leave it out with "
                f"`--exclude '{_shown(inside)}'`, or name what it leads to"
            )
        elif why := unsafe(inside):
            self.problems.append(f"{_shown(inside)}: {why}; rename it, or leave it out with `--exclude`")
        elif (other := self.files.setdefault(inside, Found(inside, file, told.st_size))).file != file:
            self.problems.append(
                f"{_shown(inside)}: both {_shown(other.file)} and {_shown(file)} would have this name inside; freeze "
                "them as archives of their own, or from a working folder above both"
            )

    def _folder(self, file: str, inside: str, told: os.stat_result) -> None:
        if any(each.exists() and os.path.samestat(told, each.stat()) for each in self.spare):
            self.spared.append(inside or ".")
            return
        try:
            with os.scandir(file) as entries:
                for entry in entries:
                    name = f"{inside}/{entry.name}" if inside else entry.name
                    self._one(entry.path, name, entry.stat(follow_symlinks=False))
        except OSError as fault:
            self.problems.append(f"{_shown(inside or '.')}: it cannot be read ({fault.strerror}); let us read it")


def _shown(path: str) -> str:
    return path.encode(errors="backslashreplace").decode() if path.isprintable() else ascii(path)[1:-1]
