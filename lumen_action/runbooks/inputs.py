"""The values of a run: what was given, held against what the runbook asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from lumen_action.errors import ConfigError, shown
from lumen_action.runbooks.runbook import Input, InputKind, Runbook
from lumen_action.slo.reading import nearest

LONGEST_VALUE = 200
LONGEST_URL = 2000
_PLAIN = re.compile(r"[A-Za-z0-9._:/@+][A-Za-z0-9._:/@+-]*")
_PRINTED = re.compile(r"[!-~]+")
# As JSON writes it, so that it can stand there without quotes.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
FLAGS = ("true", "false")


def values_of(runbook: Runbook, given: Mapping[str, str]) -> Mapping[str, str]:
    """Return a value for each input, empty for what is neither given nor required; a ConfigError tells every fault."""
    problems = [
        f"input {_quoted(name)[1:-1]}: {runbook.name} takes no such input"
        f"{nearest(name, known) or '; it takes ' + (', '.join(known) or 'none')}"
        for known in [[each.name for each in runbook.inputs]]
        for name in given
        if name not in known
    ]
    values = {}
    for asked in runbook.inputs:
        value = given.get(asked.name) or asked.default
        problems += [f"input {asked.name}: {fault}" for fault in faults_of(asked, value)]
        values[asked.name] = value
    if problems:
        raise ConfigError(problems)
    return values


def faults_of(asked: Input, value: str) -> Iterator[str]:
    """Yield what is wrong with the value of an input, and what to write."""
    if not value:
        if asked.required:
            yield f"is needed ({asked.meaning}); write `--input {asked.name}={_example(asked)}`"
        return
    longest = LONGEST_URL if asked.kind is InputKind.URL else LONGEST_VALUE
    if len(value) > longest:
        yield f"has {len(value)} letters; write at most {longest}"
    elif not value.isprintable():
        yield "has control characters; write it on one line without them"
    elif asked.choices:
        if value not in asked.choices:
            yield f"{_quoted(value)} is none of {', '.join(asked.choices)}{nearest(value, asked.choices)}"
    elif asked.pattern:
        if not re.fullmatch(asked.pattern, value):
            yield f"{_quoted(value)} does not fit `{asked.pattern}`; write {asked.meaning}"
    else:
        yield from _BY_KIND[asked.kind](value)


def _text(value: str) -> Iterator[str]:
    if value.startswith("-"):
        yield f"{_quoted(value)} begins with `-` and could be read as an option; write it without"
    elif not _PLAIN.fullmatch(value):
        yield f"{_quoted(value)} has other signs than letters, digits and `._:/@+-`; write only these"


def _number(value: str) -> Iterator[str]:
    if not _NUMBER.fullmatch(value):
        yield f"{_quoted(value)} is no number; write one such as 3 or 0.5"


def _flag(value: str) -> Iterator[str]:
    if value not in FLAGS:
        yield f"{_quoted(value)} is neither true nor false; write one of the two"


def _url(value: str) -> Iterator[str]:
    try:
        parts = urlsplit(value)
        there = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        there = False
    if not there or not _PRINTED.fullmatch(value) or "\\" in value:
        yield f"{_quoted(value)} is no address of http or https; write one such as https://status.example/api"
    elif parts.username or parts.password:
        # It is not shown: it holds a password.
        yield "has a name or a password in it; give that as a variable of the environment"


_BY_KIND: Mapping[InputKind, Callable[[str], Iterator[str]]] = {
    InputKind.TEXT: _text,
    InputKind.NUMBER: _number,
    InputKind.FLAG: _flag,
    InputKind.URL: _url,
}
_EXAMPLES = {InputKind.NUMBER: "3", InputKind.FLAG: "true", InputKind.URL: "https://status.example"}


def _example(asked: Input) -> str:
    return asked.choices[0] if asked.choices else _EXAMPLES.get(asked.kind, asked.name.upper())


def _quoted(value: str) -> str:
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in shown(value))
