"""Keys of archives: which one seals, which one opens, and who else can read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lumen_action.archive import Label
from lumen_action.crypto.age import Identity, Recipient, unwrap, wrap
from lumen_action.crypto.derivation import derived
from lumen_action.errors import ConfigError, IntegrityError, shown

if TYPE_CHECKING:
    from lumen_action.archive.container import Header

KEY, OLD_KEYS = "LUMEN_ARCHIVE_KEY", "LUMEN_ARCHIVE_KEYS_OLD"
RECIPIENTS, IDENTITY = "LUMEN_ARCHIVE_RECIPIENTS", "LUMEN_ARCHIVE_IDENTITY"
KEY_BYTES = 32
_LABEL_INFO = b"lumen-archive-label-v1"
# What is wrapped for them has to fit into a header.
_MOST_RECIPIENTS = 100
_KEYGEN = "make one with `lumen archive keygen`"
_HEX = re.compile(r"(?:0x)?[0-9A-Fa-f]{64}")
_KEY_TEXT = re.compile(r"[A-Za-z0-9+/]{43}=|[A-Za-z0-9_-]{43}=?")


class NoKeyError(ConfigError):
    """An archive that none of the keys at hand opens."""


@dataclass(frozen=True)
class Lock:
    """What one archive is sealed with."""

    content_key: bytes = field(repr=False)
    key_id: str
    wrapped: bytes = b""
    """The content key for the recipients, as an age file."""


@dataclass(frozen=True)
class Keys:
    """All keys at hand; without recipients the first seals."""

    newest: bytes | None = field(default=None, repr=False)
    old: tuple[bytes, ...] = field(default=(), repr=False)
    recipients: tuple[Recipient, ...] = ()
    identities: tuple[Identity, ...] = field(default=(), repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return everything that may stand in no output."""
        plain = (written(key).rstrip("=") for key in self._known)
        # Without its padding a key is found in the other ways to write it, too.
        return tuple(
            form for key in plain for form in dict.fromkeys((key, key.replace("+", "-").replace("/", "_")))
        ) + tuple(identity.secret for identity in self.identities)

    @property
    def _known(self) -> tuple[bytes, ...]:
        return (self.newest, *self.old) if self.newest else self.old

    def sealing(self) -> Lock:
        """Return what to seal a new archive with; recipients come before a key, which then only opens old archives."""
        if self.recipients:
            key = new_key()
            return Lock(key, key_id(key), wrap(self.recipients, written(key).encode()))
        if self.newest:
            return Lock(self.newest, key_id(self.newest))
        raise ConfigError(
            f"{KEY}: there is no key to seal with; {_KEYGEN} and keep it as a secret, "
            f"or name recipients who can read in {RECIPIENTS}"
        )

    def opening(self, header: Header) -> bytes:
        """Return the content key of an archive."""
        fitting = next((key for key in self._known if key_id(key) == header.key_id), None)
        if fitting:
            return fitting
        if not header.wrapped:
            raise NoKeyError(
                f"there is no key {header.key_id} to open {header.id} with; "
                f"set {KEY}, or {OLD_KEYS} when it was replaced since"
            )
        unwrapped = unwrap(self.identities, header.wrapped)
        if unwrapped is None:
            raise NoKeyError(
                f"there is no identity that {header.id} (key {header.key_id}) was sealed for; "
                f"set {IDENTITY} to that of one of its recipients"
            )
        key = _decoded(unwrapped.decode("ascii", "replace"))
        if not key or key_id(key) != header.key_id:
            raise IntegrityError(f"what is wrapped for the recipients of {header.id} is not its key {header.key_id}")
        return key

    def proves(self, label: Label, content_key: bytes | None = None) -> bool | None:
        """Tell whether a label was made with the key that it names; None when that key is not at hand."""
        known = (content_key, *self._known) if content_key else self._known
        key = next((key for key in known if key_id(key) == label.key_id), None)
        # As bytes: what a store gives as a proof may hold any letters.
        return hmac.compare_digest(label_mac(key, label).encode(), label.mac.encode()) if key else None


def new_key() -> bytes:
    """Make a key."""
    return secrets.token_bytes(KEY_BYTES)


def written(key: bytes) -> str:
    """Return a key as it is kept."""
    return base64.b64encode(key).decode()


def key_id(key: bytes) -> str:
    """Return the name of a key, which tells nothing of it."""
    return hashlib.sha256(b"lumen-key-id\0" + key).hexdigest()[:8]


def label_mac(content_key: bytes, label: Label) -> str:
    """Return the proof that a label was made by whoever had the key."""
    return hmac.digest(derived(content_key, _LABEL_INFO), label.stated, "sha256").hex()


def read_keys(env: Mapping[str, str], recipients: Sequence[str], problems: list[str]) -> Keys:
    """Read all keys, noting every mistake and repeating nothing of them; `recipients` are those of lumen.yml."""
    newest = _key(KEY, env.get(KEY, ""), problems)
    old = [_key(f"{OLD_KEYS} {place}", text, problems) for place, text in enumerate(_words(env.get(OLD_KEYS, "")), 1)]
    named = _words(env.get(RECIPIENTS, ""))
    where = RECIPIENTS if named else "archive.recipients"
    if len(named or recipients) > _MOST_RECIPIENTS:
        problems.append(f"{where}: an archive has at most {_MOST_RECIPIENTS} recipients; let some share an identity")
    return Keys(
        newest,
        tuple(key for key in old if key),
        tuple(
            each
            for place, text in enumerate(dict.fromkeys(named or recipients), 1)
            if (each := _recipient(f"{where} {place}", text, problems))
        ),
        tuple(one for text in _identity_words(env.get(IDENTITY, "")) if (one := _identity(text, problems))),
    )


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _identity_words(text: str) -> list[str]:
    """Return identities as they stand in the files of age-keygen, whose comments say when they were made."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return _words(" ".join(lines))


def _key(name: str, text: str, problems: list[str]) -> bytes | None:
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        return None
    key = _decoded(text)
    if _HEX.fullmatch(text):
        problems.append(f"{name}: it is hexadecimal; a key is 32 random bytes in base64: {_KEYGEN}")
    elif key is None:
        problems.append(f"{name}: it is not 32 bytes in base64 (44 letters), and a passphrase is no key; {_KEYGEN}")
    elif len(set(key)) == 1:
        problems.append(f"{name}: all its bytes are equal, so anybody can guess it; {_KEYGEN}")
        return None
    return key


def _decoded(text: str) -> bytes | None:
    """Return the 32 bytes of strict base64, also of its form for URLs; None for anything else."""
    if not _KEY_TEXT.fullmatch(text):
        return None
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(plain + "=", validate=True)
    except binascii.Error:
        return None
    return key if written(key) == plain + "=" else None


def _recipient(where: str, text: str, problems: list[str]) -> Recipient | None:
    try:
        return Recipient.parse(text)
    except ValueError as fault:
        told = f"{where}: it has a private key, which belongs into {IDENTITY} of those who read; write its `age1…`"
        # What does not begin as a public key may be a private one, or a key that seals.
        public = f"{shown(text)} " if text.startswith("age1") else "it "
        fine = f"{where}: {public}is no recipient: {fault}; write `age1…` as `age-keygen` prints it"
        problems.append(told if "AGE-SECRET-KEY-" in text.upper() else fine)
        return None


def _identity(text: str, problems: list[str]) -> Identity | None:
    try:
        return Identity.parse(text)
    except ValueError as fault:
        problems.append(f"{IDENTITY}: it is no identity: {fault}; write `AGE-SECRET-KEY-1…` as `age-keygen` prints it")
        return None
