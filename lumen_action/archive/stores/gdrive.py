"""Google Drive as a store: files in a folder, found by name, though Drive lets several have the same."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from lumen_action.archive.fingerprints import MD5, SHA256, fingerprint
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
from lumen_action.archive.stores.gdrivecalls import DRIVE, EVERY_DRIVE, FILES, Calls, Limits
from lumen_action.archive.stores.gdrivecredentials import TOKEN_URL, Means, read_access, token_fault
from lumen_action.archive.stores.gdrivefolder import CLAIM, File, Folder
from lumen_action.archive.stores.gdriveupload import Upload
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.archive.stores.patience import Patience
from lumen_action.errors import ConfigError, shown
from lumen_action.http import Http, Request, Streamed

URL = "LUMEN_GDRIVE_URL"
_ID = re.compile(r"[A-Za-z0-9_-]{4,100}")
_MD5_NOTE = "Drive told no SHA-256; its MD5 shows that nothing broke on the way, not that nobody forged it"
_PARTIAL = 206


def opened(url: str, options: StoreOptions, limits: Limits | None = None) -> Store:
    """Open the folder whose id a URL names."""
    limits = limits or Limits()
    folder_id = url.partition(":")[2]
    base = options.env.get(URL, "").strip().rstrip("/")
    http = Http(patience_seconds=2 * limits.timeout_seconds, timing=options.timing, tries_again=False)
    token_url = f"{base}/token" if base else TOKEN_URL
    means = Means(options.folder, http, options.timing, limits.timeout_seconds, token_url)
    problems = []
    if not _ID.fullmatch(folder_id):
        problems.append(
            f"store: {shown(url)} names no folder of Drive; write `gdrive:` and what follows `/folders/` in the "
            "address of the folder"
        )
    if base and (fault := token_fault(base)):
        problems.append(f"{URL}: {fault}; leave it empty for {DRIVE}")
    access = read_access(options.env, means, options.tell, problems)
    if problems or access is None:
        raise ConfigError(problems)
    patience = Patience(url, limits.patience_seconds, options.timing)
    return Drive(Calls(base or DRIVE, access, http, patience, limits), folder_id, http)


class Drive:
    """A folder of Drive; the names of its files are those of the objects, with the slashes in them."""

    def __init__(self, calls: Calls, folder_id: str, http: Http) -> None:
        """Ask for nothing yet."""
        self.url = calls.url
        self._calls = calls
        self._folder = Folder(calls, folder_id)
        self._http = http

    def put(self, name: str, content: Content, tick: Tick) -> Receipt:
        """Upload under an id chosen beforehand, then look who else did: whoever was there first keeps the name."""
        if found := self._folder.named(name):
            return self._existing(found[0], content)
        mine = self._uploaded(name, content, tick)
        checked = self._agreement(mine, content)
        if checked is None:
            left = self._withdrawn(mine)
            raise StoreError(f"{self.url}: Drive holds other bytes than were sent as {name}; {left}")
        self._folder.remember(mine)
        first = self._folder.named(name)[0]
        if first.id == mine.id:
            return Receipt(mine.stored, existed=False, checked=checked, note=_note(checked))
        return self._existing(first, content, f"somebody stored it at the same time; {self._withdrawn(mine)}")

    def stat(self, name: str) -> Stored | None:
        """Return what Drive says of the file that counts."""
        found = self._folder.named(name)
        return found[0].stored if found else None

    @contextlib.contextmanager
    def read(self, name: str, offset: int = 0) -> Iterator[Iterator[bytes]]:
        """Give the bytes of a file from an offset on; a body that ends early is a BusyError."""
        found = self._folder.named(name)
        if not found:
            raise GoneError(f"{self.url}: {name} is not there")
        size = found[0].stored.size
        if 0 < size <= offset:
            yield iter(())
            return
        address = self._calls.address(f"{FILES}/{found[0].id}", {"alt": "media", **EVERY_DRIVE})
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        with self._calls.streamed(Request("GET", address, headers=headers)) as answer:
            yield _from(answer, offset, size)

    def names(self, prefix: str) -> Iterator[Stored]:
        """Yield the files whose names begin so; of several with one name the one that counts."""
        first: dict[str, File] = {}
        for file in self._folder.files():
            if file.stored.name.startswith(prefix):
                first[file.stored.name] = min(file, first.get(file.stored.name, file))
        yield from (file.stored for file in first.values())

    def delete(self, name: str) -> None:
        """Move every file of a name to the trash, which Google empties after 30 days; for good takes a Manager."""
        for file in self._folder.named(name):
            self._folder.trash(file)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _uploaded(self, name: str, content: Content, tick: Tick) -> File:
        place = self._folder.place()
        if not place.writable:
            raise RefusedError(
                f"{self.url}: {self._calls.access.who} may not add files to the folder; make it a member of the Shared "
                "Drive as Contributor or Content manager, or share the folder with it as Editor"
            )
        id_ = self._folder.new_id()
        description = {
            "id": id_,
            "name": name,
            "parents": [place.id],
            "mimeType": "application/octet-stream",
            "properties": {CLAIM: content.sha256},
        }
        Upload(self._calls, description, content, tick).run()
        made = self._folder.file(id_)
        if made is None:
            raise StoreError(f"{self.url}: Drive said that it took {name}, and does not have it")
        return made

    def _existing(self, file: File, content: Content, note: str = "") -> Receipt:
        checked = self._agreement(file, content)
        if checked is None:
            told = f"{self.url}: {file.stored.name} holds other content, which is never replaced"
            raise TakenError(f"{told}; freeze another --version{f' ({note})' if note else ''}")
        notes = filter(None, (note, _note(checked)))
        return Receipt(file.stored, existed=True, checked=checked, note="; ".join(notes))

    def _agreement(self, file: File, content: Content) -> str | None:
        """Return the algorithm that shows a file to be ours, None when it is not."""
        told = file.stored.fingerprints
        if file.stored.size != content.size:
            return None
        if SHA256 in told:
            return SHA256 if told[SHA256] == content.sha256 else None
        if MD5 in told:
            with content.open() as source:
                return MD5 if told[MD5] == fingerprint(MD5, source) else None
        raise StoreError(f"{self.url}: Drive tells no hash of {file.stored.name}, so nothing shows what it holds")

    def _withdrawn(self, mine: File) -> str:
        """Remove what was just stored and say what became of it."""
        try:
            self._folder.trash(mine)
        except StoreError:
            return f"our file {mine.id} could not be removed, remove it by hand"
        return "our copy was removed"


def _from(answer: Streamed, offset: int, size: int) -> Iterator[bytes]:
    """Yield what an answer holds from an offset on; a server that ignores ranges sends what lies before it too."""
    if answer.headers.get("content-type", "").startswith("text/html"):
        raise BusyError("a page for browsers came in place of the file")
    at = 0
    if answer.status == _PARTIAL:
        begins = re.match(r"bytes (\d+)-", answer.headers.get("content-range", ""))
        at = int(begins[1]) if begins else size
    if at > offset:
        raise BusyError(f"Drive did not send the bytes from {offset} on")
    for piece in answer.pieces:
        wanted = piece[max(0, offset - at) :]
        at += len(piece)
        if at > size:
            break
        if wanted:
            yield wanted
    if at != size:
        raise BusyError(f"Drive sent {'more' if at > size else f'{at} bytes'} of {size}")


def _note(checked: str) -> str:
    return _MD5_NOTE if checked == MD5 else ""
