"""Conditions on the labels of an alert, as Alertmanager writes them: `alertname="LumenDayLost", region=~"eu-.*"`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MATCHER = re.compile(r"\s*([A-Za-z_:][A-Za-z0-9_:]*)\s*(=~|!~|!=|=)\s*(\"(?:[^\"\\]|\\.)*\"|[^,\"{}]*?)\s*")
_COMMA = re.compile(r",(?=(?:[^\"\\]|\\.|\"(?:[^\"\\]|\\.)*\")*$)")


@dataclass(frozen=True)
class Matcher:
    """A condition on a label of an alert."""

    label: str
    operator: str
    value: str

    def accepts(self, value: str) -> bool:
        """Tell whether a label of this value fulfils it; a pattern that Python cannot read is given the benefit."""
        if self.operator in {"=", "!="}:
            return (value == self.value) == (self.operator == "=")
        try:
            return bool(re.fullmatch(self.value, value)) == (self.operator == "=~")
        except re.error:
            return True

    @property
    def of_pattern(self) -> bool:
        """Tell whether its value is a regular expression."""
        return self.operator in {"=~", "!~"}

    def __str__(self) -> str:
        """Write it as in a file."""
        value = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.operator}"{value}"'


def read_matchers(text: str) -> Sequence[Matcher]:
    """Return the matchers of a text such as `a="b", c=~"d"`; none where it is malformed."""
    inside = text.strip().removeprefix("{").removesuffix("}").rstrip().removesuffix(",")
    found = [_MATCHER.fullmatch(part) for part in _COMMA.split(inside)]
    if not all(found):
        return ()
    return [Matcher(each[1], each[2], _unquoted(each[3])) for each in found if each]


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", lambda escaped: {"n": "\n"}.get(escaped[1], escaped[1]), value[1:-1])
