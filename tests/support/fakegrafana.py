"""A fake Grafana that refuses what Grafana refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import loopback

TOKEN = "glsa_s3cr3t"  # noqa: S105 - of the fake
FROM, TO = 1_772_409_600_000, 1_773_014_400_000
FRAME = {
    "schema": {
        "name": "runs",
        "refId": "A",
        "meta": {"type": "timeseries-multi"},
        "fields": [{"name": "Time", "type": "time"}, {"name": "Value", "type": "number", "labels": {"region": "eu"}}],
    },
    "data": {"values": [[FROM, TO], [1, 2]]},
}


class Grafana:
    """It knows one dashboard and two data sources; `broken` are expressions that its Prometheus refuses."""

    def __init__(self, dashboard: dict[str, Any], *, root: str = "", broken: str = "never") -> None:
        self.dashboard, self.root, self.broken = dashboard, root, broken
        self.asked: list[dict[str, Any]] = []
        self.kept: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[Grafana]:
        with loopback.answering(self._answer) as self.url:
            yield self

    def _answer(self, handler: loopback.Quiet) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        if handler.headers["Authorization"] != f"Bearer {TOKEN}":
            self._say(handler, 401, {"message": "Invalid API key"})
            return
        try:
            value = json.loads(body) if body else None
            status, answer = self._route(handler.command, handler.path, value)
        except AssertionError as fault:
            self.refused.append(str(fault))
            status, answer = 400, {"message": f"bad request data: {fault}"}
        self._say(handler, status, answer)

    def _say(self, handler: loopback.Quiet, status: int, answer: object) -> None:
        handler.reply(status, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    def _route(self, method: str, path: str, value: Any) -> tuple[int, object]:  # noqa: ANN401
        if (method, path) == ("GET", f"/api/dashboards/uid/{self.dashboard['uid']}"):
            return 200, {"meta": {"slug": "x"}, "dashboard": self.dashboard}
        if (method, path) == ("GET", "/api/datasources"):
            return 200, [
                {"uid": "other", "type": "loki", "isDefault": True},
                {"uid": "slow", "type": "prometheus", "isDefault": False},
                {"uid": "prom", "type": "prometheus", "isDefault": True},
            ]
        if (method, path) == ("POST", "/api/ds/query"):
            return self._query(value)
        if (method, path) == ("POST", "/api/snapshots"):
            return self._keep(value)
        return 404, {"message": "Not found"}

    def _query(self, value: Any) -> tuple[int, object]:  # noqa: ANN401
        assert isinstance(value["from"], str), "from"
        assert value["from"].isdecimal(), "from"
        assert value["to"].isdecimal(), "to"
        assert value["queries"], "no queries found"
        self.asked += value["queries"]
        results = {}
        for query in value["queries"]:
            assert query["datasource"]["uid"] == "prom", f"data source not found: {query['datasource']}"
            left = set(re.findall(r"\$\{?[A-Za-z_]\w*|\[\[", query["expr"])) - {
                "$__interval",
                "$__rate_interval",
                "$__range",
            }
            assert not left, f"unknown variables {left}"
            failed = re.search(self.broken, query["expr"])
            results[query["refId"]] = (
                {"error": f"parse error\n{TOKEN}"} if failed else {"status": 200, "frames": [FRAME]}
            )
        return 200, {"results": results}

    def _keep(self, value: Any) -> tuple[int, object]:  # noqa: ANN401
        assert isinstance(value["dashboard"], dict), "dashboard is required"
        assert isinstance(value["expires"], int), "expires"
        for panel in value["dashboard"]["panels"]:
            for query in panel.get("targets", ()):
                assert (query["queryType"], query["datasource"]["uid"]) == ("snapshot", "grafana"), "a live query"
        self.kept.append(value)
        return 200, {"deleteKey": "d", "key": "abc", "url": f"{self.root or self.url}/dashboard/snapshot/abc"}
