"""The objectives we ship are read without a word, and say what they promise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slodocuments import taken

from lumen_action.slo.objective import Budgeting, CalendarWindow, LedgerSource, RatioSource

RULES = Path(__file__).resolve().parents[3] / "rules" / "slo"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(RULES.glob("*.yml"))}

PROMISED = {
    "api-availability": (0.999, "30d"),
    "api-latency-most": (0.9, "7d"),
    "api-latency": (0.95, "7d"),
    "api-latency-slowest": (0.99, "7d"),
    "reward-stability": (0.95, "7d"),
    "nightly-runs": (0.95, "30d"),
    "nightly-days": (0.95, "1M"),
    "nightly-build": (0.95, "30d"),
    "nightly-first-try": (0.9, "30d"),
    "nightly-duration": (0.9, "30d"),
    "nightly-freshness": (0.95, "30d"),
    "nightly-restore": (0.9, "90d"),
}


def test_all_of_them_are_read_without_a_word() -> None:
    found = taken(*TEXTS.values())
    assert (found.problems, found.notes) == ((), ())
    promised = {slo.name: (slo.objectives[0].target, str(slo.window.duration)) for slo in found.book.slos}
    assert promised == PROMISED


@pytest.mark.parametrize("name", TEXTS)
def test_each_file_stands_alone(name: str) -> None:
    assert taken(TEXTS[name]).problems == ()


def test_a_latency_is_a_share_of_requests_under_a_bound() -> None:
    slos = {slo.name: slo for slo in taken(*TEXTS.values()).book.slos}
    for name, bound in (("api-latency-most", '"2.5"'), ("api-latency", '"4.5"'), ("api-latency-slowest", '"10(')):
        source = slos[name].source
        assert isinstance(source, RatioSource)
        assert source.part_is_good
        assert f'_bucket{{job="api",le={"~" if "(" in bound else ""}{bound}' in source.part
        assert "_count{" in source.total
        assert "quantile" not in json.dumps([source.part, source.total])


def test_a_pipeline_is_counted_by_its_ledger() -> None:
    slos = taken(TEXTS["pipeline.yml"]).book.slos
    sources = [slo.source for slo in slos if isinstance(slo.source, LedgerSource)]
    events = ["run", "day", "stage", "first_try", "duration", "freshness", "check"]
    assert [source.events.value for source in sources] == events
    assert sources[-1].check == "restore"
    assert {source.pipeline for source in sources} == {"nightly"}
    assert isinstance(slos[1].window, CalendarWindow)
    assert slos[-2].budgeting is Budgeting.TIMESLICES
