"""Real S3 servers on a free loopback port."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import servers

FETCH = "run `make setup`, which installs it into .venv"
SERVERS = ("moto_server", "localbucket")


def start(directory: Path, name: str) -> servers.Server:
    """Start one of the servers; its data lies in `data` where it keeps files."""
    port = str(free_port())
    program = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if not program:
        raise servers.MissingProgramError(f"{name} is missing: {FETCH}")
    details = ["-H", "127.0.0.1", "-p", port] if name == "moto_server" else ["--port", port, str(directory / "data")]
    with (directory / "store.log").open("wb") as log:
        process = subprocess.Popen([program, *details], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    server = servers.Server(f"http://127.0.0.1:{port}", process)

    def listens() -> bool:
        assert process.poll() is None, (directory / "store.log").read_text()[-2000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(port))) == 0

    try:
        servers.wait_until(f"{name} listens", listens)
    except BaseException:
        server.stop()
        raise
    return server


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ask(endpoint: str, method: str, path: str) -> int:
    """Send a bare request and return the status."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    finally:
        connection.close()
