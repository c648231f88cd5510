"""Requests of a runbook's file, and what their answers have to be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from lumen_action.expectations import Expectation, expectation_of
from lumen_action.runbooks.placeholders import names_in
from lumen_action.runbooks.readingtexts import Names, asks
from lumen_action.runbooks.runbook import InputKind, Request
from lumen_action.runbooks.words import REQUEST_KEYS, one_of
from lumen_action.slo.reading import Fields, Node

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
READING_METHODS = frozenset({"GET", "HEAD"})
_OURS = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SECRET_HEADER = re.compile(r"auth|cookie|token|secret|key|password|signature", re.IGNORECASE)
_ABSOLUTE = re.compile(r"https?://([^/?#]+)")
# A value, never a name of a field.
_ALONE = re.compile(r'"(\{\{\s*(\w+)\s*\}\})"(?!:)')
_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599


def request_of(fields: Fields, names: Names) -> Request:
    """Return the request of a step."""
    fields.only(REQUEST_KEYS)
    method = one_of(fields, "method", METHODS, "GET")
    body, is_json = _body(fields, names)
    if body and method in READING_METHODS:
        fields.node.child("body", None).refuse(f"a body with {method}", "write `method: POST`, or leave it out")
    headers = {"Content-Type": "application/json"} if is_json else {}
    return Request(
        url=_url(fields, names),
        method=method,
        headers={**headers, **_headers(fields, names)},
        body=body,
        statuses=_statuses(fields),
        expect=_expectations(fields),
    )


def _url(fields: Fields, names: Names) -> str:
    text = names.needed(fields, "url", "https://status.example/api")
    found = fields.get("url")
    absolute = _ABSOLUTE.match(text)
    if not found or not text:
        pass
    elif text.startswith("{{"):
        first = next(names_in(text), "")
        if names.kinds.get(first, InputKind.URL) is not InputKind.URL:
            found.refuse(f"`{first}` as the beginning", f"make `{first}` an input of `kind: url`")
    elif absolute is None:
        found.refuse(found.shown, "write an address of http or https, or one that begins with an input")
    elif asks(absolute[1]) or "@" in absolute[1]:
        found.refuse("a host that an input names, or a password", "let an input of `kind: url` be the beginning")
    return text


def _headers(fields: Fields, names: Names) -> Mapping[str, str]:
    inner = (found := fields.get("headers")) and found.fields()
    headers: dict[str, str] = {}
    for name in inner or ():
        value = inner.get(name) if inner else None
        headers[name] = text = names.text(value) if value else ""
        if not _HEADER.fullmatch(name):
            fields.node.child("headers", None).refuse(f"the name `{name[:40]}`", "write the name of a header")
        elif value and _SECRET_HEADER.search(name) and not _OURS.search(text):
            value.refuse("a secret in the open", f"take it from the environment: `{name}: $MY_SECRET`")
        elif value and not text.isprintable():
            value.refuse("a line break or a control character", "write it on one line")
    return headers


def _body(fields: Fields, names: Names) -> tuple[str, bool]:
    """Return the body, and whether it is JSON."""
    found = fields.get("body")
    if found is None:
        return "", False
    if isinstance(found.value, (dict, list)):
        text = json.dumps(found.value, ensure_ascii=False)
        names.check(found, text)
        return _ALONE.sub(lambda match: match[1] if match[2] in names.bare else match[0], text), True
    text = names.text(found)
    if asks(text):
        found.refuse("an input inside a plain text", "write the body as a map; it becomes JSON, each value quoted")
    return text, False


def _statuses(fields: Fields) -> tuple[int, ...]:
    found = fields.get("status")
    if found is None:
        return (200,)
    nodes: Iterable[Node] = found.items() if isinstance(found.value, list) else [found]
    statuses = []
    for node in nodes:
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool) and _LOWEST_STATUS <= value <= _HIGHEST_STATUS:
            statuses.append(value)
        else:
            node.refuse(node.shown, f"write a status from {_LOWEST_STATUS} to {_HIGHEST_STATUS}, such as 200")
    return tuple(statuses)


def _expectations(fields: Fields) -> tuple[Expectation, ...]:
    found = fields.get("expect")
    if found is None:
        return ()
    nodes: Iterable[Node] = [found] if isinstance(found.value, str) else found.items()
    made = []
    for node in nodes:
        text = node.text()
        if "{{" in text:
            node.refuse("an input in a condition", "write the value itself")
            continue
        try:
            made.append(expectation_of(text))
        except ValueError as fault:
            node.refuse(node.shown, str(fault))
    return tuple(made)
