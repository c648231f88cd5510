"""A token of GitHub: that it works, when it ends, what it may do and how often it may still ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from lumen_action.health.check import Check, Status
from lumen_action.http import Request
from lumen_action.ops.probes.asking import Answered, ask
from lumen_action.ops.probes.seen import Around, Seen, ending, failed, passed

_API = "https://api.github.com"
_VARIABLE = "GITHUB_TOKEN"
_END = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (UTC|[+-]\d{4})")
_WEEK_SECONDS = 7 * 86_400.0
_REFUSED = 401


def look(check: Check, around: Around) -> Seen:
    """Ask for its limits, which costs none of them; the answer's head tells the rest."""
    variable = check.text("variable") or _VARIABLE
    token = around.env.get(variable, "").strip()
    if not token:
        return failed(f"{variable} is empty or not set", f"set {variable}")
    api = (check.text("url") or around.env.get("GITHUB_API_URL", "") or _API).rstrip("/")
    headers = {"Accept": "application/vnd.github+json"}
    request = Request("GET", f"{api}/rate_limit", headers=headers, timeout_seconds=check.timeout_seconds, token=token)
    answered = ask(request)
    if answered.status == _REFUSED:
        return failed(f"GitHub refuses {variable}: it ended, or was revoked", f"make a new token and set {variable}")
    if not answered.good:
        return failed(answered.why, "try again later, or correct `url`")
    return _shortage(check, answered, variable) or _end(check, around, answered.headers, variable)


def _shortage(check: Check, answered: Answered, variable: str) -> Seen | None:
    """Say which scope, or that too few requests are left; a token that is not a classic one tells no scopes."""
    has = answered.headers.get("x-oauth-scopes")
    owned = {each.strip() for each in has.split(",")} if has is not None else None
    lacking = [each for each in check.texts("scopes") if owned is not None and each not in owned]
    if lacking:
        return failed(f"{variable} lacks the scope {', '.join(lacking)}", "make a token with these scopes")
    left, least = _left(answered.document), check.number("min-rate")
    if left is not None and least is not None and left < least:
        told = f"only {left} requests to GitHub are left within this hour"
        return Seen(Status.WARN, told, left, "requests", fix="wait for the hour to end, or ask less often")
    return None


def _left(document: object) -> int | None:
    for step in ("resources", "core", "remaining"):
        document = document.get(step) if isinstance(document, dict) else None
    return document if isinstance(document, int) else None


def _end(check: Check, around: Around, headers: Mapping[str, str], variable: str) -> Seen:
    match = _END.fullmatch(headers.get("github-authentication-token-expiration", "").strip())
    if match is None:
        return passed()
    zone = timezone.utc if match[2] == "UTC" else datetime.strptime(match[2], "%z").tzinfo
    end_ms = int(datetime.fromisoformat(match[1]).replace(tzinfo=zone).timestamp() * 1000)
    limits = (1000 * (check.number("warn-before") or _WEEK_SECONDS), 0.0)
    return ending(variable, end_ms, _now_ms(headers, around), limits, f"make a new token and set {variable}")


def _now_ms(headers: Mapping[str, str], around: Around) -> int:
    """Return the time by GitHub's own clock, by which it lets a token end; ours where it tells none."""
    try:
        return int(parsedate_to_datetime(headers.get("date", "")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return around.clock_ms()
