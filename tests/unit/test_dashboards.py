"""The dashboard files: what Grafana needs to show them, and that the generator writes exactly these."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import grafana
import pytest
from ruamel.yaml import YAML

from lumen_action.alerting.alerts import WATCHES
from lumen_action.alerting.rendering import RUNBOOK, Plan, render
from lumen_action.promql import parse
from lumen_action.sinks.series import CATALOGUE

ENGLISH = ("status.json", "reliability.json")
EVERY = (*ENGLISH, "ko/status.json", "ko/reliability.json")
# Grafana's own panels; `graph`, `singlestat` and `table-old` are gone.
CURRENT = {"row", "stat", "state-timeline", "status-history", "table", "timeseries"}
WIDTH = 24
WORD = re.compile(r"[A-Za-z]{2,}")


@pytest.fixture(params=EVERY)
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    return grafana.load(request.param)


def named(values: object, key: str) -> Iterator[Any]:
    """Yield what stands under a key, anywhere."""
    if isinstance(values, Mapping):
        yield from (value for name, value in values.items() if name == key)
        for value in values.values():
            yield from named(value, key)
    elif isinstance(values, list):
        for value in values:
            yield from named(value, key)


def expressions(board: Mapping[str, Any]) -> list[str]:
    """Return every query as it is sent, of panels and annotations."""
    choice = {"pipeline": ("a.b", "c"), "region": ("eu",)}
    sent = [*grafana.queries(board, choice), *grafana.annotations(board, choice)]
    return [asked.expr for asked in sent]


def test_there_is_no_other_dashboard() -> None:
    assert {file.relative_to(grafana.FOLDER).as_posix() for file in grafana.FILES} == set(EVERY)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Grafana's types for Python need 3.11")
def test_the_files_are_what_the_generator_writes() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
    from dashboards.writing import files

    written = files()
    assert set(written) == set(EVERY)
    for name, text in written.items():
        assert (grafana.FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: run `make dashboards`"


def test_every_panel_is_of_a_current_type_and_has_a_number_of_its_own(board: dict[str, Any]) -> None:
    assert {panel["type"] for panel in board["panels"]} <= CURRENT
    numbers = Counter(panel["id"] for panel in board["panels"])
    assert set(numbers.values()) == {1}
    assert board["schemaVersion"] == 41


def test_panels_fill_the_page_and_do_not_overlap(board: dict[str, Any]) -> None:
    taken = {panel["id"]: _cells(panel["gridPos"]) for panel in board["panels"]}
    for (first, one), (second, other) in combinations(taken.items(), 2):
        assert not one & other, (first, second)
    rows = Counter(y for cells in taken.values() for _, y in cells)
    assert set(rows.values()) == {WIDTH}


def _cells(place: Mapping[str, int]) -> set[tuple[int, int]]:
    assert place["x"] + place["w"] <= WIDTH
    return {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}


def test_a_panel_says_what_it_shows_and_what_it_means_when_it_is_empty(board: dict[str, Any]) -> None:
    for panel in grafana.panels(board):
        assert panel["title"]
        assert panel["description"].endswith((".", "니다."))
        assert panel["fieldConfig"]["defaults"]["noValue"]


def test_numbers_have_a_unit(board: dict[str, Any]) -> None:
    for panel in grafana.panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] != "table":
            assert "unit" in defaults or "mappings" in defaults, panel["title"]


def test_every_query_is_named_and_asks_the_chosen_source(board: dict[str, Any]) -> None:
    for panel in grafana.panels(board):
        refs = [target["refId"] for target in panel["targets"]]
        assert refs == sorted(set(refs))
        assert all(refs)
    sources = list(named(board, "datasource"))
    assert sources
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert board["templating"]["list"][0]["type"] == "datasource"


def test_a_table_asks_for_now_and_a_timeline_for_the_time_shown(board: dict[str, Any]) -> None:
    for panel in grafana.panels(board):
        now = panel["type"] in ("table", "stat")
        for target in panel["targets"]:
            assert (target["instant"], target["range"]) == (now, not now), panel["title"]
            assert (target.get("format") == "table") == (panel["type"] == "table")


def test_every_column_that_is_named_can_come(board: dict[str, Any]) -> None:
    for panel in grafana.panels(board):
        if panel["type"] == "table":
            asked = " ".join(target["expr"] for target in panel["targets"])
            several = len(panel["targets"]) > 1
            values = {f"Value #{target['refId']}" if several else "Value" for target in panel["targets"]}
            for override in panel["fieldConfig"]["overrides"]:
                column = override["matcher"]["options"]
                assert column in values or re.search(rf"[ (\"]{column}[,)\"]", asked), column


def test_queries_parse_and_know_only_variables_that_are_there(board: dict[str, Any]) -> None:
    for expression in expressions(board):
        parse(expression)


def test_queries_ask_only_for_what_is_published_or_recorded(board: dict[str, Any]) -> None:
    recorded = set(re.findall(r"- record: (\S+)", render(Plan())["lumen.rules.yml"]))
    asked = {name for text in expressions(board) for name in re.findall(r"\b(?:lumen|job)[_:][\w:]+|\bALERTS\b", text)}
    assert asked - recorded - set(CATALOGUE) == {"ALERTS"}


def test_no_query_extrapolates_or_looks_at_an_overlapping_day(board: dict[str, Any]) -> None:
    for panel in grafana.panels(board):
        for target in panel["targets"]:
            assert not re.search(r"\b(?:increase|rate|irate|delta)\(", target["expr"])
            if re.search(r'window="1d"', target["expr"]):
                assert panel["interval"] == "1d", panel["title"]
                assert "offset -" in target["expr"], panel["title"]


def test_an_alert_leads_to_its_place_in_the_runbook(board: dict[str, Any]) -> None:
    if "status" in board["uid"]:
        (column,) = (
            override
            for panel in grafana.panels(board)
            for override in panel["fieldConfig"]["overrides"]
            if override["matcher"]["options"] == "runbook"
        )
        properties = {each["id"]: each["value"] for each in column["properties"]}
        anchors = {name: said["text"] for name, said in properties["mappings"][0]["options"].items()}
        assert anchors == {watch.name: watch.name.lower() for watch in WATCHES}
        assert properties["links"][0]["url"] == f"{RUNBOOK}#${{__value.text}}"


def test_the_dashboards_lead_to_each_other_in_one_language() -> None:
    boards = {name: grafana.load(name) for name in EVERY}
    uids = [board["uid"] for board in boards.values()]
    assert len(set(uids)) == len(uids)
    for name, board in boards.items():
        other = name.replace("status", "?").replace("reliability", "status").replace("?", "reliability")
        assert f"/d/{boards[other]['uid']}" in [link["url"] for link in board["links"]]


@pytest.mark.parametrize("name", ENGLISH)
def test_the_korean_dashboard_asks_the_same_and_says_it_in_korean(name: str) -> None:
    english, korean = grafana.load(name), grafana.load(f"ko/{name}")
    assert expressions(korean) == expressions(english)
    assert [panel["gridPos"] for panel in korean["panels"]] == [panel["gridPos"] for panel in english["panels"]]
    said = [text for key in ("title", "description", "noValue") for text in named(korean, key)]
    assert [text for text in said if WORD.search(text) and not re.search("[가-힣]", text)] == []


def test_a_name_in_dots_is_matched_as_it_is() -> None:
    board = grafana.load("status.json")
    assert grafana.filled('x{pipeline=~"$pipeline"}', board, {"pipeline": ("a.b",)}) == 'x{pipeline=~"a\\\\.b"}'
    assert grafana.filled('x{pipeline=~"$pipeline"}', board, {"pipeline": ("a", "b")}) == 'x{pipeline=~"(a|b)"}'
    assert grafana.filled('x{pipeline=~"$pipeline"}', board, {}) == 'x{pipeline=~".*"}'


def test_provisioning_names_a_source_and_a_folder() -> None:
    sources, boards = (
        YAML(typ="safe").load(grafana.FOLDER / "provisioning" / kind / "lumen.yml")
        for kind in ("datasources", "dashboards")
    )
    assert [(source["type"], source["url"]) for source in sources["datasources"]] == [
        ("prometheus", "${LUMEN_PROMETHEUS_URL}")
    ]
    assert [provider["options"]["path"] for provider in boards["providers"]] == ["/var/lib/grafana/dashboards/lumen"]
