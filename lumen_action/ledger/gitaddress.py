"""Which repositories the URL of a git ledger may name."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from lumen_action.errors import ConfigError

SCHEME = "git:"

# Nothing that git could take for an option.
_ADDRESS = re.compile(r"[^\s-]\S*")
_SSH_SHORT = re.compile(r"(?:[\w.-]+@)?[\w.-]{2,}:(?![/:])\S+")


def address_of(url: str) -> str:
    """Return the remote of a ledger's URL; it holds no secret, since git shows its command line to everyone."""
    address = url.removeprefix(SCHEME)
    try:
        parts = urlsplit(address)
    except ValueError as fault:
        raise ConfigError(f"ledger: the URL of the repository is malformed ({fault})") from None
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise ConfigError(
            f"ledger: {SCHEME} needs a repository; write for example {SCHEME}https://git.example/org/app.git"
        )
    if parts.scheme in ("http", "https"):
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ConfigError(
                "ledger: the URL of the repository carries a user, a password or a query; leave it out and let git's "
                "credential helper or a header (as actions/checkout sets it) log in"
            )
        if not parts.hostname or not parts.path.strip("/"):
            raise ConfigError(f"ledger: {address!r} names no repository; write https://HOST/PATH.git")
        return address
    if parts.scheme == "ssh":
        if parts.password is not None:
            raise ConfigError("ledger: the URL of the repository carries a password; leave it out and use an SSH key")
        return address
    if parts.scheme == "file" or _SSH_SHORT.fullmatch(address):
        return address
    if "://" in address or "::" in address:
        raise ConfigError(f"ledger: {SCHEME} knows https, http, ssh and file, not {parts.scheme or 'this'}")
    return str(Path(address).expanduser().absolute())
