"""What may be wrong with the address of a server and with what lets us in, said without repeating a secret."""

from __future__ import annotations

import base64
import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit


def address_fault(url: str) -> str:
    """Say why an http URL cannot be used, nothing when it can."""
    if re.search(r"[\x00-\x20\x7f]", url):
        return "the URL holds a blank or a line break"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        return "host or port of the URL cannot be read"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "the URL needs http:// or https:// and a host"
    return ""


def is_loopback(host: str) -> bool:
    """Tell whether what is sent to a host never leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def access_faults(section: str, token_name: str, token: str, ca_file: str | None, timeout_seconds: float) -> list[str]:
    """Say all that is wrong with a token, an authority and a time limit."""
    found = []
    if token and not re.fullmatch(r"[!-~]+", token):
        found.append(f"{token_name}: it holds a blank, a line break or a letter outside ASCII; paste it again")
    if ca_file and not Path(ca_file).is_file():
        found.append(f"{section}.ca-file: {ca_file!r} is not a file; give the authority's certificate as PEM")
    if timeout_seconds <= 0:
        found.append(f"{section}.timeout-seconds: {timeout_seconds:g} s is not a time; use for example 10")
    return found


def login_secrets(login: tuple[str, str] | None, token: str) -> tuple[str, ...]:
    """Return what must not be shown of a login and a token, with the header value that the login becomes."""
    user, password = login or ("", "")
    basic = base64.b64encode(f"{user}:{password}".encode()).decode() if password else ""
    return tuple(word for word in (password, basic, token) if word)
