"""HTTP servers of tests: on a free port of loopback, silent, each in a thread of its own until its block ends."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator, Mapping


class Quiet(http.server.BaseHTTPRequestHandler):
    """Answers without a word on the terminal."""

    def reply(self, status: int, headers: Mapping[str, str], body: bytes, *, cut: bool = False) -> None:
        """Send an answer; of one that is cut only the first half arrives."""
        with contextlib.suppress(OSError):  # a client that has waited long enough hangs up
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        pass


@contextlib.contextmanager
def running(server: http.server.ThreadingHTTPServer) -> Iterator[str]:
    """Let a server run until left, and give where it listens, `127.0.0.1:1234`."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def answering(answer: Callable[[Quiet], None]) -> Iterator[str]:
    """Let one function answer requests of every method until left, and give its URL."""

    class Handler(Quiet):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            answer(self)

        do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815 - the names http.server gives them

    with running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as place:
        yield f"http://{place}"
