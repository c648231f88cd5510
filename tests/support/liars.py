"""Servers that answer byte by byte as a test says: late, wrong, without end, or other than they announce."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Talk = Callable[[socket.socket, threading.Event], None]
"""Answers one connection; the event is set when the test is over."""


@contextlib.contextmanager
def talking(talk: Talk, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Let every connection be answered so until left; give the port."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0), backlog=300)
    listener.settimeout(0.05)

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if context is None:
                talk(connection, over)
                return
            with context.wrap_socket(connection, server_side=True) as secured:
                talk(secured, over)

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.settimeout(20)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        thread.join()
        listener.close()


def saying(answer: bytes) -> Talk:
    """Answer so, and hang up."""

    def talk(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return talk


def page(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole answer."""
    said = {"Content_Type": "application/json", "Content_Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in said.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def trickling(head: bytes) -> Talk:
    """Say so much at once, and then a letter every now and then without end."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while not over.wait(0.05):
            connection.sendall(b"x")

    return talk


def endless(connection: socket.socket, over: threading.Event) -> None:
    """Send without end, as fast as it is taken."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not over.is_set():
        connection.sendall(b" " * 65536)


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Take what is asked and say nothing."""
    connection.recv(65536)
    over.wait(20)


def bomb(megabytes: int) -> bytes:
    """Return an answer that is small on its way and large where it is read."""
    return page(gzip.compress(b"\0" * (megabytes << 20)), Content_Encoding="gzip")


def certified(
    folder: Path, *, name: str = "127.0.0.1", days: float = 90.0, since_days: float = -30.0, by_itself: bool = False
) -> tuple[ssl.SSLContext, Path]:
    """Return the context of a server whose certificate is of that name and ends in so many days, and the authority."""
    now = datetime.now(timezone.utc)
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])

    def builder(
        subject: x509.Name, key: ec.EllipticCurvePrivateKey, end: datetime, begin: float
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, end) + timedelta(days=begin))
            .not_valid_after(end)
        )

    basic = x509.BasicConstraints(ca=True, path_length=None)
    authority = builder(issuer, authority_key, now + timedelta(days=400), -30).add_extension(basic, critical=True)
    general = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
    server = builder(subject, server_key, now + timedelta(days=days), since_days).add_extension(
        x509.SubjectAlternativeName([general]), critical=False
    )
    signed = server.sign(server_key if by_itself else authority_key, hashes.SHA256())
    files = folder / "authority.pem", folder / "server.pem"
    files[0].write_bytes(authority.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files[1].write_bytes(signed.public_bytes(serialization.Encoding.PEM) + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1])
    return context, files[0]
