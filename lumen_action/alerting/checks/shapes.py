"""What keys a map may have and what stands below them, as tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches

from lumen_action.alerting.checks.setup import Fault, Node
from lumen_action.promql.faults import Fault as PromqlFault
from lumen_action.promql.literals import milliseconds

Shape = Callable[[Node], Iterator[Fault]]

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAY_BE_ZERO = "0"


def anything(_: Node) -> Iterator[Fault]:
    """Accept whatever stands there."""
    yield from ()


def text(node: Node) -> Iterator[Fault]:
    """Expect a text, or what is read as one."""
    if isinstance(node.value, dict | list):
        yield node.fault(f"`{node.key}` without a text", f"write `{node.key}: …`")


def flag(node: Node) -> Iterator[Fault]:
    """Expect true or false."""
    if not isinstance(node.value, bool):
        yield node.fault(f"`{node.key}`, which is neither true nor false", f"write `{node.key}: true` or `false`")


def number(node: Node) -> Iterator[Fault]:
    """Expect a number."""
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        yield node.fault(f"`{node.key}`, which is no number", f"write `{node.key}: 1`")


def duration(node: Node) -> Iterator[Fault]:
    """Expect a duration such as 5m."""
    if span_ms(node) is None:
        found = f"`{node.key}: {node.text}`, which is no duration"
        yield node.fault(found, f"write `{node.key}: 5m`; the units are ms, s, m, h, d, w and y")


def span_ms(node: Node) -> int | None:
    """Return the milliseconds of a duration, None where there is none."""
    if node.text == _MAY_BE_ZERO:
        return 0
    try:
        return milliseconds(node.text, 0) if node.text else None
    except PromqlFault:
        return None


def labels(node: Node) -> Iterator[Fault]:
    """Expect a map of label names and texts."""
    if not isinstance(node.value, dict):
        yield node.fault(f"`{node.key}`, which is no map", f"write `{node.key}: {{name: text}}`")
    for entry in node.entries():
        if not _LABEL.fullmatch(entry.key) or entry.key == "__name__":
            yield entry.fault(f"the name `{entry.key}`", "use letters, digits and `_`, and no digit at the beginning")
        yield from text(entry)


def anymap(node: Node) -> Iterator[Fault]:
    """Expect a map, whatever its keys are."""
    if not isinstance(node.value, dict):
        yield node.fault(f"`{node.key}`, which is no map", "write `key: value`")


def several(shape: Shape) -> Shape:
    """Expect a list."""

    def check(node: Node) -> Iterator[Fault]:
        if not isinstance(node.value, list):
            yield node.fault(f"`{node.key}`, which is no list", "begin its members with `- `")
        for member in node.items():
            yield from shape(member)

    return check


def mapping(keys: Mapping[str, Shape], needed: tuple[str, ...] = (), *, endings: tuple[str, ...] = ()) -> Shape:
    """Expect a map with these keys; keys with one of the endings are anybody's."""

    def check(node: Node) -> Iterator[Fault]:
        if not isinstance(node.value, dict):
            yield node.fault(f"`{node.key}`, which is no map", f"write `key: value`; the keys are {', '.join(keys)}")
            return
        for entry in node.entries():
            shape = keys.get(entry.key)
            if shape is not None:
                # A key without a value is as good as none.
                yield from shape(entry) if entry.value is not None else ()
            elif not entry.key.endswith(endings or ("\n",)):
                yield entry.fault(f"the unknown key `{entry.key}`", _nearest(entry.key, keys))
        for key in needed:
            if node.value.get(key) in (None, ""):
                yield node.fault(f"no `{key}`", f"add `{key}: …`")

    return check


def _nearest(key: str, keys: Mapping[str, Shape]) -> str:
    near = get_close_matches(key, keys, n=1)
    return f"write `{near[0]}`" if near else f"remove it; the keys are {', '.join(sorted(keys))}"
