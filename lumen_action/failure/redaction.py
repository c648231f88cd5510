"""Secrets out, before any text leaves the machine; hashes, versions and paths stay readable."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from urllib.parse import quote

REDACTED = "[redacted]"
_SHORTEST_MASK = 3

_SHAPES = re.compile(
    r"\bgh[pousr]_[A-Za-z0-9_]{16,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{16,}"
    r"|\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_.-]{16,}"
    r"|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){1,4}"
    r"|\bxox[a-z]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{10,}"
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{8,}"
    r"|\b[sprw]k_(?:live|test)_[A-Za-z0-9]{12,}|\bwhsec_[A-Za-z0-9+/_-]{16,}={0,2}"
    r"|\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{16,}|\bGOCSPX-[A-Za-z0-9_-]{16,}"
    r"|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{32,}|\bdckr_pat_[A-Za-z0-9_-]{16,}"
    r"|\bsk-(?:[A-Za-z]{2,10}-)?[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{20,}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|\bhv[sb]\.[A-Za-z0-9_-]{16,}|\bdop_v1_[a-f0-9]{32,}|\bshp(?:at|ss|ca|pa)_[a-f0-9]{24,}"
    r"|\b(?i:age-secret-key-1[a-z0-9]{20,})|discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{20,}"
)
_PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----END)[\s\S])*(?:-----END (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----)?"
)
# The middle of a key whose first line is out of sight; a line of hexadecimal digits only is a hash.
_KEY_BODY = re.compile(r"^[ \t]{0,40}(?![0-9a-fA-F]{60,}\s*$)[A-Za-z0-9+/]{60,76}={0,2}[ \t\r]*$", re.MULTILINE)
_USERINFO = re.compile(r"(://)(?!(?:git|ssh|hg)@)[^\s/\"'<>]{1,512}@")
_HEADER = re.compile(
    r"(?i)((?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?)"
    r"(?:(?:basic|bearer|token|digest|negotiate|apikey|aws4-hmac-sha256)\s{1,3})?[^\s\"']+(?:, ?\w+=[^\s\"']+)*"
)
_COOKIE = re.compile(r"(?i)((?:set-)?cookie2?[\"']?\s{0,3}:\s{0,3})\S[^\r\n]*")
_BEARER = re.compile(r"(?i)\b(bearer|basic)(\s{1,3})(?=[A-Za-z_.~-]{0,64}[0-9+/=]|\S{24})[A-Za-z0-9+/_.~-]{6,}={0,2}")
_QUERY = re.compile(
    r"(?i)([?&;](?:x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)|sig|signature|token"
    r"|access_token|id_token|refresh_token|private_token|api_?key|key|password|passwd|secret|client_secret|code|auth)=)"
    r"[^&\s\"'<>#]+"
)
_PLAIN_VALUE = (
    r"(?!\*{3}|\[redacted\]|\$\{|\$\(|(?:(?-i:\$[A-Z_][A-Z0-9_]*|%[A-Z_]+%)|true|false|yes|no|null|none|nil|undefined|read|write|[a-z]{1,12}:)"
    r"(?:[\s\"',;&)}\]]|$))"
    # What a system says of a file or an account whose name ends like that.
    r"(?!(?:permission|access|operation|authentication|login) (?:denied|refused|failed|not permitted|not allowed)\b)"
)
_VALUE = r"(?:\"[^\"\n]+\"|'[^'\n]+'|[^\s\"',;&)}\]]+)"
_ASSIGNED = re.compile(
    r"(?i)((?:passw(?:or)?d|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key"
    r"|signing[_-]?key|encryption[_-]?key)[\w-]{0,30}[\"']?\s{0,3}(?::=|=>|[:=])\s{0,3})" + _PLAIN_VALUE + _VALUE
)
# `token` and its like are also ordinary words: after a colon only what looks like a key is one, and no word like this.
# Who wrote something is no secret: `author`, but not `authorization`.
_LONG_WORD = r"[A-Z]?[a-z]+(?:(?:[A-Z]|[._/-][A-Za-z])[a-z]+)*(?:[\s\"',;:.()]|$)"
_TOKEN_SET = re.compile(
    r"(?i)((?:token|credentials?|auth(?!or(?!i[sz])))[\w-]{0,30}[\"']?\s{0,3}(?::=|=>|=)\s{0,3})(?!=)"
    + _PLAIN_VALUE
    + _VALUE
)
_TOKEN_SAID = re.compile(
    r"(?i)((?:token|credentials?|auth(?!or(?!i[sz])))[\w-]{0,30}[\"']?:\s{0,3})"
    + _PLAIN_VALUE
    + rf"(?=[\"']?(?:[A-Za-z_./+=~-]{{0,64}}\d|(?-i:(?!{_LONG_WORD}))[^\s\"']{{20}}))[\"']?[^\s\"',;]{{6,}}[\"']?"
)
_OPTION = re.compile(
    r"(?i)((?<![\w-])--?(?:[a-z]{1,20}-){0,3}(?:password|passwd|pass|token|secret|api-?key|access-?key)\s{1,3})(?!-)"
    + _PLAIN_VALUE
    + _VALUE
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_SHAPES, REDACTED),
    (_USERINFO, rf"\1{REDACTED}@"),
    (_QUERY, rf"\1{REDACTED}"),
    (_HEADER, rf"\1{REDACTED}"),
    (_COOKIE, rf"\1{REDACTED}"),
    (_BEARER, rf"\1\2{REDACTED}"),
    (_ASSIGNED, rf"\1{REDACTED}"),
    (_TOKEN_SET, rf"\1{REDACTED}"),
    (_TOKEN_SAID, rf"\1{REDACTED}"),
    (_OPTION, rf"\1{REDACTED}"),
)


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """Replace the given secrets and everything that has the shape of one; line breaks stay where they are."""
    for mask in masks(secrets):
        text = text.replace(mask, REDACTED)
    if "-----BEGIN" in text:
        text = _PEM.sub(_blotted, text)
    text = _KEY_BODY.sub(REDACTED, text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def masks(secrets: Sequence[str]) -> list[str]:
    """Return everything to hide for the given secrets: each line of them, also as URLs and base64 write it."""
    lines = {line.strip() for secret in secrets for line in (secret, *secret.splitlines())}
    plain = {line for line in lines if len(line) >= _SHORTEST_MASK}
    written = {quote(line, safe="") for line in plain} | {base64.b64encode(line.encode()).decode() for line in plain}
    return sorted(plain | written, key=lambda mask: (-len(mask), mask))


def _blotted(found: re.Match[str]) -> str:
    return REDACTED + "\n" * found[0].count("\n")
