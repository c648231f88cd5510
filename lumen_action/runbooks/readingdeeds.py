"""What a step of a runbook's file does: exactly one thing, with only the fields that go with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping

from lumen_action.expectations import Expectation, expectation_of
from lumen_action.runbooks.placeholders import asks, names_in
from lumen_action.runbooks.readingtexts import Names
from lumen_action.runbooks.runbook import READING_METHODS, Deed, InputKind, Request, StepKind
from lumen_action.runbooks.shells import code_in
from lumen_action.runbooks.words import INCIDENT_KEYS, NOTIFY_KEYS, REQUEST_KEYS, STEP_KEYS, one_of
from lumen_action.slo.reading import Fields, Node

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
# A program takes these for code, or for where code is.
_POWERFUL = re.compile(r"PATH|(LD|DYLD|GIT|PYTHON|PERL|RUBY|NODE|BASH)_?\w*|ENV|SHELL|IFS|PROMPT_COMMAND|EDITOR|PAGER")
# A name in its braces is one word, also with spaces.
_WORDS = re.compile(r"(?:\{\{.*?\}\}|\S)+")
_MOST_WORDS, _LONGEST_WORD = 100, 4000
_AS_ARGUMENT = "pass the value as an argument of its own (`sh -c 'echo \"$1\"' sh VALUE`), or as a variable in `env`"


def argv_of(node: Node, names: Names) -> tuple[str, ...]:
    """Return the words of a command."""
    if isinstance(node.value, str):
        words = json.dumps(_WORDS.findall(node.value), ensure_ascii=False)
        node.refuse("a line for a shell", f"write the program and its words as a list: `{words}`")
        return ()
    items = node.items()
    argv = tuple(_word(each, names) for each in items)
    if len(argv) > _MOST_WORDS:
        node.refuse(f"{len(argv)} words", f"write at most {_MOST_WORDS}, or a program of your own")
    if argv and asks(argv[0]):
        items[0].refuse("a program that an input names", "write the program itself; only its words may be inputs")
    for number, why in code_in(argv):
        items[number].refuse(f"{items[number].shown}, which is {why}", _AS_ARGUMENT)
    return argv


def env_of(fields: Fields, names: Names) -> Mapping[str, str]:
    """Return the variables of a command."""
    inner = (found := fields.get("env")) and found.fields()
    if not inner:
        return {}
    made = {}
    for name in inner:
        value = inner.get(name)
        made[name] = _word(value, names) if value else ""
        if not _VARIABLE.fullmatch(name):
            inner.node.child(name, None).refuse(f"the name `{name[:40]}`", "write letters, digits and `_`")
        elif value and _POWERFUL.fullmatch(name) and asks(made[name]):
            value.refuse(f"an input in {name}, which says what is run", "give it to the program as an argument")
    return made


def _word(node: Node, names: Names) -> str:
    if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return str(node.value)
    return names.text(node, _LONGEST_WORD) if node.value != "" else ""


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
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


EVENTS = ("acknowledged", "investigating", "updated", "mitigated", "cause", "resolved")
SEVERITIES = ("critical", "error", "warning", "info")

Allowed = Mapping[StepKind, frozenset[str]]
"""The kinds that may stand there, and which fields beside each."""


def deed_of(fields: Fields, names: Names, allowed: Allowed) -> Deed:
    """Return what is done, and refuse fields that do not go with it."""
    fields.only(STEP_KEYS)
    given = [kind for kind in StepKind if kind.value in fields]
    if len(given) != 1 or given[0] not in allowed:
        what = " and ".join(kind.value for kind in given) or "nothing to do"
        fields.node.refuse(what, f"write exactly one of {', '.join(kind.value for kind in allowed)}")
        return Deed(StepKind.MANUAL)
    kind = given[0]
    for key in fields:
        if key in STEP_KEYS and key not in allowed[kind] and key != kind.value:
            fields.node.child(key, None).refuse(f"a field that does not go with {kind.value}", "remove it")
    node = fields.need(kind.value, "…")
    return _READERS[kind](fields, node, names) if node else Deed(kind)


def _command(fields: Fields, node: Node, names: Names) -> Deed:
    return Deed(StepKind.COMMAND, argv=argv_of(node, names), env=env_of(fields, names))


def _http(_: Fields, node: Node, names: Names) -> Deed:
    inner = node.fields()
    return Deed(StepKind.HTTP, request=request_of(inner, names) if inner else None)


def _wait(fields: Fields, node: Node, names: Names) -> Deed:
    inner = node.fields()
    if inner is None:
        return Deed(StepKind.WAIT)
    if "command" in inner:
        inner.only(("command",))
        found = inner.need("command", "[lumen, doctor]")
        return Deed(StepKind.WAIT, argv=argv_of(found, names) if found else (), env=env_of(fields, names))
    if "env" in fields:
        fields.node.child("env", None).refuse("variables for a request", "remove it; `env` goes with a command")
    return Deed(StepKind.WAIT, request=request_of(inner, names))


def _manual(_: Fields, node: Node, names: Names) -> Deed:
    return Deed(StepKind.MANUAL, instructions=names.text(node))


def _notify(_: Fields, node: Node, names: Names) -> Deed:
    inner = node.fields()
    if inner is None:
        return Deed(StepKind.NOTIFY)
    inner.only(NOTIFY_KEYS)
    return Deed(
        StepKind.NOTIFY,
        title=names.needed(inner, "title", "The disk is free again"),
        text=names.needed(inner, "text", "The pipeline can run again."),
        severity=one_of(inner, "severity", SEVERITIES, "warning"),
    )


def _incident(_: Fields, node: Node, names: Names) -> Deed:
    inner = node.fields()
    if inner is None:
        return Deed(StepKind.INCIDENT)
    inner.only(INCIDENT_KEYS)
    inner.need("event", "updated")
    return Deed(
        StepKind.INCIDENT,
        event=one_of(inner, "event", EVENTS, "updated"),
        text=names.needed(inner, "text", "The credential was renewed."),
    )


_READERS: Mapping[StepKind, Callable[[Fields, Node, Names], Deed]] = {
    StepKind.COMMAND: _command,
    StepKind.HTTP: _http,
    StepKind.WAIT: _wait,
    StepKind.MANUAL: _manual,
    StepKind.NOTIFY: _notify,
    StepKind.INCIDENT: _incident,
}
