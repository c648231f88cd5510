"""A snapshot of a dashboard, made at a fake Grafana that refuses what Grafana refuses."""

from __future__ import annotations

import json
from typing import Any

import loopback
import pytest
from fakegrafana import FRAME, FROM, TO, TOKEN, Grafana
from grafana import load
from grafana import panels as panels_of

from lumen_action.http import HttpError, Timing
from lumen_action.ops.grafana.snapshot import Wanted, take

pytestmark = pytest.mark.usefixtures("no_proxy")


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
    assert kept["dashboard"]["time"] == {"from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z"}
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
