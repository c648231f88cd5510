"""Getting archives back: which of a day there are and where, and the first copy of each whose bytes prove right."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lumen_action.archive import ArchiveId
from lumen_action.archive.ahead import PIECE
from lumen_action.archive.container import Header, opened
from lumen_action.archive.holdings import held_in, newest_versions
from lumen_action.archive.keys import Keys, NoKeyError
from lumen_action.archive.stores import GoneError, RefusedError, Store, StoreError, Tick
from lumen_action.archive.stores.reading import whole
from lumen_action.archive.unpacking import Contents, Keep, Reader, Seen, examine
from lumen_action.errors import ConfigError, IntegrityError, LumenError
from lumen_action.http import Timing

Tell = Callable[[str], None]
Begin = Callable[[], tuple[Keep | None, Seen | None]]
"""Called for each try; what it gave for the try before is void then."""
_UNHELPFUL = (StoreError, GoneError, IntegrityError, NoKeyError)
"""What is wrong with one copy, so that another may do; a full disk here is none of them."""
_WORST_FIRST: Sequence[type[LumenError]] = (NoKeyError, RefusedError, StoreError, IntegrityError, GoneError)


@dataclass(frozen=True)
class Copy:
    """One place that has an archive."""

    where: str
    pieces: Callable[[], Iterator[bytes]]
    size: int = 0
    """Of the sealed file, to tell how much is to be read."""
    labelled: bool = True
    """Whether its label says that all of it is there."""


@dataclass(frozen=True)
class Fetched:
    """An archive that was read to its end and proved right."""

    id: ArchiveId
    contents: Contents
    where: str


def copy_in(file: Path) -> Copy:
    """Return the copy that a sealed file on this machine is; a ConfigError when it cannot be read."""

    def pieces() -> Iterator[bytes]:
        try:
            with file.open("rb") as read:
                while piece := read.read(PIECE):
                    yield piece
        except OSError as fault:
            raise StoreError(f"{file} cannot be read to its end ({fault.strerror})") from fault

    try:
        file.open("rb").close()
        return Copy(str(file), pieces, file.stat().st_size)
    except OSError as fault:
        raise ConfigError(f"file: {file} cannot be read ({fault.strerror}); name a sealed archive") from None


def copies_of(
    stores: Sequence[Store], pipeline: str, day: str, tell: Tell, timing: Timing
) -> dict[ArchiveId, list[Copy]]:
    """Ask every store what it has of a day, of all days without one; it is told of who is away, unless all are."""
    found: dict[ArchiveId, list[Copy]] = {}
    faults: list[LumenError] = []
    for store in stores:
        try:
            held = held_in(store, pipeline, day).archives
        except StoreError as fault:
            faults.append(fault)
            tell(f"{fault}; it is left out")
            continue
        for id_, each in held.items():
            size = each.sealed.size if each.sealed else 0
            found.setdefault(id_, []).append(Copy(store.url, _reading(store, id_, timing), size, bool(each.label)))
    if faults and len(faults) == len(stores):
        raise _worst(faults, f"{pipeline}: no store could be asked")
    return found


def _reading(store: Store, id_: ArchiveId, timing: Timing) -> Callable[[], Iterator[bytes]]:
    return lambda: whole(store, id_.sealed, timing)


def choose(found: Mapping[ArchiveId, Sequence[Copy]], region: str, version: str) -> list[ArchiveId]:
    """Return the newest version of each region, of those that were asked for.

    Of several days it is the newest. What no label speaks of was cut off on its way, so it counts only where there is
    nothing else.
    """
    fitting = [each for each in found if region in ("", each.region) and version in ("", each.version)]
    day = max((each.day for each in fitting), default="")
    fitting = [each for each in fitting if each.day == day]
    labelled = [each for each in fitting if any(copy.labelled for copy in found[each])]
    regions = {each.region for each in labelled}
    return newest_versions([*labelled, *(each for each in fitting if each.region not in regions)])


def fetch(
    id_: ArchiveId,
    copies: Sequence[Copy],
    keys: Keys,
    begin: Begin,
    ticks: Callable[[Copy], Tick],
    tell: Tell,
) -> Fetched:
    """Read the first copy that proves right; where none does, the error tells of each."""
    faults: list[LumenError] = []
    for place, copy in enumerate(copies, 1):
        try:
            with closing(_counted(copy.pieces(), ticks(copy))) as pieces:
                header, reader = opened(pieces, keys)
                with closing(reader):
                    return Fetched(header.id, _examined(header, reader, id_, begin), copy.where)
        except _UNHELPFUL as fault:
            faults.append(fault if copy.where in str(fault) else type(fault)(f"{copy.where}: {fault}"))
            if place < len(copies):
                tell(f"{faults[-1]}; {copies[place].where} is asked instead")
    raise _worst(faults, f"{id_}: no copy of it can be used")


def _examined(header: Header, reader: Reader, id_: ArchiveId, begin: Begin) -> Contents:
    if header.id != id_:
        raise IntegrityError(f"it is {header.id}, not {id_}; somebody moved it")
    return examine(header, reader, *begin())


def _counted(pieces: Iterator[bytes], tick: Tick) -> Generator[bytes, None, None]:
    for piece in pieces:
        tick(len(piece))
        yield piece


def _worst(faults: Sequence[LumenError], what: str) -> LumenError:
    """Return one error for all: first what a person can mend, then what may pass, then what is lost."""
    if len(faults) == 1:
        return faults[0]
    kind = next(kind for kind in _WORST_FIRST if any(isinstance(each, kind) for each in faults))
    return kind("; ".join((what, *map(str, faults))))
