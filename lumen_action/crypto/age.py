"""The age v1 file format with X25519 recipients, for secrets that fit in one piece: age-encryption.org/v1."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from lumen_action.crypto import bech32, library
from lumen_action.crypto.derivation import derived
from lumen_action.errors import IntegrityError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_VERSION = b"age-encryption.org/v1"
_PUBLIC, _SECRET = "age", "age-secret-key-"
_KEY_BYTES = 32
_FILE_KEY_BYTES = 16
_SALT_BYTES = 16
_TAG_BYTES = 16
_MOST_SECRET_BYTES = 64 << 10
_COLUMNS = 64
_WRAP_INFO = b"age-encryption.org/v1/X25519"
# Eleven bytes count the pieces, the twelfth says that this is the last: there is one.
_ONLY_PIECE = bytes(11) + b"\x01"
_NO_NONCE = bytes(12)
# A body is broken into full lines; the line that is not full, maybe empty, is its last.
_BODY = rb"(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n"
_STANZA = re.compile(rb"-> (?P<words>[!-~]+(?: [!-~]+)*)\n(?P<body>" + _BODY + rb")")
_HEADER = re.compile(
    re.escape(_VERSION) + rb"\n(?P<stanzas>(?:-> [!-~]+(?: [!-~]+)*\n" + _BODY + rb")+)--- (?P<mac>[A-Za-z0-9+/]{43})\n"
)


@dataclass(frozen=True)
class Recipient:
    """Somebody who can read what is wrapped for them: a public key, `age1…`."""

    key: bytes

    def __str__(self) -> str:
        """Return its text form."""
        return bech32.encode(_PUBLIC, self.key)

    @classmethod
    def parse(cls, text: str) -> Recipient:
        """Read a recipient; a ValueError says what is wrong with it."""
        kind, key = bech32.decode(text)
        if kind != _PUBLIC or len(key) != _KEY_BYTES or text != text.lower():
            raise ValueError("it is no X25519 recipient of age")
        return cls(key)


@dataclass(frozen=True)
class Identity:
    """The private half of a recipient, `AGE-SECRET-KEY-1…`."""

    key: bytes = field(repr=False)

    @property
    def secret(self) -> str:
        """Return its text form."""
        return bech32.encode(_SECRET, self.key).upper()

    @property
    def recipient(self) -> Recipient:
        """Return its public half."""
        x25519 = _x25519()
        return Recipient(x25519.X25519PrivateKey.from_private_bytes(self.key).public_key().public_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Identity:
        """Read an identity; a ValueError says what is wrong with it and repeats nothing of it."""
        kind, key = bech32.decode(text)
        if kind != _SECRET or len(key) != _KEY_BYTES or text != text.upper():
            raise ValueError("it is no X25519 identity of age")
        return cls(key)


def new_identity() -> Identity:
    """Make an identity."""
    return Identity(secrets.token_bytes(_KEY_BYTES))


def wrap(recipients: Sequence[Recipient], secret: bytes) -> bytes:
    """Return an age file from which each of the recipients, and nobody else, can read the secret."""
    if not recipients or len(secret) > _MOST_SECRET_BYTES:
        raise ValueError("nobody to wrap for, or too much to wrap")
    file_key, salt = secrets.token_bytes(_FILE_KEY_BYTES), secrets.token_bytes(_SALT_BYTES)
    stanzas = b"".join(_stanza(recipient, file_key) for recipient in recipients)
    stated = _VERSION + b"\n" + stanzas + b"---"
    sealed = _cipher(derived(file_key, b"payload", salt=salt)).encrypt(_ONLY_PIECE, secret, None)
    return stated + b" " + _encoded(_mac(file_key, stated)) + b"\n" + salt + sealed


def unwrap(identities: Sequence[Identity], file: bytes) -> bytes | None:
    """Return the secret in an age file, None when no identity fits; an IntegrityError when it was changed."""
    header = _HEADER.match(file)
    if not header:
        raise IntegrityError("what is wrapped for recipients is no age file")
    file_key = _file_key(identities, [(each["words"], each["body"]) for each in _STANZA.finditer(header["stanzas"])])
    if file_key is None:
        return None
    if not hmac.compare_digest(_mac(file_key, file[: header.start("mac") - 1]), _decoded(header["mac"])):
        raise IntegrityError("the header of the age file was changed")
    payload = file[header.end() :]
    salt, sealed = payload[:_SALT_BYTES], payload[_SALT_BYTES:]
    secret = None
    if len(sealed) <= _MOST_SECRET_BYTES + _TAG_BYTES:
        secret = _opened(derived(file_key, b"payload", salt=salt), _ONLY_PIECE, sealed)
    if secret is None:
        raise IntegrityError("the content of the age file was changed, cut off, or is no secret of ours")
    return secret


def _stanza(recipient: Recipient, file_key: bytes) -> bytes:
    x25519 = _x25519()
    once = x25519.X25519PrivateKey.generate()
    share = once.public_key().public_bytes_raw()
    shared = once.exchange(x25519.X25519PublicKey.from_public_bytes(recipient.key))
    body = _cipher(derived(shared, _WRAP_INFO, salt=share + recipient.key)).encrypt(_NO_NONCE, file_key, None)
    return b"-> X25519 " + _encoded(share) + b"\n" + _encoded(body) + b"\n"


def _file_key(identities: Sequence[Identity], stanzas: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    x25519 = _x25519()
    for words, body in stanzas:
        kind, *arguments = words.split(b" ")
        if kind != b"X25519":
            continue
        share, sealed = _decoded(b" ".join(arguments)), _decoded(body.replace(b"\n", b""))
        if len(share) != _KEY_BYTES or len(sealed) != _FILE_KEY_BYTES + _TAG_BYTES:
            raise IntegrityError("a recipient of the age file cannot be read")
        for identity in identities:
            private = x25519.X25519PrivateKey.from_private_bytes(identity.key)
            try:
                shared = private.exchange(x25519.X25519PublicKey.from_public_bytes(share))
            except ValueError as fault:
                raise IntegrityError("a recipient of the age file cannot be read") from fault
            salt = share + identity.recipient.key
            file_key = _opened(derived(shared, _WRAP_INFO, salt=salt), _NO_NONCE, sealed)
            if file_key is not None:
                return file_key
    return None


def _mac(file_key: bytes, stated: bytes) -> bytes:
    return hmac.digest(derived(file_key, b"header"), stated, "sha256")


def _opened(key: bytes, nonce: bytes, sealed: bytes) -> bytes | None:
    from cryptography.exceptions import InvalidTag

    try:
        return _cipher(key).decrypt(nonce, sealed, None)
    except InvalidTag:
        return None


def _encoded(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    """Return the bytes of a text, none for one that is not written as it has to be."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""
    return data if _encoded(data) == text else b""


def _cipher(key: bytes) -> ChaCha20Poly1305:
    with library("age recipients"):
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    return ChaCha20Poly1305(key)


def _x25519() -> ModuleType:
    with library("age recipients"):
        from cryptography.hazmat.primitives.asymmetric import x25519
    return x25519
