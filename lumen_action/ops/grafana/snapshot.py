"""A snapshot of a dashboard: what its panels show in a period, kept by Grafana when the data is long gone.

Grafana's API keeps what it is given, so every panel's queries are asked here and the answers are embedded, for old
versions as `snapshotData` and for those since 9.3 as a query of the kind `snapshot`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from lumen_action.addresses import address_fault, is_loopback
from lumen_action.http import Http, HttpError, Request, Timing, origin
from lumen_action.model.instants import stamp
from lumen_action.ops.grafana.variables import filled, values_of
from lumen_action.ops.notify.message import one_line

_TIMEOUT_SECONDS = 20.0
_EXPIRES_SECONDS = 90 * 24 * 3600
_POINTS = 500
_LONGEST_WORDS = 200
_SHORTEST_STEP_MS = 60_000
_GRAFANA = {"type": "grafana", "uid": "grafana"}


@dataclass(frozen=True)
class Wanted:
    """Which dashboard, over which time, and what the snapshot is called."""

    url: str
    dashboard: str
    token: str = field(repr=False)
    name: str
    begin_ms: int
    end_ms: int
    chosen: Mapping[str, str] = field(default_factory=dict)
    """Values of variables, such as the pipeline."""


class Grafana:
    """A Grafana, asked with a token."""

    def __init__(self, url: str, token: str, timing: Timing | None = None) -> None:
        """Take where it is; nothing is asked yet."""
        self._url = url.rstrip("/")
        self._token = token
        # A report does not wait for a link.
        self._http = Http(patience_seconds=_TIMEOUT_SECONDS, timing=timing, tries_again=False)

    def get(self, path: str) -> Any:  # noqa: ANN401 - an answer of JSON
        """Return what a path answers."""
        return self._asked("GET", path, None)

    def post(self, path: str, value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - an answer of JSON
        """Return the answer to a value."""
        return self._asked("POST", path, json.dumps(value).encode())

    def frames(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the data of all queries; one that failed fails them all, for half a panel would mislead."""
        results = self.post("/api/ds/query", asked)["results"].values()
        faults = [one_line(str(result["error"])) for result in results if result.get("error")]
        if faults:
            raise HttpError(faults[0].replace(self._token, "***")[:_LONGEST_WORDS])
        return [frame for result in results for frame in result.get("frames") or ()]

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _asked(self, method: str, path: str, body: bytes | None) -> Any:  # noqa: ANN401 - an answer of JSON
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        request = Request(
            method, f"{self._url}{path}", body, headers, timeout_seconds=_TIMEOUT_SECONDS, token=self._token
        )
        try:
            return json.loads(self._http.send(request).body)
        except (ValueError, RecursionError):
            raise HttpError(f"{origin(self._url)} answered without JSON; is `grafana.url` right?") from None


def take(wanted: Wanted, tell: Callable[[str], None], timing: Timing | None = None) -> str:
    """Make the snapshot and return its address; an HttpError says why there is none."""
    grafana = Grafana(wanted.url, wanted.token, timing)
    try:
        dashboard = grafana.get(f"/api/dashboards/uid/{quote(wanted.dashboard, safe='')}")["dashboard"]
        values = values_of(dashboard, wanted.chosen, lambda kind: _source(grafana, kind))
        panels = [_frozen(panel, wanted, values, grafana, tell) for panel in _panels(dashboard)]
        answer = grafana.post("/api/snapshots", _snapshot(dashboard, panels, wanted))
        return _address(answer, wanted.url)
    except (KeyError, TypeError, AttributeError):
        raise HttpError(f"{origin(wanted.url)} answered something else than a Grafana does") from None
    finally:
        grafana.close()


def _source(grafana: Grafana, kind: str) -> str:
    """Return the data source of a type that is the default, else the first."""
    fitting = [each for each in grafana.get("/api/datasources") if each["type"] == kind]
    if not fitting:
        raise HttpError(f"Grafana has no data source of the type {kind}")
    return str(next((each for each in fitting if each.get("isDefault")), fitting[0])["uid"])


def _panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all panels; those of a row that is folded up stand in it."""
    for panel in dashboard.get("panels", ()):
        inside = panel.get("panels", ())
        yield {**panel, "panels": [], "collapsed": False} if inside else panel
        yield from inside


def _frozen(
    panel: dict[str, Any], wanted: Wanted, values: Mapping[str, str], grafana: Grafana, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Return a panel with its data in place of its queries."""
    if not panel.get("targets"):
        return panel
    step_ms = max(_SHORTEST_STEP_MS, (wanted.end_ms - wanted.begin_ms) // _POINTS)
    queries = [
        {
            **filled(target, values),
            "datasource": _datasource(target.get("datasource") or panel.get("datasource"), values),
            "intervalMs": step_ms,
            "maxDataPoints": _POINTS,
        }
        for target in panel["targets"]
    ]
    asked = {"queries": queries, "from": str(wanted.begin_ms), "to": str(wanted.end_ms)}
    frames: list[dict[str, Any]] = []
    try:
        frames = grafana.frames(asked)
    except HttpError as fault:
        # One panel without data is better than no snapshot.
        title = one_line(str(panel.get("title", "")))
        tell(f"warning: the snapshot has no data for the panel {title!r}: {fault}")
    query = {"refId": "A", "datasource": _GRAFANA, "queryType": "snapshot", "snapshot": frames}
    return {**panel, "datasource": _GRAFANA, "targets": [query], "snapshotData": [_table(frame) for frame in frames]}


def _datasource(said: object, values: Mapping[str, str]) -> object:
    """Return a data source in the form that queries have; old dashboards have only its name."""
    named = {"uid": said} if isinstance(said, str) else said
    return filled(named, values)


def _table(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Return a frame as panels keep it: each field with its own values."""
    schema, columns = frame["schema"], frame["data"]["values"]
    fields = [
        {"config": {}, **described, "values": values}
        for described, values in zip(schema.get("fields", ()), columns, strict=False)
    ]
    return {"name": schema.get("name"), "refId": schema.get("refId"), "meta": schema.get("meta"), "fields": fields}


def _snapshot(dashboard: Mapping[str, Any], panels: list[dict[str, Any]], wanted: Wanted) -> dict[str, Any]:
    """Return what Grafana keeps: nothing in it may ask for data again."""
    variables = [
        {**variable, "query": variable.get("query") if variable.get("type") == "datasource" else "", "refresh": 0}
        for variable in dashboard.get("templating", {}).get("list", ())
    ]
    still = {
        **dashboard,
        "id": None,
        "title": wanted.name,
        "panels": panels,
        "time": {"from": stamp(wanted.begin_ms), "to": stamp(wanted.end_ms)},
        "refresh": "",
        "annotations": {"list": []},
        "templating": {"list": variables},
    }
    return {"dashboard": still, "name": wanted.name, "expires": _EXPIRES_SECONDS}


def _address(answer: Mapping[str, Any], url: str) -> str:
    """Return where the snapshot is seen; a Grafana that was never told its own name calls itself localhost."""
    said = str(answer.get("url", ""))
    known = not address_fault(said) and not is_loopback(urlsplit(said).hostname or "")
    return said if known else f"{url.rstrip('/')}/dashboard/snapshot/{quote(str(answer['key']), safe='')}"
