"""Ed25519 signatures in the form of signed notes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from lumen_action.crypto import library
from lumen_action.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNING_KEY = "LUMEN_SIGNING_KEY"
_ED25519 = b"\x01"
_KEY_BYTES = 32
_HASH_BYTES = 4
_LINE = "\N{EM DASH} "


@dataclass(frozen=True)
class PublicKey:
    """What a signature is checked with; the name says whose it is."""

    name: str
    key: bytes

    def __str__(self) -> str:
        """Return name, short hash and key as the tools for signed notes write them."""
        return f"{self.name}+{self.short.hex()}+{base64.b64encode(_ED25519 + self.key).decode()}"

    @property
    def short(self) -> bytes:
        """Return what a signature names its key by."""
        return hashlib.sha256(f"{self.name}\n".encode() + _ED25519 + self.key).digest()[:_HASH_BYTES]

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read a public key as it was printed."""
        fault = ConfigError(
            "public-key: it does not read as NAME+HASH+KEY; give it as `lumen ledger compact` printed it"
        )
        name, _, rest = text.strip().partition("+")
        try:
            key = base64.b64decode(rest.partition("+")[2], validate=True)
        except binascii.Error as wrong:
            raise fault from wrong
        made = cls(name, key[len(_ED25519) :])
        if len(made.key) != _KEY_BYTES or str(made) != text.strip():
            raise fault
        return made

    def signed(self, text: bytes, signature: bytes) -> bool:
        """Tell whether the signature of a text was made with the private half of this key."""
        ed25519 = _ed25519()
        from cryptography.exceptions import InvalidSignature

        try:
            ed25519.Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True

    def found_in(self, note: bytes) -> bool | None:
        """Tell whether a signed note carries a right signature of this key; None when it carries none of it."""
        text, lines = opened(note)
        answers = []
        for line in lines:
            name, _, encoded = line.removeprefix(_LINE).rpartition(" ")
            signature = _decoded(encoded)
            if name == self.name and signature[:_HASH_BYTES] == self.short:
                answers.append(self.signed(text, signature[_HASH_BYTES:]))
        return all(answers) if answers else None


@dataclass(frozen=True)
class Signer:
    """The private key of a ledger's owner."""

    _key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Read a private key: PEM, or its 32 bytes in base64; it is never repeated in a message."""
        ed25519 = _ed25519()
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            if "-----BEGIN" in text:
                key = load_pem_private_key(text.strip().encode(), password=None)
            else:
                key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.strip(), validate=True))
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            # Whatever the library says of a secret stays unsaid.
            raise ConfigError(
                f"{SIGNING_KEY}: it is no Ed25519 key; set it to what `openssl genpkey -algorithm ed25519` prints, "
                "or to 32 random bytes in base64 (`openssl rand -base64 32`)"
            ) from None
        return cls(key)

    def public(self, name: str) -> PublicKey:
        """Return the public half under a name."""
        return PublicKey(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: bytes, name: str) -> bytes:
        """Return the text with its signature below, as a signed note."""
        signature = base64.b64encode(self.public(name).short + self._key.sign(text)).decode()
        return text + f"\n{_LINE}{name} {signature}\n".encode()


def opened(note: bytes) -> tuple[bytes, list[str]]:
    """Return the text of a note and the signatures below it; without a signature it is the text alone."""
    text, parted, signatures = note.partition(b"\n\n")
    if not parted:
        return note, []
    return text + b"\n", signatures.decode(errors="replace").splitlines()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _ed25519() -> ModuleType:
    with library(f"{SIGNING_KEY}: signatures"):
        from cryptography.hazmat.primitives.asymmetric import ed25519
    return ed25519
