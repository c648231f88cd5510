"""Files of this machine, and the files that they lead to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lumen_action.alerting.checks.reading import read
from lumen_action.alerting.checks.setup import File, Kind, Node
from lumen_action.errors import ConfigError

ENDINGS = frozenset({".yml", ".yaml", ".json", ".tmpl", ".tpl"})
_NOT_OURS = frozenset({"node_modules", "__pycache__"})
# Which key of a kind of file leads to others.
_LEADING = {Kind.PROMETHEUS: "rule_files", Kind.ALERTMANAGER: "templates"}


class Gathering:
    """The files that were asked for, and those that they name."""

    def __init__(self, folder: Path) -> None:
        """Begin in a folder, from which all names are seen."""
        self._folder = folder
        self.files: dict[str, File] = {}
        self.matches: dict[tuple[str, str], Sequence[str]] = {}
        self._problems: list[str] = []

    def take(self, places: Sequence[str]) -> None:
        """Read files, and what is known in folders; a ConfigError names all that cannot be read."""
        for place in places:
            path = self._folder / place
            if path.is_dir():
                for found in _within(path):
                    self._take(found, asked_for=False)
            else:
                self._take(path, asked_for=True)
        if self._problems:
            raise ConfigError(self._problems)
        for file in list(self.files.values()):
            self._follow(file)

    def path(self, file: File) -> Path:
        """Return where a file is."""
        return self._folder / file.name

    def _take(self, path: Path, *, asked_for: bool) -> str:
        name = self._name(path)
        if name in self.files:
            return name
        try:
            file = read(name, path.read_text(encoding="utf-8"))
        except OSError as fault:
            self._problems.append(f"{name}: {fault.strerror or fault}; give a file or folder that is there")
        except UnicodeDecodeError:
            if asked_for:
                self._problems.append(f"{name}: is no UTF-8 text; save it as UTF-8")
        else:
            if file is not None:
                self.files[name] = file
            elif asked_for:
                kinds = ", ".join(kind.value for kind in Kind)
                self._problems.append(f"{name}: is none of {kinds}; give one of them")
        return name

    def _follow(self, file: File) -> None:
        """Read the files that the patterns of a file lead to; of a folder that is not here nothing is known."""
        key = _LEADING.get(file.kind)
        if key is None or file.root is None:
            return
        for pattern in file.root.at(key).items():
            if found := self._matching(file, pattern):
                names = [self._take(path, asked_for=False) for path in found]
                self.matches[file.name, pattern.text] = names
            elif not Path(pattern.text).is_absolute() or Path(pattern.text).parent.is_dir():
                self.matches[file.name, pattern.text] = ()

    def _matching(self, file: File, pattern: Node) -> list[Path]:
        """Return what a pattern leads to; as the vendors read it, it starts beside the file."""
        whole = Path(os.path.normpath(self.path(file).absolute().parent / pattern.text))
        found = Path(whole.anchor).glob(str(whole.relative_to(whole.anchor)))
        return sorted(path for path in found if path.is_file())

    def _name(self, path: Path) -> str:
        whole = os.path.normpath(path)
        return os.path.relpath(whole, self._folder) if Path(whole).is_relative_to(self._folder) else whole


def _within(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _NOT_OURS)
        yield from (Path(root) / name for name in sorted(files) if Path(name).suffix in ENDINGS)
