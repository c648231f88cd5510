"""The wire protocol: published vectors for the proofs, and servers that lie, stutter or say too much."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import Certificate, make_certificate

from lumen_action.ledger import pgmessages, pgscram
from lumen_action.ledger.pgmessages import PostgresError, message
from lumen_action.ledger.pgurl import Target
from lumen_action.ledger.pgwire import MOST_BYTES, Connection

_HI = message(b"R", struct.pack("!I", 0)) + message(b"S", b"a\0b\0") + message(b"K", bytes(8)) + message(b"Z", b"I")


# ---- SCRAM and MD5


def test_scram_speaks_as_rfc_7677_prints_it() -> None:
    scram = pgscram.Scram("pencil", "rOprNGfwEbeRWgbNEkqO", user="user")
    assert scram.first == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    assert scram.answer(challenge) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    scram.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


@pytest.mark.parametrize(
    "final",
    [
        b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        b"v=",
        b"v=!!",
        b"",
        b"e=other-error",
        b"\xff\xfe",
    ],
)
def test_a_server_that_does_not_know_the_password_is_refused(final: bytes) -> None:
    scram = pgscram.Scram("pencil", "abc")
    scram.answer(b"r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    with pytest.raises(PostgresError):
        scram.check(final)


def test_a_proof_without_a_challenge_proves_nothing() -> None:
    with pytest.raises(PostgresError):
        pgscram.Scram("pencil", "abc").check(b"v=")


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"r=abcd,s=AAAA",
        b"r=abc,s=AAAA,i=4096",
        b"r=xbcd,s=AAAA,i=4096",
        b"r=abcd,s=,i=4096",
        b"r=abcd,s=?,i=4096",
        b"r=abcd,s=AAAA,i=0",
        b"r=abcd,s=AAAA,i=-1",
        b"r=abcd,s=AAAA,i=2000000000",
        b"r=abcd,s=AAAA,i=many",
    ],
)
def test_a_challenge_that_is_broken_or_not_ours_is_refused(challenge: bytes) -> None:
    with pytest.raises(PostgresError):
        pgscram.Scram("pencil", "abc").answer(challenge)


@given(st.binary(max_size=60))
def test_no_challenge_does_more_than_be_refused(challenge: bytes) -> None:
    with contextlib.suppress(PostgresError):
        pgscram.Scram("pencil", "abc").answer(challenge)
    with pytest.raises(PostgresError):
        pgscram.Scram("pencil", "abc").check(challenge)


@pytest.mark.parametrize(
    ("password", "sent"),
    [
        ("I\u00adX", "IX"),  # the examples of RFC 4013
        ("user", "user"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0031", "\u0627\u0031"),  # mixed directions: sent as it is, as PostgreSQL does
        ("\u0007", "\u0007"),
        ("", ""),
    ],
)
def test_a_password_is_prepared_as_the_server_did_when_it_was_set(password: str, sent: str) -> None:
    assert pgscram.prepared(password) == sent.encode()


def test_md5_is_the_hash_of_a_hash_with_salt() -> None:
    inner = hashlib.md5(b"pwme", usedforsecurity=False).hexdigest().encode()
    outer = hashlib.md5(inner + b"salt", usedforsecurity=False).hexdigest()
    assert pgscram.md5_answer("me", "pw", b"salt") == f"md5{outer}"


@given(st.binary(max_size=80))
def test_what_is_no_certificate_binds_nothing(body: bytes) -> None:
    assert pgscram.end_point(body) == b""


def test_a_certificate_binds_by_the_hash_of_its_signature(certificate: Certificate) -> None:
    der = ssl.PEM_cert_to_DER_cert(certificate.chain.read_text())
    assert pgscram.end_point(der) == hashlib.sha256(der).digest()


# ---- messages


@given(st.lists(st.one_of(st.none(), st.binary(max_size=50)), max_size=6))
def test_a_row_gives_back_what_was_put_in(values: list[bytes | None]) -> None:
    body = struct.pack("!H", len(values)) + b"".join(
        struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value for value in values
    )
    assert pgmessages.row_values(body, [17] * len(values)) == tuple(values)


@given(st.binary(max_size=100))
def test_no_payload_does_more_than_be_refused(payload: bytes) -> None:
    for read in (pgmessages.row_types, lambda body: pgmessages.row_values(body, [17, 20, 25])):
        with contextlib.suppress(PostgresError):
            read(payload)
    assert str(pgmessages.error_of(payload)).isprintable()
    assert pgmessages.rows_touched(payload) >= 0


@pytest.mark.parametrize(
    ("state", "passing"),
    [("57P01", True), ("53300", True), ("40001", True), ("08006", True), ("28P01", False), ("42501", False)],
)
def test_an_error_tells_whether_it_may_pass(state: str, *, passing: bool) -> None:
    fault = pgmessages.error_of(f"SFATAL\0C{state}\0Mno\nway\0Dreally\0\0".encode())
    assert (str(fault), fault.sqlstate, fault.passing) == (f"no way (really) (SQLSTATE {state})", state, passing)


# ---- servers made of paper

Play = Callable[[socket.socket], None]


@contextlib.contextmanager
def _server(play: Play) -> Iterator[Target]:
    """Let one client in and play to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = listening.accept()
                with client:
                    client.settimeout(10)
                    play(client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Target("127.0.0.1", listening.getsockname()[1], "me", "db", "geheim", "disable")
        thread.join(10)
        assert not thread.is_alive()


def _says(*answers: bytes) -> Play:
    """Answer each thing the client says with the next of these, then hang up."""

    def play(client: socket.socket) -> None:
        for answer in answers:
            if not client.recv(65536):
                return
            client.sendall(answer)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass

    return play


def _refused(play: Play, *, seconds: float = 10, **changed: str) -> PostgresError:
    with _server(play) as target, pytest.raises(PostgresError) as caught:
        Connection(replace(target, **changed), timeout_seconds=seconds).query("SELECT 1")
    assert "geheim" not in str(caught.value)
    return caught.value


def _auth(method: int, rest: bytes = b"") -> bytes:
    return message(b"R", struct.pack("!I", method) + rest)


_ROWS = (
    message(b"1", b"")
    + message(b"2", b"")
    + message(b"T", struct.pack("!H", 1) + b"x\0" + struct.pack("!IHIhiH", 0, 0, 20, 8, -1, 1))
)
_ROW = message(b"D", struct.pack("!HiQ", 1, 8, 42))
_DONE = message(b"C", b"SELECT 1\0") + message(b"Z", b"I")


def test_an_answer_may_come_letter_by_letter_and_with_notices() -> None:
    def play(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(_HI)
        client.recv(65536)
        for letter in message(b"N", b"Mhello\0\0") + _ROWS + message(b"A", bytes(9)) + _ROW + _DONE:
            client.sendall(bytes([letter]))
        client.recv(65536)

    with _server(play) as target:
        connection = Connection(target, timeout_seconds=10)
        assert connection.query("SELECT 42").values == [(42,)]
        connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        _ROWS + _ROW[:-3],
        _ROWS + message(b"D", struct.pack("!HiI", 1, 8, 42)),
        _ROWS + message(b"D", struct.pack("!H", 2)),
        _ROWS + struct.pack("!cI", b"D", MOST_BYTES + 1),
        _ROWS + struct.pack("!cI", b"D", 3),
        _ROWS + struct.pack("!cI", b"D", 0xFFFFFFFF),
        message(b"T", struct.pack("!H", 65535)),
        message(b"G", b""),
        message(b"T", struct.pack("!H", 1) + b"x\0" + struct.pack("!IHIhiH", 0, 0, 1700, 8, -1, 1)),
        message(b"E", b"C42501\0Mno\0\0"),
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_a_broken_answer_closes_the_connection(answer: bytes) -> None:
    with _server(_says(_HI, answer)) as target:
        connection = Connection(target, timeout_seconds=10)
        with pytest.raises(PostgresError):
            connection.query("SELECT 1")
        assert connection.closed
        with pytest.raises(PostgresError, match="closed before"):
            connection.query("SELECT 1")


def test_a_stranger_may_not_fill_the_memory() -> None:
    assert "protocol" in str(_refused(_says(struct.pack("!cI", b"E", 70_000))))
    assert "check host and port" in str(_refused(_says(b"SSH-2.0-OpenSSH_9.2\r\n")))


@pytest.mark.parametrize("host", ["a..example", "a" * 64 + ".example", ".example"])
def test_what_cannot_be_a_host_is_told(host: str) -> None:
    with pytest.raises(PostgresError, match="no host name"):
        Connection(Target(host, 5432, "me", "db"), timeout_seconds=10)


def test_a_silent_server_is_given_up() -> None:
    def play(client: socket.socket) -> None:
        while client.recv(65536):
            pass

    assert _refused(play, seconds=0.2).passing


def test_a_trickle_does_not_hold_us_beyond_the_time() -> None:
    def play(client: socket.socket) -> None:
        client.recv(65536)
        stopped = threading.Event()
        while not stopped.wait(0.02):
            client.sendall(message(b"N", b"\0"))

    assert "in time" in str(_refused(play, seconds=0.3))


def test_a_server_that_hangs_up_may_be_tried_again() -> None:
    assert _refused(_says()).passing
    assert _refused(_says(_HI[:9])).passing


def test_a_wrong_password_says_where_to_look_and_not_what_it_was() -> None:
    no = message(b"E", b"SFATAL\0C28P01\0Mpassword geheim failed for me\0\0")
    fault = _refused(_says(_auth(3), no))
    assert "PGPASSWORD" in str(fault)
    assert "***" in str(fault)
    assert not fault.passing


def test_the_password_itself_is_never_sent_where_others_can_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumen_action.ledger.pgwire.is_loopback", lambda _: False)
    heard = []

    def play(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(_auth(3))
        heard.append(client.recv(65536))

    assert "sslmode=verify-full" in str(_refused(play))
    assert b"geheim" not in heard[0]


def test_a_password_that_was_not_given_is_missed() -> None:
    assert "none was given" in str(_refused(_says(_auth(3)), password=""))


@pytest.mark.parametrize("method", [2, 7, 9, 99])
def test_a_proof_we_do_not_know_is_named(method: int) -> None:
    assert f"method {method}" in str(_refused(_says(_auth(method))))


_OFFER = _auth(10, b"SCRAM-SHA-256\0\0")


def _lying(after_first: bytes, after_proof: bytes = b"") -> Play:
    """Return a server that copies our nonce into its challenge and then goes on as told."""

    def play(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(_OFFER)
        nonce = client.recv(65536).rpartition(b"r=")[2]
        client.sendall(after_first.replace(b"NONCE", nonce) if after_first else b"")
        client.recv(65536)
        client.sendall(after_proof)
        client.shutdown(socket.SHUT_WR)
        client.recv(65536)

    return play


def _challenge() -> bytes:
    # The nonce has 24 letters; the length is that of the finished message.
    return _auth(11, b"r=" + b"x" * 24 + b"++,s=AAAA,i=10").replace(b"x" * 24, b"NONCE")


@pytest.mark.parametrize(
    ("after_first", "after_proof"),
    [
        (_challenge(), _auth(12, b"v=AAAA") + _auth(0) + _HI),
        (_challenge(), _auth(0) + _HI),  # lets us in without a proof of its own
        (_auth(0), _HI),
        (_challenge(), _auth(11, b"r=again")),
        (_auth(11, b"r=NONSENSE,s=AAAA,i=10"), b""),
        (_auth(12, b"v=AAAA"), b""),
    ],
)
def test_a_server_that_cannot_prove_itself_is_not_believed(after_first: bytes, after_proof: bytes) -> None:
    fault = _refused(_lying(after_first, after_proof))
    assert not fault.passing


def test_scram_is_not_talked_down() -> None:
    assert "SCRAM-SHA-256" in str(_refused(_says(_auth(10, b"SCRAM-SHA-1\0\0"))))
    assert "channel_binding" in str(_refused(_says(_OFFER), channel_binding="require"))
    for lesser in (_auth(0), _auth(3), _auth(5, b"salt")):
        assert "channel_binding" in str(_refused(_says(lesser), channel_binding="require"))


@pytest.mark.parametrize(
    ("answer", "told"), [(b"N", "does not speak TLS"), (b"E", "where TLS"), (b"", "closed"), (b"S" + _HI, "")]
)
def test_tls_that_was_asked_for_is_never_left_out(answer: bytes, told: str) -> None:
    assert told in str(_refused(_says(answer), sslmode="require"))


def test_tls_may_be_left_out_where_it_is_only_preferred() -> None:
    with _server(_says(b"N", _HI)) as target:
        Connection(replace(target, sslmode="prefer"), timeout_seconds=10).close()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)
