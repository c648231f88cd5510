"""A git host for tests: git's own smart HTTP on loopback, as slow, strict, busy or forgetful as a test wants it."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from urllib.parse import urlsplit

import loopback
from loopback import Quiet

# More at once only take the processor from each other.
_BACKENDS_AT_ONCE = 8

_ORDINARY_REFS_ONLY = """#!/bin/sh
case "$1" in refs/heads/*|refs/tags/*) exit 0 ;; esac
echo "this host takes branches and tags only" >&2
exit 1
"""

_NO_DELETIONS = """#!/bin/sh
case "$3" in *[!0]*) exit 0 ;; esac
echo "this host removes nothing" >&2
exit 1
"""


@dataclass(frozen=True)
class Trouble:
    """What happens to one request: a status instead of the answer, or the answer lost after the work is done."""

    part: str
    status: int = 0
    retry_after: str = ""

    @property
    def loses_answer(self) -> bool:
        return not self.status


@dataclass
class GitHost:
    """One repository behind HTTP."""

    repository: Path
    latency_seconds: float = 0.0
    seconds_a_kilobyte: float = 0.0
    read_only: bool = False
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    url: str = ""

    @classmethod
    def create(cls, folder: Path) -> GitHost:
        """Make an empty repository."""
        host = cls(folder / "hosted" / "org" / "app.git")
        host.repository.mkdir(parents=True)
        host.git("init", "--bare", "--quiet", ".")
        host.git("config", "http.receivepack", "true")
        host.git("config", "receive.autogc", "false")  # hosts tidy up by themselves, not with every push
        host.git("config", "core.fsync", "none")  # nor does a test have to outlive a power failure
        return host

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run git in the repository, as its administrator."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        by = {
            f"GIT_{role}_{what}": "admin@git.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.repository, env=clean | by, input=stdin, check=True, capture_output=True
        )
        return done.stdout.decode().strip()

    def refs(self, prefix: str) -> list[str]:
        """Return the names of the refs under a prefix."""
        return self.git("for-each-ref", "--format=%(refname)", prefix).split()

    def take_branches_and_tags_only(self) -> None:
        """Refuse all other refs, as some hosts do."""
        self._judge_updates_by(_ORDINARY_REFS_ONLY)

    @contextlib.contextmanager
    def removing_nothing(self) -> Iterator[None]:
        """Refuse to remove refs until left."""
        hook = self._judge_updates_by(_NO_DELETIONS)
        yield
        hook.unlink()

    def _judge_updates_by(self, script: str) -> Path:
        hook = self.repository / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(script)
        hook.chmod(0o755)
        return hook

    def rewrite(self, branch: str, path: str, body: bytes) -> None:
        """Change one file of a branch behind everyone's back."""
        blob = self.git("hash-object", "-w", "--stdin", stdin=body)
        self.git("read-tree", branch)
        self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        self.git("update-ref", branch, self.git("commit-tree", self.git("write-tree"), "-m", "changed"))

    @contextlib.contextmanager
    def serving(self) -> Iterator[GitHost]:
        """Serve until left."""
        with loopback.running(_Server(self)) as place:
            self.url = f"http://{place}/org/app.git"
            yield self

    def trouble_for(self, path: str) -> Trouble | None:
        """Take the next trouble that is meant for a request."""
        for trouble in self.troubles:
            if trouble.part in path:
                self.troubles.remove(trouble)
                return trouble
        return None


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, host: GitHost) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = host
        self.turns = threading.BoundedSemaphore(_BACKENDS_AT_ONCE)
        self.taking = threading.Lock()


class _Handler(Quiet):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - the name http.server gives it
        self._serve(b"")

    def do_POST(self) -> None:  # noqa: N802 - the name http.server gives it
        body = self._body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self._serve(body)

    def _serve(self, body: bytes) -> None:
        self.server.host.requests.append(f"{self.command} {self.path}")
        self.server.host.authorizations.add(self.headers.get("Authorization", ""))
        time.sleep(self.server.host.latency_seconds)
        with self.server.taking:
            trouble = self.server.host.trouble_for(f"{self.command} {self.path}")
        if trouble and not trouble.loses_answer:
            self.reply(trouble.status, {"Retry-After": trouble.retry_after} if trouble.retry_after else {}, b"busy\n")
        elif self.server.host.read_only and "git-receive-pack" in self.path:
            self.reply(403, {"Content-Type": "text/plain"}, b"Permission to org/app.git denied to robot.\n")
        else:
            with self.server.turns, self._backend(body) as backend:
                if trouble:
                    backend.communicate()
                    self.close_connection = True
                else:
                    self._pass_on(backend.stdout)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    @contextlib.contextmanager
    def _backend(self, body: bytes) -> Iterator[subprocess.Popen[bytes]]:
        asked = urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.server.host.repository.parents[1]),
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "robot",
        }
        with tempfile.TemporaryFile() as sent:
            sent.write(body)
            sent.seek(0)
            command = ["git", "http-backend"]
            with subprocess.Popen(
                command, env=environment, stdin=sent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as process:
                yield process

    def _pass_on(self, output: BufferedReader) -> None:
        """Answer with what a backend says as soon as it says it: a long answer shows that it is being worked on."""
        headers = {}
        while line := output.readline().decode().rstrip():
            name, _, value = line.partition(": ")
            headers[name] = value
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        slowness = self.server.host.seconds_a_kilobyte
        while part := output.read1(100 if slowness else 65536):
            time.sleep(slowness * len(part) / 1024)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that was killed
            super().handle()
