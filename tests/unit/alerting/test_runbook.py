"""Whoever follows the link of an alert finds its section."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lumen_action.alerting.alerts import WATCHES
from lumen_action.alerting.rendering import Plan, render

RUNBOOK = (Path(__file__).resolve().parents[3] / "RUNBOOK.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", RUNBOOK, re.DOTALL | re.MULTILINE))
HEADINGS = re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)


def test_each_alert_of_ours_has_one_section() -> None:
    ours = {watch.name for watch in WATCHES}

    assert ours <= set(HEADINGS)
    assert len(HEADINGS) == len(set(HEADINGS))


def test_no_section_is_left_over_from_an_alert_of_ours_that_is_gone() -> None:
    assert {name for name in SECTIONS if name.startswith("Lumen")} == {watch.name for watch in WATCHES}


def test_each_alert_links_to_its_section() -> None:
    anchors = {name.lower() for name in SECTIONS if name.startswith("Lumen")}
    rules = render(Plan(runbook="https://wiki.example/page"))["lumen.rules.yml"]

    assert set(re.findall(r'runbook_url: "(.*)"', rules)) == {f"https://wiki.example/page#{name}" for name in anchors}


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_says_what_it_means_where_to_look_what_to_do_when_it_ends_and_what_runs(name: str) -> None:
    assert re.findall(r"^- \*\*(.*?):\*\* \S", SECTIONS[name], re.MULTILINE) == [
        "Means",
        "Look first",
        "Do",
        "Resolves",
        "Runbook",
    ]


def test_links_within_the_page_lead_somewhere() -> None:
    anchors = {heading.lower().replace(" ", "-") for heading in HEADINGS}

    assert set(re.findall(r"\(#([\w-]+)\)", RUNBOOK)) <= anchors
