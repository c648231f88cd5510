"""One HTTP request and what is to be thought of its answer: for health checks and for the steps of runbooks."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from lumen_action.expectations import Expectation
from lumen_action.http import REDIRECTS, Http, HttpError, Request, Response, Timing, origin, redirect_target
from lumen_action.ops.probes.bounded import OverdueError, bounded

SUCCESS: Collection[int] = range(200, 300)
MOST_ANSWER_BYTES = 1 << 20
_CHARSET = re.compile(r"charset=\"?([\w.:-]{1,40})", re.IGNORECASE)
_NO_STORE = {"Accept-Encoding": "identity", "Cache-Control": "no-cache"}


@dataclass(frozen=True)
class Answered:
    """What came of a request; `why` says what is wrong in one line without secrets, nothing where all is well."""

    status: int | None
    """None when no answer came."""
    document: object
    """The answer as JSON; None where it is none."""
    text: str
    latency_ms: int
    why: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By their names in lower case."""

    @property
    def good(self) -> bool:
        """Tell whether all is as expected."""
        return not self.why


def ask(
    request: Request,
    *,
    statuses: Collection[int] = SUCCESS,
    expect: Sequence[Expectation] = (),
    contains: str = "",
    timing: Timing | None = None,
) -> Answered:
    """Send a request once and judge its answer; it raises nothing that a server could cause.

    All of it ends after the request's `timeout_seconds`, however slowly the server trickles, and an answer is read up
    to the request's `max_answer_bytes`, or MOST_ANSWER_BYTES where that is less. A redirect is not followed: a page to
    log in is no answer.
    """
    clock = (timing or Timing()).clock
    began = clock()
    modest = replace(
        request,
        headers={**_NO_STORE, **request.headers},
        max_answer_bytes=min(request.max_answer_bytes, MOST_ANSWER_BYTES),
    )
    try:
        answer = bounded(lambda: _answer(modest, timing), modest.timeout_seconds)
    except OverdueError as fault:
        told = f"{modest.place} {fault}: no whole answer in {modest.timeout_seconds:g} s"
        return Answered(None, None, "", _since(began, clock()), told)
    except HttpError as fault:
        if fault.answer is None:
            return Answered(fault.status, None, "", _since(began, clock()), str(fault))
        answer, refusal = fault.answer, str(fault)
    else:
        refusal = ""
    text, document = _text(answer), _document(answer)
    why = _status_fault(modest, answer, statuses, refusal) or _body_fault(modest, text, document, expect, contains)
    found = None if document is _NO_JSON else document
    return Answered(answer.status, found, text, _since(began, clock()), why, answer.headers)


_NO_JSON = object()


def _answer(request: Request, timing: Timing | None) -> Response:
    patience = request.timeout_seconds
    with closing(Http(patience_seconds=patience, timing=timing, tries_again=False, follows_redirects=False)) as client:
        return client.send(request)


def _text(answer: Response) -> str:
    charset = _CHARSET.search(answer.headers.get("content-type", ""))
    try:
        return answer.body.decode(charset[1] if charset else "utf-8", "replace")
    except LookupError:
        return answer.body.decode(errors="replace")


def _document(answer: Response) -> object:
    try:
        found: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return _NO_JSON
    return found


def _status_fault(request: Request, answer: Response, statuses: Collection[int], refusal: str) -> str:
    if answer.status in statuses:
        return ""
    if refusal:
        return refusal
    if answer.status in REDIRECTS:
        target = redirect_target(request.url, answer)
        told = f"a redirect to {origin(target) if target else 'nowhere'}, which is not followed"
        return f"{request.place} answered {answer.status}, {told}"
    return f"{request.place} answered {answer.status}, which is not expected"


def _body_fault(request: Request, text: str, document: object, expect: Sequence[Expectation], contains: str) -> str:
    if contains and contains not in text:
        return f"{request.place} answered without {contains[:60]!r}"
    if not expect:
        return ""
    if document is _NO_JSON:
        page = ", a page for browsers" if text.lstrip()[:1] == "<" else ""
        return f"{request.place} answered without JSON{page}"
    why = next(filter(None, (each.failing(document) for each in expect)), "")
    return request.redacted(f"{request.place}: {why}") if why else ""


def _since(began: float, now: float) -> int:
    return max(0, round((now - began) * 1000))
