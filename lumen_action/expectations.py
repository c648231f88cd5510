"""What is expected of a JSON answer, as people write it: `status == "ok"`, `data.items[0].age < 5`, `error absent`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_LONGEST = 500
_STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\[(\"(?:[^\"\\]|\\.)*\")\]")
_PATH = re.compile(r"\$?((?:\.?[A-Za-z_][\w-]*|\[\d{1,6}\]|\[\"(?:[^\"\\]|\\.)*\"\])+|(?=\s)|\Z)")
_MISSING = object()
_SHOWN = 60

Key = str | int


def _number(value: object) -> int | float | None:
    # As it is: an answer may hold a whole number that no float can.
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[object, object], bool]:
    def holds(found: object, wanted: object) -> bool:
        left, right = _number(found), _number(wanted)
        return left is not None and right is not None and compare(left, right)

    return holds


def _same(found: object, wanted: object) -> bool:
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_same(found[key], wanted[key]) for key in found)
    # JSON's true is not 1.
    return isinstance(found, bool) is isinstance(wanted, bool) and found == wanted


def _contains(found: object, wanted: object) -> bool:
    if isinstance(found, str):
        return isinstance(wanted, str) and wanted in found
    return isinstance(found, (list, dict)) and any(_same(each, wanted) for each in found)


COMPARISONS: Mapping[str, Callable[[object, object], bool]] = {
    "==": _same,
    "!=": lambda found, wanted: found is not _MISSING and not _same(found, wanted),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": lambda found, wanted: isinstance(wanted, list) and any(_same(found, each) for each in wanted),
    "contains": _contains,
}
_PRESENCE = ("present", "absent")


@dataclass(frozen=True)
class Expectation:
    """One condition on a JSON document."""

    text: str
    path: tuple[Key, ...]
    comparison: str
    wanted: object = None

    def failing(self, document: object) -> str:
        """Return why it does not hold, nothing where it does."""
        found = self._found(document)
        if self.comparison in _PRESENCE:
            holds = (found is not _MISSING) is (self.comparison == "present")
        else:
            holds = COMPARISONS[self.comparison](found, self.wanted)
        if holds:
            return ""
        return f"expected {self.text}, found {_shown(found)}"

    def _found(self, document: object) -> object:
        for step in self.path:
            document = _below(document, step)
        return document


def _below(document: object, step: Key) -> object:
    if isinstance(step, int):
        return document[step] if isinstance(document, list) and step < len(document) else _MISSING
    return document[step] if isinstance(document, dict) and step in document else _MISSING


def expectation_of(text: str) -> Expectation:
    """Read a condition; a ValueError says what is wrong with it and what to write."""
    plain = text.strip()
    path = _PATH.match(plain)
    if len(plain) > _LONGEST or path is None or path.end() == len(plain):
        raise ValueError(f'`{plain[:_SHOWN]}` is no condition; write for example `status == "ok"`')
    steps = tuple(_step(match) for match in _STEP.finditer(path[1]))
    comparison, _, wanted = plain[path.end() :].strip().partition(" ")
    if comparison in _PRESENCE and not wanted.strip():
        return Expectation(plain, steps, comparison)
    if comparison not in COMPARISONS:
        known = ", ".join((*COMPARISONS, *_PRESENCE))
        raise ValueError(f"`{plain[:_SHOWN]}` compares by `{comparison[:20]}`; known are {known}")
    try:
        return Expectation(plain, steps, comparison, json.loads(wanted, parse_constant=_refuse))
    except (ValueError, RecursionError):
        raise ValueError(
            f"`{plain[:_SHOWN]}` compares with {wanted[:_SHOWN]!r}, which is no JSON value; quote a text: "
            f'`{plain[: path.end()]} {comparison} "{wanted[:20]}"`'
        ) from None


def _step(match: re.Match[str]) -> Key:
    name, place, quoted = match.groups()
    if place is not None:
        return int(place)
    if not quoted:
        return str(name)
    try:
        return str(json.loads(quoted))
    except ValueError:
        raise ValueError(f'`{quoted[:_SHOWN]}` is no JSON text; write for example `["a key"]`') from None


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON value")


def _shown(found: object) -> str:
    if found is _MISSING:
        return "nothing there"
    # Half a pair of surrogates is JSON, but no text that can be printed.
    text = json.dumps(found, ensure_ascii=False).encode(errors="replace").decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
