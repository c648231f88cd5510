"""A snapshot of a dashboard, made at a fake Grafana that refuses what Grafana refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import loopback
import pytest
from grafana import load
from grafana import panels as panels_of

from lumen_action.http import HttpError, Timing
from lumen_action.ops.grafana.snapshot import Wanted, take

pytestmark = pytest.mark.usefixtures("no_proxy")
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


def wanted(grafana: Grafana, **changed: Any) -> Wanted:  # noqa: ANN401
    words = {
        "url": f"{grafana.url}/",
        "dashboard": grafana.dashboard["uid"],
        "token": TOKEN,
        "name": "nightly 2026-W10",
    }
    return Wanted(**{**words, "begin_ms": FROM, "end_ms": TO, "chosen": {"pipeline": "nightly"}, **changed})


def taken(grafana: Grafana, told: list[str] | None = None, **changed: Any) -> str:  # noqa: ANN401
    said = [] if told is None else told
    return take(wanted(grafana, **changed), said.append, Timing(sleep=lambda _: None, chance=lambda: 0.0))


@pytest.mark.parametrize("name", ["status.json", "reliability.json", "ko/status.json"])
def test_our_dashboards_are_taken_with_the_data_of_every_panel(name: str) -> None:
    board, told = load(name), list[str]()
    with Grafana(board, root="https://grafana.example").serving() as grafana:
        assert taken(grafana, told) == "https://grafana.example/dashboard/snapshot/abc"
    assert (told, grafana.refused) == ([], [])
    (kept,) = grafana.kept
    assert (kept["name"], kept["expires"]) == ("nightly 2026-W10", 90 * 86_400)
    assert kept["dashboard"]["time"] == {"from": "2026-03-02T00:00:00.000Z", "to": "2026-03-09T00:00:00.000Z"}
    assert kept["dashboard"]["annotations"] == {"list": []}
    panels = [panel for panel in kept["dashboard"]["panels"] if panel.get("targets")]
    assert len(panels) >= 4
    for panel in panels:
        (query,) = panel["targets"]
        assert query["snapshot"]
        assert set(map(json.dumps, query["snapshot"])) == {json.dumps(FRAME)}
        assert panel["snapshotData"][0]["fields"][1] == {
            "config": {},
            "name": "Value",
            "type": "number",
            "labels": {"region": "eu"},
            "values": [1, 2],
        }
    chosen = [
        target["expr"] for panel in panels_of(board) for target in panel["targets"] if "$pipeline" in target["expr"]
    ]
    assert len([query for query in grafana.asked if 'pipeline=~"nightly' in query["expr"]]) == len(chosen) > 0


def test_a_panel_that_fails_is_empty_and_told_and_the_others_are_there() -> None:
    told: list[str] = []
    with Grafana(load("status.json"), broken="last_run_timestamp|lumen:runs").serving() as grafana:
        taken(grafana, told)
    shown = [
        bool(panel["targets"][0]["snapshot"]) for panel in grafana.kept[0]["dashboard"]["panels"] if "targets" in panel
    ]
    assert set(shown) == {True, False}
    assert len(told) == shown.count(False)
    assert "parse error ***" in told[0]


def test_a_grafana_that_calls_itself_localhost_is_named_as_it_was_set() -> None:
    with Grafana(load("status.json"), root="http://localhost:3000").serving() as grafana:
        assert taken(grafana) == f"{grafana.url}/dashboard/snapshot/abc"


@pytest.mark.parametrize(
    ("changed", "words"), [({"dashboard": "gone"}, "404"), ({"token": "wrong"}, "401")], ids=["gone", "token"]
)
def test_a_refusal_is_told_without_the_token(changed: dict[str, str], words: str) -> None:
    with Grafana(load("status.json")).serving() as grafana, pytest.raises(HttpError, match=words) as caught:
        taken(grafana, **changed)
    assert "glsa" not in str(caught.value)
    assert grafana.kept == []


@pytest.mark.parametrize("body", [b"<html>login", b"[]", b"{}", b'{"dashboard": 5}', b"[" * 99_999])
def test_something_else_than_a_grafana_is_an_http_error(body: bytes) -> None:
    with loopback.answering(lambda handler: handler.reply(200, {}, body)) as url, pytest.raises(HttpError):
        take(Wanted(url, "x", TOKEN, "n", FROM, TO), lambda _: None)


def test_values_are_patterns_where_a_variable_takes_several() -> None:
    board = load("status.json")
    for variable in board["templating"]["list"]:
        if variable["type"] == "custom" and variable["multi"]:
            variable["current"] = {"value": ["a.b", "c|d"]}
    with Grafana(board).serving() as grafana:
        taken(grafana, chosen={"pipeline": "nightly (eu)"})
    assert any(r'"nightly \\(eu\\)"' in query["expr"] for query in grafana.asked)
    assert grafana.refused == []
