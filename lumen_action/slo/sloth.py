"""sloth's `prometheus/v1` files, plain and as Kubernetes resources, to objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lumen_action.slo.headers import slug
from lumen_action.slo.objective import (
    WINDOW_PLACEHOLDER,
    About,
    Duration,
    Labels,
    Objective,
    RatioSource,
    RollingWindow,
    Slo,
    SloBook,
)
from lumen_action.slo.openslo import share
from lumen_action.slo.queries import counted, promql
from lumen_action.slo.reading import Fields, Findings, Node
from lumen_action.yamlite import Document

PLAIN, RESOURCE_API, RESOURCE_KIND = "prometheus/v1", "sloth.slok.dev/v1", "PrometheusServiceLevel"
PERIOD = Duration(30, "d")
_HUNDRED = 100
_OWN_ALERTS = "`lumen rules render` makes alerts of its own for every objective"


@dataclass(frozen=True)
class _Spelling:
    """How the two forms of a file write the same fields."""

    error_query: str
    total_query: str
    page: str
    ticket: str


_SNAKE = _Spelling("error_query", "total_query", "page_alert", "ticket_alert")
_CAMEL = _Spelling("errorQuery", "totalQuery", "pageAlert", "ticketAlert")


def is_sloth(value: Mapping[str, object]) -> bool:
    """Tell whether a document is one of sloth's."""
    return value.get("version") == PLAIN or value.get("apiVersion") == RESOURCE_API


def read(documents: Sequence[Document], findings: Findings) -> SloBook:
    """Return the objectives of sloth's documents; what is left behind is told."""
    slos = [slo for document in documents for slo in _document(Node(document, (), document.value, findings))]
    services = {slo.service: About(slo.service) for slo in slos}
    return SloBook(tuple(slos), tuple(services.values()))


def _document(root: Node) -> list[Slo]:
    fields = root.fields()
    if fields is None:
        return []
    spelling = _SNAKE
    if "apiVersion" in fields:
        spelling = _CAMEL
        if (kind := fields.need("kind", RESOURCE_KIND)) and kind.value != RESOURCE_KIND:
            kind.refuse(kind.shown, f"write `kind: {RESOURCE_KIND}`")
        fields.leaves_behind(("apiVersion", "kind", "spec"), "it names the resource, not what is promised")
        spec = fields.need("spec", "{service: …, slos: […]}")
        fields = spec.fields() if spec else None
        if fields is None:
            return []
    elif (version := fields.need("version", PLAIN)) and version.value != PLAIN:
        version.refuse(version.shown, f"only `version: {PLAIN}` can be read")
        return []
    fields.leaves_behind(("version", "service", "labels", "slos"), "there is no such thing in OpenSLO")
    service, rows = fields.need_text("service", "checkout"), fields.need("slos", "[{name: …, objective: 99.9, …}]")
    reader = _Reader(service, fields.texts("labels"), spelling)
    read_rows = [reader.slo(inner) for row in (rows.items() if rows else ()) if (inner := row.fields())]
    return [slo for slo in read_rows if slo]


@dataclass(frozen=True)
class _Reader:
    """Reads the objectives of one service."""

    service: str
    labels: Mapping[str, str]
    spelling: _Spelling

    def slo(self, row: Fields) -> Slo | None:
        taken = ("name", "objective", "description", "labels", "sli", "alerting")
        row.leaves_behind(taken, "there is no such thing in OpenSLO")
        name = row.need_text("name", "requests-availability")
        target = _target(row)
        source = self._source(row)
        self._tell_alerting(row)
        if not name or not self.service or target is None or source is None:
            return None
        row.node.note(f"sloth takes the period from its command line; taken as its default, {PERIOD}")
        labels: Labels = {**self.labels, **row.texts("labels")}
        about = About(slug(f"{self.service}-{name}"), name, row.text("description"), labels)
        return Slo(about, slug(self.service), About(about.name), source, (Objective(target),), RollingWindow(PERIOD))

    def _source(self, row: Fields) -> RatioSource | None:
        node = row.need("sli", "{events: …}")
        fields = node.fields() if node else None
        if fields is None:
            return None
        for key, why in _LEFT_OUT.items():
            if found := fields.get(key):
                found.note(f"the objective is left out: {why}")
                return None
        told = fields.need("events", f"{{{self.spelling.error_query}: …, {self.spelling.total_query}: …}}")
        events = told.fields() if told else None
        if events is None:
            return None
        events.only((self.spelling.error_query, self.spelling.total_query))
        bad, total = _query(events, self.spelling.error_query), _query(events, self.spelling.total_query)
        return RatioSource(bad, total, part_is_good=False, counter=False) if bad and total else None

    def _tell_alerting(self, row: Fields) -> None:
        told = row.get("alerting")
        if fields := told.fields() if told else None:
            for key in fields:
                alert = fields.get(key) if key in {self.spelling.page, self.spelling.ticket} else None
                inner = alert.fields() if alert else None
                if alert and inner and inner.flag("disable", default=False):
                    alert.note(f"switched off there, and not here: {_OWN_ALERTS}; silence it in Alertmanager")
            fields.leaves_behind((self.spelling.page, self.spelling.ticket), _OWN_ALERTS)


_LEFT_OUT = {
    "raw": "a ratio without its counts has no budget in events; write `events` with both queries",
    "plugin": "what the plugin asks is not in the file; write `events` with both queries",
}


def _target(row: Fields) -> float | None:
    node = row.need("objective", "99.9")
    value = node.number() if node else None
    if node is None or value is None:
        return None
    if 1 <= value < _HUNDRED:
        return share(value)
    fix = (
        "no budget is left for a single failure; write `objective: 99.9`"
        if value == _HUNDRED
        else ("write a percentage from 1 to under 100, such as `objective: 99.9`")
    )
    node.refuse(node.shown, fix)
    return None


def _query(events: Fields, key: str) -> str:
    node = events.need(key, f"sum(increase(requests_total[{WINDOW_PLACEHOLDER}]))")
    found = promql(node) if node else None
    if node is None or found is None:
        return ""
    if WINDOW_PLACEHOLDER not in found[0]:
        node.refuse(f"no {WINDOW_PLACEHOLDER} in the query", f"write it for the range, as in `[{WINDOW_PLACEHOLDER}]`")
        return ""
    events_of = counted(*found)
    if events_of != found[0]:
        node.note("every `rate` is made an `increase`: a budget is counted in events, not in events a second")
    return events_of
