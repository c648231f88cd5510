"""A folder of Drive and its files, told apart by ids: several may have one name, and the search may lag behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lumen_action.archive.fingerprints import MD5, SHA256
from lumen_action.archive.stores import RefusedError, Stored, StoreError
from lumen_action.archive.stores.gdrivecalls import EVERY_DRIVE, FILES, Calls
from lumen_action.errors import ConfigError, shown

CLAIM = "lumen-sha256"
"""The property that carries our own hash; properties, unlike appProperties, are seen by every client."""
_FOLDER_TYPE, _GOOGLE_TYPES = "application/vnd.google-apps.folder", "application/vnd.google-apps."
_FOLDER_FIELDS = "id,mimeType,trashed,driveId,capabilities/canAddChildren"
_FIELDS = "id,name,mimeType,size,createdTime,trashed,md5Checksum,sha256Checksum,headRevisionId,properties"
_LISTED = f"nextPageToken,incompleteSearch,files({_FIELDS})"
_HASHES = {SHA256: "sha256Checksum", MD5: "md5Checksum"}
"""The strongest first; only that is taken: our own of another would cost one more reading of the archive."""


@dataclass(frozen=True, order=True)
class File:
    """A file as Drive tells of it; of several with one name the first in order is the one that counts."""

    created_ms: int
    id: str
    stored: Stored = field(compare=False)


@dataclass(frozen=True)
class Place:
    """What Drive tells of the folder."""

    id: str
    drive_id: str
    """The Shared Drive that it is in, empty on My Drive."""
    writable: bool


class Folder:
    """The files of a folder; what was done through it is known at once, whatever the search says."""

    def __init__(self, calls: Calls, folder_id: str) -> None:
        """Ask for nothing yet."""
        self._calls = calls
        self._id = folder_id
        self._place: Place | None = None
        self._made: dict[str, str] = {}
        self._removed: set[str] = set()

    def place(self) -> Place:
        """Return where the folder is; it is asked for once."""
        if self._place is None:
            url, who = self._calls.url, self._calls.access.who
            said = self._calls.asked("GET", f"{FILES}/{self._id}", {"fields": _FOLDER_FIELDS, **EVERY_DRIVE})
            if said is None or said.get("trashed"):
                state = "is in the trash" if said else f"is not there, or {who} may not see it"
                raise RefusedError(
                    f"{url}: the folder {state}; check the id, and make {who} a member of the Shared Drive or share "
                    "the folder with it"
                )
            if said.get("mimeType") != _FOLDER_TYPE:
                raise ConfigError(f"store: {shown(url)} names no folder; give the id of one")
            may = said.get("capabilities")
            writable = not (isinstance(may, dict) and may.get("canAddChildren") is False)
            self._place = Place(str(said.get("id")), str(said.get("driveId") or ""), writable)
        return self._place

    def named(self, name: str) -> list[File]:
        """Return the files of a name, the one that counts first."""
        found = {file.id: file for file in self.files(f"name = '{_escaped(name)}'") if file.stored.name == name}
        mine = self._made.get(name)
        if mine and mine not in found and (file := self.file(mine)):
            found[mine] = file
        return sorted(found.values())

    def files(self, *conditions: str) -> Iterator[File]:
        """Yield the files that fulfil conditions, page after page."""
        place = self.place()
        query = {
            "q": " and ".join((f"'{_escaped(place.id)}' in parents", "trashed = false", *conditions)),
            "fields": _LISTED,
            "pageSize": "1000",
            "spaces": "drive",
            **({"corpora": "drive", "driveId": place.drive_id} if place.drive_id else {"corpora": "user"}),
            "includeItemsFromAllDrives": "true",
            **EVERY_DRIVE,
        }
        asked: list[str] = [""]
        while True:
            said = self._calls.asked("GET", FILES, {**query, **({"pageToken": asked[-1]} if asked[-1] else {})})
            files = said.get("files") if said and not said.get("incompleteSearch") else None
            if said is None or not isinstance(files, list) or not all(isinstance(each, dict) for each in files):
                raise StoreError(f"{self._calls.url}: Drive did not search the whole folder")
            for each in files:
                # Documents of Google's own have no bytes.
                if not str(each.get("mimeType")).startswith(_GOOGLE_TYPES) and each.get("id") not in self._removed:
                    yield self._read(each)
            following = str(said.get("nextPageToken") or "")
            if not following:
                return
            if following in asked:
                raise StoreError(f"{self._calls.url}: Drive gives the same page again")
            asked.append(following)

    def file(self, id_: str) -> File | None:
        """Return a file by its id, None for one that is not there or in the trash."""
        said = self._calls.asked("GET", f"{FILES}/{id_}", {"fields": _FIELDS, **EVERY_DRIVE})
        return None if said is None or said.get("trashed") else self._read(said)

    def new_id(self) -> str:
        """Return an id that a file can be made with: a second try with it is refused."""
        said = self._calls.asked("GET", f"{FILES}/generateIds", {"count": "1", "space": "drive", "type": "files"})
        try:
            return str((said or {})["ids"][0])
        except (KeyError, IndexError, TypeError):
            raise StoreError(f"{self._calls.url}: Drive gave no id for a file") from None

    def remember(self, file: File) -> None:
        """Keep a file that was made here."""
        self._made[file.stored.name] = file.id

    def trash(self, file: File) -> None:
        """Move a file to the trash."""
        self._calls.asked("PATCH", f"{FILES}/{file.id}", {"fields": "id", **EVERY_DRIVE}, {"trashed": True})
        self._removed.add(file.id)

    def _read(self, said: Mapping[str, Any]) -> File:
        try:
            created_ms = round(datetime.fromisoformat(said["createdTime"].replace("Z", "+00:00")).timestamp() * 1000)
            told = [(name, said[key].lower()) for name, key in _HASHES.items() if said.get(key)]
            claim = (said.get("properties") or {}).get(CLAIM)
            stored = Stored(
                name=str(said["name"]),
                size=int(said["size"]),
                fingerprints=dict(told[:1]),
                claimed={SHA256: str(claim)} if claim else {},
                version=str(said.get("headRevisionId") or said["id"]),
                stored_at_ms=created_ms,
            )
            return File(created_ms, str(said["id"]), stored)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise StoreError(f"{self._calls.url}: Drive does not tell of a file what it should") from None


def _escaped(text: str) -> str:
    """Return a text as it stands between the quotes of a query."""
    return text.replace("\\", "\\\\").replace("'", "\\'")
