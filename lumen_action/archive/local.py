"""Archives in a folder on this machine, as freezing left them there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lumen_action.archive import LABEL, MOST_LABEL_BYTES, ArchiveId, Label
from lumen_action.archive.fingerprints import SHA256, fingerprint
from lumen_action.errors import IntegrityError


@dataclass(frozen=True)
class Frozen:
    """A sealed archive and its label on this machine."""

    label: Label
    sealed: Path
    label_file: Path

    def require_whole(self) -> None:
        """Raise an IntegrityError unless the sealed file is what its label says."""
        try:
            with self.sealed.open("rb") as file:
                found = fingerprint(SHA256, file)
        except OSError as fault:
            raise IntegrityError(f"{self.sealed}: it cannot be read ({fault.strerror}); freeze the day again") from None
        if found != self.label.sha256:
            raise IntegrityError(
                f"{self.sealed}: it is not what was frozen (its SHA-256 is {found}, its label says "
                f"{self.label.sha256}); nothing of it is sent. Freeze the day again"
            )


def frozen_as(folder: Path, id_: ArchiveId) -> Frozen | None:
    """Return the archive of an id in a folder, None when there is none; a label that is none is an IntegrityError."""
    file = folder / id_.label
    try:
        with file.open("rb") as opened:
            label = Label.decode(opened.read(MOST_LABEL_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as fault:
        raise IntegrityError(f"{file}: it cannot be read as a label ({fault}); freeze the day again") from None
    if label.id != id_:
        raise IntegrityError(f"{file}: it is the label of {label.id}; somebody moved it")
    return Frozen(label, folder / id_.sealed, file)


def ids_in(folder: Path) -> Iterator[ArchiveId]:
    """Yield the ids of the archives of a folder that have a label, in order."""
    for file in sorted(folder.glob(f"*/*/*/*{LABEL}")):
        id_ = ArchiveId.of_name(file.relative_to(folder).as_posix())
        if id_:
            yield id_
