"""Grafana's dashboards: panels that show nothing, and queries that Prometheus would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lumen_action.alerting.checks.setup import Fault, File, Node
from lumen_action.errors import shown
from lumen_action.promql import Expr, PromqlError, parse

_REMOVED = {
    "graph": "timeseries",
    "singlestat": "stat",
    "table-old": "table",
    "grafana-piechart-panel": "piechart",
    "grafana-worldmap-panel": "geomap",
}
_TABLE = "table"
_VARIABLE = re.compile(r"\$\{(\w+)(?:\.[\w.]+)?(?::[^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]|\$(\w+)")
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`")
_RANGE_BEFORE = re.compile(r"(?:\[[^\]\"']*|\boffset\s+-?)$")
_BUILT_IN = re.compile(r"__\w+|timeFilter|interval|timezone")
_NUMBERS = re.compile(r"__(?:interval_ms|range_s|range_ms)")
_SPAN, _WORD, _NUMBER = "5m", "x", "1"


def panels(root: Node) -> Iterator[Node]:
    """Yield every panel, also those within rows."""
    for panel in root.at("panels").items():
        if panel.at("type").text != "row":
            yield panel
        yield from panels(panel)
    for row in root.at("rows").items():
        yield from panels(row)


def targets(root: Node) -> Iterator[Node]:
    """Yield what panels ask for."""
    for panel in panels(root):
        yield from panel.at("targets").items()


def queries(root: Node) -> Iterator[Node]:
    """Yield every query: of panels, of annotations."""
    for target in targets(root):
        if target.at("expr").text:
            yield target.at("expr")
    for annotation in root.at("annotations", "list").items():
        if annotation.at("expr").text:
            yield annotation.at("expr")


def expressions(_: File, root: Node) -> Iterator[tuple[Node, Expr]]:
    """Yield every query that parses, with its variables filled in."""
    for query in queries(root):
        for filled in fillings(query.text):
            try:
                yield query, parse(filled)
            except PromqlError:
                continue
            break


def unparsed(_: File, root: Node) -> Iterator[Fault]:
    """Say which queries do not parse, whatever their variables hold."""
    for query in queries(root):
        faults: list[PromqlError] = []
        for filled in fillings(query.text):
            try:
                parse(filled)
            except PromqlError as fault:
                faults.append(fault)
            else:
                break
        else:
            found = f"a query that does not parse, {shown(' '.join(query.text.split()))}: {faults[0].found}"
            yield query.fault(found, faults[0].fix)


def fillings(query: str) -> Iterator[str]:
    """Yield the query with its variables as words, then as numbers; where a span belongs it is a span."""
    for word in (_WORD, _NUMBER, _SPAN):
        yield _filled(query, word)


def _filled(query: str, word: str) -> str:
    quoted = [match.span() for match in _STRING.finditer(query)]

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3]
        if _NUMBERS.fullmatch(name):
            return _NUMBER
        if any(start < match.start() < end for start, end in quoted):
            # A reference to a group of a pattern, `$1`, is no variable.
            return match[0] if name.isdecimal() else _WORD
        return _SPAN if _RANGE_BEFORE.search(query[: match.start()]) or name.startswith("__") else word

    return _VARIABLE.sub(fill, query)


def removed_panels(_: File, root: Node) -> Iterator[Fault]:
    """Say which panels Grafana no longer has."""
    for panel in panels(root):
        if successor := _REMOVED.get(panel.at("type").text):
            found = f"{_named(panel)} is a `{panel.at('type').text}` panel, which Grafana no longer has"
            yield panel.fault(found, f'write `"type": "{successor}"`')


def references(_: File, root: Node) -> Iterator[Fault]:
    """Say which queries have no name, or one that another query of the panel has."""
    for panel in panels(root):
        seen: set[str] = set()
        for target in panel.at("targets").items():
            name = target.at("refId").text
            if not name:
                yield target.fault(f"a query without `refId` in {_named(panel)}", 'add `"refId": "A"`')
            elif name in seen:
                yield target.fault(f"`refId` {name} a second time in {_named(panel)}", "give each query its own letter")
            seen.add(name)


def sources(_: File, root: Node) -> Iterator[Fault]:
    """Say which queries leave it to chance which data source they ask."""
    for panel in panels(root):
        for target in panel.at("targets").items():
            if not target.at("datasource").value and not panel.at("datasource").value:
                found = f"a query without a data source in {_named(panel)}"
                yield target.fault(found, 'add `"datasource": {"type": "prometheus", "uid": "${datasource}"}`')


def tables(_: File, root: Node) -> Iterator[Fault]:
    """Say which tables show a row for every point of time."""
    for panel in panels(root):
        for target in panel.at("targets").items() if panel.at("type").text == _TABLE else ():
            if target.at("expr").text and target.at("instant").value is not True:
                yield target.fault(f"{_named(panel)}, a table, asks for a range", 'add `"instant": true`')


def unknown_variables(_: File, root: Node) -> Iterator[Fault]:
    """Say which variables nobody defines."""
    known = {variable.at("name").text for variable in root.at("templating", "list").items()}
    for query in queries(root):
        names = {match[1] or match[2] or match[3] for match in _VARIABLE.finditer(query.text)}
        for name in sorted(names - known):
            if not _BUILT_IN.fullmatch(name) and not name.isdecimal():
                yield query.fault(f"the variable `${name}`, which the dashboard does not define", "define it")


def _named(panel: Node) -> str:
    return f"the panel `{panel.at('title').text or panel.at('id').text or 'without a title'}`"
