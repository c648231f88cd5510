"""Credentials of AWS: who the job is to it, and when the session ends."""

from __future__ import annotations

from datetime import datetime, timezone

from lumen_action.errors import LumenError
from lumen_action.health.check import Check
from lumen_action.ops.probes.seen import Around, Seen, ending, failed, passed
from lumen_action.s3client import S3Error, Waits, caller

# What the credential helpers of AWS say beside the keys.
_ENDS = ("AWS_CREDENTIAL_EXPIRATION", "AWS_SESSION_EXPIRATION")
_SOON_SECONDS = 15 * 60.0
_FIX = "assume the role right before the stage, or ask for a longer session (role-duration-seconds)"


def look(check: Check, around: Around) -> Seen:
    """Ask STS, which anybody may who is known."""
    now_ms = around.clock_ms()
    end_ms = _end_ms(around)
    limits = (1000 * (check.number("warn-before") or _SOON_SECONDS), 0.0)
    if end_ms is not None and end_ms <= now_ms:
        return ending("the AWS session of this job", end_ms, now_ms, limits, _FIX)
    seconds = check.timeout_seconds / 2
    try:
        arn = caller(check.name, Waits(connect_seconds=seconds, read_seconds=seconds))
    except (S3Error, LumenError) as fault:
        return failed(str(fault), "let the job assume a role (OIDC), or set new keys")
    role = check.text("role")
    if role not in arn:
        return failed(f"AWS knows this job as {arn}, not as {role}", "assume the right role, or correct `role`")
    return passed() if end_ms is None else ending("the AWS session of this job", end_ms, now_ms, limits, _FIX)


def _end_ms(around: Around) -> int | None:
    said = next((around.env[name] for name in _ENDS if around.env.get(name)), "")
    try:
        moment = datetime.fromisoformat(said.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1000)
