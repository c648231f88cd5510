"""Real S3 servers on a free loopback port."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import servers

SERVERS = ("moto_server", "localbucket")
ARCHIVE_SERVERS = ("ministack", "rclone")
"""More servers, for archives: one that holds to checksums and locks, one that holds to signatures and little else."""
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "geheim"

_TOOLS = servers.ROOT / ".tools"
_FETCH = "run `make setup`, which installs it into .venv"


@dataclass(frozen=True)
class _Start:
    """How one of the servers is started: its program, its arguments, its environment, each with {port} and {data}."""

    program: str
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


_STARTS = {
    "moto_server": _Start("moto_server", ("-H", "127.0.0.1", "-p", "{port}")),
    "localbucket": _Start("localbucket", ("--port", "{port}", "{data}")),
    "ministack": _Start(
        sys.executable,
        ("-m", "ministack"),
        {
            "PYTHONPATH": str(_TOOLS / "ministack"),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": "{port}",
            "SERVICES": "s3",
            "S3_DATA_DIR": "{data}",
        },
    ),
    "rclone": _Start(
        str(_TOOLS / "rclone" / "bin" / "rclone"),
        ("serve", "s3", "--addr", "127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "{data}"),
        {"RCLONE_CONFIG": "{data}.conf"},
    ),
}


def start(directory: Path, name: str) -> servers.Server:
    """Start one of the servers; its data lies in `data` where it keeps files."""
    port, wanted = str(free_port()), _STARTS[name]
    program = shutil.which(wanted.program, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if name in ARCHIVE_SERVERS:
        servers.apart(name)
    if not program:
        raise servers.MissingProgramError(f"{name} is missing: {_FETCH}")
    told = {"port": port, "data": str(directory / "data")}
    details = [each.format(**told) for each in wanted.arguments]
    environment = os.environ | {key: value.format(**told) for key, value in wanted.environment.items()}
    if name == "rclone":
        (directory / "data").mkdir(exist_ok=True)
    with (directory / "store.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *details], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
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


def ask(endpoint: str, method: str, path: str, headers: Mapping[str, str] | None = None) -> int:
    """Send a bare request and return the status."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        return connection.getresponse().status
    finally:
        connection.close()
