"""Proofs that a password is known: SCRAM-SHA-256 (RFC 5802, RFC 7677) with channel binding, and the older MD5."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stringprep
import unicodedata

from lumen_action.ledger.pgmessages import PostgresError

SCRAM = "SCRAM-SHA-256"
SCRAM_PLUS = "SCRAM-SHA-256-PLUS"
# A server that asks for more wants our time, not our safety: PostgreSQL's own default is 4096.
MOST_ROUNDS = 1_000_000
_BINDING = "tls-server-end-point"

# RFC 5929: the hash of the certificate's signature, but SHA-256 where that is MD5 or SHA-1. DER of the identifiers.
_SIGNATURE_HASHES = {
    bytes.fromhex("2a864886f70d010104"): "sha256",  # MD5 with RSA
    bytes.fromhex("2a864886f70d010105"): "sha256",  # SHA-1 with RSA
    bytes.fromhex("2a864886f70d01010b"): "sha256",
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
    bytes.fromhex("2a8648ce3d040302"): "sha256",  # ECDSA
    bytes.fromhex("2a8648ce3d040303"): "sha384",
    bytes.fromhex("2a8648ce3d040304"): "sha512",
}


class Scram:
    """One exchange: say `first`, answer what the server says to it, then check the server's own proof."""

    def __init__(self, password: str, nonce: str, *, binding: bytes | None = None, user: str = "") -> None:
        """Take the nonce as an argument, so that an exchange can be repeated; PostgreSQL knows the user already.

        An empty `binding` says that we could bind to the connection but the server did not offer it, None that we
        cannot: a server that did offer it then knows that somebody changed its offer on the way.
        """
        self._password = prepared(password)
        self._nonce = nonce
        self._header = f"p={_BINDING},," if binding else "n,," if binding is None else "y,,"
        self._binding = binding or b""
        self._first = f"n={user},r={nonce}"
        self._server_proof = b""

    @property
    def first(self) -> bytes:
        """Return the client's first message."""
        return (self._header + self._first).encode()

    def answer(self, server_first: bytes) -> bytes:
        """Return the proof that we know the password, for the salt and the rounds the server names."""
        said = _attributes(server_first)
        try:
            nonce, salt, rounds = said["r"], base64.b64decode(said["s"], validate=True), int(said["i"])
        except (KeyError, ValueError):
            raise PostgresError("the server's SCRAM challenge cannot be read") from None
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce) or not salt:
            raise PostgresError("the server's SCRAM challenge does not answer ours; something may stand between")
        if not 0 < rounds <= MOST_ROUNDS:
            raise PostgresError(f"the server asks for {rounds} SCRAM rounds; at most {MOST_ROUNDS} are done")
        bound = base64.b64encode(self._header.encode() + self._binding).decode()
        final = f"c={bound},r={nonce}"
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, rounds)
        client_key = _hmac(salted, b"Client Key")
        told = b",".join((self._first.encode(), server_first, final.encode()))
        signature = _hmac(hashlib.sha256(client_key).digest(), told)
        proof = bytes(left ^ right for left, right in zip(client_key, signature, strict=True))
        self._server_proof = _hmac(_hmac(salted, b"Server Key"), told)
        return f"{final},p={base64.b64encode(proof).decode()}".encode()

    def check(self, server_final: bytes) -> None:
        """Refuse a server that does not know the password either."""
        said = _attributes(server_final)
        if "e" in said:
            raise PostgresError("the server refused our SCRAM proof")
        try:
            proof = base64.b64decode(said["v"], validate=True)
        except (KeyError, ValueError):
            proof = b""
        if not self._server_proof or not hmac.compare_digest(proof, self._server_proof):
            raise PostgresError(
                "the server could not prove that it knows the password's verifier: it is not the one it claims to be"
            )


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _attributes(text: bytes) -> dict[str, str]:
    parts = text.decode(errors="replace").split(",")
    return {name: value for name, equals, value in (part.partition("=") for part in parts) if equals}


def prepared(password: str) -> bytes:
    """Return the password as SASLprep (RFC 4013) writes it, or as it is where that forbids it, as PostgreSQL does."""
    kept = (" " if stringprep.in_table_c12(letter) else letter for letter in password)
    text = unicodedata.normalize("NFKC", "".join(letter for letter in kept if not stringprep.in_table_b1(letter)))
    right_to_left = [stringprep.in_table_d1(letter) for letter in text]
    mixed = any(right_to_left) and not (
        right_to_left[0] and right_to_left[-1] and not any(map(stringprep.in_table_d2, text))
    )
    forbidden = not text or mixed or any(map(_forbidden, text))
    return (password if forbidden else text).encode()


def _forbidden(letter: str) -> bool:
    tables = (
        stringprep.in_table_a1,
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    return any(table(letter) for table in tables)


def md5_answer(user: str, password: str, salt: bytes) -> str:
    """Return PostgreSQL's older proof, for servers that still ask for it."""
    inner = hashlib.md5(password.encode() + user.encode(), usedforsecurity=False).hexdigest()
    return "md5" + hashlib.md5(inner.encode() + salt, usedforsecurity=False).hexdigest()


def end_point(certificate: bytes) -> bytes:
    """Return what binds an exchange to a server's certificate (DER); empty when RFC 5929 names no hash for it."""
    try:
        _, algorithm, *_ = _der_items(_der_items(certificate)[0])  # what is signed, how, the signature
        name = _SIGNATURE_HASHES.get(_der_items(algorithm)[0])
    except (IndexError, ValueError):
        return b""
    return hashlib.new(name, certificate).digest() if name else b""


def _der_items(body: bytes) -> list[bytes]:
    """Return the contents of the DER values that lie one after the other."""
    items = []
    while body:
        size, start = body[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(body[2:start], "big")
        items.append(body[start : start + size])
        body = body[start + size :]
    return items
