"""One connection to a PostgreSQL server: TLS, who we are, and statements with typed values."""

from __future__ import annotations

import base64
import errno
import secrets
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from lumen_action.addresses import is_loopback
from lumen_action.ledger import pgmessages, pgscram
from lumen_action.ledger.pgmessages import PostgresError, Value, malformed
from lumen_action.ledger.pgsocket import reach
from lumen_action.ledger.pgurl import Target

# No row or error of ours comes near; a server that claims more is broken or hostile.
MOST_BYTES = 128 * 1024 * 1024
# Before it has proven anything a server has little to say.
_MOST_BYTES_OF_STRANGERS = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_KEPT_SILENT = b"NSA"  # notices, settings, notifications
_PASSWORD_ADVICE = "check user and password in the URL, PGPASSWORD or ~/.pgpass"  # noqa: S105 - words, not a password

_OK, _CLEARTEXT, _MD5, _SASL, _SASL_CONTINUE, _SASL_FINAL = 0, 3, 5, 10, 11, 12


@dataclass(frozen=True)
class Rows:
    """What a statement gave: its rows, and how many it touched."""

    values: list[tuple[Value, ...]]
    touched: int


class Connection:
    """A session; after any error it is closed, since what the server still says answers a question nobody asks."""

    def __init__(self, target: Target, *, timeout_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Connect and be let in within the time."""
        self._target = target
        self._clock = clock
        self._buffer = bytearray()
        self._most_bytes = _MOST_BYTES_OF_STRANGERS
        self._let_in = False
        self._touched = 0
        self.allow(timeout_seconds)
        self._socket: socket.socket | None = None
        with self._closed_on_a_fault():
            self._socket = reach(target, self._left)
            self._enter()
        self._most_bytes = MOST_BYTES
        self._let_in = True

    @property
    def closed(self) -> bool:
        """Tell whether nothing can be asked any more."""
        return self._socket is None

    def allow(self, seconds: float) -> None:
        """Give the questions that follow so much time together."""
        self._deadline = self._clock() + seconds

    def query(self, statement: str, *values: str | bytes | int) -> Rows:
        """Ask one statement within the time that was allowed, and return its rows."""
        return Rows(list(self._rows(statement, values)), self._touched)

    def stream(self, statement: str, *values: str | bytes | int, stall_seconds: float) -> Iterator[tuple[Value, ...]]:
        """Yield the rows of one statement as they come, all of one snapshot; memory holds but a few of them.

        The server waits for a slow reader; a server that is silent for `stall_seconds` is given up.
        """
        return self._rows(statement, values, stall_seconds)

    def close(self) -> None:
        """Say good-bye where there is time for it, and let go."""
        gone, self._socket = self._socket, None
        if gone is None:
            return
        with suppress(OSError):
            gone.settimeout(0.1)
            gone.sendall(pgmessages.TERMINATE)
        with suppress(OSError):
            gone.close()

    @contextmanager
    def _closed_on_a_fault(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            self.close()
            raise self._broken(fault) from fault
        except BaseException:
            self.close()
            raise

    def _broken(self, fault: OSError) -> PostgresError:
        if isinstance(fault, TimeoutError):
            return PostgresError("the server did not answer in time", passing=True)
        if isinstance(fault, ssl.SSLCertVerificationError):
            return PostgresError(
                f"the server's certificate is not trusted ({fault.verify_message}); name its authority's file with "
                "sslrootcert="
            )
        if isinstance(fault, socket.gaierror):
            passing = fault.errno == socket.EAI_AGAIN
            return PostgresError(f"the host {self._target.host} is not known ({fault.strerror})", passing=passing)
        missing = fault.errno == errno.ENOENT and self._target.socket
        reason = f"there is no socket {missing}" if missing else fault.strerror or str(fault) or "connection closed"
        return PostgresError(
            f"the connection broke: {reason}" if self._let_in else f"cannot connect: {reason}", passing=True
        )

    def _left(self) -> float:
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    # ---- being let in --------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        self._send(
            pgmessages.startup(
                (
                    ("user", self._target.user),
                    ("database", self._target.database),
                    ("client_encoding", "UTF8"),
                    ("application_name", "lumen"),
                )
            )
        )
        self._prove()
        while True:
            kind, payload = self._message()
            if kind == b"Z":
                return
            if kind == b"E":
                raise self._refused(payload)
            if kind != b"K":
                raise malformed(f"message {kind!r} after the greeting")

    def _prove(self) -> None:
        """Answer whatever proof the server asks for until it says that all is well."""
        method, rest = self._asked()
        if method != _SASL and self._target.channel_binding == "require":
            raise PostgresError("channel_binding=require, but the server does not ask for SCRAM")
        if method == _OK:
            return
        if method == _CLEARTEXT:
            self._refuse_to_shout()
            self._tell(pgmessages.zero_ended(self._password()))
        elif method == _MD5:
            answer = pgscram.md5_answer(self._target.user, self._password(), rest[:4])
            self._tell(pgmessages.zero_ended(answer))
        elif method == _SASL:
            self._prove_by_scram(rest.decode(errors="replace").split("\0"))
        else:
            raise PostgresError(
                f"the server asks for authentication method {method}; we know SCRAM-SHA-256, MD5, password and trust"
            )
        if self._asked()[0] != _OK:
            raise malformed("another request for a proof")

    def _prove_by_scram(self, offered: list[str]) -> None:
        binding = self._binding(pgscram.SCRAM_PLUS in offered)
        name = pgscram.SCRAM_PLUS if binding else pgscram.SCRAM
        if name not in offered:
            raise PostgresError(f"the server does not know {pgscram.SCRAM}")
        nonce = base64.b64encode(secrets.token_bytes(18)).decode()
        scram = pgscram.Scram(self._password(), nonce, binding=binding)
        self._tell(pgmessages.zero_ended(name) + struct.pack("!I", len(scram.first)) + scram.first)
        self._tell(scram.answer(self._asked(_SASL_CONTINUE)[1]))
        scram.check(self._asked(_SASL_FINAL)[1])

    def _binding(self, offered: bool) -> bytes | None:  # noqa: FBT001 - what the server offered
        """Return what ties the proof to this TLS connection, empty when not offered, None when there is nothing."""
        wish = self._target.channel_binding
        bound = None
        if isinstance(self._socket, ssl.SSLSocket) and wish != "disable":
            bound = pgscram.end_point(self._socket.getpeercert(binary_form=True) or b"") or None
        if wish == "require" and not (bound and offered):
            raise PostgresError("channel_binding=require, but this connection and server offer none")
        return bound if offered or bound is None else b""

    def _asked(self, expected: int | None = None) -> tuple[int, bytes]:
        """Return the method of an authentication request and what comes with it."""
        kind, payload = self._message()
        if kind == b"E":
            raise self._refused(payload)
        if kind != b"R" or len(payload) < 4:  # noqa: PLR2004 - the width of the method
            raise malformed(f"message {kind!r} instead of an authentication request")
        (method,) = struct.unpack_from("!I", payload)
        if expected is not None and method != expected:
            raise PostgresError("the server broke off the proof before giving its own: it is not to be trusted")
        return method, payload[4:]

    def _password(self) -> str:
        if not self._target.password:
            raise PostgresError(f"the server asks for a password and none was given; {_PASSWORD_ADVICE}")
        return self._target.password

    def _refuse_to_shout(self) -> None:
        """Never send the password itself where others can listen."""
        link = self._socket
        if isinstance(link, ssl.SSLSocket) or self._target.socket:
            return
        if link is None or not is_loopback(str(link.getpeername()[0])):
            raise PostgresError(
                "the server asks for the password itself over a connection that others can read; "
                "set sslmode=verify-full"
            )

    def _refused(self, payload: bytes) -> PostgresError:
        fault = pgmessages.error_of(payload)
        text = str(fault)
        if self._target.password:
            text = text.replace(self._target.password, "***")
        advice = f"; {_PASSWORD_ADVICE}" if fault.sqlstate.startswith("28") else ""
        return PostgresError(text + advice, sqlstate=fault.sqlstate, passing=fault.passing)

    # ---- questions and answers -----------------------------------------------------------------------------------

    def _rows(
        self, statement: str, values: Sequence[str | bytes | int], stall_seconds: float | None = None
    ) -> Iterator[tuple[Value, ...]]:
        """Ask and yield the rows; whoever leaves before the end, or on a fault, leaves a closed connection."""
        with self._closed_on_a_fault():
            self._send(pgmessages.question(statement, values))
            yield from self._answer(stall_seconds)

    def _answer(self, stall_seconds: float | None) -> Iterator[tuple[Value, ...]]:
        types: tuple[int, ...] = ()
        self._touched = 0
        while True:
            if stall_seconds is not None:
                self.allow(stall_seconds)
            kind, payload = self._message()
            if kind == b"D":
                yield pgmessages.row_values(payload, types)
            elif kind == b"T":
                types = pgmessages.row_types(payload)
            elif kind == b"C":
                self._touched = pgmessages.rows_touched(payload)
            elif kind == b"Z":
                return
            elif kind == b"E":
                raise self._refused(payload)
            elif kind not in b"12n":
                raise malformed(f"message {kind!r} in an answer")

    def _tell(self, payload: bytes) -> None:
        self._send(pgmessages.message(b"p", payload))

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            raise ConnectionResetError(errno.ECONNRESET, "it was closed before")
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def _message(self) -> tuple[bytes, bytes]:
        """Return the next message that matters."""
        while True:
            kind, size = struct.unpack("!cI", self._take(5))
            if not 4 <= size <= self._most_bytes:  # noqa: PLR2004 - its own width
                raise malformed(f"a message {kind!r} of {size} bytes")
            payload = self._take(size - 4)
            if kind not in _KEPT_SILENT:
                return kind, payload

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if self._socket is None:
                raise ConnectionResetError(errno.ECONNRESET, "it was closed before")
            self._socket.settimeout(self._left())
            chunk = self._socket.recv(_CHUNK_BYTES)
            if not chunk:
                raise ConnectionResetError(errno.ECONNRESET, "the server closed the connection")
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
