"""Files of objectives: reading them for a command, and writing OpenSLO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from lumen_action.commands import World
from lumen_action.errors import ConfigError
from lumen_action.files import read_as_told
from lumen_action.slo.documents import AUTO, Taken, read
from lumen_action.slo.headers import slug
from lumen_action.slo.objective import SloBook
from lumen_action.slo.openslo_writing import documents, shared, slo_document
from lumen_action.yamlite import Document, load_all
from lumen_action.yamlite.writing import dump_all

LARGEST_FILE = 4 << 20
_ALONE = "give the documents of objectives alone"
ENDINGS = (".yml", ".yaml", ".json")
# In bytes, with room for the ending and for a scratch file beside it.
_LONGEST_FILE_NAME = 200


def read_files(names: Iterable[str], folder: Path, form: str = AUTO) -> Taken:
    """Return the objectives of files and of all files in folders; a ConfigError tells every fault of all of them."""
    problems: list[str] = []
    found: list[Document] = []
    empty: list[str] = []
    for path in _paths(names, folder, problems):
        shown = _shown(path, folder)
        try:
            inside = load_all(read_as_told("file", path, LARGEST_FILE, _ALONE), shown)
        except ConfigError as fault:
            problems += fault.problems
            continue
        found += inside
        if all(document.value is None for document in inside):
            empty.append(f"{shown}: holds no document")
    taken = read(found, _known_zone, form)
    problems += taken.problems
    if problems:
        raise ConfigError(problems)
    return replace(taken, notes=(*empty, *taken.notes))


def as_text(book: SloBook) -> str:
    """Return all documents of a book as one file."""
    return dump_all(documents(book))


def as_files(book: SloBook) -> dict[str, str]:
    """Return a file for each objective, and one of what they share."""
    common = shared(book)
    groups = [("shared", common)] if common else []
    groups += [(slo.name, [slo_document(slo)]) for slo in book.slos]
    files: dict[str, str] = {}
    taken: set[str] = set()
    for name, group in groups:
        plain = _file_name(name)
        free = next(each for each in _alternatives(plain) if each.casefold() not in taken)
        taken.add(free.casefold())
        files[f"{free}.yml"] = dump_all(group)
    return files


def tell(notes: Iterable[str], world: World) -> None:
    """Print what a person should know although all went well."""
    for note in notes:
        world.tell(f"note: {note}")


def _paths(names: Iterable[str], folder: Path, problems: list[str]) -> list[Path]:
    paths = []
    for name in names:
        path = folder / name
        inside = sorted(each for each in path.iterdir() if each.suffix in ENDINGS) if path.is_dir() else [path]
        paths += inside
        if not inside:
            problems.append(f"{name}: found no file that ends in {', '.join(ENDINGS)}; name a file or another folder")
    return paths


def _shown(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _known_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _file_name(name: str) -> str:
    plain = name.replace("/", "_").replace("\\", "_").replace("|", "_").lstrip(".")
    return plain.encode()[:_LONGEST_FILE_NAME].decode(errors="ignore") or slug(name)


def _alternatives(name: str) -> Iterator[str]:
    """Yield the name, and then the name with numbers: names that differ may become one as names of files."""
    yield name
    yield from (f"{name}-{number}" for number in count(2))
