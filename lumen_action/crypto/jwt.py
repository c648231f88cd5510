"""JSON Web Tokens with RS256 (RFC 7519): how a service account of Google says who it is."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

from lumen_action.crypto import library
from lumen_action.errors import ConfigError
from lumen_action.model import canonical

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_SECONDS = 3600


def service_account_jwt(
    *, email: str, private_key: str, key_id: str, scope: str, audience: str, now_s: int, subject: str = ""
) -> str:
    """Return an assertion that holds for an hour; `subject` is whom the account acts for, where it may."""
    head = {"alg": "RS256", "typ": "JWT", "kid": key_id}
    claims: dict[str, object] = {
        "iss": email,
        "scope": scope,
        "aud": audience,
        "iat": now_s,
        "exp": now_s + _SECONDS,
    }
    if subject:
        claims["sub"] = subject
    stated = f"{_encoded(canonical(head))}.{_encoded(canonical(claims))}"
    return f"{stated}.{_encoded(_signature(private_key, stated.encode()))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(private_key: str, text: bytes) -> bytes:
    with library("service accounts"):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

    return _key(private_key).sign(text, padding.PKCS1v15(), hashes.SHA256())


@lru_cache(maxsize=1)  # the library proves the primes of each key it reads, which takes longer than to sign
def _key(pem: str) -> RSAPrivateKey:
    with library("service accounts"):
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        # Whatever the library says of a secret stays unsaid.
        raise ConfigError(
            "private_key: the service account's key file has no RSA key in PEM there; give the whole JSON file as it "
            "was downloaded"
        ) from None
    return key
