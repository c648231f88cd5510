"""Credentials of Dropbox: that they make a token, and that the token is taken."""

from __future__ import annotations

import json
from contextlib import closing

from lumen_action.archive.stores import StoreError
from lumen_action.archive.stores.dropboxaccess import API_HOST, GUIDE, read_host, read_tokens
from lumen_action.health.check import Check
from lumen_action.http import Request, Timing
from lumen_action.ops.probes.asking import ask
from lumen_action.ops.probes.seen import Around, Seen, failed, passed

_ECHO = "lumen"


def look(check: Check, around: Around) -> Seen:
    """Make a token, and let Dropbox say a word back."""
    problems: list[str] = []
    api = read_host(around.env, API_HOST, problems)
    with closing(read_tokens(around.env, api, Timing(), problems)) as tokens:
        if problems:
            return failed(problems[0], GUIDE)
        try:
            token = tokens.current()
        except StoreError as fault:
            return failed(str(fault), GUIDE)
    answered = ask(
        Request(
            "POST",
            f"{api}/2/check/user",
            json.dumps({"query": _ECHO}).encode(),
            {"Content-Type": "application/json"},
            timeout_seconds=check.timeout_seconds,
            token=token,
        )
    )
    if not answered.good:
        return failed(answered.why, GUIDE)
    said = answered.document.get("result") if isinstance(answered.document, dict) else None
    return passed() if said == _ECHO else failed("Dropbox did not say our word back", "look at DROPBOX_API_HOST")
