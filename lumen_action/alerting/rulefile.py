"""A rule file as values, and as the text that Prometheus reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lumen_action.alerting.layout import lay_out

_WIDTH = 108
_TWO_BYTES = 0xFFFF
# Blanks, but those in quotes: there they are part of a name.
_BLANKS = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|\s+""")
# What YAML would read as something else than text.
_NEEDS_BLOCK = re.compile(r"^[-&*!|>%@`{\[\"']|: |:$| #")


@dataclass(frozen=True)
class Record:
    """A recording rule."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """An alerting rule."""

    name: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    lasting: str = ""
    """How long it has to hold before it fires, as `15m`."""
    keeping: str = ""
    """How long it goes on firing after it held last."""


Rule = Record | Alert


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other at the same instant."""

    name: str
    rules: Sequence[Rule]
    interval: str = ""


def to_yaml(groups: Sequence[Group], header: str = "") -> str:
    """Write the file; the header becomes its comment."""
    comment = (f"# {line}".rstrip() for line in header.strip().splitlines())
    return "\n".join((*comment, "groups:", *(line for group in groups for line in _group(group)), ""))


def _group(group: Group) -> Iterator[str]:
    yield f"  - name: {group.name}"
    if group.interval:
        yield f"    interval: {group.interval}"
    yield "    rules:"
    for rule in group.rules:
        kind = "record" if isinstance(rule, Record) else "alert"
        yield f"      - {kind}: {rule.name}"
        yield from _expr(rule.expr)
        if isinstance(rule, Alert):
            spans = {"for": rule.lasting, "keep_firing_for": rule.keeping}
            yield from (f"        {key}: {span}" for key, span in spans.items() if span)
        yield from _texts("labels", rule.labels)
        if isinstance(rule, Alert):
            yield from _texts("annotations", rule.annotations)


def _expr(expr: str) -> Iterator[str]:
    lines = lay_out(_printable(_BLANKS.sub(lambda found: found[1] or " ", expr).strip()), _WIDTH)
    if len(lines) == 1 and not _NEEDS_BLOCK.search(lines[0]):
        yield f"        expr: {lines[0]}"
        return
    yield "        expr: |"
    yield from (f"          {line}" for line in lines)


def _texts(key: str, texts: Mapping[str, str]) -> Iterator[str]:
    if texts:
        yield f"        {key}:"
        # A JSON string is a YAML string, whatever it holds.
        yield from (
            f"          {name}: {_printable(json.dumps(text, ensure_ascii=False))}" for name, text in texts.items()
        )


def _printable(text: str) -> str:
    """Escape what YAML takes for the end of a line or refuses; both YAML and PromQL read it so within quotes."""
    return "".join(
        sign if sign.isprintable() else f"\\U{ord(sign):08x}" if ord(sign) > _TWO_BYTES else f"\\u{ord(sign):04x}"
        for sign in text
    )
