"""Messages signed as standardwebhooks.com describes: over the id, the time and the exact bytes that are sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

_SECRET_START = "whsec_"  # noqa: S105 - how a secret begins


def signing_key(secret: str) -> bytes:
    """Return the bytes of a secret, `whsec_` and base64 or any other text."""
    if secret.startswith(_SECRET_START):
        try:
            return base64.b64decode(secret.removeprefix(_SECRET_START), validate=True)
        except ValueError:
            pass
    return secret.encode()


def signature(key: bytes, id_: str, at: str, body: bytes) -> str:
    """Sign the id, the time and the exact bytes of a message."""
    mac = hmac.new(key, b".".join([id_.encode(), at.encode(), body]), hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def signed_headers(key: bytes, id_: str, at_seconds: float, body: bytes) -> Mapping[str, str]:
    """Return the headers of one try: the id stays the same over all tries, the time does not; no key, no signature."""
    at = str(int(at_seconds))
    headers = {"webhook-id": id_, "webhook-timestamp": at}
    return {**headers, "webhook-signature": signature(key, id_, at, body)} if key else headers
