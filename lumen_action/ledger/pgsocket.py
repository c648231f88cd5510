"""From a target to a connected socket, over TLS where it is asked for."""

from __future__ import annotations

import errno
import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

from lumen_action.ledger.pgmessages import SSL_REQUEST, PostgresError, malformed
from lumen_action.ledger.pgurl import Target


def reach(target: Target, left: Callable[[], float]) -> socket.socket:
    """Connect; `left` tells how many seconds there still are, or raises TimeoutError."""
    if target.socket:
        return _reach_locally(target.socket, left)
    try:
        raw = socket.create_connection((target.host, target.port), left())
    except UnicodeError:  # from the encoding of host names
        raise PostgresError(f"{target.host} is no host name") from None
    try:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return raw if target.sslmode == "disable" else _secured(raw, target, left)
    except BaseException:
        raw.close()
        raise


def _reach_locally(path: str, left: Callable[[], float]) -> socket.socket:
    if sys.platform == "win32":
        raise PostgresError("there are no Unix sockets on Windows; name a host")
    local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        local.settimeout(left())
        local.connect(path)
    except BaseException:
        local.close()
        raise
    return local


def _secured(raw: socket.socket, target: Target, left: Callable[[], float]) -> socket.socket:
    """Ask for TLS; nothing is read beyond the one letter of the answer, so nothing can be slipped in before it."""
    raw.settimeout(left())
    raw.sendall(SSL_REQUEST)
    answer = raw.recv(1)
    if not answer:
        raise ConnectionResetError(errno.ECONNRESET, "the server closed the connection")
    if answer == b"N":
        if target.sslmode == "prefer":
            return raw
        raise PostgresError(f"the server does not speak TLS, but sslmode={target.sslmode} asks for it")
    if answer != b"S":
        raise malformed(f"{answer!r} where TLS was offered")
    raw.settimeout(left())
    return _context(target).wrap_socket(raw, server_hostname=target.host)


def _context(target: Target) -> ssl.SSLContext:
    """Return what the mode asks for: require only hides, verify-ca knows the authority, verify-full also the name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    verified = target.sslmode.startswith("verify") or (target.sslmode == "require" and target.sslrootcert)
    context.check_hostname = target.sslmode == "verify-full"
    context.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    if target.sslrootcert and target.sslrootcert != "system":
        try:
            context.load_verify_locations(Path(target.sslrootcert).expanduser())
        except OSError as fault:
            raise PostgresError("the file of sslrootcert holds no certificate that can be read") from fault
    elif verified:
        context.load_default_certs()
    return context
