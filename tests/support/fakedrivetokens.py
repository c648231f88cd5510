"""The service that gives tokens for Drive: it checks assertions and refresh tokens as Google does."""

from __future__ import annotations

import base64
import binascii
import functools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SCOPE = "https://www.googleapis.com/auth/drive"
EMAIL = "archives@team.iam.example"
PERSON = "person"
AUDIENCE = "https://oauth2.googleapis.com/token"
CLIENT, CLIENT_SECRET, REFRESH_TOKEN = "client.example", "GOCSPX-client-secret", "1//refresh-token"
_MOST_SKEW_SECONDS = 300
_LIFE_SECONDS = 3599
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@functools.cache
def private_key() -> rsa.RSAPrivateKey:
    """Return the private key of the service account, the same for all tests of a process."""
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def pem() -> str:
    """Return it as a key file holds it."""
    return pem_of(private_key())


def pem_of(key: rsa.RSAPrivateKey) -> str:
    """Return a private key as a key file holds it."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@dataclass
class Denial(Exception):  # noqa: N818 - it is an answer
    """A request for a token that is refused."""

    status: int
    error: str
    told: str = ""


class Tokens:
    """The tokens that were given out, and whose they are; empty for one that is worth nothing any more."""

    def __init__(self) -> None:
        """Give none yet."""
        self.given: dict[str, str] = {}
        self.refresh_tokens = {REFRESH_TOKEN}
        self.life_seconds = _LIFE_SECONDS

    def new(self, who: str) -> str:
        """Return a token of somebody."""
        token = f"ya29.token-number-{len(self.given)}"
        self.given[token] = who
        return token

    def revoke(self) -> None:
        """Let every token be worth nothing."""
        self.given = dict.fromkeys(self.given, "")

    def who(self, authorization: str) -> str:
        """Return who sends a header, nothing for a stranger."""
        word, _, token = authorization.partition(" ")
        return self.given.get(token, "") if word == "Bearer" else ""

    def answer(self, content_type: str, body: bytes) -> Mapping[str, object]:
        """Return a token for a form, or refuse it."""
        if content_type != "application/x-www-form-urlencoded":
            raise Denial(400, "invalid_request", "not a form")
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        grant = form.get("grant_type")
        if grant not in ("refresh_token", _JWT_GRANT):
            raise Denial(400, "unsupported_grant_type", "Invalid grant_type")
        who = self._refreshed(form) if grant == "refresh_token" else _asserted(form.get("assertion", ""))
        return {"access_token": self.new(who), "expires_in": self.life_seconds, "token_type": "Bearer"}

    def _refreshed(self, form: Mapping[str, str]) -> str:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            raise Denial(401, "invalid_client", "Unauthorized")
        if form.get("refresh_token") not in self.refresh_tokens:
            raise Denial(400, "invalid_grant", "Token has been expired or revoked.")
        return PERSON


def _asserted(assertion: str) -> str:
    try:
        head, claims, signature = (base64.urlsafe_b64decode(f"{part}==") for part in assertion.split("."))
        signed = assertion.rpartition(".")[0].encode()
        private_key().public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError, binascii.Error):
        raise Denial(400, "invalid_grant", "Invalid JWT Signature.") from None
    said = json.loads(claims)
    if json.loads(head)["alg"] != "RS256" or said["aud"] != AUDIENCE or said["scope"] != SCOPE:
        raise Denial(400, "invalid_grant", "Invalid JWT: audience or scope")
    now = time.time()
    if abs(said["iat"] - now) > _MOST_SKEW_SECONDS or not now < said["exp"] <= said["iat"] + 3600:
        raise Denial(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token in a reasonable timeframe.")
    if said["iss"] != EMAIL:
        raise Denial(400, "invalid_grant", "Invalid grant: account not found")
    return EMAIL
