"""Assertions of a service account: signed as RFC 7519 and RS256 say, and the key is never shown."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from lumen_action.crypto.jwt import service_account_jwt
from lumen_action.errors import ConfigError


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Return one key for all tests."""
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """Return a private key as the key file of a service account has it."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def token(private_key: str, subject: str = "") -> str:
    """Make an assertion."""
    return service_account_jwt(
        email="lumen@project.iam.example",
        private_key=private_key,
        key_id="abc123",
        scope="https://scope.example/drive.file",
        audience="https://token.example/token",
        now_s=1_772_600_000,
        subject=subject,
    )


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def read(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, claims, _ = text.split(".")
    return json.loads(decoded(head)), json.loads(decoded(claims))


def test_it_says_who_for_what_to_whom_and_how_long() -> None:
    assert read(token(pem(rsa_key()))) == (
        {"alg": "RS256", "typ": "JWT", "kid": "abc123"},
        {
            "iss": "lumen@project.iam.example",
            "scope": "https://scope.example/drive.file",
            "aud": "https://token.example/token",
            "iat": 1_772_600_000,
            "exp": 1_772_603_600,
        },
    )


def test_acting_for_somebody_is_said_only_when_asked() -> None:
    assert read(token(pem(rsa_key()), "team@company.example"))[1]["sub"] == "team@company.example"


def test_the_signature_is_that_of_the_key_over_what_is_said() -> None:
    text = token(pem(rsa_key()))
    assert "=" not in text
    stated, _, signature = text.rpartition(".")
    public = rsa_key().public_key()
    public.verify(decoded(signature), stated.encode(), padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        public.verify(decoded(signature), stated.encode() + b"x", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    "private_key",
    [
        "",
        "not a key",
        "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n",
        pem(ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=["nothing", "words", "damaged", "of another kind"],
)
def test_what_is_no_key_is_refused_and_not_repeated(private_key: str) -> None:
    with pytest.raises(ConfigError, match="private_key: ") as raised:
        token(private_key)
    assert not private_key or private_key not in str(raised.value)
