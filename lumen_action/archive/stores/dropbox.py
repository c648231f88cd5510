"""A folder of Dropbox as a store: what it holds is proven by the content hash that Dropbox computes itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from typing import Any

from lumen_action.archive.fingerprints import DROPBOX
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
from lumen_action.archive.stores.dropboxaccess import (
    API_HOST,
    CONTENT_HOST,
    REFRESH_TOKEN,
    SHORT_LIVED,
    read_host,
    read_tokens,
)
from lumen_action.archive.stores.dropboxcalls import OUT_OF_RANGE, Calls, DeclinedError, Places
from lumen_action.archive.stores.dropboxsending import PIECE_BYTES, Sending, survey
from lumen_action.archive.stores.opening import StoreOptions
from lumen_action.errors import ConfigError, shown
from lumen_action.http import HttpError, Streamed

_MOST_LISTINGS = 3
_PAGE = 2000
_PARTIAL = 206
_HEX = re.compile(r"[0-9a-f]{64}")
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f\\]")
_NOTHING_THERE = frozenset({"not_found", "not_folder", "not_file"})
_KINDS = frozenset({"file", "folder", "deleted"})


def opened(url: str, options: StoreOptions) -> Store:
    """Open the folder that a URL names; it is made with the first object."""
    problems: list[str] = []
    root = url.partition(":")[2].rstrip("/")
    parts = root.split("/")[1:]
    if (root and not root.startswith("/")) or not all(part.strip(".") for part in parts) or _NOT_IN_A_NAME.search(root):
        problems.append(f"store: {shown(url)} names no folder of Dropbox; write `dropbox:/FOLDER`, or `dropbox:/`")
    places = Places(read_host(options.env, API_HOST, problems), read_host(options.env, CONTENT_HOST, problems))
    tokens = read_tokens(options.env, places.api, options.timing, problems)
    if problems:
        raise ConfigError(problems)
    if not options.env.get(REFRESH_TOKEN, "").strip():
        options.tell(f"{url}: {SHORT_LIVED}")
    return Dropbox(url, root, Calls(url, places, tokens, options.timing))


class Dropbox:
    """A folder of one account; Dropbox does not tell upper from lower case in names."""

    def __init__(self, url: str, root: str, calls: Calls, piece_bytes: int = PIECE_BYTES) -> None:
        """Take how much goes with one call."""
        self.url = url
        self._root = root
        self._calls = calls
        self._piece_bytes = piece_bytes

    def put(self, name: str, content: Content, tick: Tick) -> Receipt:
        """Send a file unless it is there; Dropbox has to come to the content hash that we came to."""
        surveyed = survey(content)
        expected = surveyed.content_hash
        if held := self._held(name):
            return self._existing(name, held, content, expected, existed=True)
        try:
            made = Sending(self._calls, self._path(name), surveyed, tick, self._piece_bytes).send()
        except DeclinedError as fault:
            return self._after_conflict(name, content, expected, fault)
        stored = self._stored(name, made)
        if (stored.size, stored.fingerprints[DROPBOX]) != (content.size, expected):
            told = f"Dropbox says of {name} that it stored other bytes than were sent"
            try:
                self._remove(name, stored.version)
            except StoreError as fault:
                raise StoreError(f"{self.url}: {told}; remove it there by hand, for that failed: {fault}") from fault
            raise StoreError(f"{self.url}: {told}; it was removed there, so put it again")
        return Receipt(stored, existed=False, checked=DROPBOX)

    def stat(self, name: str) -> Stored | None:
        """Return what Dropbox says, with the content hash it computed."""
        held = self._held(name)
        return self._stored(name, held) if held else None

    @contextmanager
    def read(self, name: str, offset: int = 0) -> Iterator[Iterator[bytes]]:
        """Give the bytes of a file from an offset on."""
        with ExitStack() as answers:
            try:
                answer = answers.enter_context(self._calls.download(self._path(name), offset))
                pieces = self._pieces(name, answer, offset)
            except DeclinedError as fault:
                pieces = self._none_left(name, offset, fault)
            yield pieces

    def names(self, prefix: str) -> Iterator[Stored]:
        """Yield the files whose names begin so, whatever their case; the prefix is given back as it was asked for."""
        for _ in range(_MOST_LISTINGS):
            try:
                listed = self._listed(prefix)
            except DeclinedError as fault:
                if fault.tags != ("reset",):
                    raise
                continue
            yield from listed.values()
            return
        raise StoreError(f"{self.url}: Dropbox could not finish a listing; ask again when less is written there")

    def delete(self, name: str) -> None:
        """Remove a file; what stands there in the meantime, or is a folder, stays."""
        held = self.stat(name)
        if held:
            self._remove(name, held.version)

    def close(self) -> None:
        """Let go of connections."""
        self._calls.close()

    def _path(self, name: str) -> str:
        if not all(part.strip(".") for part in name.split("/")) or _NOT_IN_A_NAME.search(name):
            raise ConfigError(f"{shown(name)} is no name for a file in {self.url}")
        return f"{self._root}/{name}"

    def _held(self, name: str) -> Mapping[str, Any] | None:
        try:
            held = self._calls.ask("get_metadata", {"path": self._path(name)})
        except DeclinedError as fault:
            if _NOTHING_THERE.intersection(fault.tags):
                return None
            raise
        if held.get(".tag") not in _KINDS:
            raise StoreError(f"{self.url}: what Dropbox says of {name} cannot be read")
        return held if held[".tag"] == "file" else None

    def _after_conflict(self, name: str, content: Content, expected: str, fault: DeclinedError) -> Receipt:
        """Look at what is in the way: it may be ours, from a try whose answer was lost."""
        held = self._held(name)
        if held:
            return self._existing(name, held, content, expected, existed=not fault.after_silence)
        if "file_ancestor" in fault.tags:
            raise RefusedError(f"{self.url}: {name}: a file stands where a folder is needed; move it away") from None
        if "conflict" in fault.tags:
            raise TakenError(f"{self.url}: {name} is a folder there; move it away") from None
        raise fault

    def _existing(
        self, name: str, held: Mapping[str, Any], content: Content, expected: str, *, existed: bool
    ) -> Receipt:
        stored = self._stored(name, held)
        if (stored.size, stored.fingerprints[DROPBOX]) != (content.size, expected):
            shows = str(held.get("path_display", ""))
            other_case = f" (it stands there as {shown(shows)})" if shows != self._path(name) else ""
            told = f"{name} holds other content{other_case}, which is never replaced; freeze another version"
            raise TakenError(f"{self.url}: {told}")
        return Receipt(stored, existed=existed, checked=DROPBOX)

    def _remove(self, name: str, version: str) -> None:
        """Remove one version of a file: with it named, Dropbox never takes a folder with all that is in it."""
        try:
            self._calls.ask("delete_v2", {"path": self._path(name), "parent_rev": version})
        except DeclinedError as fault:
            if not _NOTHING_THERE.intersection(fault.tags):
                raise

    def _pieces(self, name: str, answer: Streamed, offset: int) -> Iterator[bytes]:
        """Yield what was asked for; a server that knows no ranges begins at the beginning."""
        size = _size_told(answer)
        begins = answer.headers.get("content-range", "").startswith(f"bytes {offset}-")
        if answer.status == _PARTIAL and not begins:
            raise BusyError(f"Dropbox gave another range of {name} than was asked for")
        skip = 0 if answer.status == _PARTIAL else offset
        left = size - offset + skip
        try:
            for piece in answer.pieces:
                left -= len(piece)
                if left < 0:
                    break
                wanted = piece[skip:]
                skip = max(0, skip - len(piece))
                if wanted:
                    yield wanted
        except HttpError as fault:
            raise BusyError(f"{name}: {fault}") from None
        if left:
            raise BusyError(f"Dropbox gave {'more' if left < 0 else 'less'} of {name} than there is")

    def _none_left(self, name: str, offset: int, fault: DeclinedError) -> Iterator[bytes]:
        """Yield nothing where a range begins at the end of a file, which Dropbox refuses; else say what is wrong."""
        if _NOTHING_THERE.intersection(fault.tags):
            raise GoneError(f"{self.url}: {name} is not there") from None
        if fault.tags[:1] != (str(OUT_OF_RANGE),):
            raise fault
        held = self.stat(name)
        if held is None or held.size != offset:
            raise StoreError(f"{self.url}: {name} ends before byte {offset}") from None
        return iter(())

    def _listed(self, prefix: str) -> dict[str, Stored]:
        folder = "/".join([self._root, *prefix.split("/")[:-1]])
        found: dict[str, Stored] = {}
        asked: list[object] = []
        try:
            page = self._calls.ask("list_folder", {"path": folder, "recursive": True, "limit": _PAGE})
        except DeclinedError as fault:
            if _NOTHING_THERE.intersection(fault.tags):
                return found
            raise
        while True:
            entries, more, cursor = (page.get(each) for each in ("entries", "has_more", "cursor"))
            # What a listing leaves out would look as if it were not there.
            if not isinstance(entries, list) or not isinstance(more, bool) or cursor in asked:
                raise StoreError(f"{self.url}: Dropbox does not list {folder or '/'} to its end")
            for entry in entries:
                name = self._name(entry, prefix)
                if name is not None:
                    found[name] = self._stored(name, entry)
            if not more:
                return found
            asked.append(cursor)
            page = self._calls.ask("list_folder/continue", {"cursor": cursor})

    def _name(self, entry: object, prefix: str) -> str | None:
        """Return the name of a file in a listing, which shows folders in the case that they were first written in."""
        if not isinstance(entry, dict):
            raise StoreError(f"{self.url}: what Dropbox lists cannot be read")
        below = str(entry.get("path_display", "")).split("/")[1 + self._root.count("/") :]
        name = "/".join(below)
        begins = name[: len(prefix)].lower() == prefix.lower()
        return prefix + name[len(prefix) :] if entry.get(".tag") == "file" and below and begins else None

    def _stored(self, name: str, said: Mapping[str, Any]) -> Stored:
        size, content_hash, rev = said.get("size"), said.get("content_hash"), said.get("rev")
        if not isinstance(size, int) or not isinstance(rev, str) or not _HEX.fullmatch(str(content_hash)):
            raise StoreError(f"{self.url}: what Dropbox says of {name} cannot be read")
        fingerprints = {DROPBOX: str(content_hash)}
        return Stored(name, size, fingerprints, version=rev, stored_at_ms=_ms(said.get("server_modified")))


def _size_told(answer: Streamed) -> int:
    """Return how large the whole file is, of which a download may be a part."""
    try:
        return int(json.loads(answer.headers["dropbox-api-result"])["size"])
    except (KeyError, TypeError, ValueError):
        raise BusyError("Dropbox gave a file without saying how large it is") from None


def _ms(stamp: object) -> int | None:
    try:
        said = datetime.strptime(str(stamp), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return round(said.timestamp() * 1000)
