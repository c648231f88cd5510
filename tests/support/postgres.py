"""A real PostgreSQL on a free loopback port and a Unix socket, with a folder of its own, stopped by its process id."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servers import ROOT, Certificate, MissingProgramError, wait_until
from unpacked import FETCH

from lumen_action.ledger.pgmessages import PostgresError
from lumen_action.ledger.pgurl import Target, read_target
from lumen_action.ledger.pgwire import Connection

PASSWORD = "pass wörd/@:%"  # noqa: S105 - of a server that lives for one test
_NOBODY = "nobody"  # PostgreSQL refuses to run as root
_NUMBERS = itertools.count(1)


def binaries() -> Path:
    """Find the newest server, unpacked by tools/debian.py or installed."""
    unpacked = (ROOT / ".tools" / "debian").glob("postgresql-*/usr/lib/postgresql/*/bin/postgres")
    installed = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    # Of two of one version the unpacked one, which has come last.
    newest = max([*installed, *unpacked], key=lambda path: (int(path.parts[-3]), ROOT in path.parents), default=None)
    if newest:
        return newest.parent
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    raise MissingProgramError(f"postgres is missing: {FETCH}")


def _environment() -> Mapping[str, str]:
    """Return an environment in which the unpacked programs find their own library."""
    library = ROOT / ".tools" / "debian" / "libpq5" / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
    return {"PATH": os.defpath, "LC_ALL": "C", "LD_LIBRARY_PATH": str(library)}


@dataclass
class Postgres:
    """A server; `local` reaches it over the Unix socket as the superuser, whom it trusts there."""

    folder: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None
    settings: list[str] = field(default_factory=list)
    authority: Path | None = None

    @property
    def local(self) -> Target:
        """Return the way in of the superuser."""
        return Target(host=str(self.folder), port=self.port, user="postgres", database="postgres")

    def url(self, database: str, *, user: str = "postgres", password: str = "", query: str = "") -> str:
        """Return a URL over TCP."""
        return str(f"postgresql://{user}{':' if password else ''}{password}@127.0.0.1:{self.port}/{database}{query}")

    def target(self, database: str, **parts: str) -> Target:
        """Return what that URL says."""
        return read_target(self.url(database, **parts), {})

    def run(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Ask one statement as the superuser."""
        connection = Connection(Target(str(self.folder), self.port, "postgres", database), timeout_seconds=20)
        try:
            connection.allow(60)
            return list(connection.query(statement).values)
        finally:
            connection.close()

    def backends(self, database: str) -> list[object]:
        """Return the processes that serve a database now."""
        rows = self.run("SELECT pid, datname FROM pg_stat_activity WHERE datname IS NOT NULL")
        return [process for process, name in rows if name == database]

    def give_password(self, role: str, encryption: str) -> None:
        """Give a role the password, kept as the server is told to."""
        self.run(f"ALTER ROLE {role} SET password_encryption = '{encryption}'")
        # Only a session of the role's own keeps passwords that way.
        connection = Connection(Target(str(self.folder), self.port, role, "postgres"), timeout_seconds=20)
        try:
            connection.allow(20)
            connection.query(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
        finally:
            connection.close()

    def database(self) -> str:
        """Make an empty database and return its name."""
        name = f"ledger_{os.getpid()}_{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def start(self) -> None:
        """Start it and wait until it lets in."""
        command = [str(binaries() / "postgres"), "-D", str(self.folder / "data"), *self.settings]
        self.process = _popen(command, self.log)
        wait_until("postgres lets in", self._lets_in)

    def _lets_in(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise AssertionError(f"postgres ended:\n{self.log.read_text(errors='replace')[-2000:]}")
        try:
            Connection(self.local, timeout_seconds=5).close()
        except PostgresError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it, by default at once and orderly; SIGQUIT is a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


def _popen(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    # A file, because a pipe that nobody drains blocks the server.
    with log.open("ab") as output:
        if os.geteuid() == 0:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_environment(),
                cwd="/",
                user=_NOBODY,
                group=pwd.getpwnam(_NOBODY).pw_gid,
                extra_groups=[],
            )
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment(), cwd="/"
        )


@contextlib.contextmanager
def serving(certificate: Certificate | None = None) -> Iterator[Postgres]:
    """Serve until left; over TCP every role but `postgres` has to prove itself in the way its name says."""
    if sys.platform == "win32":
        raise MissingProgramError("the PostgreSQL tests need Unix")
    # Not below pytest's own folder: the path of a socket is short, and the server's user has to reach it.
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        server = Postgres(folder, _free_port(), folder / "log")
        server.log.touch()
        if os.geteuid() == 0:
            shutil.chown(folder, _NOBODY)
        how = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        done = _popen([str(binaries() / "initdb"), "-D", str(folder / "data"), *how], server.log).wait()
        if done:
            raise AssertionError(f"initdb failed:\n{server.log.read_text()[-2000:]}")
        _configure(server, certificate)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _configure(server: Postgres, certificate: Certificate | None) -> None:
    hosts = "127.0.0.1/32"
    (server.folder / "data" / "pg_hba.conf").write_text(
        "\n".join(
            [
                "local all all trust",
                f"host all plain {hosts} password",
                f"host all old {hosts} md5",
                f"host all scram {hosts} scram-sha-256",
                f"hostssl all secure {hosts} scram-sha-256",
                f"hostnossl all secure {hosts} reject",
                f"host all all {hosts} trust",
                "",
            ]
        )
    )
    options = {
        "port": server.port,
        "unix_socket_directories": server.folder,
        "listen_addresses": "127.0.0.1",
        "max_connections": 200,
        "jit": "off",
        "fsync": "off",  # a killed server loses nothing by it, a killed machine is not tested here
        "shared_buffers": "32MB",
    }
    if certificate:
        server.authority = certificate.authority
        for source, name in ((certificate.chain, "server.pem"), (certificate.key, "server.key")):
            copy = server.folder / name
            shutil.copyfile(source, copy)
            copy.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(copy, _NOBODY)
        options |= {
            "ssl": "on",
            "ssl_cert_file": server.folder / "server.pem",
            "ssl_key_file": server.folder / "server.key",
        }
    server.settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
