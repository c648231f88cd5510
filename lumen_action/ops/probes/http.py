"""An HTTP service, or the endpoint of a language model: its status, its answer, its own word about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping

from lumen_action.expectations import expectation_of
from lumen_action.health.check import Check, Status
from lumen_action.health.judging import foreign
from lumen_action.health.plain import DRAFT_TYPE
from lumen_action.http import Request
from lumen_action.ops.probes.asking import Answered, ask
from lumen_action.ops.probes.seen import Around, Seen, failed, passed

_FIRST_REFUSAL = 400


def look(check: Check, around: Around) -> Seen:
    """Ask it once."""
    token_env = check.text("token-env")
    token = around.env.get(token_env, "").strip() if token_env else ""
    if token_env and not token:
        return failed(f"the variable {token_env} is empty, so nothing was asked", f"set {token_env}")
    answered = ask(
        _request(check, token), statuses=_statuses(check), expect=check.expect, contains=check.text("contains")
    )
    own = _own_word(check, answered)
    if own is not None:
        return own if answered.good or own.status is Status.FAIL else failed(answered.why)
    if not answered.good:
        return failed(answered.why, _fix(answered))
    return passed()


def _request(check: Check, token: str) -> Request:
    headers = check.wants.get("headers")
    body = check.text("body").encode()
    typed = {"Content-Type": "application/json"} if body[:1] in (b"{", b"[") else {}
    return Request(
        check.text("method") or "GET",
        check.text("url"),
        body or None,
        {**typed, **(headers if isinstance(headers, Mapping) else {})},
        timeout_seconds=check.timeout_seconds,
        token=token,
        ca_file=check.text("ca-file") or None,
    )


def _statuses(check: Check) -> frozenset[int]:
    found = check.wants.get("status")
    return frozenset(found) if isinstance(found, (tuple, list)) else frozenset(range(200, 300))


def _own_word(check: Check, answered: Answered) -> Seen | None:
    """Return what the service says of itself; None where it is not asked for, or says that all is well."""
    kind = answered.headers.get("content-type", "").partition(";")[0].strip().lower()
    path = check.text("status-at") or ("status" if kind == DRAFT_TYPE else "")
    if not path or answered.status is None:
        return None
    word = _at(path, answered.document)
    status = foreign(word)
    if status is Status.PASS:
        return None
    said = json.dumps(word, ensure_ascii=False)[:60]
    if status is None:
        return failed(f"says {said} at `{path}`, which is no word for how it is", "correct `status-at`")
    output = _at("output", answered.document)
    why = f": {output}" if isinstance(output, str) and output else ""
    return Seen(status, f"says {said} of itself{why}", fix="look at what it needs itself")


def _at(path: str, document: object) -> object:
    for step in expectation_of(f"{path} present").path:
        if isinstance(step, int) and isinstance(document, list) and step < len(document):
            document = document[step]
        elif isinstance(step, str) and isinstance(document, dict):
            document = document.get(step)
        else:
            return None
    return document


def _fix(answered: Answered) -> str:
    if answered.status is None:
        return "start it, or correct `url`"
    if answered.status >= _FIRST_REFUSAL:
        return "look at its log"
    return "correct `url`, or what is expected of the answer"
