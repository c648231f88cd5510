"""`/health/…`: how things are, in the seed's shape or as health+json, answered from what was found last."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl

from lumen_action.commands.coalescing import Shown
from lumen_action.commands.health.watching import Watch
from lumen_action.commands.webpages import Answer, Page
from lumen_action.health.check import Finding, ProbeKind, Status
from lumen_action.health.judging import alone, whole
from lumen_action.health.plain import DRAFT_TYPE, SEED_TYPE, SEED_WORDS, draft_shape, seed_component, seed_shape

_WORDS = ("seed", "standard")
_RETRY = {"Retry-After": "5"}
_MOST_FIELDS = 8


class _RefusedError(Exception):
    """A query that cannot be answered."""


def health_pages(watch: Watch, shown: Callable[[], Shown | None]) -> Mapping[str, Page]:
    """Return the pages by path."""
    return {
        "/health/live": partial(_answered, (), lambda asked: _said(asked, Status.PASS)),
        "/health/ready": partial(_answered, (), lambda asked: _ready(asked, watch, shown)),
        "/health/components": partial(_answered, (), lambda asked: _components(asked, watch)),
        "/health/llm": partial(_answered, ("model",), lambda asked: _model(asked, watch)),
        "/health/llm/all": partial(_answered, (), lambda asked: _models(asked, watch)),
    }


class _Asked:
    """What a request asks for, checked."""

    def __init__(self, query: str, accept: str, needed: Sequence[str]) -> None:
        try:
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        except ValueError as fault:
            raise _RefusedError("the query cannot be read") from fault
        self.said = dict(pairs)
        known = ("words", *needed)
        unknown = [name for name, _ in pairs if name not in known]
        if unknown or len(self.said) < len(pairs):
            raise _RefusedError(f"known are {', '.join(known)}, each once")
        missing = [name for name in needed if not self.said.get(name)]
        if missing:
            raise _RefusedError(f"write ?{missing[0]}=NAME")
        words = self.said.get("words") or ("standard" if DRAFT_TYPE in accept else "seed")
        if words not in _WORDS:
            raise _RefusedError(f"words is one of {', '.join(_WORDS)}")
        self.standard = words == "standard"


def _answered(needed: Sequence[str], answer: Callable[[_Asked], Answer], query: str, accept: str) -> Answer:
    try:
        return answer(_Asked(query, accept, needed))
    except _RefusedError as fault:
        return _json(HTTPStatus.BAD_REQUEST, {"error": str(fault)})


def _ready(asked: _Asked, watch: Watch, shown: Callable[[], Shown | None]) -> Answer:
    """Say whether this server can answer; what it looks at may be down all the same."""
    if shown() is None:
        return _said(asked, Status.FAIL, "the first fold is not done, or the ledger does not answer")
    if watch.latest is None:
        return _said(asked, Status.FAIL, "the first look is not done")
    return _said(asked, Status.PASS)


def _components(asked: _Asked, watch: Watch) -> Answer:
    found = _found(watch)
    return _unsettled(asked, watch) or _shaped(asked, watch, found, whole(found))


def _model(asked: _Asked, watch: Watch) -> Answer:
    wanted = asked.said["model"]
    known = [check.text("model") for check in watch.checks if check.kind is ProbeKind.LLM]
    if wanted not in known:
        return _json(HTTPStatus.NOT_FOUND, {"error": "no such model is looked at", "known": sorted(set(known))})
    unsettled = _unsettled(asked, watch)
    if unsettled:
        return unsettled
    found = [each for each in _found(watch) if each.check.text("model") == wanted]
    if asked.standard or len(found) > 1:
        return _shaped(asked, watch, found, alone(found))
    return _json(_code(found[0].status), seed_component(found[0], watch.now_ms))


def _models(asked: _Asked, watch: Watch) -> Answer:
    if not any(check.kind is ProbeKind.LLM for check in watch.checks):
        return _json(HTTPStatus.NOT_FOUND, {"error": "no model is looked at: give checks of the kind llm", "known": []})
    models = [each for each in _found(watch) if each.check.kind is ProbeKind.LLM]
    return _unsettled(asked, watch) or _shaped(asked, watch, models, whole(models))


def _unsettled(asked: _Asked, watch: Watch) -> Answer | None:
    """Say that nothing is known yet, or nothing any more."""
    if watch.latest is None:
        return _said(asked, Status.FAIL, "the first look is not done")
    if watch.stale:
        age = (watch.now_ms - watch.latest.at_ms) // 1000
        return _said(asked, Status.FAIL, f"nothing was looked at for {age} s")
    return None


def _found(watch: Watch) -> Sequence[Finding]:
    return watch.latest.findings if watch.latest else ()


def _shaped(asked: _Asked, watch: Watch, found: Sequence[Finding], verdict: Status) -> Answer:
    if asked.standard:
        return _json(_code(verdict), draft_shape(found, verdict), DRAFT_TYPE)
    return _json(_code(verdict), seed_shape(found, verdict, watch.now_ms))


def _said(asked: _Asked, status: Status, why: str = "") -> Answer:
    code = _code(status)
    if asked.standard:
        return _json(code, {"status": status.value, **({"output": why} if why else {})}, DRAFT_TYPE)
    return _json(code, {"status": SEED_WORDS[status], **({"message": why} if why else {})})


def _code(status: Status) -> HTTPStatus:
    return HTTPStatus.SERVICE_UNAVAILABLE if status is Status.FAIL else HTTPStatus.OK


def _json(status: HTTPStatus, document: object, kind: str = SEED_TYPE) -> Answer:
    retry = _RETRY if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
    body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode(errors="replace") + b"\n"
    return Answer(status, kind, body, retry)
