"""The one form that members of an archive have: a tar header that says name, size and permissions, and nothing else."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping

from lumen_action.archive.safenames import MOST_BYTES

BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
FILES, MANIFEST = "files/", "manifest"
MANIFEST_MODE = 0o644
_PERMISSIONS = 0o777
_MOST_EXTENDED_BYTES = 4 * MOST_BYTES
_REFUSED: Mapping[bytes, str] = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.DIRTYPE: "a folder",
    tarfile.FIFOTYPE: "a pipe",
}


def member_header(name: str, size: int, mode: int) -> bytes:
    """Return the header of a member."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode & _PERMISSIONS
    return member.tobuf(tarfile.PAX_FORMAT)


def padding(size: int) -> bytes:
    """Return what follows so many bytes of content."""
    return bytes(-size % BLOCK)


def read_header(take: Callable[[int], bytes]) -> tuple[str, int, int] | None:
    """Return name, size and permissions of the next member, None at the end; a ValueError for any other form.

    What was read is written anew and compared: so a header has no second meaning for anybody.
    """
    block = take(BLOCK)
    if not any(block):
        return None
    raw, extended = block, {}
    try:
        member = _parsed(block)
        if member.type == tarfile.XHDTYPE:
            if member.size > _MOST_EXTENDED_BYTES:
                raise ValueError("a header is too long")
            body = take(member.size + len(padding(member.size)))
            extended = _records(body[: member.size])
            block = take(BLOCK)
            raw += body + block
            member = _parsed(block)
        name, size = extended.get("path", member.name), int(extended.get("size", member.size))
        if member.type != tarfile.REGTYPE:
            raise ValueError(f"{name!r} is {_REFUSED.get(member.type, 'of a kind that is never written')}")
        if size < 0 or member_header(name, size, member.mode) != raw:
            raise ValueError(f"the header of {name!r} is not written as it should be")
    except (tarfile.TarError, UnicodeError) as fault:
        raise ValueError(f"a header cannot be read: {fault}") from fault
    return name, size, member.mode


def _parsed(block: bytes) -> tarfile.TarInfo:
    return tarfile.TarInfo.frombuf(block, tarfile.ENCODING, "surrogateescape")


def _records(body: bytes) -> dict[str, str]:
    """Read `LENGTH KEY=VALUE` records."""
    found, rest = {}, body
    while rest:
        length, blank, _ = rest.partition(b" ")
        if not blank or not length.isdigit() or not len(length) + 1 < int(length) <= len(rest):
            raise ValueError("an extended header is damaged")
        record, rest = rest[len(length) + 1 : int(length) - 1], rest[int(length) :]
        key, _, value = record.partition(b"=")
        found[key.decode()] = value.decode()
    return found
