"""What the documentation of reports shows is what they say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sampledocuments import MET, REPORT

from lumen_action.errors import ConfigError
from lumen_action.report.composing import compose
from lumen_action.report.composing.answer import answer
from lumen_action.report.model import Promise
from lumen_action.report.pdf.fonts import find
from lumen_action.report.web.page import render
from lumen_action.report.words import words_of

ROOT = Path(__file__).resolve().parents[3]
DOCS = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")


def test_the_report_that_is_shown_is_the_beginning_of_a_real_one() -> None:
    shown = DOCS.split("```text\n# ")[1].split("```")[0]
    assert (ROOT / "tests/golden/report/week.en.md").read_text(encoding="utf-8").startswith(f"# {shown}")


def test_the_sentences_that_are_shown_are_those_of_a_kept_promise() -> None:
    kept = replace(REPORT, promises=(Promise(MET, None),))
    for language in ("en", "ko"):
        assert answer(kept, words_of(language)).text in DOCS


def test_the_parts_that_are_shown_are_those_of_the_page() -> None:
    shown = [line for line in DOCS.splitlines() if line.startswith("<section")]
    assert shown == re.findall(r'<section id="[a-z]*"', render(compose(REPORT, words_of("en"))))


def test_the_subject_that_is_shown_is_the_first_sentence() -> None:
    assert f"Subject:         {answer(REPORT, words_of('en')).text}\n" in DOCS


def test_the_fault_that_is_shown_is_that_of_a_font_without_hangul() -> None:
    with pytest.raises(ConfigError) as fault:
        find("", ()).require("ko")
    assert f"error: {fault.value}\n" in DOCS
